"""How much a query may ask for where somebody waits for its answer."""

from __future__ import annotations

from listening.errors import QueryError
from listening.query.nodes import Node, Query, Range, Term, children
from listening.query.parser import parse

MOST_TERMS = 200
MOST_DEPTH = 20  # of the tree, where superfluous parentheses do not count


def parse_small(query: str) -> Query:
    """Read a query that is evaluated at once; a brand's own, in the background, may be larger.

    Raises:
        QueryError: it cannot be read, has too many terms or is nested too deep.
    """
    found = parse(query)
    terms = _terms(found.tree)
    if terms > MOST_TERMS:
        raise QueryError(
            f"This query has {terms:,} terms; tried or searched for at once, it may have at most "
            f"{MOST_TERMS}: shorten it or split it.",
            column=1,
        )
    if found.tree.depth > MOST_DEPTH:
        raise QueryError(
            f"This query is nested {found.tree.depth} deep; tried or searched for at once, it may "
            f"be at most {MOST_DEPTH}: split it.",
            column=1,
        )
    return found


def _terms(tree: Node) -> int:
    """Terms and ranges of a tree, a repeated one counted each time."""
    count, stack = 0, [tree]
    while stack:
        node = stack.pop()
        count += isinstance(node, Term | Range)
        stack += children(node)
    return count
