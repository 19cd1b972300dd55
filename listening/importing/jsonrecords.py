"""JSON: objects out of lines (JSONL) or out of one array, flattened to cells of text."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from listening.importing.delimited import undecodable
from listening.importing.lines import LONGEST_RAW, LONGEST_RECORD, Lines, Position, show
from listening.importing.packing import Readable
from listening.importing.rows import BadRow

Item = tuple[int, dict[str, Any], bytes]  # line, object, raw

_CHUNK = 1 << 16
_CLOSE = 16  # an error this close to the end of what was read may only mean: read on
_DEEPEST = 8  # levels of nesting that become columns
_ESCAPED = re.compile("[\udc80-\udcff]")
_RESTART = re.compile(r"\n[ \t]*(?:,[ \t]*)?(?=\{)|\}\s*,\s*(?=\{)")
_TOO_LONG = "the row is longer than 1 MiB: is it one post?"
_NUL = "NUL bytes in the row: the file is damaged, export it again"


def json_lines(lines: Lines, encoding: str) -> Iterator[Item | BadRow]:
    """Read one object from each line; blank lines are passed over."""
    for raw in lines:
        if raw.isspace():
            continue
        line = lines.number - 1
        try:
            if len(raw) > LONGEST_RECORD:
                raise ValueError(_TOO_LONG)
            if b"\0" in raw:
                raise ValueError(_NUL)
            item = json.loads(raw.decode(encoding).rstrip("\r\n"))
            if isinstance(item, dict):
                yield line, item, raw
                continue
            reason = "not an object: each line is to be one {...}"
        except UnicodeDecodeError as error:
            reason = undecodable(error)
        except json.JSONDecodeError as error:
            reason = f"invalid JSON at column {error.colno}: {_lower(error.msg)}"
        except RecursionError:
            reason = "nested too deeply to be a post"
        except ValueError as error:  # also a number of thousands of digits
            reason = str(error).partition(";")[0]
        yield BadRow(line, reason, None, show(raw, encoding))


def json_array(stream: Readable, encoding: str, position: Position) -> Iterator[Item | BadRow]:
    """Read the objects of one array, in constant memory; `position` is moved along.

    After a broken element reading goes on at the next place that begins like an element.
    """
    text = _Text(stream, encoding)
    text.skip("[")
    while text.skip(","):
        if text.buffer[text.at] == "]":
            return
        line = text.line
        item, reason, raw = text.element()
        text.pass_blanks(",")  # no further than what is in memory: reading on may fail
        position.line = text.line
        if item is not None and not raw.isascii() and _ESCAPED.search(raw):
            item, reason = None, f"bytes that are not {encoding}: name the encoding (--encoding)"
        shown = raw[:LONGEST_RAW].encode("utf-8", "surrogateescape")
        if item is not None:
            yield line, item, shown
        else:
            yield BadRow(line, reason, None, show(shown, "utf-8"))
    yield BadRow(text.line, "the list is not closed: the file is cut short", None, "")


class _Text:
    """The text of a stream as far as it is needed; `at` is where reading is, on line `line`."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        self.buffer = ""
        self.at = 0
        self.line = 1
        self._stream = stream
        # Undecodable bytes become surrogates, so that only the element they are in is bad.
        self._decode = codecs.getincrementaldecoder(encoding)("surrogateescape").decode
        self._ended = False
        self._raw_decode = json.JSONDecoder().raw_decode

    def skip(self, mark: str) -> bool:
        """Pass blanks and one mark; False at the end."""
        while True:
            mark = self.pass_blanks(mark)
            if self.at < len(self.buffer):
                return True
            if not self._read(_CHUNK):
                return False

    def pass_blanks(self, mark: str) -> str:
        """Pass blanks and one mark in memory; give the mark if it did not come."""
        while self.at < len(self.buffer):
            letter = self.buffer[self.at]
            if letter == mark:
                mark = ""
            elif not letter.isspace():
                break
            self._pass(self.at + 1)
        return mark

    def element(self) -> tuple[dict[str, Any] | None, str, str]:
        """Read one element; give it or the reason why not, and its text."""
        while True:
            reason = "not an object: each element is to be {...}"
            try:
                item, end = self._raw_decode(self.buffer, self.at)
                if isinstance(item, dict):
                    raw = self.buffer[self.at : end]
                    self._pass(end)
                    return (item, "", raw) if len(raw) <= LONGEST_RECORD else (None, _TOO_LONG, raw)
            except json.JSONDecodeError as error:
                length = len(self.buffer) - self.at
                final = error.pos < len(self.buffer) - _CLOSE and "Unterminated" not in error.msg
                if length > LONGEST_RECORD and not final:
                    reason = _TOO_LONG
                elif not final and self._read(max(_CHUNK, length)):
                    continue
                else:
                    into = error.pos - self.at + 1
                    reason = f"invalid JSON at character {into} of the row: {_lower(error.msg)}"
            except RecursionError:
                reason = "nested too deeply to be a post"
            except ValueError as error:
                reason = str(error).partition(";")[0]
            return None, reason, self._restart()

    def _restart(self) -> str:
        """Go to where the next element seems to begin; give the start of what was passed."""
        passed = self.buffer[self.at : self.at + 1]
        self._pass(self.at + 1)
        while True:
            found = _RESTART.search(self.buffer, self.at)
            # What is kept back may hold the first half of the place looked for.
            end = found.end() if found else max(self.at, len(self.buffer) - _CLOSE)
            passed += self.buffer[self.at : end][: LONGEST_RAW - len(passed)]
            self._pass(end)
            if found:
                return passed.rstrip(", \t\n")
            if not self._read(_CHUNK):
                passed += self.buffer[self.at :][: LONGEST_RAW - len(passed)]
                self._pass(len(self.buffer))
                return passed

    def _pass(self, end: int) -> None:
        self.line += self.buffer.count("\n", self.at, end)
        self.at = end

    def _read(self, size: int) -> bool:
        if self._ended:
            return False
        chunk = self._stream.read(size)
        self._ended = not chunk
        self.buffer = self.buffer[self.at :] + self._decode(chunk, self._ended)
        self.at = 0
        return True


