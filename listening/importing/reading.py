"""Rows of cells out of a file of any format, with the bad ones told apart."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from listening.importing.delimited import Dialect, Records, Row
from listening.importing.jsonrecords import getter, json_array, json_lines
from listening.importing.lines import Lines, Position, show
from listening.importing.packing import Packing, Readable
from listening.importing.rows import BadRow

Format = Literal["csv", "jsonl", "json"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a file are written. `dialect` is None and `header_line` 0 for JSON."""

    format: Format
    packing: Packing
    columns: tuple[str, ...]
    dialect: Dialect | None = None
    header_line: int = 0


class Cells(NamedTuple):
    """One row taken apart: the line it begins at, its cells, and how it stands in the file."""

    line: int
    cells: Sequence[str]
    raw: list[bytes]


def read_cells(
    layout: Layout,
    stream: Readable,
    wanted: Sequence[str],
    position: Position,
    is_row: Callable[[Sequence[str]], bool],
) -> Generator[Cells | BadRow, None, None]:
    """Yield the rows of a stream.

    For CSV their cells are in the order of all columns, for JSON of the `wanted` ones.
    `is_row` tells whether cells make sense as a row: so rows that a stray quote has swallowed
    into the text of another are found.
    """
    encoding = layout.packing.delivered
    if layout.dialect is not None:
        yield from _read_csv(layout, layout.dialect, stream, position, is_row)
    elif layout.format == "jsonl":
        lines = Lines(stream)
        get = [getter(column) for column in wanted]
        for item in json_lines(lines, encoding):
            position.line = lines.number
            if isinstance(item, BadRow):
                yield item
            else:
                yield Cells(item[0], [read(item[1]) for read in get], [item[2]])
    else:
        get = [getter(column) for column in wanted]
        for item in json_array(stream, encoding, position):
            if isinstance(item, BadRow):
                yield item
            else:
                yield Cells(item[0], [read(item[1]) for read in get], [item[2]])


def _read_csv(
    layout: Layout,
    dialect: Dialect,
    stream: Readable,
    position: Position,
    is_row: Callable[[Sequence[str]], bool],
) -> Generator[Cells | BadRow, None, None]:
    width = len(layout.columns)
    encoding = layout.packing.delivered
    mark = dialect.delimiter.encode(encoding)
    lines = Lines(stream)
    records = Records(lines, encoding, dialect)
    records.expected = width

    def swallowed(row: Row) -> bool:
        # The last line is left out: the end of a text and the cells after it can look whole.
        inside = (records.alone(line) for line in row.lines[1:-1] if line.count(mark) >= width - 1)
        return any(cells and len(cells) == width and is_row(cells) for cells in inside)

    for record in records:
        if record.line <= layout.header_line:
            continue
        if isinstance(record, BadRow):
            position.line = lines.number
            yield record
            continue
        line, cells, raw = record
        if len(raw) > 1 and swallowed(record):
            reason = 'a quote (") is opened in this row and not closed: close it, or double it'
            bad = records.split(line, raw, reason)
            position.line = lines.number
            yield bad
            continue
        position.line = lines.number
        if len(cells) != width:
            if not any(map(str.strip, cells)):
                continue
            if len(cells) < width or any(map(str.strip, cells[width:])):
                yield BadRow(
                    line,
                    f"{len(cells)} columns where the header has {width}: a text that holds "
                    f"{_spell(dialect.delimiter)} or a line end is to stand in quotes",
                    None,
                    show(b"".join(raw), encoding),
                )
                continue
        elif width > 1 and not any(cells):
            continue
        yield Cells(line, cells, raw)


def _spell(delimiter: str) -> str:
    return "a tab" if delimiter == "\t" else f"{delimiter!r}"
