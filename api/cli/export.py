"""`listening export`: whole lists as files."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import AnyBrandOption, opened


class What(StrEnum):
    """What can be exported."""

    MENTIONS = "mentions"
    AUTHORS = "authors"
    SEGMENTS = "segments"
    MEMBERSHIPS = "memberships"


class Format(StrEnum):
    """How."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    what: What,
    form: Annotated[Format, typer.Option("--format", help="csv, jsonl or parquet.")] = Format.CSV,
    brand: AnyBrandOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File; none: standard output.")
    ] = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Names, handles and addresses as salted hashes.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="CSV cells as they are, formulas too.")
    ] = False,
) -> None:
    """Write a whole list; CSV cells that a spreadsheet would run are guarded unless --raw."""
    from listening.errors import ListeningError
    from listening.exporting import pseudonymised, write_file, write_rows
    from listening.store import rows
    from listening.store.brands.brands import get_brand
    from listening.store.keeping.tombstones import store_salt

    makers = {
        What.MENTIONS: rows.mention_rows,
        What.AUTHORS: rows.author_rows,
        What.SEGMENTS: rows.segment_rows,
        What.MEMBERSHIPS: rows.membership_rows,
    }
    if form is Format.PARQUET and out is None:
        raise ListeningError("Parquet is no text: name a file with --out.")
    with opened() as (_, store):
        with store.work() as session:
            salt = store_salt(session)
        with store.session() as session:
            chosen = get_brand(session, brand) if brand else None
            found = makers[what](session, chosen)
            if pseudonymise:
                found = pseudonymised(found, salt)
            if out is None:
                write_rows(found, sys.stdout, form, guard=not raw)
                return
            count = write_file(found, out, form, guard=not raw)
    print(f"{count:,} {what} written to {out}.", file=sys.stderr)