def columns_of(items: Iterable[dict[str, Any]]) -> list[str]:
    """Name the columns of some objects, nested ones with dots, in the order they are met."""
    columns: dict[str, None] = {}

    def walk(item: dict[str, Any], prefix: str, depth: int) -> None:
        for key, value in item.items():
            if isinstance(value, dict) and value and depth < _DEEPEST:
                walk(value, f"{prefix}{key}.", depth + 1)
            else:
                columns[prefix + key] = None

    for item in items:
        walk(item, "", 1)
    return list(columns)


def getter(column: str) -> Callable[[dict[str, Any]], str]:
    """Give the function that reads one column of an object as the text CSV would have."""
    parts = column.split(".")

    def get(item: dict[str, Any]) -> str:
        value: Any = item.get(column)
        if value is None and len(parts) > 1:
            value = _dig(item, parts)
        return value if type(value) is str else _cell(value)

    return get


def _dig(item: dict[str, Any], parts: list[str]) -> Any:
    """Follow a dotted name; keys may hold dots themselves."""
    for length in range(1, len(parts) + 1):
        value = item.get(".".join(parts[:length]))
        if length == len(parts):
            return value
        if isinstance(value, dict):
            found = _dig(value, parts[length:])
            if found is not None:
                return found
    return None


def _cell(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return "\n".join(filter(None, map(_part, value)))
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def _part(value: Any) -> str:
    """One element of a list: {"type": "photo", ...} says what it is under one of these keys."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("type", "kind", "name", "tag") if key in value), None)
    return _cell(value) if not isinstance(value, (dict, list)) else ""


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
