"""What a window's texts are about, and what is said more or less than in the one before (pure)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nlp.keywords import LEAST_AUTHORS, authors_by_word, contrast, most_said

Said = tuple[int, str, bool]  # author, text, whether it is negative towards the brand


@dataclass(frozen=True, slots=True)
class Theme:
    """A word or a pair of neighbours.

    Attributes:
        now, before: authors who use it in the one window and in the other.
        negative: of `now`, those who use it in a negative mention.
        z: how far the windows are apart, in standard deviations; None: not told apart.
    """

    word: str
    now: int
    before: int
    negative: int
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Themes:
    """Words of a window.

    Attributes:
        top: of the most authors; rising, fading: told apart from the window before.
        authors, authors_before: who wrote the texts that were read.
    """

    top: tuple[Theme, ...]
    rising: tuple[Theme, ...]
    fading: tuple[Theme, ...]
    authors: int
    authors_before: int


def themes(
    now: Sequence[Said],
    before: Sequence[Said],
    *,
    leave_out: Collection[str] = (),
    most: int = 8,
) -> Themes:
    """The themes of a window beside those of the window before it.

    Rising and fading words are told apart by the log-odds ratio with an informative Dirichlet
    prior, as `nlp.keywords.contrast` has it. A word of fewer than three authors is nobody's
    theme, and would tell who said it.

    Args:
        now, before: mentions of each window.
        leave_out: words that say nothing here, such as the brands' names.
        most: words a list.
    """
    texts, texts_before = _texts(now), _texts(before)
    own = authors_by_word(texts, leave_out=leave_out)
    earlier = authors_by_word(texts_before, leave_out=leave_out)
    negative = authors_by_word(_texts([one for one in now if one[2]]), leave_out=leave_out)

    def theme(word: str, z: float | None = None) -> Theme:
        return Theme(word, own.get(word, 0), earlier.get(word, 0), negative.get(word, 0), z)

    common = {word: authors for word, authors in own.items() if authors >= LEAST_AUTHORS}
    more, less = (
        contrast(texts, texts_before, leave_out=leave_out, most=most)
        if texts and texts_before
        else ([], [])
    )
    return Themes(
        top=tuple(theme(word) for word in most_said(common, most)),
        rising=tuple(theme(found.word, found.z) for found in more),
        fading=tuple(theme(found.word, found.z) for found in less),
        authors=len({author for author, _ in texts}),
        authors_before=len({author for author, _ in texts_before}),
    )


def _texts(said: Sequence[Said]) -> list[tuple[int, str]]:
    return [(author, text) for author, text, _ in said]
