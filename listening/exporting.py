"""Rows out: CSV, JSON lines, Parquet, whole lists, written as they come."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO

from listening.errors import ListeningError

Row = dict[str, Any]

FORMATS = ("csv", "jsonl", "parquet")
_PARQUET_BATCH = 5000
_PIECE = 200  # rows
# What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What tells who somebody is; an exported row keeps its internal ids.
_IDENTIFYING = ("author", "author_native_id", "name", "location", "url", "native_id")


def write_rows(rows: Iterable[Row], out: TextIO, form: str, *, guard: bool = True) -> int:
    """Write rows as text; returns how many.

    Args:
        rows: all with the keys of the first.
        out: text file.
        form: "csv" or "jsonl".
        guard: put an apostrophe before CSV text that a spreadsheet would run as a formula.
    """
    return sum(1 for _ in _written(rows, out, form, guard))


def stream_rows(rows: Iterable[Row], form: str, *, guard: bool = True) -> Iterator[str]:
    """The same text in pieces as they are made, for whoever reads while it is written."""
    out = StringIO()
    for count, _ in enumerate(_written(rows, out, form, guard), start=1):
        if count % _PIECE == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _written(rows: Iterable[Row], out: TextIO, form: str, guard: bool) -> Iterator[None]:
    """Writes a row, then tells so."""
    writer = None
    for row in rows:
        if form != "csv":
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            if writer is None:
                writer = csv.DictWriter(out, list(row), restval="", extrasaction="ignore")
                writer.writeheader()
            writer.writerow({name: _cell(value, guard) for name, value in row.items()})
        yield


def _cell(value: Any, guard: bool) -> Any:
    if isinstance(value, list):
        value = " ".join(str(v) for v in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if guard and isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def write_file(rows: Iterable[Row], path: Path, form: str, *, guard: bool = True) -> int:
    """Write rows to a file, whole or not at all; returns how many.

    Raises:
        ListeningError: the file cannot be written, or is no ordinary one.
    """
    partial = Path(f"{path}.partial")
    try:
        # What is written takes the place of what was there: never that of a device or a folder.
        if path.exists() and not path.is_file():
            raise ListeningError(
                f"{path} cannot be written: it is a folder or a device, not a file."
            )
        if form == "parquet":
            count = _write_parquet(rows, partial)
        else:
            with partial.open("w", encoding="utf-8", newline="") as out:
                count = write_rows(rows, out, form, guard=guard)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ListeningError(f"{path} cannot be written: {error.strerror or error}") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return count


def _write_parquet(rows: Iterable[Row], path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count, schema = 0, pa.schema([])
    # Twice, since a column may be unknown in all but the last row, which tells its type.
    with TemporaryFile("w+", encoding="utf-8", dir=path.parent) as kept:
        for batch in _batches(iter(rows)):
            found = pa.Table.from_pylist(batch).schema
            schema = pa.unify_schemas([schema, found], promote_options="permissive")
            kept.write(json.dumps(batch) + "\n")
            count += len(batch)
        kept.seek(0)
        schema = pa.schema([f.with_type(_known(pa, f.type)) for f in schema])
        with pq.ParquetWriter(str(path), schema) as writer:
            for line in kept:
                writer.write_table(pa.Table.from_pylist(json.loads(line), schema=schema))
    return count


def _known(pa: Any, kind: Any) -> Any:
    """What is unknown throughout is text; an empty list is one of texts."""
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind) and pa.types.is_null(kind.value_type):
        return pa.list_(pa.string())
    return kind


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _PARQUET_BATCH)):
        yield batch


def pseudonymised(rows: Iterable[Row], salt: str) -> Iterator[Row]:
    """Rows in which nobody can be told: identifying columns as salted hashes, handles masked.

    The same author keeps the same pseudonym within one store.
    """
    import re

    handle = re.compile(r"(?<![\w@])@[\w.]*\w")
    hashed: Callable[[str], str] = lambda text: hashlib.blake2b(  # noqa: E731
        f"{salt}\x1f{text}".encode(), digest_size=10
    ).hexdigest()
    for row in rows:
        masked = dict(row)
        for name in _IDENTIFYING:
            if masked.get(name) is not None:
                masked[name] = hashed(str(masked[name]))
        for name in ("text", "title"):
            if masked.get(name):
                masked[name] = handle.sub("@someone", masked[name])
        yield masked
