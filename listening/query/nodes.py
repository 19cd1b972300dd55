"""The tree of a query: immutable, comparable, and printable in its normal form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from listening.query.fields import RESERVED
from listening.query.terms import Probe

_BARE = re.compile(r"(?!-)(?:(?!<<<)[^\s()\"\u201c\u201d\u201e{}\[\]|~])+")


# Literals of which at least one is in the `Words.line` of every text or title where a node
# holds; None where nothing is certain, so that the node has to be evaluated always.
Needed = frozenset[str] | None


def _rarity(literals: frozenset[str]) -> tuple[int, int]:
    return min(map(len, literals)), -len(literals)


@dataclass(frozen=True, slots=True)
class Term:
    """A word, phrase, wildcard, @handle or #hashtag; `case_sensitive` for one in braces."""

    text: str
    case_sensitive: bool
    probe: Probe = field(compare=False, repr=False)
    depth: int = field(default=1, init=False, compare=False, repr=False)
    needed: Needed = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        literal = self.probe.literal
        object.__setattr__(self, "needed", frozenset((literal,)) if literal else None)

    def __str__(self) -> str:
        if self.case_sensitive:
            return f"{{{self.text}}}"
        if _BARE.fullmatch(self.text) and not RESERVED.match(self.text):
            return self.text
        return f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class _Group:
    children: tuple[Node, ...]
    depth: int = field(init=False, compare=False, repr=False)
    needed: Needed = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + max(child.depth for child in self.children))
        needs = [child.needed for child in self.children]
        object.__setattr__(self, "needed", self._join(needs))

    @staticmethod
    def _join(needs: list[Needed]) -> Needed:
        """All children hold, so any one will do: the one least often there by chance."""
        return max((need for need in needs if need is not None), key=_rarity, default=None)


@dataclass(frozen=True, slots=True)
class And(_Group):
    """Every child holds. No child is an And itself."""

    def __str__(self) -> str:
        return " AND ".join(_within(child, (Or,)) for child in self.children)


@dataclass(frozen=True, slots=True)
class Or(_Group):
    """At least one child holds. No child is an Or itself."""

    @staticmethod
    def _join(needs: list[Needed]) -> Needed:
        certain = [need for need in needs if need is not None]
        return frozenset().union(*certain) if len(certain) == len(needs) else None

    def __str__(self) -> str:
        return " OR ".join(map(str, self.children))


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold. The child is no Not itself."""

    child: Node
    depth: int = field(init=False, compare=False, repr=False)
    needed: Needed = field(default=None, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + self.child.depth)

    def __str__(self) -> str:
        return f"NOT {_within(self.child, (Or, And, Near))}"


@dataclass(frozen=True, slots=True)
class Near(_Group):
    """All children in one text with no more than `distance` other words among them.

    `ordered` (two children only): the first before the second. `sentences` (two children
    only): both within `distance` consecutive sentences, 1 being the same sentence.
    """

    distance: int
    ordered: bool = False
    sentences: bool = False

    def __str__(self) -> str:
        parts = [_within(child, (Or, Near)) for child in self.children]
        if len(parts) > 2:
            return f"({' AND '.join(parts)})~{self.distance}"
        word = "SENTENCE" if self.sentences else "NEAR"
        return f" {word}/{self.distance}{'f' if self.ordered else ''} ".join(parts)


@dataclass(frozen=True, slots=True)
class Field:
    """A condition on one field; inside it every term is looked for in that field only."""

    name: str
    child: Node
    depth: int = field(init=False, compare=False, repr=False)
    needed: Needed = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + self.child.depth)
        of_text = self.name in ("title", "content")
        object.__setattr__(self, "needed", self.child.needed if of_text else None)

    def __str__(self) -> str:
        return f"{self.name}:{_within(self.child, (Or, And, Near, Not))}"


@dataclass(frozen=True, slots=True)
class Range:
    """A condition on a number: low <= value <= high, None being open."""

    name: str
    low: float | None
    high: float | None
    depth: int = field(default=1, init=False, compare=False, repr=False)
    needed: Needed = field(default=None, init=False, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name}:[{_number(self.low)} TO {_number(self.high)}]"


Node = Term | And | Or | Not | Near | Field | Range


def _within(node: Node, parenthesised: tuple[type, ...]) -> str:
    if isinstance(node, Near) and len(node.children) > 2:
        return str(node)  # brings its own parentheses
    return f"({node})" if isinstance(node, parenthesised) else str(node)


def _number(value: float | None) -> str:
    if value is None:
        return "*"
    return str(int(value)) if value == int(value) else repr(value)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below one node."""
    if isinstance(node, And | Or | Near):
        return node.children
    if isinstance(node, Not | Field):
        return (node.child,)
    return ()


def positive_terms(node: Node) -> Iterator[Term]:
    """The terms that are looked for in the words of a post, left to right; none below NOT."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, And | Or | Near) or (
        isinstance(node, Field) and node.name in ("title", "content")
    ):
        for child in children(node):
            yield from positive_terms(child)


def affirms(node: Node) -> bool:
    """Whether holding the node takes something to be there, not only absent."""
    if isinstance(node, Not):
        return False
    if isinstance(node, And):
        return any(map(affirms, node.children))
    return all(map(affirms, children(node)))


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was written (`text`) and as it was understood (`tree`).

    `str()` is the normal form; parsing it gives the same tree.
    """

    text: str
    tree: Node

    def __str__(self) -> str:
        return str(self.tree)

    def terms(self) -> tuple[str, ...]:
        """The words and phrases looked for, each once: no wildcards, none below NOT."""
        found = (term.text for term in positive_terms(self.tree))
        return tuple(dict.fromkeys(text for text in found if not set(text) & {"*", "?"}))
