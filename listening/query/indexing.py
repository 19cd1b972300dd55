"""What a full text index holds of a post, and what to ask it for, so that nothing is missed.

An index only narrows down which posts are looked at: `wanted` of a query holds for every post
that the query holds for, and for some others. Whether the query holds is decided by
`listening.query.evaluate` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from listening.query.nodes import And, Field, Near, Node, Not, Or, Range, Term
from listening.query.terms import term_words
from listening.query.tokens import WORD, Words, ascii_line, plain

LONGEST = 64  # characters of a word that count
# A text with more is under this word alone, which is no word of any text: always looked at.
OVERLONG = "__"
_MOST = 200_000  # characters of all words
_LEAST_PREFIX = 3  # a shorter beginning narrows nothing down


def index_words(title: str | None, text: str) -> str:
    """The words of title and text in their plain form, each once, parted by spaces."""
    found: dict[str, None] = {}
    for area in (title, text):
        if area:
            line = ascii_line(area) if area.isascii() else Words(area).line()
            found |= dict.fromkeys(word[:LONGEST] for word in line.split())
    joined = " ".join(found)
    return joined if len(joined) <= _MOST else OVERLONG


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is there; `prefix`: one that begins so."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Everything of this is there."""

    parts: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Something of this is there."""

    parts: tuple[Wanted, ...]


Wanted = Word | All | Any


def wanted(node: Node) -> Wanted | None:
    """What is in the words of every post that a node holds for; None: nothing is certain."""
    if isinstance(node, Term):
        return _all(_words(node))
    if isinstance(node, And | Near):
        return _all(found for child in node.children if (found := wanted(child)) is not None)
    if isinstance(node, Or):
        parts = [wanted(child) for child in node.children]
        certain = [part for part in parts if part is not None]
        return Any(tuple(dict.fromkeys(certain))) if len(certain) == len(parts) else None
    if isinstance(node, Field):
        return wanted(node.child) if node.name in ("title", "content") else None
    assert isinstance(node, Not | Range)  # noqa: S101 - the last kinds there are
    return None


def _all(parts: Iterable[Wanted]) -> Wanted | None:
    found = tuple(dict.fromkeys(parts))
    if len(found) < 2:
        return found[0] if found else None
    return All(found)


def _words(term: Term) -> Iterable[Wanted]:
    for word in term_words(term.text):
        head = plain(re.split(r"[*?]", word, maxsplit=1)[0])
        if head == plain(word):
            if head:
                yield Word(head[:LONGEST])
            continue
        # What stands before an underscore may be the end of the word where no letter follows.
        head = head.rstrip("_")[:LONGEST]
        if len(head) >= _LEAST_PREFIX and WORD.fullmatch(head):
            yield Word(head, prefix=True)
