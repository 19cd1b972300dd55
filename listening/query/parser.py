"""From the written query to its tree.

Precedence, tightest first: NOT (and -), NEAR / ONEAR / SENTENCE, AND, OR. Parentheses
override it. `a NOT b` means `a AND NOT b`. A distance counts the words in between: NEAR/0 is
next to each other. Words merely put side by side are refused.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput

from listening.query import fields
from listening.query.complaints import complaint, unreadable
from listening.query.nodes import (
    And,
    Field,
    Near,
    Node,
    Not,
    Or,
    Query,
    Range,
    Term,
    affirms,
    children,
)
from listening.query.terms import Probe, TermError

MAX_DEPTH = 100  # of the tree, where superfluous parentheses do not count
MAX_DISTANCE = 1_000
MAX_TOGETHER = 8  # terms within one ~; every order of them has to be tried

_DISTANCE = re.compile(r"(O?NEAR|SENTENCE)/(\d{1,9})(f?)")
_FIELD_LIKE = re.compile(r"([A-Za-z]+):(?!//)", re.ASCII)
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]", re.IGNORECASE)


class _ProblemError(Exception):
    """Something wrong at a character of the query; `parse` adds the query and a caret."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


def parse(query: str) -> Query:
    """Read a query. QueryError, with the column, says what cannot be read and why."""
    try:
        tree: Node = _lark().parse(query)  # type: ignore[assignment]
        if not affirms(tree):
            raise _ProblemError(
                len(query) - len(query.lstrip()),
                "the query, or one side of an OR, only says what to leave out; "
                "add what to look for",
            )
    except UnexpectedInput as error:
        raise unreadable(query, error, _lark().lex(query)) from None
    except _ProblemError as problem:
        raise complaint(query, problem.at, problem.message) from None
    return Query(query, tree)


class _At:
    """A node and where it was written, while the tree is built."""

    __slots__ = ("at", "node")

    def __init__(self, node: Node, at: int) -> None:
        if node.depth > MAX_DEPTH:
            raise _ProblemError(at, f"nested more than {MAX_DEPTH} deep; split the query")
        self.node = node
        self.at = at


def _start(token: Token) -> int:
    return token.start_pos or 0


