"""Understanding a file from its first part."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from listening.errors import ImportFileError
from listening.importing.dates import DateOrder, date_reader, learn_order
from listening.importing.delimited import Records, Row, find_header, learn_dialect
from listening.importing.fields import is_known, squeeze
from listening.importing.jsonrecords import columns_of, getter, json_array, json_lines
from listening.importing.lines import Lines, Position
from listening.importing.mapping import Sample, choose_preset, resolve, sources_of
from listening.importing.packing import SAMPLE_BYTES, Packing, look_into
from listening.importing.presets import recognise
from listening.importing.reading import Layout
from listening.importing.rows import BadRow, Found
from listening.importing.table import Table

_SAMPLED = 5_000  # rows; fewer where a MiB holds fewer
_MOST_COLUMNS = 10_000
_EXCEL_HINT = re.compile(r'"?sep=(.)"?$', re.ASCII)


def open_table(
    path: str | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    preset: str | None = None,
    source: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    day_first: bool | None = None,
) -> Table:
    """Understand a file from its first MiB; whatever is given is not guessed.

    `mapping` is field -> column (see `listening.importing.fields`). A value beginning with "="
    is a constant for all rows ("=anonymous"); several with "|" between are tried in turn in
    each row ("date|=2015-01-01"). `source` is the source of all posts, in place of a column.
    `day_first` says how 03/04/2024 is read.

    Raises ImportFileError, with one line that names the fix, where this is no file of posts.
    """
    path = Path(path)
    named = dict(mapping or {})
    packing, head = look_into(path, encoding)
    layout, sample = _understand(packing, head, named, delimiter)
    chosen = choose_preset(str(path), sample.columns, preset)
    found = resolve(str(path), sample, named=named, preset=chosen, source=source)
    order = _date_order(sample, found["date"], day_first)
    used = {name for each in found.values() for name in sources_of(each)}
    notes = [order.assumed] if order.assumed else []
    if order.zoneless:
        notes.append("dates that name no zone are read as UTC")
    if "id" not in found:
        notes.append(
            "no column for id: ids are derived from author, date and text, "
            "so a text edited later is another post"
        )
    return Table(
        path=path,
        format=layout.format,
        compression=packing.compression,
        encoding=packing.encoding,
        delimiter=layout.dialect.delimiter if layout.dialect else None,
        preset=chosen.name if chosen else None,
        columns=layout.columns,
        mapping=found,
        unused=tuple(column for column in layout.columns if column not in used),
        defaults={"source": (source or "").strip() or (chosen.source if chosen else "file")},
        notes=tuple(notes),
        layout=layout,
        date_order=order,
    )


def _understand(
    packing: Packing, head: bytes, named: Mapping[str, str], delimiter: str | None
) -> tuple[Layout, Sample]:
    if len(head) >= SAMPLE_BYTES // 4 and (end := max(head.rfind(b"\n"), head.rfind(b"\r"))) > 0:
        head = head[: end + 1]  # the sample may end within a row
    start = head.lstrip()
    if re.match(rb"\[\s*[{\]]", start):
        return _json(packing, "json", head)
    if start.startswith(b"{"):
        return _json(packing, "jsonl", head)
    return _csv(packing, head, named, delimiter)


def _json(packing: Packing, form: str, head: bytes) -> tuple[Layout, Sample]:
    encoding = packing.delivered
    read = (
        json_array(io.BytesIO(head), encoding, Position())
        if form == "json"
        else json_lines(Lines(io.BytesIO(head)), encoding)
    )
    rows = list(islice(read, _SAMPLED))
    items = [row[1] for row in rows if not isinstance(row, BadRow)]
    columns = tuple(columns_of(items))
    if not columns:
        bad = next(
            (f" (line {row.line}: {row.reason})" for row in rows if isinstance(row, BadRow)), ""
        )
        raise ImportFileError(
            f"{packing.path} looks like JSON, but no post can be read{bad}; it is to hold one "
            "object on each line, or one list of objects"
        )
    get = [getter(column) for column in columns]
    layout = Layout("json" if form == "json" else "jsonl", packing, columns)
    return layout, Sample(columns, [[read(item) for read in get] for item in items])


def _csv(
    packing: Packing, head: bytes, named: Mapping[str, str], delimiter: str | None
) -> tuple[Layout, Sample]:
    encoding = packing.delivered
    known = {squeeze(part) for value in named.values() for part in (value, *value.split("|"))}
    delimiter = _delimiter(packing.path, delimiter)
    first = head.splitlines()[0].decode(encoding, "replace")
    if delimiter is None and (hint := _EXCEL_HINT.match(first)):
        delimiter = _delimiter(packing.path, hint[1])

    def lines() -> Lines:
        return Lines(io.BytesIO(head))

    def is_name(cell: str) -> bool:
        return is_known(cell) or squeeze(cell) in known

    dialect = learn_dialect(
        lines, encoding, delimiter=delimiter, backslashes=b'\\"' in head, is_known=is_name
    )
    records = islice(Records(lines(), encoding, dialect), _SAMPLED)
    rows = [row for row in records if isinstance(row, Row)]
    header = find_header(rows, lambda cells: recognise(cells) is not None, is_name)
    if header is None:
        raise ImportFileError(
            f"{packing.path}: no row can be read as CSV; is it text in {packing.encoding}, "
            "and are its quotes closed?"
        )
    columns = _names(header.cells)
    if len(columns) > _MOST_COLUMNS:
        raise ImportFileError(
            f"{packing.path}: line {header.line} has {len(columns):,} columns, which is no header "
            f"of posts (at most {_MOST_COLUMNS:,}): is {dialect.delimiter!r} the delimiter?"
        )
    if recognise(columns) is None and not any(map(is_name, columns)):
        _refuse_data(packing.path, header)
    width = len(columns)
    body = [row.cells for row in rows if row.line > header.line and len(row.cells) == width]
    layout = Layout("csv", packing, columns, dialect, header.line)
    return layout, Sample(columns, body)


def _delimiter(path: Path, delimiter: str | None) -> str | None:
    if delimiter in ("tab", "\\t"):
        return "\t"
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\\ \0'):
        raise ImportFileError(
            f"{path}: {delimiter!r} cannot separate columns; it is one character, "
            "usually , or ; or | or tab"
        )
    return delimiter


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    """Name the columns: nameless ones by their place, a name met again with a number."""
    names: dict[str, int] = {}
    for place, cell in enumerate(cells, 1):
        name = base = " ".join(cell.split()) or f"column {place}"
        while name in names:
            names[base] = again = names.get(base, 1) + 1
            name = f"{base} ({again})"
        names[name] = 1
    return tuple(names)


def _refuse_data(path: Path, header: Row) -> None:
    """Raise where the first row is no header but already a post."""
    read_date = date_reader(DateOrder(day_first=False))

    def is_data(cell: str) -> bool:
        return (
            cell.lstrip("-").isdecimal()
            or cell.startswith(("http://", "https://", "@"))
            or len(cell) > 100
            or _succeeds(read_date, cell)
        )

    cells = [cell.strip() for cell in header.cells]
    if any(map(is_data, cells)):
        raise ImportFileError(
            f"{path} has no header: line {header.line} is already data "
            f"({', '.join(cell[:40] for cell in cells[:4])}); put a first line with the columns' "
            "names, such as id,author,date,text"
        )


def _succeeds(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _date_order(sample: Sample, date: Found, day_first: bool | None) -> DateOrder:
    columns = [source for source in sources_of(date) if not source.startswith("=")]
    values = (value for column in columns for value in sample.values(column))
    return learn_order(values, day_first)
