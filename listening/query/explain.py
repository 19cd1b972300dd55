"""Why a query holds for a document, or why not: clause by clause."""

from __future__ import annotations

from dataclasses import dataclass

from listening.query.document import Document
from listening.query.evaluate import Area, Subject, evaluate
from listening.query.matcher import Match, as_match
from listening.query.nodes import Field, Node, Query, Term, children


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clause in its normal form, whether it held, what it hit, and its own clauses.

    `found` are the pieces of text the clause's terms hit, in the spelling of the document;
    `match` has their places, empty for a clause that did not hold. Below NOT, `held` of the
    inner clauses is their own: NOT holds where they do not.
    """

    clause: str
    held: bool
    found: tuple[str, ...]
    match: Match
    children: tuple[Explanation, ...] = ()

    def lines(self, indent: int = 0) -> list[str]:
        """The tree as plain text, one clause a line, two spaces deeper for each level."""
        found = f"  found {', '.join(map(repr, self.found))}" if self.found else ""
        line = f"{'  ' * indent}{'yes' if self.held else 'no '} {self.clause}{found}"
        lines = [line]
        for child in self.children:
            lines += child.lines(indent + 1)
        return lines


def explain(query: Query, document: Document) -> Explanation:
    """Evaluate every clause of a query for one document, also those that decide nothing."""
    subject = Subject(document)
    return _explain(query.tree, subject, subject.areas)


def _explain(node: Node, subject: Subject, areas: tuple[Area, ...]) -> Explanation:
    hits = evaluate(node, subject, areas)
    inner = subject.within(node.name) if isinstance(node, Field) else areas
    found: tuple[str, ...] = ()
    if isinstance(node, Term) and hits:
        found = tuple(
            dict.fromkeys(area.text[start:end] for area in areas for start, end in area.find(node))
        )
    return Explanation(
        clause=str(node),
        held=hits is not None,
        found=found,
        match=as_match(hits or ()),
        children=tuple(_explain(child, subject, inner) for child in children(node)),
    )
