"""`listening import` and `listening quarantine`: files in, and the rows that did not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.context import job, opened
from api.cli.show import CsvOption, JsonOption, LimitOption, plain, put

quarantine = typer.Typer(
    help="Rows that could not be read, kept as they came.", no_args_is_help=True
)

MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", help="field=column, or field==value for a constant (repeat)."),
]
PresetOption = Annotated[str | None, typer.Option(help="Known export: see the docs.")]
SourceOption = Annotated[str | None, typer.Option(help="Name of the source the posts came from.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_)


def import_(
    file: Annotated[Path, typer.Argument(help="CSV or JSON lines, gzip or not.")],
    brand: Annotated[
        list[str] | None,
        typer.Option("--brand", help="Match only this brand (repeat); none: all brands."),
    ] = None,
    all_about: Annotated[
        bool, typer.Option("--all-mentions", help="Every row is about --brand, named or not.")
    ] = False,
    mapping: MapOption = None,
    preset: PresetOption = None,
    source: SourceOption = None,
    encoding: Annotated[str | None, typer.Option(help="None: detected.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="None: detected.")] = None,
    day_first: Annotated[
        bool | None, typer.Option("--day-first/--month-first", help="Of 03/04/2026.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how the file is understood.")
    ] = False,
) -> None:
    """Import a file of posts; importing it again stores nothing twice."""
    from listening.importing.whole import open_file
    from workers.jobs.importing import import_table

    about = _about(brand, all_about)
    table = open_file(
        file,
        mapping=_mapping(mapping),
        preset=preset,
        source=source,
        encoding=encoding,
        delimiter=delimiter,
        day_first=day_first,
    )
    for line in table.describe():
        print(plain(line))
    if dry_run:
        return
    with opened(begins=True) as (_, store), job(store, "import", str(file)) as told:
        report = import_table(
            store,
            table,
            brands=brand,
            all_about=about,
            progress=told,
        )
    _tell(report)


def _about(brands: list[str] | None, all_about: bool) -> str | None:
    """The brand that every row is about."""
    from listening.errors import ListeningError

    if not all_about:
        return None
    if len(brands or []) != 1:
        raise ListeningError("--all-mentions needs exactly one --brand.")
    return brands[0] if brands else None


def _tell(report: Any) -> None:
    counts = report.counts
    print(
        f"{counts.rows + report.quarantined:,} rows: {counts.posts_new:,} posts new, "
        f"{counts.posts_edited:,} edited, {counts.posts_same:,} known already, "
        f"{report.quarantined:,} in quarantine"
        + (f", {counts.refused:,} by erased authors" if counts.refused else "")
        + f"; {counts.mentions_new:,} mentions new."
    )
    for reason, count in list(report.reasons.items())[:8]:
        print(plain(f"  quarantine: {count:,} x {reason}"))
    for note in report.notes:
        print(f"  {note}")
    if report.quarantined:
        print("  `listening quarantine list` shows the rows.")


def _mapping(pairs: list[str] | None) -> dict[str, str] | None:
    from listening.errors import ListeningError

    if not pairs:
        return None
    found: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or not field or not column:
            raise ListeningError(f"--map {pair}: write field=column, such as --map text=body.")
        if field.strip() in found:
            raise ListeningError(
                f"--map {pair}: {field.strip()} is mapped twice; to try one column after another "
                f"write --map '{field.strip()}={found[field.strip()]}|{column}'."
            )
        found[field.strip()] = column
    return found


@quarantine.command("list")
def list_(
    file: Annotated[str | None, typer.Option(help="Only rows of this file.")] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Show the rows that wait, with file, line, reason and raw content."""
    from listening.store.watches.sweeps import waiting_rows

    with opened() as (_, store), store.session() as session:
        rows = [
            {"file": r.file, "line": r.line, "field": r.field, "reason": r.reason, "raw": r.raw}
            for r in waiting_rows(session, file)
        ]
    columns = ("file", "line", "field", "reason", "raw")
    put(rows, columns, as_json=as_json, as_csv=as_csv, limit=limit, empty="Nothing in quarantine.")


@quarantine.command()
def retry(
    file: Annotated[
        Path, typer.Argument(help="The file, mended or with another mapping; or a 'post ...'.")
    ],
    mapping: MapOption = None,
    preset: PresetOption = None,
    source: SourceOption = None,
    brand: Annotated[
        list[str] | None, typer.Option("--brand", help="As of `listening import`.")
    ] = None,
    all_about: Annotated[
        bool, typer.Option("--all-mentions", help="As of `listening import`.")
    ] = False,
) -> None:
    """Read the waiting rows of a file again, or let a post that was given up be analysed."""
    from listening.store.posts.claims import try_again
    from listening.store.watches.sweeps import waiting_rows
    from workers.jobs.importing import retry_file

    if str(file).startswith("post "):
        with opened() as (_, store), store.work() as session:
            found = try_again(session, str(file))
        print(f"The {file} " + ("is analysed again." if found else "was not given up."))
        return

    options = {"mapping": _mapping(mapping), "preset": preset, "source": source}
    with opened() as (_, store):
        with store.session() as session:
            lines = [row.line for row in waiting_rows(session, str(file))]
        if not lines:
            print(f"No row of {file} waits in quarantine.")
            return
        report = retry_file(
            store,
            file,
            lines,
            options=options,
            brands=brand,
            all_about=_about(brand, all_about),
        )
    _tell(report)
