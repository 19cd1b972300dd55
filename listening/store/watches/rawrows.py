"""What stands in a row that could not be read: its fields, whatever separates them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from listening.matching import handle_of

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WORD = re.compile(r"[@\w][\w.:@\-]*")
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_SHORT_NUMBER = 5  # digits: a shorter one is as likely a count, or a day


def is_telling(value: str) -> bool:
    """Whether a field that is this value says who it is about: not a short number, not a letter."""
    value = handle_of(value)
    return len(value) > 1 and not (value.isdigit() and len(value) < _SHORT_NUMBER)


def fields_of(raw: str) -> set[str]:
    """Every value that a raw row may hold, folded, read as CSV, as JSON and as a damaged one.

    The parts of an address count too: an author's page says whose it is.
    """
    found = {handle_of(value) for value in _values(raw)}
    for address in _ADDRESS.findall(raw):
        found |= {handle_of(part) for part in re.split(r"[/?&#=]+", address)}
    found.discard("")
    return found


def _values(raw: str) -> Iterator[str]:
    yield raw
    for delimiter in _DELIMITERS:
        if delimiter in raw:
            yield from _cells(raw, delimiter)
    if raw.lstrip()[:1] in {"{", "["}:
        try:
            yield from _leaves(json.loads(raw))
        except (ValueError, RecursionError):
            yield from _QUOTED.findall(raw)
            yield from _WORD.findall(raw)


def _cells(raw: str, delimiter: str) -> Iterator[str]:
    try:
        for row in csv.reader(io.StringIO(raw), delimiter=delimiter):
            yield from row
    except csv.Error:  # a field beyond what the reader takes
        yield from raw.split(delimiter)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
