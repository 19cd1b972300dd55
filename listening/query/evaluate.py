"""Whether a tree holds for a document, and where: exact, straight from the tree.

The fast way (`Matcher`) and the explaining way (`explain`) both end here, so they cannot
disagree; a test compares them with hypothesis all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from listening.query import fields
from listening.query.document import Document
from listening.query.nodes import And, Field, Near, Node, Not, Or, Range, Term
from listening.query.terms import Span
from listening.query.tokens import Words

# (area, start, end): area 0 is the text, 1 the title, -1 another field.
Hit = tuple[int, int, int]
# A place where a group of near terms is: its span and the spans of its terms.
Place = tuple[int, int, frozenset[Span]]

TEXT, TITLE, ELSEWHERE = 0, 1, -1
_NOTHING: tuple[Hit, ...] = ()


class Area:
    """One text to look through, word by word."""

    __slots__ = ("_words", "number", "text")

    def __init__(self, text: str, number: int, words: Words | None = None) -> None:
        self.text = text
        self.number = number
        self._words = words

    @property
    def words(self) -> Words:
        """The text made ready, once it is needed."""
        if self._words is None:
            self._words = Words(self.text)
        return self._words

    def find(self, term: Term) -> Sequence[Span]:
        """Every hit of a term in this text."""
        return term.probe.find(self.words)


class Value(Area):
    """One field value, compared as a whole."""

    __slots__ = ()

    def find(self, term: Term) -> Sequence[Span]:
        """The whole value or nothing."""
        return [(0, len(self.text))] if term.probe.is_value(self.text) else []


class Subject:
    """A document being asked about, with what was worked out of it so far.

    `present`, where known, holds every literal (see `nodes.Needed`) in text and title, so
    that nodes that need another one are not looked into.
    """

    __slots__ = ("_fields", "areas", "document", "present")

    def __init__(
        self,
        document: Document,
        areas: tuple[Area, ...] | None = None,
        present: Collection[str] | None = None,
    ) -> None:
        self.document = document
        self.present = present
        if areas is None:
            areas = (Area(document.text, TEXT),)
            if document.title is not None:
                areas += (Area(document.title, TITLE),)
        self.areas = areas
        self._fields: dict[str, tuple[Area, ...]] = {}

    def within(self, field: str) -> tuple[Area, ...]:
        """The areas a field's terms are looked for in; none where the field is unknown."""
        if field not in self._fields:
            self._fields[field] = self._look_up(field)
        return self._fields[field]

    def _look_up(self, field: str) -> tuple[Area, ...]:
        if field in ("content", "title"):
            wanted = TEXT if field == "content" else TITLE
            return tuple(area for area in self.areas if area.number == wanted)
        word_values = fields.WORD_FIELDS.get(field)
        if word_values is not None:
            return tuple(Area(value, ELSEWHERE) for value in word_values(self.document))
        return tuple(Value(value, ELSEWHERE) for value in fields.VALUE_FIELDS[field](self.document))


def evaluate(node: Node, subject: Subject, areas: tuple[Area, ...]) -> Sequence[Hit] | None:
    """The hits of the positive terms of the clauses that held, or None if the node does not."""
    # Leave out what needs literals that are not there, before looking into it.
    present = subject.present if areas is subject.areas else None
    if isinstance(node, Term):
        return _term(node, areas)
    if isinstance(node, Or):
        held = []
        for child in node.children:
            needed = child.needed
            if needed is not None and present is not None and needed.isdisjoint(present):
                continue
            found = evaluate(child, subject, areas)
            if found is not None:
                held.append(found)
        if len(held) < 2:
            return held[0] if held else None
        return list(chain.from_iterable(held))
    needed = node.needed
    if needed is not None and present is not None and needed.isdisjoint(present):
        return None
    if isinstance(node, And):
        hits: list[Hit] = []
        for child in node.children:
            found = evaluate(child, subject, areas)
            if found is None:
                return None
            hits += found
        return hits
    if isinstance(node, Not):
        return _NOTHING if evaluate(node.child, subject, areas) is None else None
    if isinstance(node, Near):
        return _near(node, areas)
    if isinstance(node, Field):
        return evaluate(node.child, subject, subject.within(node.name))
    assert isinstance(node, Range)  # noqa: S101 - the last kind there is
    number = fields.NUMBER_FIELDS[node.name](subject.document)
    return _NOTHING if number is not None and in_range(node, number) else None


def in_range(condition: Range, number: float) -> bool:
    """Whether low <= number <= high."""
    if condition.low is not None and number < condition.low:
        return False
    return condition.high is None or number <= condition.high


def _term(term: Term, areas: tuple[Area, ...]) -> Sequence[Hit] | None:
    hits: list[Hit] = []
    for area in areas:
        number = area.number
        for start, end in area.find(term):
            hits.append((number, start, end))
    return hits or None


def _near(node: Near, areas: tuple[Area, ...]) -> Sequence[Hit] | None:
    hits = {
        (area.number, start, end)
        for area in areas
        for place in places(node, area)
        for start, end in place[2]
    }
    return sorted(hits) or None


