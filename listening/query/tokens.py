"""Folding and words: how a text and a query term become comparable.

Two forms of every text exist. *Folded*: NFKC, case folded, invisible characters removed,
typographic apostrophes made plain. *Plain*: folded, with accents taken off. A term written
with accents is looked for in the folded form, any other in the plain one.

A word is a run of letters, digits and their marks; single underscores may join it. Every
character of a script written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar) and
every emoji is a word of its own, so a term in such a script is found as a substring.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right

# Classes for use inside [...] of a regular expression.
UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
    "\u3005-\u3007\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
EMOJI = (
    "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d"
    "\U0001f000-\U0001f12f\U0001f14a-\U0001faff"
)
TONES = "\U0001f3fb-\U0001f3ff"
# Marks belong to the word they stand in, though Python's \w leaves most of them out.
MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u07a6-\u07b0"
    "\u0816-\u082d\u08d3-\u08e1\u08e3-\u0963\u0981-\u09f1\u0a01-\u0a75\u0a81-\u0aef\u0b01-\u0b6f"
    "\u0b82-\u0bf2\u0c00-\u0c6f\u0c80-\u0cef\u0d00-\u0d78\u0d81-\u0df3\u0f18-\u0f39\u0f3e-\u0f84"
    "\u135d-\u135f\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f\U000e0020-\U000e007f"
)
LETTER = rf"(?:[^\W_{UNSPACED}]|[{MARKS}])"
ALONE = f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[{UNSPACED}{EMOJI}])"
# What must not stand before a word's first letter, and behind its last one: a single
# underscore joins.
WORD_START = (LETTER, f"{LETTER}_")
WORD_END = f"(?!_?{LETTER})"
WORD = re.compile(f"(?:[a-z0-9]++|{LETTER})++(?:_{LETTER}++)*+|{ALONE}")

_INVISIBLE = (
    "\u00ad\u034f\u061c\u0640\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\ufe00-\ufe0f\ufeff"
)
_RESPELT = {
    **dict.fromkeys("\u2018\u2019\u201b\u02bc\u00b4", "'"),
    **dict.fromkeys("\u2122\u2120", " "),  # NFKC would glue "TM" to the name
    "\u2026": ".",
}
_ODD = re.compile(f"[{''.join(_RESPELT)}{_INVISIBLE}]")


def _accents() -> dict[int, str | None]:
    """Single characters to the same without accents; combining accents to nothing."""
    table: dict[int, str | None] = {}
    for code in (*range(0xC0, 0x250), *range(0x370, 0x400), *range(0x1E00, 0x2000)):
        decomposed = unicodedata.normalize("NFD", chr(code))
        if len(decomposed) > 1 and ord(decomposed[0]) < 0x400:
            table[code] = decomposed[0]
    table |= {ord(a): b for a, b in zip("øłđŧħØŁĐŦĦёЁ", "olcthOLDTHеЕ", strict=True)}
    table[ord("đ")] = "d"
    table |= {ord(a): b for a, b in zip("آأإؤئ", "اااوي", strict=True)}
    # Vowel signs that Hebrew and Arabic leave out as often as not.
    for low, high in ((0x300, 0x36F), (0x591, 0x5BD), (0x5C1, 0x5C2), (0x64B, 0x655)):
        table |= dict.fromkeys(range(low, high + 1))
    table[0x670] = None
    return table


_PLAIN = _accents()
_ACCENTED = re.compile(f"[{''.join(re.escape(chr(code)) for code in sorted(_PLAIN))}]")
_ASCII = bytes(
    ord(chr(code).lower()) if chr(code).isalnum() or code == ord("_") else 32 for code in range(128)
) + bytes(128)
_LOOSE_UNDERSCORES = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])|__+")
# NFKC joins nothing across the left edge of an ASCII character.
_CHUNK = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+|[\x00-\x7f]")
_APOSTROPHE = "'"
# A full stop behind a single letter is an abbreviation more often than an end.
_SENTENCE_END = re.compile(r"(?:[!?\u2026]|(?<!\b\w)\.)[.!?\"')\]\u201d]*(?=\s)|[。！？]+|\n+")


def _respell(text: str) -> str:
    return _ODD.sub(lambda odd: _RESPELT.get(odd[0], ""), text) if _ODD.search(text) else text


def keep_case(text: str) -> str:
    """The folded form before case folding."""
    return text if text.isascii() else unicodedata.normalize("NFKC", _respell(text))


def fold(text: str) -> str:
    """The folded form. Length may differ from the text's; see `Words` for offsets."""
    return text.lower() if text.isascii() else keep_case(text).casefold()


def plain(folded: str) -> str:
    """A folded (or case-kept) text without its accents."""
    if folded.isascii() or not _ACCENTED.search(folded):
        return folded
    return folded.translate(_PLAIN)