def _term(text: str, at: int, *, case_sensitive: bool = False) -> _At:
    """`at` is where the term's own first character stands."""
    shift = len(text) - len(text.lstrip())
    text = " ".join(text.split())
    try:
        probe = Probe(text, case_sensitive=case_sensitive)
    except TermError as error:
        raise _ProblemError(at + shift + error.at, str(error)) from None
    return _At(Term(text, case_sensitive, probe), at)


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Called by the parser bottom up, so no depth of nesting is a depth of calls."""

    def start(self, top: _At) -> Node:
        return top.node

    def disjunction(self, *parts: _At) -> _At:
        nodes: list[Node] = []
        for part in parts:
            nodes += part.node.children if isinstance(part.node, Or) else (part.node,)
        return _At(Or(tuple(nodes)), parts[0].at)

    def conjunction(self, *parts: _At) -> _At:
        nodes: list[Node] = []
        for part in parts:
            nodes += part.node.children if isinstance(part.node, And) else (part.node,)
        return _At(And(tuple(nodes)), parts[0].at)

    def proximity(self, first: _At, *rest: Any) -> _At:
        left = first
        for operator, right in zip(rest[::2], rest[1::2], strict=True):
            found = _DISTANCE.fullmatch(operator)
            if found is None or (found[3] and found[1] != "NEAR"):
                word = operator.split("/")[0]
                raise _ProblemError(
                    _start(operator),
                    f"{word} needs a number of {'sentences' if word == 'SENTENCE' else 'words'}, "
                    f"as in {word}/5; put it in quotes to look for the word",
                )
            distance = _distance(found[2], _start(operator))
            if found[1] == "SENTENCE" and distance == 0:
                raise _ProblemError(_start(operator), "SENTENCE/1 is the smallest: the same one")
            for side in (left, right):
                _check_near(side, str(operator))
            ordered = found[1] == "ONEAR" or found[3] == "f"
            pair = (left.node, right.node)
            near = Near(pair, distance, ordered=ordered, sentences=found[1] == "SENTENCE")
            left = _At(near, left.at)
        return left

    def negation(self, sign: Token, part: _At) -> _At:
        if isinstance(part.node, Not):
            return _At(part.node.child, _start(sign))
        return _At(Not(part.node), _start(sign))

    def word(self, token: Token) -> _At:
        field_like = _FIELD_LIKE.match(token)
        if field_like:
            raise _ProblemError(_start(token), _unknown_field(field_like[1]))
        return _term(str(token), _start(token))

    def phrase(self, token: Token, within: Token | None) -> _At:
        at = _start(token) + 1
        if within is None:
            return _term(str(token)[1:-1], at)
        parts = [
            _term(word[0], at + word.start()) for word in re.finditer(r"\S+", str(token)[1:-1])
        ]
        if len(parts) < 2:
            raise _ProblemError(_start(within), "a distance needs two words or more in the quotes")
        near = _At(Near(tuple(part.node for part in parts), _within(within)), at)
        _check_near(near, str(within))
        return near

    def exact(self, token: Token) -> _At:
        return _term(str(token)[1:-1], _start(token) + 1, case_sensitive=True)

    def group(self, opening: Token, inner: _At, within: Token | None) -> _At:
        if within is None:
            return _At(inner.node, _start(opening))
        distance = _within(within)
        group = _At(inner.node, _start(opening))
        near = _joined(inner.node, distance)
        if near == inner.node:
            raise _ProblemError(_start(within), "a distance needs terms joined by AND in the group")
        _check_near(_At(near, group.at), str(within))
        return _At(near, group.at)

    def condition(self, name: Token, value: Any) -> _At:
        field = fields.canonical(name[:-1]) or ""
        if field == "sentiment":
            raise _ProblemError(
                _start(name),
                "sentiment is only known after a post was analysed: "
                "it is a filter of lists, not of queries",
            )
        if field in fields.NUMBER_FIELDS:
            return _At(_range(field, value), _start(name))
        if not isinstance(value, _At):
            raise _ProblemError(_start(value), f"{field} takes words, not a range of numbers")
        node = _condition(field, value)
        if not affirms(node):
            raise _ProblemError(
                value.at, f"only says what to leave out; write NOT {field}:... instead"
            )
        return _At(Field(field, node), _start(name))


def _distance(digits: str, at: int) -> int:
    if int(digits) > MAX_DISTANCE:
        raise _ProblemError(at, f"the distance is at most {MAX_DISTANCE}")
    return int(digits)


def _within(token: Token) -> int:
    digits = token[1:]
    if not re.fullmatch(r"[0-9]{1,9}", digits):
        raise _ProblemError(_start(token), "a number of words must follow ~, as in ~5")
    return _distance(digits, _start(token))


def _joined(node: Node, distance: int) -> Node:
    """The node with every AND replaced by a Near of the distance."""
    if isinstance(node, And):
        return Near(tuple(_joined(child, distance) for child in node.children), distance)
    if isinstance(node, Or):
        return Or(tuple(_joined(child, distance) for child in node.children))
    return node


def _check_near(side: _At, operator: str) -> None:
    """Only words have a place in the text: no NOT, AND or field within a distance."""
    stack = [side.node]
    while stack:
        node = stack.pop()
        if isinstance(node, Near) and len(node.children) > MAX_TOGETHER:
            raise _ProblemError(side.at, f"a distance takes at most {MAX_TOGETHER} terms at once")
        if isinstance(node, Term | Or | Near):
            stack += children(node)
            continue
        advice = {
            Not: "NOT cannot stand within a distance; put NOT before the whole group",
            And: f"AND cannot stand beside {operator}; write (... AND ...)~5 there",
        }.get(type(node), "a field cannot stand within a distance; write field:(a NEAR/5 b)")
        raise _ProblemError(side.at, advice)


def _condition(field: str, value: _At) -> Node:
    """The group of a field, checked: no field within, and only what the field can hold."""

    def checked(node: Node) -> Node:
        if isinstance(node, Field | Range):
            raise _ProblemError(value.at, f"a field cannot stand within {field}:(...)")
        if isinstance(node, Near) and field in fields.VALUE_FIELDS:
            raise _ProblemError(
                value.at, f"{field} is compared as a whole, so words have no distance in it"
            )
        if isinstance(node, Term):
            return _choice(field, node, value.at)
        if isinstance(node, Not):
            return Not(checked(node.child))
        if isinstance(node, And | Or):
            return type(node)(tuple(map(checked, node.children)))
        return node

    return checked(value.node)


def _choice(field: str, term: Term, at: int) -> Term:
    allowed = fields.CHOICES.get(field)
    if allowed is None:
        return term
    for choice in allowed:
        if choice.casefold() == term.text.casefold():
            return Term(choice, False, Probe(choice, case_sensitive=False))
    raise _ProblemError(at, f"{field} is one of {', '.join(allowed)}")


def _range(field: str, value: Any) -> Range:
    advice = f"{field} takes a range, as in {field}:[3 TO 5]; * leaves an end open"
    if isinstance(value, _At):
        if not isinstance(value.node, Term):
            raise _ProblemError(value.at, advice)
        number = _number(value.node.text, value.at, advice)
        if number is None:
            raise _ProblemError(value.at, advice)
        return Range(field, number, number)
    found = _RANGE.fullmatch(value)
    if found is None:
        raise _ProblemError(_start(value), advice)
    low = _number(found[1], _start(value) + found.start(1), advice)
    high = _number(found[2], _start(value) + found.start(2), advice)
    if low is not None and high is not None and low > high:
        raise _ProblemError(_start(value), "the range is empty: its first number is the larger")
    return Range(field, low, high)


def _number(text: str, at: int, advice: str) -> float | None:
    if text == "*":
        return None
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        raise _ProblemError(at, advice)
    return float(text)


def _unknown_field(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), fields.NAMES, n=1)
    hint = f"; did you mean {fields.NAMES[close[0]]}:?" if close else "."
    return f"there is no field {name}:{hint} Put the word in quotes to look for it as it is"


@cache
def _lark() -> Lark:
    grammar = resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_Builder())
