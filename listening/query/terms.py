"""One term: the regular expression that finds it and the literal every hit contains."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise

from listening.query.tokens import (
    ALONE,
    EMOJI,
    LETTER,
    MARKS,
    TONES,
    UNSPACED,
    WORD,
    WORD_END,
    WORD_START,
    Words,
    fold,
    keep_case,
    plain,
)

Span = tuple[int, int]

_WILD_LETTER = f"(?:{LETTER}|[*?])"
_TERM_WORD = re.compile(f"{ALONE}|{_WILD_LETTER}+(?:_{_WILD_LETTER}+)*")
_ALONE = re.compile(ALONE)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_TONELESS = re.compile(f"(?![{TONES}])[{EMOJI}]")
_BEFORE = re.compile(r"[@#$€£¥.&+_]+$")
_AFTER = re.compile(r"[+#%&$€£¥_]+")
_LOOSE = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212]")
# What may stand between the words of a phrase: anything that is no word.
_BETWEEN = rf"(?:[^\w{MARKS}{EMOJI}{UNSPACED}]|_)"
_ANY_ONE = f"(?:{LETTER}|{ALONE})"
_ANY_REST = f"(?:_?{LETTER})*"


class TermError(ValueError):
    """A term that cannot be looked for; `at` is where in the term, in characters."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.at = at


