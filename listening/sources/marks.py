"""How far a file that may grow has been read, and how it is known again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import astuple, dataclass, replace
from pathlib import Path

_ENDS = 1 << 16  # bytes of the beginning and of the end that tell one file from another


@dataclass(frozen=True, slots=True)
class Mark:
    """A file as it was when it was read, and the place to go on from.

    Attributes:
        size, mtime: bytes; nanoseconds.
        head, tail: digests of the first and of the last bytes up to `size`.
        line: the line to go on at, from 1.
        past: rows from that line on that are done already (of a JSON list on one line).
        done: read to its end, or given up.
        given_up: ctime in nanoseconds when it was given up, 0 where it was not. It is tried
            again once that differs, as it does when its rights are mended; 1 differs always.
    """

    size: int
    mtime: int
    head: str
    tail: str
    line: int = 1
    past: int = 0
    done: bool = False
    given_up: int = 0

    def as_json(self) -> list[int | str | bool]:
        """As it stands in a cursor, short: a folder may hold thousands of files."""
        return list(astuple(self))


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read a file from.

    `again` is the line from which on it is read anew, None where a reading goes on as it was.
    """

    mark: Mark
    again: int | None


def place_in(path: Path, found: os.stat_result, mark: Mark | None) -> Place | None:
    """Where to go on in a file, None where there is nothing new in it.

    A file that grew is read on, one whose beginning or end changed is another file.

    Raises:
        OSError: it cannot be read.
    """
    if mark is not None and mark.done and mark.given_up == found.st_ctime_ns:
        return None
    if mark is not None and (found.st_size, found.st_mtime_ns) == (mark.size, mark.mtime):
        if not mark.done:
            return Place(mark, None)
        if not mark.given_up:
            return None
        return Place(replace(mark, done=False, given_up=0), mark.line)
    fresh = Mark(found.st_size, found.st_mtime_ns, *_digests(path, found.st_size))
    if mark is not None and found.st_size > mark.size and _is_grown(path, mark):
        return Place(replace(fresh, line=mark.line, past=mark.past), mark.line)
    return Place(fresh, 1)


def unreadable(found: os.stat_result, mark: Mark | None, given_up: int) -> Mark:
    """The mark of a file that cannot be read on; how far it was read is not forgotten."""
    if mark is None:
        mark = Mark(found.st_size, found.st_mtime_ns, "", "")
    return replace(mark, done=True, given_up=given_up)


def ends_open(path: Path) -> bool:
    """Whether the last line has no end: it may be the first half of one."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) not in (b"\n", b"\r")


def _is_grown(path: Path, mark: Mark) -> bool:
    return (mark.head, mark.tail) == _digests(path, mark.size)


def _digests(path: Path, size: int) -> tuple[str, str]:
    """Of the first and of the last bytes of a file as far as `size`."""
    with path.open("rb") as file:
        head = file.read(min(_ENDS, size))
        file.seek(max(size - _ENDS, 0))
        return _digest(head), _digest(file.read(min(_ENDS, size)))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
