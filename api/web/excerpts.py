"""A mention's text with the brand's words marked (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A page of fifty articles is no list: what is longer opens on demand.
LONG = 700
SHORTENED = 480
LEAD = 140  # characters before what is looked for, where that is far down
# What opens, of each; an article of a megabyte is read where it was published.
OPENED = 2000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, marked or not."""

    text: str
    marked: bool


def marked(text: str, spans: Sequence[Sequence[int]]) -> list[Piece]:
    """The text in pieces; spans that overlap are one, those outside the text are left out."""
    pieces: list[Piece] = []
    at = 0
    for start, end in _merged(spans, len(text)):
        if start > at:
            pieces.append(Piece(text[at:start], False))
        pieces.append(Piece(text[start:end], True))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:], False))
    return pieces


def shortened(text: str) -> str | None:
    """The beginning of a long text, cut between words; None where it is short enough."""
    if len(text) <= LONG:
        return None
    head = text[:SHORTENED]
    return (head.rsplit(None, 1)[0] if " " in head[SHORTENED // 2 :] else head) + " …"


def opened(text: str) -> str:
    """As much of a long text as a list opens."""
    return text if len(text) <= OPENED else text[:OPENED] + " …"


def unopened(text: str) -> int:
    """Characters that a list leaves out even opened."""
    return max(len(text) - OPENED, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a long text with its own spans."""

    text: str
    spans: list[tuple[int, int]]


def window(text: str, spans: Sequence[Sequence[int]]) -> Window | None:
    """The stretch of a long text where the first span is; None where the text is short enough."""
    if len(text) <= LONG:
        return None
    first = min((s[0] for s in spans if len(s) == 2 and 0 <= s[0] < len(text)), default=0)
    start = 0 if first < SHORTENED - LEAD else first - LEAD
    if start:
        # Cut between words where there are spaces.
        start += text.find(" ", start, first) + 1 - start if " " in text[start:first] else 0
    lead = "… " if start else ""
    cut = text[start : start + SHORTENED]
    whole = start + SHORTENED >= len(text)
    if not whole and " " in cut[SHORTENED // 2 :]:
        cut = cut.rsplit(None, 1)[0]
    shift = len(lead) - start
    end = start + len(cut)
    own = [(max(s[0], start) + shift, min(s[1], end) + shift) for s in spans if len(s) == 2]
    return Window(
        lead + cut + ("" if whole else " …"), [(a, b) for a, b in own if len(lead) <= a < b]
    )


def _merged(spans: Sequence[Sequence[int]], length: int) -> Iterator[tuple[int, int]]:
    open_start, open_end = -1, -1
    for start, end in sorted((max(s[0], 0), min(s[1], length)) for s in spans if len(s) == 2):
        if start >= end:
            continue
        if start <= open_end:
            open_end = max(open_end, end)
            continue
        if open_end > open_start:
            yield open_start, open_end
        open_start, open_end = start, end
    if open_end > open_start:
        yield open_start, open_end