def ascii_line(text: str) -> str:
    """`Words.line` of a pure ASCII text, with its offsets kept: index i becomes i + 1."""
    line = text.encode().translate(_ASCII).decode()
    if "_" in line:
        line = _LOOSE_UNDERSCORES.sub(lambda run: " " * len(run[0]), line)
    return f" {line} "


def _folded_offsets(text: str) -> tuple[list[int], list[int]]:
    """Where every folded character begins and ends in the text."""
    starts: list[int] = []
    ends: list[int] = []
    for chunk in _CHUNK.finditer(text):
        at = chunk.start()
        for part in _parts(chunk[0]):
            length = len(fold(part))
            starts += [at] * length
            at += len(part)
            ends += [at] * length
    return starts, ends


def _parts(chunk: str) -> list[str]:
    """The chunk in the smallest pieces whose foldings joined are its folding."""
    letters = list(chunk)
    if len(letters) == 1:
        return letters
    whole = fold(chunk)
    clusters: list[str] = []
    for letter in letters:
        if clusters and unicodedata.category(letter)[0] in "MC":
            clusters[-1] += letter
        else:
            clusters.append(letter)
    for parts in (letters, clusters):
        if "".join(map(fold, parts)) == whole:
            return parts
    return [chunk]


class Words:
    """One text made ready: its two forms, and offsets back into the text as it was given.

    Spans are (start, end) in characters of the original text, end exclusive. Everything
    is worked out when first asked for.
    """

    __slots__ = (
        "_ends",
        "_identical",
        "_numbers",
        "_offsets",
        "_sentences",
        "_starts",
        "folded",
        "plain",
        "text",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii():
            self._identical = True
            self.folded = self.plain = text.lower()
        else:
            respelt = _respell(text)
            normal = unicodedata.normalize("NFKC", respelt)
            self.folded = normal.casefold()
            self.plain = plain(self.folded)
            # Respelling only shortens and case folding only lengthens.
            self._identical = len(text) == len(respelt) == len(self.folded) and normal == respelt
        self._offsets: dict[bool, tuple[list[int], list[int]]] = {}
        self._starts: list[int] | None = None
        self._ends: list[int] = []
        self._numbers: list[int] = []
        self._sentences: list[int] | None = None

    def original(self, span: tuple[int, int], *, accented: bool) -> tuple[int, int]:
        """A span of the folded (accented) or plain form as a span of the text."""
        if self._identical and (accented or len(self.plain) == len(self.folded)):
            return span
        if accented not in self._offsets:
            self._offsets[accented] = self._map(accented=accented)
        offsets = self._offsets[accented]
        return offsets[0][span[0]], offsets[1][span[1] - 1]

    def _map(self, *, accented: bool) -> tuple[list[int], list[int]]:
        if self._identical:
            starts = list(range(len(self.folded)))
            offsets = starts, [i + 1 for i in starts]
        else:
            offsets = _folded_offsets(self.text)
        if accented or len(self.plain) == len(self.folded):
            return offsets
        kept = [i for i, c in enumerate(self.folded) if _PLAIN.get(ord(c), "") is not None]
        # What was taken off belongs to the letter before it.
        last = [*(i - 1 for i in kept[1:]), len(self.folded) - 1]
        return [offsets[0][i] for i in kept], [offsets[1][i] for i in last]

    def line(self) -> str:
        """All words of the plain form, parted and framed by spaces, for the automaton."""
        return f" {' '.join(WORD.findall(self.plain))} "

    def numbers(self, span: tuple[int, int]) -> tuple[int, int]:
        """The numbers of the first and the last word in a span, counted from 0.

        Pieces joined by an apostrophe ("JetBlue's") share one number. A span outside every
        word (a lone accent) stands with the word before it.
        """
        if self._starts is None:
            self._starts = self._number()
        first = bisect_right(self._ends, span[0])
        last = bisect_left(self._starts, span[1]) - 1
        if first > last:
            before = self._numbers[last] if last >= 0 else 0
            return before, before
        return self._numbers[first], self._numbers[last]

    def _number(self) -> list[int]:
        starts: list[int] = []
        number = -1
        before = -1
        for word in WORD.finditer(self.plain):
            start, end = word.span()
            if not (start == before + 1 and self.plain[before] == _APOSTROPHE):
                number += 1
            before = end
            at, to = self.original((start, end), accented=False)
            starts.append(at)
            self._ends.append(to)
            self._numbers.append(number)
        return starts

    def sentence(self, offset: int) -> int:
        """The number of the sentence that holds a character, counted from 0."""
        if self._sentences is None:
            self._sentences = [end.end() for end in _SENTENCE_END.finditer(self.text)]
        return bisect_right(self._sentences, offset)


def shown_width(text: str) -> int:
    """Columns a text takes on a terminal, where wide characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
