"""`listening source list | test`: what can be watched, and what a watch would find."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from api.cli.context import known_credentials, opened
from api.cli.show import CsvOption, JsonOption, cell, plain, put

if TYPE_CHECKING:
    from listening.sources.base import SourceSpec, Wanted
    from listening.sources.errors import SourceError

app = typer.Typer(help="Sources that can be watched.", no_args_is_help=True)

_SHOWN = 5  # posts, and rows that could not be read
_START = 80  # characters of a text


@app.command("list")
def list_(as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show every source; `source show NAME` says what one takes, gives and cannot."""
    from listening.sources.registry import REGISTRY

    known_credentials()
    rows = [_row(source.spec) for source in REGISTRY.values()]
    if as_json or as_csv:
        put(rows, (), as_json=as_json, as_csv=as_csv)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        needed = ", ".join(row["required"] + row["missing"])
        print(f"{row['name']:<{width}}  {row['help']}" + (f" Needs {needed}." if needed else ""))
    print("\n`listening source show NAME` says what it takes, gives and lacks.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="See `listening source list`.")],
    as_json: JsonOption = False,
) -> None:
    """Show one source: its settings, what it needs, gives and lacks."""
    from listening.sources.registry import get_source

    known_credentials()
    row = _row(get_source(name).spec)
    if as_json:
        put([row], (), as_json=True)
        return
    print(plain(f"{row['name']}: {row['help']}"))
    for setting, text in row["settings"].items():
        must = " (required)" * (setting in row["required"])
        print(plain(f"  --set {setting}=...  {text}{must}"))
    for one in row["credentials"]:
        state = "missing" if one["name"] in row["missing"] else "set, or not needed"
        at = f", from {one['where']}" if one["where"] else ""
        print(plain(f"  needs {one['name']} ({one['help']}{at}): {state}"))
    print(plain(f"  gives: {row['gives']}"))
    print(plain(f"  lacks: {row['lacks'] or 'nothing'}"))
    print(plain(f"  rate limit: {row['rate_limit']}"))
    print(f"  back-fill: {_yes(row['backfill'])}; authors looked up: {_yes(row['recent'])}")
    if row["terms"]:
        print(f"  terms: {row['terms']}")


def _row(spec: SourceSpec) -> dict[str, Any]:
    from listening.sources.credentials import missing
    from listening.sources.registry import settings_of

    return {
        "name": spec.name,
        "help": spec.help,
        "settings": {
            one.name + ".NAME" * (one.kind == "table"): one.help for one in settings_of(spec)
        },
        "required": [one.name for one in spec.settings if one.required],
        "credentials": [asdict(one) for one in spec.credentials],
        "missing": missing(spec),
        "rate_limit": spec.rate_limit,
        "terms": spec.terms,
        "gives": spec.gives,
        "lacks": spec.lacks,
        "backfill": spec.backfill,
        "recent": spec.recent,
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"


@app.command()
def test(
    name: Annotated[str, typer.Argument(help="See `listening source list`.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the source, name=value.")
    ] = None,
    brand: Annotated[
        str | None,
        typer.Option("--brand", help="Listen for it, tracked or not; none: the only one tracked."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a source once, politely, and show what would be stored; nothing is."""
    from listening.errors import SettingsError
    from listening.sampling import first_batch, listened_for, sample_of
    from listening.sources.errors import SourceError
    from listening.sources.registry import get_source, read_settings, settle

    known_credentials()
    source = get_source(name)
    params = settle(source, read_settings(set_ or []))
    with opened(begins=True) as (_, store):
        with store.session() as session:
            tried = listened_for(session, brand)
        try:
            batch = first_batch(source, params, tried.wanted)
        except SourceError as error:
            _fail(source.spec, error, as_json)
        except SettingsError as error:
            if tried.own or not source.spec.only_mentions or params:
                raise
            raise SettingsError(f"{error} Or name a brand: --brand NAME.") from None
        with store.session() as session:
            found = sample_of(session, source.spec, params, batch, tried)
    if as_json:
        put([found], (), as_json=True)
        return
    _show(source.spec, found, tried.wanted)


def _show(spec: SourceSpec, found: dict[str, Any], wanted: Wanted) -> None:
    """What would be stored, for a person."""
    if wanted.brand:
        print(plain(f"Listening for {wanted.brand} at {spec.name}; nothing is stored."))
    counts = [f"{found['read']:,} posts read", f"{found['stored']:,} would be stored"]
    told = {
        "passed": "passed over (no brand in it)",
        "refused": "left out (its author was erased)",
        "deleted": "told as deleted",
    }
    counts += [f"{found[name]:,} {words}" for name, words in told.items() if found[name]]
    if found["bad_rows"]:
        counts.append(f"{len(found['bad_rows']):,} could not be read")
    print(", ".join(counts) + ".")
    for name, count in found["mentions"].items():
        print(plain(f"  {name}: {count:,} mention{'s' * (count != 1)}"))
    if found["posts"]:
        shown = [
            {**post, "text": _start(post["text"]), "mentions": ", ".join(post["mentions"])}
            for post in found["posts"][:_SHOWN]
        ]
        _table("First posts", shown, ("published_at", "author", "mentions", "text", "url"))
    if found["bad_rows"]:
        rows = [row | {"raw": _start(row["raw"])} for row in found["bad_rows"][:_SHOWN]]
        _table("Could not be read", rows, ("where", "line", "field", "reason", "raw"))
    if of := found["read"] - found["refused"]:
        there = [f"{n} {100 * c / of:.0f} %" for n, c in found["facts"].items() if c]
        absent = [name for name, count in found["facts"].items() if not count]
        print(f"\nThere: {', '.join(there) or 'nothing but text and author'}.")
        print(f"Not there: {', '.join(absent) or 'nothing'}.")
    print(plain(f"It gives {spec.gives}; lacks {spec.lacks or 'nothing'}."))


def _table(title: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """A table in which nothing is cut: addresses are there to be copied."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        found.add_column(name.replace("_", " "), overflow="fold", no_wrap=name == "published_at")
    for row in rows:
        found.add_row(*(Text(cell(row[name])) for name in columns))
    print(f"\n{title}")
    Console(width=None if sys.stdout.isatty() else 140).print(found, highlight=False)


def _start(text: str) -> str:
    return text if len(text) <= _START else text[: _START - 3] + "..."


def _fail(spec: SourceSpec, error: SourceError, as_json: bool) -> NoReturn:
    """Say which kind of failure it is, what was said, and what to do about it."""
    from listening.errors import ListeningError
    from listening.logs import masked
    from listening.sampling import failure_of
    from listening.sources.errors import FormatChangedError

    kind, words, fix = failure_of(spec, error)
    told = f"{spec.name} {words}: {masked(str(error))}"
    raw = masked(error.raw) if isinstance(error, FormatChangedError) else ""
    if as_json:
        row = {"source": spec.name, "error": kind, "told": told, "fix": fix, "answer": raw or None}
        put([row], (), as_json=True)
        raise typer.Exit(1) from None
    if raw:
        print(f"It answered: {cell(raw)}")
    raise ListeningError(f"{told} {fix}") from None
