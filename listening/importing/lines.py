"""Physical lines of a stream of bytes, numbered and bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from listening.importing.packing import Readable

LONGEST_RECORD: Final = 1 << 20  # bytes of one row, all its lines together
LONGEST_RAW: Final = 1 << 16  # characters of a bad row that are kept
_CHUNK = 1 << 18


@dataclass(slots=True)
class Position:
    """The line that comes next, from 1."""

    line: int = 1


class Lines:
    """The lines of a stream, each with its line end, in constant memory.

    A line longer than `LONGEST_RECORD` comes out cut there, in one piece, and the rest of it is
    skipped: whoever reads tells by its length. `number` is the number of the line that comes
    next, from 1. Lines may be pushed back to be read again.
    """

    def __init__(self, stream: Readable) -> None:
        self.number = 1
        self.pushed: deque[bytes] = deque()
        self._source = _split(stream)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self.pushed.popleft() if self.pushed else next(self._source)
        self.number += 1
        return line

    def push_back(self, lines: list[bytes]) -> None:
        """Give lines just read back, to be delivered again in the same order."""
        self.pushed.extendleft(reversed(lines))
        self.number -= len(lines)


def _split(stream: Readable) -> Iterator[bytes]:
    tail = b""
    while chunk := stream.read(_CHUNK):
        chunk = tail + chunk
        # A carriage return at the end may be half of a line end.
        lines = chunk.splitlines(keepends=True)
        tail = b"" if chunk.endswith(b"\n") else lines.pop()
        yield from lines
        if len(tail) > LONGEST_RECORD:
            yield tail[: LONGEST_RECORD + 1]
            tail = _after_line_end(stream)
    if tail:
        yield from tail.splitlines(keepends=True)


def _after_line_end(stream: Readable) -> bytes:
    """Skip to the next line end; give what follows it in the chunk read."""
    while chunk := stream.read(_CHUNK):
        end = chunk.find(b"\n")
        if end >= 0:
            return chunk[end + 1 :]
    return b""


def show(raw: bytes, encoding: str) -> str:
    """Write raw bytes so that a person and any database can read them, cut at `LONGEST_RAW`."""
    text = raw[:LONGEST_RAW].decode(encoding, "backslashreplace").rstrip("\r\n")
    if not text.isprintable():
        text = text.replace("\0", "\\x00")
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text[:LONGEST_RAW]
