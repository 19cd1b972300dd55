"""Score texts from a file or a pipe, without the store."""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from listening.errors import ImportFileError, ListeningError

if TYPE_CHECKING:
    from nlp.types import Opinion
    from workers.models import Models

BATCH = 512
MAX_FIELD = 1 << 20
_TEXT_NAMES = ("text", "full_text", "body", "content", "message", "tweet", "review", "comment")

# A text, or why there is none.
Line = tuple[str | None, str | None]


def read_texts(file: str, *, form: str = "auto", column: str | None = None) -> Iterator[Line]:
    """Texts of a file in their order: (text, None), or (None, reason) for a row without one.

    Args:
        file: a path, or "-" for standard input.
        form: "lines", "jsonl", "csv" or "auto".
        column: the column or key that holds the text; None: guessed from common names.

    Raises:
        ImportFileError: no such file, or no column holds the text.
    """
    with _opened(file) as stream:
        lines = _bounded(stream)
        first = next(lines, "")
        form = _form(file, first) if form == "auto" else form
        lines = chain([first] if first else [], lines)
        if form == "csv":
            yield from _csv(lines, column, file)
        elif form == "jsonl":
            yield from (_json(line, column) for line in lines if line.strip())
        else:
            yield from ((line.rstrip("\r\n"), None) for line in lines)


def _bounded(stream: TextIO) -> Iterator[str]:
    """The lines, each cut at `MAX_FIELD`: a file without line ends must not fill memory."""
    while line := stream.readline(MAX_FIELD):
        yield line
        while len(line) == MAX_FIELD and not line.endswith(("\n", "\r")):
            line = stream.readline(MAX_FIELD)


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    if file == "-":
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")  # type: ignore[union-attr]
        yield sys.stdin
        return
    path = Path(file)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        opener = gzip.open if packed else open
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as stream:
            yield stream
    except IsADirectoryError as error:
        raise ImportFileError(f"{file} is a folder: name a file.") from error
    except EOFError as error:
        raise ImportFileError(f"{file}: the gzip file is cut short: fetch it again.") from error
    except OSError as error:
        raise ImportFileError(f"{file} cannot be read: {error.strerror or error}.") from error


def _form(file: str, first: str) -> str:
    name = file.removesuffix(".gz")
    if name.endswith((".csv", ".tsv")):
        return "csv"
    if name.endswith((".jsonl", ".ndjson")) or _text_of(_parsed(first)) is not None:
        return "jsonl"
    return "lines"


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _text_of(row: Any, column: str | None = None) -> str | None:
    if not isinstance(row, dict):
        return None
    for name in (column,) if column else _TEXT_NAMES:
        if isinstance(row.get(name), str):
            return str(row[name])
    return None


def _json(line: str, column: str | None) -> Line:
    row = _parsed(line)
    if row is None:
        return None, "not JSON"
    if isinstance(row, str):
        return row, None
    text = _text_of(row, column)
    return (text, None) if text is not None else (None, f"no text under {column or _TEXT_NAMES}")


def _csv(lines: Iterable[str], column: str | None, file: str) -> Iterator[Line]:
    csv.field_size_limit(MAX_FIELD)
    lines = iter(lines)
    head = next(lines, "")
    delimiter = max("\t;|,", key=head.count)
    header = next(csv.reader(chain([head], lines), delimiter=delimiter))
    wanted = [column] if column else list(_TEXT_NAMES)
    folded = {name.strip().casefold(): place for place, name in reversed([*enumerate(header)])}
    place = next((folded[w.casefold()] for w in wanted if w.casefold() in folded), None)
    if place is None:
        raise ImportFileError(
            f"{file}: no column holds the text (columns: {', '.join(header)}); name it with "
            "--column."
        )
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield None, str(error)
            rows = csv.reader(lines, delimiter=delimiter)  # the old one is stuck in the bad row
            continue
        if row is None:
            return
        yield (row[place], None) if place < len(row) else (None, "too few columns")


def named(names: Iterable[str]) -> dict[str, re.Pattern[str]]:
    """What finds each name in a text: as words, as a handle, as a hashtag, in any case.

    Raises:
        ListeningError: a name without a letter or digit.
    """
    patterns = {}
    for name in names:
        words = name.strip().removeprefix("@").removeprefix("#").split()
        if not re.search(r"\w", "".join(words)):
            raise ListeningError(f"--brand {name!r} names nothing: write a name or an alias.")
        apart, joined = r"\s+".join(map(re.escape, words)), re.escape("".join(words))
        patterns[name] = re.compile(rf"(?<!\w)(?:[@#]?{apart}|[@#]{joined})(?!\w)", re.IGNORECASE)
    return patterns


def score_texts(
    models: Models, texts: Iterable[Line], *, embed: bool = False, brands: Sequence[str] = ()
) -> Iterator[str]:
    """JSON lines, one a text, in order.

    Args:
        models: loaded.
        texts: as `read_texts` gives them.
        embed: add the sentence vector.
        brands: add the sentiment towards each of these names; null where a text does not
            name it.

    Raises:
        ListeningError: a name without a letter or digit.
    """
    patterns, numbered = named(brands), enumerate(texts, start=1)
    while batch := list(islice(numbered, BATCH)):
        yield from _scored(models, batch, embed, patterns)


def _scored(
    models: Models,
    batch: list[tuple[int, Line]],
    embed: bool,
    patterns: Mapping[str, re.Pattern[str]],
) -> Iterator[str]:
    texts = [text for _, (text, _) in batch if text is not None]
    targets = [[_places(pattern, text) for pattern in patterns.values()] for text in texts]
    opinions = iter(models.analyse(texts, targets=targets))
    for number, (text, error) in batch:
        if text is None:
            yield json.dumps({"row": number, "error": error})
            continue
        opinion = next(opinions)
        row = {"row": number, "text": text, **_row(opinion)}
        if patterns:
            row["towards"] = dict(zip(patterns, map(_sentiment, opinion.towards), strict=True))
        if embed:
            row["vector"] = [round(float(v), 6) for v in opinion.vector]
        yield json.dumps(row, ensure_ascii=False)


def _places(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(text)]


def _row(opinion: Opinion) -> dict[str, Any]:
    from nlp.types import EMOTIONS, SENTIMENTS

    p = opinion.sentiment
    return {
        "language": opinion.language,
        "label": SENTIMENTS[max(range(3), key=p.__getitem__)] if p else None,
        "not_scored": opinion.not_scored,
        "sentiment": _sentiment(p),
        "emotion": _named(EMOTIONS, opinion.emotion),
        "ironic": _rounded(opinion.ironic),
        "offensive": _rounded(opinion.offensive),
    }


def _sentiment(three: Sequence[float] | None) -> dict[str, float | None] | None:
    from nlp.types import SENTIMENTS

    return _named(SENTIMENTS, three)


def _named(names: Sequence[str], values: Sequence[float] | None) -> dict[str, float | None] | None:
    if values is None:
        return None
    return {name: _rounded(value) for name, value in zip(names, values, strict=True)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
