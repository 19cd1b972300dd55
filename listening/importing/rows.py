"""What comes out of a file besides posts: bad rows, progress, how columns were found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["preset", "named", "guessed"]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row kept aside, with enough to show it, mend it and read it again.

    `line` counts from 1 in the decompressed file, and is where the row begins. `reason` says
    what is wrong and the fix. `field` is the field it is about (see `FIELDS`), None when the
    row could not be taken apart at all. `raw` is the row as it stands in the file, cut at
    64 Ki characters, with NUL and undecodable bytes written as `\\x00`.
    """

    line: int
    reason: str
    field: str | None
    raw: str


@dataclass(frozen=True, slots=True)
class Found:
    """The column a field is read from, and how that was decided.

    `otherwise` are the columns tried, in this order, where `column` is blank in a row.
    A constant stands in place of a column as "=" and its value.
    """

    column: str
    how: How
    otherwise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading is: bytes on disk (compressed, for gzip), and the next line.

    `line` may be given to `Table.rows(start_line=...)` to go on after the last row yielded; of
    a JSON list, which may have many rows on a line, some may come again.
    """

    bytes_read: int
    bytes_total: int
    line: int
