"""Which column each field is read from: named by a person, by a preset, or guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import chain

from listening.errors import ImportFileError
from listening.importing.dates import date_reader, learn_order
from listening.importing.fields import ALIASES, FIELDS, GUESSES, squeeze
from listening.importing.presets import PRESETS, Preset, recognise
from listening.importing.rows import Found

REQUIRED = ("text", "author", "date")
_NOT_THIS_AUTHOR = (
    "inreply", "inresponse", "reply", "parent", "retweet", "repost", "quote", "original", "thread",
    "mention",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """The columns of a file, and the cells of its first rows."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def values(self, column: str) -> Iterator[str]:
        """Give what the first rows have in a column, blanks left out."""
        index = self.columns.index(column)
        return (row[index].strip() for row in self.rows if row[index].strip())


def choose_preset(where: str, columns: Sequence[str], name: str | None) -> Preset | None:
    """Find the preset of a header. Raises ImportFileError where a named one does not fit."""
    if name is None:
        return recognise(columns)
    preset = PRESETS.get(name.casefold())
    if preset is None:
        raise ImportFileError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    if missing := preset.missing(columns):
        raise ImportFileError(
            f"{where} is no {preset.name} export: its header has no {_listed(missing)}; "
            "leave the preset out, or say which columns to read with --map"
        )
    return preset


def resolve(
    where: str,
    sample: Sample,
    *,
    named: Mapping[str, str],
    preset: Preset | None,
    source: str | None,
) -> dict[str, Found]:
    """Decide the column of every field; what a person named comes first, then the preset.

    A value of `named` is a column, a constant for all rows ("=anonymous"), or several of these
    with "|" between, tried in this order in each row ("date|=2015-01-01"). Raises
    ImportFileError for an unknown column or field, and where text, author or date is not found.
    """
    found = {
        _field(where, field): _named_column(where, sample, field, value)
        for field, value in named.items()
    }
    if preset is not None:
        for field, names in preset.columns.items():
            columns = _present(sample, names)
            if columns and field not in found:
                found[field] = Found(columns[0], "preset", columns[1:])
    if preset is None or preset.guess_rest:
        _guess(sample, found)
    if source is not None:
        found.pop("source", None)
    for field in REQUIRED:
        if field not in found:
            raise ImportFileError(_not_found(where, field, sample.columns))
    return {field: found[field] for field in FIELDS if field in found}


def sources_of(found: Found) -> tuple[str, ...]:
    """Give the columns and constants ("=...") of a field, in the order they are tried."""
    return (found.column, *found.otherwise)


def _field(where: str, name: str) -> str:
    field = ALIASES.get(name, name)
    if field not in FIELDS:
        close = _close(name, [*FIELDS, *ALIASES])
        raise ImportFileError(
            f"{where}: there is no field {name!r}{close}; fields: {', '.join(FIELDS)}"
        )
    return field


def _named_column(where: str, sample: Sample, field: str, value: str) -> Found:
    whole = _present(sample, (value,))
    parts = (value,) if whole or value.startswith("=") else tuple(value.split("|"))
    if field == "id" and parts[0].startswith("="):
        raise ImportFileError(
            f"{where}: one id for all rows would make them one post; name a column, or leave id out"
        )
    columns: list[str] = []
    for part in parts:
        if field == "date" and part.startswith("="):
            _require_date(where, part[1:])
        present = (part,) if part.startswith("=") else _present(sample, (part,))
        if not present:
            close = _close(part, list(sample.columns))
            raise ImportFileError(
                f"{where} has no column {part!r} for {field}{close}; "
                f"its columns: {_listed(sample.columns)}"
            )
        columns.extend(present)
    return Found(columns[0], "named", tuple(columns[1:]))


def _require_date(where: str, value: str) -> None:
    """Refuse a constant that is no date before every row is."""
    try:
        date_reader(learn_order([value]))(value)
    except ValueError as error:
        raise ImportFileError(f"{where}: {error} (--map date)") from None