class Probe:
    """How one term is looked for in words and in whole values.

    `literal` is contained in the `word_line` of every text that the term matches ("" where
    nothing is certain); `whole` says that the literal with a space on either side *is* the
    term, so that a hit in an ASCII text needs no further look.
    """

    __slots__ = ("__dict__", "accented", "case_sensitive", "literal", "text", "whole")

    def __init__(self, text: str, *, case_sensitive: bool) -> None:
        self.text = text
        self.case_sensitive = case_sensitive
        folded = fold(text)
        self.accented = plain(folded) != folded
        words = [(m[0], m.start(), m.end()) for m in _TERM_WORD.finditer(folded)]
        _check(text, words, folded)
        self.literal = _literal(words)
        # The cheapest kind: one bare word, read straight from the automaton.
        self.whole = (
            not case_sensitive
            and not self.accented
            and len(words) == 1
            and words[0][0] == folded
            and self.literal == f" {folded} "
        )

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the term in a folded (or plain) text."""
        return re.compile(_pattern(fold(self.text)), re.DOTALL)

    @cached_property
    def _cased(self) -> re.Pattern[str]:
        return re.compile(_pattern(keep_case(self.text)), re.DOTALL)

    @cached_property
    def _value(self) -> re.Pattern[str]:
        text = keep_case(self.text) if self.case_sensitive else fold(self.text)
        return re.compile(_masked(text, ".*", "."), re.DOTALL)

    def find(self, words: Words) -> list[Span]:
        """Every hit, left to right, as spans of the original text."""
        text = words.folded if self.accented else words.plain
        spans = [
            words.original(hit.span(), accented=self.accented)
            for hit in self.pattern.finditer(text)
        ]
        if not self.case_sensitive:
            return spans
        return [span for span in spans if self._same_case(words.text[span[0] : span[1]])]

    def _same_case(self, piece: str) -> bool:
        piece = keep_case(piece)
        return self._cased.fullmatch(piece if self.accented else plain(piece)) is not None

    def is_value(self, value: str) -> bool:
        """Whether a whole field value is this term; `*` and `?` stand for any characters."""
        value = keep_case(value) if self.case_sensitive else fold(value)
        return self._value.fullmatch(value if self.accented else plain(value)) is not None


def term_words(text: str) -> list[str]:
    """The words of a term, folded, wildcards in them: each is one of the text it is found in."""
    return [found[0] for found in _TERM_WORD.finditer(fold(text))]


def _check(text: str, words: list[tuple[str, int, int]], folded: str) -> None:
    if not words:
        raise TermError("there is nothing to look for here: no letter, digit or emoji")
    for i, (word, start, _) in enumerate(words):
        if word[0] != "*":
            continue
        if word == "*" and 0 < i == len(words) - 1 and not folded[start - 1].isspace():
            continue  # jetblue.com/* says no more than jetblue.com
        raise TermError(
            "a word cannot begin with *; write at least its first letter", max(text.find("*"), 0)
        )
    if all(set(word) <= {"*", "?"} for word, _, _ in words):
        raise TermError("wildcards alone match everything; write at least one letter")


def _literal(words: list[tuple[str, int, int]]) -> str:
    """The longest certain piece: a whole word, or the beginning of one before a wildcard.

    Neighbours of unspaced scripts count together, since a line that holds them is parted
    by single spaces.
    """
    best = ""
    run: list[str] = []
    for i, (word, start, _) in enumerate(words):
        if "*" in word or "?" in word:
            head = plain(re.split(r"[*?]", word, maxsplit=1)[0]).rstrip("_")
            candidate = f" {head}" if head and WORD.fullmatch(head) else ""
            run = []
        else:
            unspaced = _UNSPACED.fullmatch(word) is not None
            joined = bool(run) and unspaced and words[i - 1][2] == start
            run = [*run, plain(word)] if joined else [plain(word)]
            candidate = f" {' '.join(run)} " if run[0] else ""
            if not unspaced:
                run = []
        if len(candidate) > len(best):
            best = candidate
    return best


def _masked(text: str, rest: str = _ANY_REST, one: str = _ANY_ONE) -> str:
    """An expression for a text with wildcards, where `rest` is what `*` stands for.

    The first place where a piece between two `*` fits is as good as any other, so that
    nothing is tried twice, however many `*` there are.
    """
    head, *pieces = ("".join(one if c == "?" else re.escape(c) for c in p) for p in text.split("*"))
    inner = "".join(f"(?>{rest}?{piece})" for piece in pieces[:-1] if piece)
    return head + inner + (rest + pieces[-1] if pieces else "")


def _pattern(folded: str) -> str:
    words = list(_TERM_WORD.finditer(folded))
    if words[-1][0] == "*":  # see _check
        words.pop()
    before = _BEFORE.search(folded[: words[0].start()])
    lead = before[0] if before else ""
    after = _AFTER.match(folded[words[-1].end() :])
    tail = after[0] if after else ""
    handle = lead.startswith(("@", "#"))
    if not handle:
        lead, tail = lead.strip("_"), tail.strip("_")
    pieces = [_word(words[0][0], lead)]
    for left, right in pairwise(words):
        pieces += _gap(left, right, folded), _word(right[0], "")
    if tail:
        pieces.append(re.escape(tail) + f"(?!{re.escape(tail[-1])})")
    elif handle:
        # The rest of a longer handle: @jetblue_uk, @jetblue.bsky.social.
        pieces.append(f"(?!_|[.@]{LETTER})" if lead[0] == "@" else "(?!_)")
    return "".join(pieces)


def _word(word: str, lead: str) -> str:
    """One word of a term, with what must not stand around it."""
    if lead:
        unwanted: tuple[str, ...] = (LETTER, "[@#$_]") if lead[0] in "@#$€£¥" else ()
    else:
        unwanted = () if _ALONE.fullmatch(word) else WORD_START
    head = "" if _ALONE.fullmatch(word) else re.split(r"[*?]", word, maxsplit=1)[0]
    # The expression begins with its literal, which `re` finds fast, and looks back after it.
    start = re.escape(lead + head)
    looks_back = "".join(f"(?<!{left}{start})" for left in unwanted)
    if _ALONE.fullmatch(word):
        tone = f"[{TONES}]?" if _TONELESS.match(word) else ""
        return f"{start}{looks_back}{re.escape(word)}{tone}"
    return f"{start}{looks_back}{_masked(word[len(head) :])}{WORD_END}"


def _gap(left: re.Match[str], right: re.Match[str], folded: str) -> str:
    gap = folded[left.end() : right.start()]
    if not _LOOSE.search(gap):
        return re.escape(gap)
    touching = _ALONE.fullmatch(left[0]) or _ALONE.fullmatch(right[0])
    return _BETWEEN + ("*" if touching else "+")
