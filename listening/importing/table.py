"""A file as a table of posts: what it is, where each field is read from, and its rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from listening.errors import ImportFileError
from listening.importing.dates import DateOrder, date_reader
from listening.importing.lines import Position, show
from listening.importing.mapping import sources_of
from listening.importing.packing import unpacked
from listening.importing.posts import RowError, post_reader
from listening.importing.reading import Cells, Format, Layout, read_cells
from listening.importing.rows import BadRow, Found, Progress
from listening.sources.base import RawPost

_KINDS = {"csv": "CSV", "jsonl": "JSON lines", "json": "JSON list"}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(slots=True)
class _Reading:
    """Where the latest `rows()` is."""

    file: BinaryIO | None = None
    bytes_read: int = 0
    position: Position = field(default_factory=Position)
    unreadable: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file that was understood. `open_table` makes it; `rows()` reads the file.

    `format` is "csv", "jsonl" (an object on each line) or "json" (one array of objects).
    `columns` are in the file's order, nested JSON with dots. `mapping` is field -> column.
    `defaults` stand where no column gives a value: the source. `notes` say what was assumed.
    """

    path: Path
    format: Format
    compression: Literal["gzip"] | None
    encoding: str
    delimiter: str | None
    preset: str | None
    columns: tuple[str, ...]
    mapping: Mapping[str, Found]
    unused: tuple[str, ...]
    defaults: Mapping[str, str]
    notes: tuple[str, ...]
    layout: Layout = field(repr=False)
    date_order: DateOrder = field(repr=False)
    _reading: _Reading = field(default_factory=_Reading, repr=False, compare=False)

    def describe(self) -> list[str]:
        """Say in lines for a person what the file is and how it is read."""
        what = [_KINDS[self.format]]
        if self.compression:
            what.append(self.compression)
        what.append(self.encoding)
        if self.delimiter is not None:
            what.append(f"separated by {_DELIMITERS.get(self.delimiter, repr(self.delimiter))}")
        lines = [f"{self.path.name}: {', '.join(what)}, {len(self.columns)} columns"]
        if self.preset:
            lines.append(f"recognised as an export of {self.preset}")
        for name, found in self.mapping.items():
            origins = [
                f"always {source[1:]!r}" if source.startswith("=") else source
                for source in sources_of(found)
            ]
            lines.append(f"{name}: {', else '.join(origins)} ({found.how})")
        for name, value in self.defaults.items():
            lines.append(f"{name}: {value!r} (default)" + " where blank" * (name in self.mapping))
        if self.unused:
            lines.append(f"not used: {', '.join(self.unused)}")
        return [*lines, *self.notes]

    def rows(self, *, start_line: int = 1) -> Iterator[RawPost | BadRow]:
        """Yield a post or a bad row for each row from `start_line` on, in the file's order.

        Rows are read as they are asked for, in constant memory; rows with nothing in them are
        passed over. Raises ImportFileError where the file cannot be read to its end (a gzip
        cut short), after every row before that place was yielded.
        """
        reading = self._reading
        reading.position, reading.unreadable = Position(), {}
        wanted, positions = _positions(self)
        read_date = date_reader(self.date_order)
        read_post = post_reader(
            self.mapping,
            positions,
            read_date=read_date,
            source=self.defaults["source"],
            unreadable=reading.unreadable,
        )
        date = positions.get(self.mapping["date"].column)

        def is_row(cells: Sequence[str]) -> bool:
            try:
                return date is not None and bool(read_date(cells[date]))
            except ValueError:
                return False

        encoding = self.layout.packing.delivered
        with unpacked(self.layout.packing) as (stream, file):
            reading.file = file
            rows = read_cells(self.layout, stream, wanted, reading.position, is_row)
            with closing(rows):
                try:
                    while (row := _next(self, rows)) is not None:
                        if row.line < start_line:
                            continue
                        if isinstance(row, BadRow):
                            yield row
                            continue
                        try:
                            yield read_post(row.cells)
                        except RowError as error:
                            raw = show(b"".join(row.raw), encoding)
                            yield BadRow(row.line, error.reason, error.field, raw)
                finally:
                    reading.bytes_read = file.tell()
                    reading.file = None

    def progress(self) -> Progress:
        """Say how far the latest `rows()` is. Bytes are those on disk (compressed, for gzip)."""
        reading = self._reading
        done = reading.bytes_read if reading.file is None else reading.file.tell()
        return Progress(done, self.layout.packing.bytes_total, reading.position.line)

    def unreadable(self) -> dict[str, int]:
        """Count, per field, the values that the latest `rows()` kept as unknown.

        For "followers: 12 values unreadable, kept as unknown". Blanks and "N/A" are not counted.
        """
        return dict(self._reading.unreadable)


def _positions(table: Table) -> tuple[list[str], dict[str, int]]:
    """The columns that are read, and where in a row each of them is."""
    sources = dict.fromkeys(s for found in table.mapping.values() for s in sources_of(found))
    wanted = [source for source in sources if not source.startswith("=")]
    order = table.columns if table.format == "csv" else wanted
    return wanted, {column: order.index(column) for column in wanted}


def _next(table: Table, rows: Iterator[Cells | BadRow]) -> Cells | BadRow | None:
    """The next row, None at the end."""
    try:
        return next(rows, None)
    except (EOFError, OSError, zlib.error) as error:
        line = table.progress().line - 1
        fix = "fetch it again; the rows before can be kept"
        if table.compression:
            what = "is cut short" if isinstance(error, EOFError) else "is damaged"
            message = f"{table.path}: the gzip file {what} after line {line}: {fix}"
        else:
            message = f"{table.path} cannot be read after line {line} ({error}): {fix}"
        raise ImportFileError(message) from error