def _present(sample: Sample, names: Sequence[str]) -> tuple[str, ...]:
    """Those of some names that are columns, written as the file writes them."""
    squeezed = {squeeze(column): column for column in reversed(sample.columns)}
    columns = (
        name if name in sample.columns else squeezed.get(squeeze(name), "") for name in names
    )
    return tuple(dict.fromkeys(filter(None, columns)))


def _guess(sample: Sample, found: dict[str, Found]) -> None:
    """Add the fields that column names tell."""
    taken = set(chain.from_iterable(map(sources_of, found.values())))
    free = [column for column in sample.columns if column not in taken]
    by_name = {squeeze(column): column for column in reversed(free)}

    def best(field: str) -> str | None:
        columns = [by_name[name] for name in GUESSES[field] if name in by_name]
        filled = (column for column in columns if any(sample.values(column)))
        return next(filled, columns[0] if columns else None)

    for field in GUESSES:
        column = best(field)
        if field not in found and column is not None and _fits(field, column, sample, found):
            found[field] = Found(column, "guessed")
    if "score" in by_name and "rating" not in found and _is_review_score(by_name["score"], sample):
        found["rating"] = Found(by_name["score"], "guessed")
        if found.get("likes") == found["rating"]:
            del found["likes"]
    if "author" not in found:
        _guess_author(free, found)
    # A post of which only the headline is given (a link) has that for its text.
    text, title = found.get("text"), found.get("title")
    if text and title and text.how == title.how == "guessed" and squeeze(title.column) == "title":
        found["text"] = replace(text, otherwise=(title.column,))


def _guess_author(free: Sequence[str], found: dict[str, Found]) -> None:
    for column in free:
        name = squeeze(column)
        if name.endswith(("authorid", "userid")) and not name.startswith(_NOT_THIS_AUTHOR):
            found["author"] = Found(column, "guessed")
            return
    for other in ("author_handle", "author_name"):
        if other in found:
            found["author"] = found[other]
            return


def _fits(field: str, column: str, sample: Sample, found: Mapping[str, Found]) -> bool:
    """Whether a column of a telling name also holds what the name says."""
    if field == "time":  # only where the date's own column has no clock
        date = found.get("date")
        if date is None or date.column == column or date.column.startswith("="):
            return False
        return all(":" in value for value in sample.values(column)) and not any(
            ":" in value or value.isdecimal() for value in sample.values(date.column)
        )
    if field == "source":  # "Twitter for iPhone" is the device; hundreds of names are publishers
        values = set(sample.values(column))
        return len(values) <= 12 and not any(
            len(value) > 40 or "<" in value or " for " in value for value in values
        )
    return True


def _is_review_score(column: str, sample: Sample) -> bool:
    """Whether a score is the stars of a review, and not votes for a post."""
    names = " ".join(sample.columns).lower()
    values = set(sample.values(column))
    return (
        bool(values)
        and values <= {"1", "2", "3", "4", "5", "1.0", "2.0", "3.0", "4.0", "5.0"}
        and any(word in names for word in ("review", "thumbs", "appversion", "app_version"))
    )


def _not_found(where: str, field: str, columns: Sequence[str]) -> str:
    fix = {
        "text": "say which one it is with --map text=COLUMN",
        "author": "say which one it is with --map author=COLUMN, or give all posts to one author "
        "with --map author='=anonymous'",
        "date": "say which one it is with --map date=COLUMN, or give all posts one date with "
        "--map date='=2024-09-01'",
    }[field]
    return f"{where}: no column for {field} among {_listed(columns)}; {fix}"


def _listed(names: Sequence[str], most: int = 40) -> str:
    shown = [name if len(name) <= 60 else f"{name[:57]}..." for name in names[:most]]
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return " ".join(", ".join([*shown, *more]).split())


def _close(name: str, names: Sequence[str]) -> str:
    squeezed = {squeeze(other): other for other in names}
    close = get_close_matches(squeeze(name), squeezed, n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(squeezed[match] for match in close)}?)" if close else ""
