"""Errors that point: the query's line, a caret, and what was expected there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from listening.errors import QueryError
from listening.query.tokens import shown_width

_SHOWN = 72  # columns of a long line around the caret
_OPERAND = {"WORD", "PHRASE", "EXACT", "LPAR", "FIELD", "RANGE"}
_ENDS = {"WORD", "PHRASE", "EXACT", "RANGE", "WITHIN", "_RPAR"}
_SMALL = {"and", "or", "not", "near"}
_NAMES = {
    "_AND": "AND",
    "_OR": "OR",
    "NOT": "NOT",
    "MINUS": "a minus sign",
    "NEAR": "a NEAR or SENTENCE operator",
    "_RPAR": "a closing parenthesis",
    "RANGE": "a range in square brackets",
    "WITHIN": "a distance (~)",
    "FIELD": "a field",
    "LPAR": "an opening parenthesis",
}
_UNREADABLE = {
    "{": "this brace is never closed; write }} behind the case-sensitive term",
    "}": "there is no opening brace for this one",
    "[": "this square bracket is never closed; a range is written [3 TO 5]",
    "]": "there is no opening square bracket for this one",
    "-": "a minus sign must touch the term it leaves out, as in -refund",
    "<": "this comment is never closed; write >>> at its end",
}


def complaint(text: str, at: int, message: str) -> QueryError:
    """A QueryError for the character `at` (from 0) of a query.

    `column` counts from 1 within its line; the message names the line where there are several.
    """
    at = min(at, len(text))
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end].replace("\t", " ").replace("\r", " ")
    column = at - start
    where = f"column {column + 1}"
    if "\n" in text:
        where = f"line {text.count(chr(10), 0, at) + 1}, {where}"
    first = max(0, column - _SHOWN // 2) if len(line) > _SHOWN else 0
    piece = line[first : first + _SHOWN]
    lead = "..." if first else ""
    trail = "..." if first + _SHOWN < len(line) else ""
    indent = " " * (len(lead) + shown_width(piece[: column - first]))
    return QueryError(f"{where}: {message}\n  {lead}{piece}{trail}\n  {indent}^", column=column + 1)


def unreadable(text: str, error: UnexpectedInput, tokens: Iterable[Token]) -> QueryError:
    """What the parser stumbled on, in plain words. `tokens` are those of the query, lazily."""
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        character = text[at]
        if character in '"\u201c\u201d\u201e':
            return complaint(text, at, "this quotation mark is never closed")
        message = _UNREADABLE.get(character, "a word cannot begin like this; put it in quotes")
        return complaint(text, at, message.replace("}}", "}"))
    assert isinstance(error, UnexpectedToken)  # noqa: S101 - the only other kind
    before = None
    ended = error.token.type == "$END"
    for token in tokens:
        if not ended and (token.start_pos or 0) >= (error.token.start_pos or 0):
            break
        before = token
    return _unexpected(text, error.token, before)


def _unexpected(text: str, token: Token, before: Token | None) -> QueryError:
    after_operand = before is not None and before.type in _ENDS
    if token.type == "$END":
        at = len(text.rstrip())
        if before is None:
            return complaint(text, 0, "the query is empty; write at least one word")
        if after_operand:
            return complaint(text, _never_closed(text), "this parenthesis is never closed")
        return complaint(text, at, f"a term is missing after {_shown(before)}")
    at = token.start_pos or 0
    if after_operand and token.type in _OPERAND:
        return complaint(text, at, _juxtaposed(token, before))
    if token.type == "_RPAR":
        if after_operand or before is None:
            return complaint(text, at, "there is no opening parenthesis for this one")
        if before.type == "LPAR":
            return complaint(text, at, "nothing stands between the parentheses")
        return complaint(text, at, f"a term is missing after {_shown(before)}")
    if token.type == "WITHIN":
        return complaint(
            text, at, 'a distance follows a phrase or a group, as in "a b"~5 or (a AND b)~5'
        )
    if token.type == "RANGE":
        return complaint(text, at, "a range follows a field with numbers, as in rating:[3 TO 5]")
    if before is not None and before.type == "FIELD":
        return complaint(
            text, at, f"a word, a phrase or a group in parentheses must follow {before}"
        )
    shown = _NAMES.get(token.type, token.type)
    place = "at the beginning" if before is None else f"after {_shown(before)}"
    return complaint(text, at, f"expected a term {place}, not {shown}")


def _juxtaposed(token: Token, before: Token | None) -> str:
    for word in (token, before):
        if word is not None and word.type == "WORD" and word.lower() in _SMALL:
            return (
                f"operators are written in capitals: {word.upper()}; "
                f'put "{word}" in quotes to look for the word'
            )
    if token.type == "RANGE":
        return "a range follows a field with numbers, as in rating:[3 TO 5]"
    if before is not None and before.type == token.type == "WORD":
        return (
            f'there is no operator between two words; write "{before} {token}" in quotes '
            f"for the phrase, or AND or OR between them"
        )
    return "an operator is missing here; write AND or OR, or put a phrase in quotes"


def _shown(token: Token) -> str:
    return "(" if token.type == "LPAR" else str(token)


_PARENTHESIS = re.compile(
    r'<<<[\s\S]*?>>>|["\u201c\u201d\u201e][^"\u201c\u201d\u201e]*["\u201c\u201d\u201e]|\{[^{}]*\}|[()]'
)


def _never_closed(text: str) -> int:
    opened: list[int] = []
    for found in _PARENTHESIS.finditer(text):
        if found[0] == "(":
            opened.append(found.start())
        elif found[0] == ")":
            opened.pop()
    return opened[-1]
