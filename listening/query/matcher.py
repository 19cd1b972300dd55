"""Many queries against one post after another, fast.

All literals of all queries are looked for at once by one Aho-Corasick automaton. Only the
queries that could hold, because a literal they cannot do without is there, are evaluated,
by the same exact code that `explain` uses.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick, MatchKind

from listening.query.document import Document
from listening.query.evaluate import TEXT, TITLE, Area, Hit, Subject, evaluate
from listening.query.nodes import Field, Node, Query, Term, children
from listening.query.terms import Span
from listening.query.tokens import Words, ascii_line

K = TypeVar("K", bound=Hashable)
_ABSENT: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """Where the positive terms of a query are: (start, end) in characters, end exclusive.

    `spans` of the text, `title_spans` of the title: sorted and disjoint, overlapping hits
    ("JetBlue" in "@JetBlue") being one span.
    """

    spans: tuple[Span, ...]
    title_spans: tuple[Span, ...] = ()


def as_match(hits: Sequence[Hit]) -> Match:
    """The hits of one query, by area."""
    if len(hits) == 1 and hits[0][0] == TEXT:
        return Match((hits[0][1:],))
    return Match(_disjoint(hits, TEXT), _disjoint(hits, TITLE))


def _disjoint(hits: Sequence[Hit], wanted: int) -> tuple[Span, ...]:
    spans: list[Span] = []
    for area, start, end in sorted(hits):
        if area != wanted:
            continue
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


class _KnownArea(Area):
    """A text of which the automaton already knows the literals."""

    __slots__ = ("_exact", "_known")

    def __init__(
        self, text: str, number: int, words: Words | None, known: dict[str, list[Span]]
    ) -> None:
        super().__init__(text, number, words)
        self._exact = words is None
        self._known = known

    def find(self, term: Term) -> Sequence[Span]:
        """Every hit, without looking where the literal is not there."""
        probe = term.probe
        if probe.literal:
            spans = self._known.get(probe.literal)
            if spans is None:
                return _ABSENT
            if probe.whole and self._exact:
                return spans
        return probe.find(self.words)


class Matcher(Generic[K]):
    """Compiled once from named queries; then `match` per document. Safe to share by threads."""

    def __init__(self, queries: Mapping[K, Query]) -> None:
        self._queries = [(key, query.tree) for key, query in queries.items()]
        self._always: set[int] = set()
        wanted: dict[str, set[int]] = {}
        for i, (_, tree) in enumerate(self._queries):
            for literal in _literals(tree):
                wanted.setdefault(literal, set())
            if tree.needed is None:
                self._always.add(i)
                continue
            for literal in tree.needed:
                wanted[literal].add(i)
        self._literals = list(wanted)
        self._wanting = [tuple(wanted[literal]) for literal in self._literals]
        automaton = AhoCorasick(self._literals, matchkind=MatchKind.Standard)
        self._scan = automaton.find_matches_as_indexes

    def match(self, document: Document) -> dict[K, Match]:
        """The queries that hold for a document, with where their positive terms are."""
        # The common post holds nothing that anybody listens for: nothing is built for it.
        candidates = self._always.copy() if self._always else set()
        known, words = self._look(document.text, candidates)
        if document.title is None:
            if not candidates:
                return {}
            present = known
            areas: tuple[Area, ...] = (_KnownArea(document.text, TEXT, words, known),)
        else:
            titled, title_words = self._look(document.title, candidates)
            if not candidates:
                return {}
            present = known | titled
            areas = (
                _KnownArea(document.text, TEXT, words, known),
                _KnownArea(document.title, TITLE, title_words, titled),
            )
        subject = Subject(document, areas, present)
        matches: dict[K, Match] = {}
        for i in sorted(candidates) if len(candidates) > 1 else candidates:
            key, tree = self._queries[i]
            hits = evaluate(tree, subject, areas)
            if hits is not None:
                matches[key] = as_match(hits)
        return matches

    def _look(self, text: str, candidates: set[int]) -> tuple[dict[str, list[Span]], Words | None]:
        """The literals in a text, and the queries that may hold for it added to a set.

        The spans are those of the literals' words, but only where the text is ASCII and so
        gets no `Words`.
        """
        if text.isascii():
            words = None
            found = self._scan(ascii_line(text), True)
        else:
            words = Words(text)
            found = self._scan(words.line(), True)
        known: dict[str, list[Span]] = {}
        for pattern, start, end in found:
            # The line begins one space before the text, the literal one before its word.
            literal = self._literals[pattern]
            if literal in known:
                known[literal].append((start, end - 2))
            else:
                known[literal] = [(start, end - 2)]
                wanting = self._wanting[pattern]
                if wanting:
                    candidates.update(wanting)
        return known, words


def _literals(node: Node) -> set[str]:
    """Every literal of the terms that are looked for in text and title."""
    found: set[str] = set()
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, Term) and node.probe.literal:
            found.add(node.probe.literal)
        if not isinstance(node, Field) or node.name in ("title", "content"):
            stack += children(node)
    return found
