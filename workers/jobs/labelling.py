"""Labelled files: texts and what people say of them, whatever the columns are called."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from listening.errors import ImportFileError
from listening.exporting import pseudonymised
from listening.importing import BadRow, Table, open_table
from listening.importing.lines import Position
from listening.importing.mapping import sources_of
from listening.importing.packing import unpacked
from listening.importing.reading import read_cells
from nlp.labels import meaning
from nlp.types import EMOTIONS, SENTIMENTS

Task = Literal["sentiment", "emotion", "irony", "offensive"]
Numbers = Literal["signs", "stars", "positions"]

CLASSES: Mapping[Task, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "emotion": EMOTIONS,
    "irony": ("not ironic", "ironic"),
    "offensive": ("not offensive", "offensive"),
}
_COLUMNS: Mapping[Task, str] = {
    "sentiment": "label sentiment gold gold_label true_label class polarity airline_sentiment "
    "override annotation answer target",
    "emotion": "label emotion gold gold_label true_label class annotation answer",
    "irony": "label irony ironic sarcasm sarcastic gold gold_label class annotation answer",
    "offensive": "label offensive offense subtask_a gold gold_label class annotation answer",
}
_STARS = "stars rating star_rating score label sentiment"
_BRANDS = ("brand",)
_EMOTIONS = {"angry": 0, "happy": 1, "happiness": 1, "optimistic": 2, "sad": 3}
_NOT = frozenset({"not", "no", "false", "none", "n"})
_IS = frozenset({"is", "yes", "true", "y", "off", "sarcasm", "sarcastic", "irony", "offense"})
_OF_STARS = (0, 0, 1, 2, 2)
_HANDLE = re.compile(r"(?<![\w@])@[\w.]*\w")
# What an export puts before a text that a spreadsheet would run (listening/exporting.py).
_GUARDED = re.compile(r"'(?=[=+\-@\t\r])")


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One row: the line it begins at, its text, the position of its class, its brand."""

    line: int
    text: str
    label: int
    brand: str | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that was left out, and why."""

    line: int
    field: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """What a file held."""

    path: Path
    texts: list[LabelledText]
    unreadable: list[Unreadable]


class _NoLabelError(Exception):
    pass


def read_labelled(
    path: Path,
    *,
    task: Task = "sentiment",
    text_column: str | None = None,
    label_column: str | None = None,
    numbers: Numbers = "signs",
) -> LabelledFile:
    """Read a CSV, JSON lines or JSON file, gzip or not; rows that do not fit stop nothing.

    Args:
        path: the file.
        task: what the labels are about.
        text_column, label_column: None: guessed from common names.
        numbers: what a number says of sentiment: "signs" (-1, 0, 1), "stars" (1 to 5) or
            "positions" (0, 1, 2). Of the other tasks numbers are positions.

    Raises:
        ImportFileError: no such file, no column holds texts or labels, or numbers that say
            something else than `numbers`.
    """
    table = _open(path, text_column)
    texts = list(sources_of(table.mapping["text"]))
    if numbers == "stars":
        label = _column(table, label_column, _STARS)
    else:
        label = _column(table, label_column, _COLUMNS[task])
    brand = next((c for c in table.columns if c.strip().casefold() in _BRANDS), None)
    read = _reader(task, numbers)
    found = LabelledFile(path, [], [])
    for row in _rows(table, [*texts, label, *([brand] if brand else [])], read, label):
        if isinstance(row, BadRow):
            found.unreadable.append(Unreadable(row.line, row.field, row.reason))
            continue
        line, cells = row
        text = next((_GUARDED.sub("", cells[c], count=1) for c in texts if cells[c].strip()), "")
        if not text:
            reason = "blank: write the text, or leave the row out"
            found.unreadable.append(Unreadable(line, texts[0], reason))
            continue
        try:
            position = read(cells[label])
        except _NoLabelError as error:
            found.unreadable.append(Unreadable(line, label, str(error)))
            continue
        named = cells[brand].strip() if brand else ""
        found.texts.append(LabelledText(line, text, position, named or None))
    return found


def about(file: LabelledFile, brand: str) -> LabelledFile:
    """The same with every row about one brand."""
    return replace(file, texts=[replace(row, brand=brand) for row in file.texts])


def without_names(rows: Iterable[dict[str, Any]], salt: str | None) -> Iterator[dict[str, Any]]:
    """Rows of `listening.store.mentions.corrections.override_rows` as they are exported.

    Args:
        rows: with the places ("spans") that name the brand, which are not exported.
        salt: of the store, to hash ids and mask handles with; None: as they are. The brand's
            own handle stays: without it the label would be about nobody.
    """
    for row in rows:
        spans = row.pop("spans")
        if salt is None:
            yield row
            continue
        own = {name: row[name] for name in ("native_id", "url")} | {"author": row["by"]}
        masked = next(pseudonymised([own], salt))
        yield row | {
            "text": _masked(row["text"], spans),
            "native_id": masked["native_id"],
            "url": masked["url"],
            "by": masked["author"],
        }


def _masked(text: str, spans: Sequence[Sequence[int]]) -> str:
    def mask(found: re.Match[str]) -> str:
        brand = any(start < found.end() and found.start() < end for start, end in spans)
        return found.group() if brand else "@someone"

    return _HANDLE.sub(mask, text)


def _open(path: Path, text_column: str | None) -> Table:
    # A labelled file needs neither an author nor a date.
    mapping = {"author": "=nobody", "date": "=2000-01-01"}
    if text_column is not None:
        mapping["text"] = text_column
    try:
        return open_table(path, mapping=mapping)
    except ImportFileError as error:
        told = str(error).replace("--map text=COLUMN", "--column COLUMN")
        raise ImportFileError(told) from error


def _column(table: Table, named: str | None, common: str) -> str:
    folded = {column.strip().casefold(): column for column in reversed(table.columns)}
    for name in [named] if named is not None else common.split():
        if name.strip().casefold() in folded:
            return folded[name.strip().casefold()]
    columns = ", ".join(table.columns)
    if named is not None:
        raise ImportFileError(f"{table.path} has no column {named!r}; its columns: {columns}")
    raise ImportFileError(
        f"{table.path}: no column holds the labels (columns: {columns}); name it with --label."
    )


def _rows(
    table: Table, wanted: list[str], read: Callable[[str], int], label: str
) -> list[tuple[int, dict[str, str]] | BadRow]:
    order = list(table.columns) if table.format == "csv" else wanted
    place = {column: order.index(column) for column in wanted}

    def is_row(cells: Sequence[str]) -> bool:
        try:
            return read(cells[place[label]]) >= 0
        except _NoLabelError:
            return False

    found: list[tuple[int, dict[str, str]] | BadRow] = []
    with (
        unpacked(table.layout.packing) as (stream, _),
        closing(read_cells(table.layout, stream, wanted, Position(), is_row)) as rows,
    ):
        try:
            for row in rows:
                if isinstance(row, BadRow):
                    found.append(row)
                else:
                    found.append((row.line, {c: row.cells[i] for c, i in place.items()}))
        except (EOFError, OSError, zlib.error) as error:
            raise ImportFileError(
                f"{table.path} cannot be read to its end ({error}): fetch it again."
            ) from error
    _check_numbers(table, found, read, label)
    return found


def _check_numbers(
    table: Table,
    rows: Sequence[tuple[int, dict[str, str]] | BadRow],
    read: Callable[[str], int],
    label: str,
) -> None:
    """Refuse a file of numbers that mean something else: half of them could be read, wrongly."""
    if read is not _signs:
        return
    numbers = {
        number: row[0]
        for row in reversed(rows)
        if not isinstance(row, BadRow) and (number := _number(row[1][label])) is not None
    }
    beyond = sorted(number for number in numbers if number in {2, 3, 4, 5})
    if beyond and -1 not in numbers:
        raise ImportFileError(
            f"{table.path}:{numbers[beyond[0]]}: {label}: {beyond[0]} is none of -1, 0, 1: say "
            "what the numbers of this column mean with --numbers stars (1 to 5) or --numbers "
            "positions (0 negative, 1 neutral, 2 positive)."
        )


def _reader(task: Task, numbers: Numbers) -> Callable[[str], int]:
    if task == "emotion":
        return _emotion
    if task != "sentiment":
        return _irony if task == "irony" else _offensive
    return {"signs": _signs, "stars": _stars, "positions": _positions}[numbers]


def _number(cell: str) -> int | None:
    """A whole number, also as 1.0."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return int(value) if value in range(-1, 6) else None


