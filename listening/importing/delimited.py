"""CSV: rows out of lines, and which delimiter and header a file has.

Two things break naive readers. A quote that is opened and never closed swallows the rest of
the file; and a stray quote can close it rows later, so that rows vanish without an error. Here
such a row is a bad row by itself and reading goes on at its second line.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from listening.importing.lines import LONGEST_RECORD, Lines, show
from listening.importing.rows import BadRow

DELIMITERS = (",", ";", "\t", "|")
_PREAMBLE = 20  # a header is looked for in this many first records
_SAMPLED = 500  # records

_WRAPPED = re.compile(r'"(.*)"$', re.DOTALL)

# The limit is one for the process, and the default of 128 KiB is less than a long text.
csv.field_size_limit(max(csv.field_size_limit(), LONGEST_RECORD))


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written. `escape` is a backslash where quotes are escaped by one."""

    delimiter: str
    escape: str | None = None


class Row(NamedTuple):
    """One record and the line it begins at. `lines` are its physical lines."""

    line: int
    cells: list[str]
    lines: list[bytes]


class _TooLongError(Exception):
    pass


class Records:
    """The records of a CSV file. Iterate to get a `Row` or a `BadRow` for each."""

    def __init__(self, lines: Lines, encoding: str, dialect: Dialect) -> None:
        self.lines = lines
        self._encoding = encoding
        self._dialect = dialect
        self._taken: list[bytes] = []  # lines of the record being read
        self._size = 0
        self._problem: str | None = None
        # Halves with every runaway quote and doubles with every good row: however many
        # quotes are left open, no byte is read again more than a few times.
        self._limit = LONGEST_RECORD
        self.expected = 0  # columns; known once the header is

    def __iter__(self) -> Iterator[Row | BadRow]:
        while True:
            # csv.reader keeps the state of a broken record, so each failure needs a new one.
            reader = csv.reader(
                iter(self._next_line, None),
                delimiter=self._dialect.delimiter,
                escapechar=self._dialect.escape,
                doublequote=self._dialect.escape is None,
                strict=True,
            )
            taken = self._taken
            try:
                for cells in reader:
                    start = self.lines.number - len(taken)
                    if self._problem:
                        yield self._bad(start, self._problem, taken)
                    elif cells:
                        if self._limit < LONGEST_RECORD:
                            self._limit = min(2 * self._limit, LONGEST_RECORD)
                        yield Row(start, cells, taken[:])
                    taken.clear()
                    self._size = 0
                    self._problem = None
                return
            except (_TooLongError, csv.Error) as error:
                start = self.lines.number - len(taken)
                mended = self._mend(taken) if len(taken) == 1 else None
                if mended is not None:
                    yield Row(start, mended, taken[:])
                else:
                    yield self.split(start, taken, self._reason(error, taken))
                taken.clear()
                self._size = 0
                self._problem = None

    def split(self, start: int, taken: list[bytes], reason: str) -> BadRow:
        """Make the first line of a record a bad row, and let the others be read again."""
        if len(taken) > 1:
            self._limit = max(self._limit // 2, 4096)
            self.lines.push_back(taken[1:])
        return self._bad(start, reason, taken[:1])

    def alone(self, line: bytes) -> list[str] | None:
        """Read one line as a record by itself; None where it is none."""
        try:
            text = line.decode(self._encoding)
            return next(csv.reader([text], delimiter=self._dialect.delimiter, strict=True), None)
        except (csv.Error, UnicodeDecodeError):
            return None

    def _next_line(self) -> str | None:
        line = next(self.lines, None)
        if line is None:
            return None
        self._taken.append(line)
        self._size += len(line)
        if len(line) > LONGEST_RECORD or (self._size > self._limit and len(self._taken) > 1):
            raise _TooLongError
        if b"\0" in line:
            self._problem = "NUL bytes in the row: the file is damaged, export it again"
            line = line.replace(b"\0", b"")
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            self._problem = undecodable(error)
            return line.decode(self._encoding, "replace")

    def _mend(self, taken: list[bytes]) -> list[str] | None:
        """Read a single line with a stray quote in it, if it then has the right columns."""
        if self._problem or len(taken[0]) > LONGEST_RECORD:
            return None
        text = taken[0].decode(self._encoding, "replace")
        delimiter = self._dialect.delimiter
        plain = next(csv.reader([text], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
        if len(plain) == self.expected:
            return [_WRAPPED.sub(r"\1", cell).replace('""', '"') for cell in plain]
        cells = next(csv.reader([text], delimiter=delimiter), [])
        return cells if len(cells) == self.expected else None

    def _reason(self, error: Exception, taken: list[bytes]) -> str:
        if len(taken[0]) > LONGEST_RECORD:
            return "the row is longer than 1 MiB: is it one post?"
        if isinstance(error, _TooLongError) or "unexpected end" in str(error):
            return 'a quote (") is opened in this row and not closed: close it, or double it'
        return f'the quotes (") of this row do not match ({error}): double those inside a text'

    def _bad(self, start: int, reason: str, taken: list[bytes]) -> BadRow:
        return BadRow(start, reason, None, show(b"".join(taken), self._encoding))


def undecodable(error: UnicodeDecodeError) -> str:
    """Say which byte of a line cannot be read, and what to do."""
    return (
        f"byte 0x{error.object[error.start]:02X} at column {error.start + 1} is not "
        f"{error.encoding}: name the file's encoding (--encoding cp1252, for one)"
    )


def learn_dialect(
    sample: Callable[[], Lines],
    encoding: str,
    *,
    delimiter: str | None,
    backslashes: bool,
    is_known: Callable[[str], bool],
) -> Dialect:
    """Find the delimiter of a file from its first records.

    `is_known(name)` tells names that columns usually have: a delimiter that yields such names
    is right, even when the texts hold more commas than there are columns. Otherwise the one
    that cuts most records into the same number of cells wins. `backslashes` says that the file
    has quotes with a backslash before them, which may or may not be meant as an escape.
    """
    best: tuple[tuple[float, ...], Dialect] | None = None
    for candidate in (delimiter,) if delimiter else DELIMITERS:
        for escape in (None, "\\") if backslashes else (None,):
            dialect = Dialect(candidate, escape)
            records = list(islice(Records(sample(), encoding, dialect), _SAMPLED))
            rows = [record.cells for record in records if isinstance(record, Row)]
            widths = Counter(map(len, rows))
            wide = [(count, width) for width, count in widths.items() if width > 1]
            same, width = max(wide, default=(0, 1))
            known = max((sum(map(is_known, row)) for row in rows[:_PREAMBLE]), default=0)
            share = same / len(records) if records else 0.0
            rank = (known, round(share, 1), share if escape else share + 0.001, width)
            if best is None or rank > best[0]:
                best = rank, dialect
    assert best is not None  # noqa: S101  DELIMITERS is not empty
    return best[1]


def find_header(
    rows: Sequence[Row], is_header: Callable[[list[str]], bool], is_known: Callable[[str], bool]
) -> Row | None:
    """Find the header: the first record that a preset knows, else the first with anything in it.

    Exports may begin with lines about the export. A preset's header tells where they end, and
    so does a record of several known names after a first one that has none.
    """
    filled = [
        row
        for row in rows[:_PREAMBLE]
        if any(map(str.strip, row.cells)) and not row.cells[0].startswith("sep=")  # for Excel
    ]
    for row in filled:
        if is_header(row.cells):
            return row
    known = [sum(map(is_known, row.cells)) for row in filled]
    if filled and known[0] == 0 and max(known) > 1:
        return filled[known.index(max(known))]
    return filled[0] if filled else None