def places(node: Node, area: Area) -> list[Place]:
    """Where terms, ORs of them and NEARs of them are in one text, left to right."""
    if isinstance(node, Term):
        return [(start, end, frozenset(((start, end),))) for start, end in area.find(node)]
    if isinstance(node, Or):
        return _merged(place for child in node.children for place in places(child, area))
    assert isinstance(node, Near)  # noqa: S101 - the parser lets nothing else in here
    sides = []
    for child in node.children:
        side = places(child, area)
        if not side:
            return []
        sides.append(side)
    if node.sentences:
        return _merged(_in_sentences(sides, node.distance, area.words))
    if len(sides) == 2:
        return _merged(_pairs(sides[0], sides[1], node, area.words))
    return _merged(_windows(sides, node.distance, area.words))


def _merged(found: Iterable[Place]) -> list[Place]:
    """Each span once, with all the terms that make it up."""
    by_span: dict[Span, frozenset[Span]] = {}
    for start, end, parts in found:
        before = by_span.get((start, end))
        by_span[start, end] = parts if before is None else before | parts
    return sorted(((start, end, parts) for (start, end), parts in by_span.items()), key=_span)


def _span(place: Place) -> Span:
    return place[:2]


def _join(places: Sequence[Place]) -> Place:
    return (
        min(place[0] for place in places),
        max(place[1] for place in places),
        frozenset().union(*(place[2] for place in places)),
    )


def _pairs(left: list[Place], right: list[Place], node: Near, words: Words) -> Iterable[Place]:
    numbered = [(place, *words.numbers(_span(place))) for place in right]
    for place in left:
        first, last = words.numbers(_span(place))
        for other, other_first, other_last in numbered:
            if other[0] >= place[1]:
                if other_first - last - 1 > node.distance:
                    # Sorted by start, and a later start is never a nearer word.
                    break
                yield _join((place, other))
            elif (
                not node.ordered
                and other[1] <= place[0]
                and first - other_last - 1 <= node.distance
            ):
                yield _join((place, other))


def _in_sentences(sides: list[list[Place]], count: int, words: Words) -> Iterable[Place]:
    left, right = sides
    numbered = [(place, words.sentence(place[0]), words.sentence(place[1] - 1)) for place in right]
    for place in left:
        first, last = words.sentence(place[0]), words.sentence(place[1] - 1)
        for other, other_first, other_last in numbered:
            apart = other[0] >= place[1] or other[1] <= place[0]
            if apart and max(last, other_last) - min(first, other_first) < count:
                yield _join((place, other))


def _windows(sides: list[list[Place]], distance: int, words: Words) -> Iterable[Place]:
    """One place of every side, none overlapping, with at most `distance` other words."""
    # (first word, last word, side, place), in the order of the text
    row = sorted(
        (
            (*words.numbers(_span(place)), side, place)
            for side, found in enumerate(sides)
            for place in found
        ),
        key=lambda entry: (_span(entry[3]), entry[2]),
    )
    longest = [0] * len(sides)
    for first, last, side, _ in row:
        longest[side] = max(longest[side], last - first + 1)
    reach = distance + sum(longest)
    for start, (first, _, side, _place) in enumerate(row):
        window = []
        for entry in row[start + 1 :]:
            if entry[0] - first >= reach:
                break
            window.append(entry)
        missing = set(range(len(sides))) - {side}
        # None overlaps another, so each of them begins elsewhere.
        begins = len({entry[3][0] for entry in window})
        if begins >= len(missing) and missing <= {entry[2] for entry in window}:
            chosen = _choose(window, 0, [row[start]], frozenset(missing), distance, set())
            if chosen:
                yield _join([entry[3] for entry in chosen])


Entry = tuple[int, int, int, Place]


def _choose(
    window: list[Entry],
    begin: int,
    chosen: list[Entry],
    missing: frozenset[int],
    distance: int,
    failed: set[tuple[int, int, frozenset[int]]],
) -> list[Entry] | None:
    """The leftmost way to add one entry of every missing side, or None.

    Only entries from `begin` on are added. `failed` keeps what led nowhere: however many
    orders of the same sides come to the same place, the rest is looked for once.
    """
    spread = max(entry[1] for entry in chosen) - chosen[0][0] + 1
    others = spread - sum(entry[1] - entry[0] + 1 for entry in chosen)
    if not missing:
        return chosen if others <= distance else None
    end = max(taken[3][1] for taken in chosen)
    state = (end, others, missing)
    # Two terms may share a word where words are not parted, so each may give one back.
    if others - len(missing) > distance or state in failed:
        return None
    for i in range(begin, len(window)):
        entry = window[i]
        if entry[2] in missing and entry[3][0] >= end:
            found = _choose(window, i + 1, [*chosen, entry], missing - {entry[2]}, distance, failed)
            if found:
                return found
    failed.add(state)
    return None