def _folded(cell: str) -> str:
    return re.sub(r"[\s_-]+", " ", cell).strip().casefold()


def _sentiment(cell: str, of_number: Mapping[int, int], numbers: str) -> int:
    if not cell.strip():
        raise _NoLabelError("blank: write the label, or leave the row out")
    number, named = _number(cell), meaning(cell)
    if number in of_number:
        return of_number[cast(int, number)]
    if named is not None:
        return SENTIMENTS.index(named)
    raise _NoLabelError(f"{_shown(cell)} is none of {', '.join(SENTIMENTS)} or {numbers}")


def _signs(cell: str) -> int:
    return _sentiment(cell, {-1: 0, 0: 1, 1: 2}, "-1, 0, 1")


def _stars(cell: str) -> int:
    return _sentiment(cell, dict(enumerate(_OF_STARS, start=1)), "1 to 5 stars")


def _positions(cell: str) -> int:
    return _sentiment(cell, {0: 0, 1: 1, 2: 2}, "0, 1, 2")


def _emotion(cell: str) -> int:
    folded, number = _folded(cell), _number(cell)
    if number is not None and 0 <= number < len(EMOTIONS):
        return number
    if folded in EMOTIONS:
        return EMOTIONS.index(folded)
    if folded in _EMOTIONS:
        return _EMOTIONS[folded]
    raise _NoLabelError(f"{_shown(cell)} is none of {', '.join(EMOTIONS)} or 0 to 3")


def _irony(cell: str) -> int:
    return _two(cell, "ironic")


def _offensive(cell: str) -> int:
    return _two(cell, "offensive")


def _two(cell: str, name: str) -> int:
    folded = _folded(cell)
    number = _number(cell)
    if number in {0, 1}:
        return int(number or 0)
    if folded == name or folded in _IS:
        return 1
    if folded in _NOT or folded.startswith(("not ", "non ")):
        return 0
    raise _NoLabelError(f"{_shown(cell)} is neither {name} nor not {name}, 1 or 0")


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else f"{cell[:37]}...") if cell.strip() else "a blank"
