"""What to search a platform for, so that nothing a query wants is missed."""

from __future__ import annotations

from itertools import chain

from listening.query.nodes import And, Field, Near, Node, Or, Term
from listening.query.tokens import fold

_WILD = frozenset("*?")


def search_terms(tree: Node) -> tuple[str, ...]:
    """Words and phrases of which every post that the query holds for has at least one.

    Of things that must all be there, those are taken that are fewest and longest, hence rarest.
    Empty where nothing is certain: a query of wildcards, of fields, or of what must not be there.
    """
    found: dict[str, str] = {}
    for term in _terms(tree) or ():
        found.setdefault(fold(term), term)  # platforms know no case
    return tuple(found.values())


def _terms(node: Node) -> tuple[str, ...] | None:
    if isinstance(node, Term):
        return None if _WILD & set(node.text) else (node.text,)
    if isinstance(node, Field):
        return _terms(node.child) if node.name in ("title", "content") else None
    if isinstance(node, Or):
        found = [_terms(child) for child in node.children]
        certain = [own for own in found if own is not None]
        return tuple(chain.from_iterable(certain)) if len(certain) == len(found) else None
    if isinstance(node, And | Near):
        certain = [own for child in node.children if (own := _terms(child)) is not None]
        return min(certain, key=lambda own: (len(own), -min(map(len, own))), default=None)
    return None
