"""Rows on the terminal: a table, JSON or CSV."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

Row = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but tab and line end
_TEXTS = {"text", "reason", "keywords", "name", "segment", "raw", "query"}

JsonOption = Annotated[bool, typer.Option("--json", help="The whole list as JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="The whole list as CSV.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Rows of the table.")]


def put(
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    as_json: bool = False,
    as_csv: bool = False,
    limit: int | None = None,
    title: str | None = None,
    empty: str = "Nothing yet.",
) -> None:
    """Print rows: whole as JSON or CSV, or as a table of some columns.

    Args:
        rows: flat rows.
        columns: those the table shows.
        as_json, as_csv: machine forms, on standard output alone.
        limit: rows of the table; the machine forms are always complete.
        title: above the table.
        empty: what the table says when there is no row.
    """
    if as_json:
        json.dump(list(rows), sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    if as_csv:
        from listening.exporting import write_rows

        write_rows(rows, sys.stdout, "csv")
        return
    found = list(rows)
    table(found[:limit], columns, title=title, empty=empty)
    if limit is not None and len(found) > limit:
        print(f"{len(found) - limit} more: --limit N, --csv or --json show them.")


def table(
    rows: Sequence[Row], columns: Sequence[str], *, title: str | None = None, empty: str = ""
) -> None:
    """A table of some columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 140)
    if title:
        console.print(f"\n{title}", style="bold", markup=False, highlight=False)
    if not rows:
        console.print(empty, markup=False)
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        number = all(isinstance(r.get(name), int | float | None) for r in rows)
        shown.add_column(
            name.replace("_", " "),
            justify="right" if number else "left",
            overflow="fold",
            # Only texts give way where the terminal is narrow.
            no_wrap=name not in _TEXTS,
            max_width=None if name in _TEXTS else 26,
        )
    for row in rows:
        shown.add_row(*(Text(cell(row.get(name))) for name in columns))
    console.print(shown)


def plain(text: str) -> str:
    """Text from files without the characters that a terminal would obey."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def cell(value: Any) -> str:
    """A value for a person; unknown is a question mark, never zero."""
    if value is None:
        return "?"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str) and _TIME.match(value):
        return value[:16].replace("T", " ")
    if isinstance(value, list):
        return ", ".join(str(v) for v in value[:6])
    text = plain(" ".join(str(value).split()))
    return text if len(text) <= 160 else text[:157] + "..."
