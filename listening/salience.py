"""How central a brand is to a mention (pure).

    salience = share * place

share: the brand's hits among all tracked brands' hits in the text; a comparison of two
brands is half about each. place: 1 when the brand is named in the title or the first
`EARLY` words, falling to `LATE` at the end of the text, and `LISTED` when it only stands
in a run of three or more handles and hashtags, as appended tags do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

EARLY = 12
LATE = 0.6
LISTED = 0.4

_WORD = re.compile(r"\S+")
_TAG_RUN = re.compile(r"(?:[@#]\w+[\s,]*){3,}")

Span = tuple[int, int]


def salience(
    text: str, spans: Sequence[Span], others: Sequence[Span] = (), *, in_title: bool = False
) -> float:
    """Salience in [0, 1].

    Args:
        text: the post.
        spans: (start, end) of the brand's hits in `text`; none means matched by a field.
        others: hits of other tracked brands.
        in_title: whether the title names the brand.
    """
    if not spans:
        return 1.0 if in_title else LATE
    share = len(spans) / (len(spans) + len(_elsewhere(others, spans)))
    return round(share * (1.0 if in_title else _place(text, spans)), 4)


def _elsewhere(others: Sequence[Span], spans: Sequence[Span]) -> list[Span]:
    """Hits of other brands that do not lie on the brand's own words."""
    return [o for o in others if not any(o[0] < end and start < o[1] for start, end in spans)]


def _place(text: str, spans: Sequence[Span]) -> float:
    # A run that opens the text names whom it speaks to.
    runs = [run.span() for run in _TAG_RUN.finditer(text) if text[: run.start()].strip()]
    free = [start for start, end in spans if not any(a <= start and end <= b for a, b in runs)]
    if not free:
        return LISTED
    first = min(free)
    words = [word.start() for word in _WORD.finditer(text)]
    before = sum(1 for start in words if start < first)
    if before < EARLY:
        return 1.0
    return 1.0 - (1.0 - LATE) * before / len(words)
