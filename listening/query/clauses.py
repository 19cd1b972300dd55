"""What each clause of a query does to many documents: how often it holds, and where the query does.

For whoever writes a query: a clause that holds nowhere is misspelt, one that holds everywhere
says nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from listening.query.document import Document
from listening.query.evaluate import Subject, evaluate
from listening.query.matcher import Match, as_match
from listening.query.nodes import Field, Node, Query, children

MOST_CLAUSES = 60  # looked at one by one; the query itself is always looked at whole
MOST_SECONDS = 2.0  # after which clauses are not looked at any more
LONGEST = 5.0  # seconds after which no more documents are


@dataclass(slots=True)
class Clause:
    """One clause in its normal form.

    Attributes:
        text: of it.
        depth: 0 is the query itself.
        held: in how many documents.
    """

    text: str
    depth: int
    held: int = 0


@dataclass(slots=True)
class Tried:
    """A query tried on documents.

    Attributes:
        documents: how many were looked at.
        clauses: the query and all below it, in the order they are written.
        left_out: clauses that were not looked at one by one.
        matches: place of each document where the query holds, and where in it.
    """

    documents: int = 0
    clauses: list[Clause] = field(default_factory=list)
    left_out: int = 0
    matches: list[tuple[int, Match]] = field(default_factory=list)


def try_query(
    query: Query, documents: Iterable[Document], *, seconds: float = MOST_SECONDS
) -> Tried:
    """Try a query on documents, clause by clause; later the query alone, then no more."""
    began = time.monotonic()
    nodes = list(_walk(query.tree, 0, None))
    kept = nodes[:MOST_CLAUSES]
    found = Tried(
        clauses=[Clause(str(node), depth) for node, depth, _ in kept],
        left_out=len(nodes) - len(kept),
    )
    for place, document in enumerate(documents):
        subject = Subject(document)
        passed = time.monotonic() - began
        if passed > LONGEST:
            break
        found.documents += 1
        if len(kept) > 1 and passed > seconds:
            # Half counted they would mislead.
            found.left_out += len(kept) - 1
            del kept[1:], found.clauses[1:]
        for clause, (node, _, within) in zip(found.clauses, kept, strict=True):
            areas = subject.areas if within is None else subject.within(within)
            hits = evaluate(node, subject, areas)
            if hits is None:
                continue
            clause.held += 1
            if clause.depth == 0:
                found.matches.append((place, as_match(hits)))
    return found


def _walk(node: Node, depth: int, within: str | None) -> Iterator[tuple[Node, int, str | None]]:
    """A node and all below it, each with the field that its terms are looked for in."""
    yield node, depth, within
    inner = node.name if isinstance(node, Field) else within
    for child in children(node):
        yield from _walk(child, depth + 1, inner)
