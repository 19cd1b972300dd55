"""`listening demo`: the whole job on the bundled sample or a file, and what comes of it."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.context import Bar, opened, progress
from api.cli.show import plain, table
from api.cli.users import tell_first_link

if TYPE_CHECKING:
    from sqlmodel import Session

    from listening.store.session import Store
    from listening.store.tables import Brand

FOLDER = "data/demo"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    brand: Annotated[
        str | None,
        typer.Option(help="Listen for this name at the sources without a key, not the sample."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A file of mentions, as `listening import` reads it, not the sample."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="With --file, a brand in it (repeat); none: the accounts it addresses most."
        ),
    ] = None,
    serve: Annotated[
        bool | None,
        typer.Option("--serve/--no-serve", help="Serve the pages afterwards; none: on a terminal."),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Of the web pages.")] = None,
) -> None:
    """Import the sample, analyse, segment, flag, show; in a store of its own."""
    own = brand or (file and file.name.partition(".")[0])
    os.environ.setdefault("LISTENING_DATA_DIR", f"{FOLDER}-{_short(own)}" if own else FOLDER)
    started = time.monotonic()
    with opened(begins=True) as (settings, store):
        with progress() as bar:
            if brand:
                _listen(store, brand, bar)
            elif file:
                _import_file(store, file, name or [], bar)
            else:
                _import(store, bar)
            _conclude(store, settings, bar)
        _show(store)
        port = port or settings.web_port
        host, folder = settings.web_host, settings.data_dir
        if serve is None:
            serve = sys.stdout.isatty() and sys.stdin.isatty()
        took = time.monotonic() - started
        print(f"\nDone in {took:.0f} s. The same as pages: http://{host}:{port}/")
        if serve:
            tell_first_link(store, settings, host, port)
    if serve:
        from api.web.serving import serve as serve_pages

        print("Ctrl-C stops the pages.")
        serve_pages(host, port)
    else:
        print(f"  served by: .venv/bin/listening --data-dir {folder} up --port {port}")


def _short(name: str) -> str:
    """A name as part of a folder's."""
    return re.sub(r"[^\w]+", "-", name.casefold()).strip("-") or "brand"


def _import(store: Store, bar: Bar) -> None:
    """The sample and its brands; a second run finds its work done, as with every step here."""
    from listening import sample
    from listening.importing.whole import open_file
    from listening.store.brands.brands import add_brand, list_brands
    from workers.jobs.importing import import_table

    with store.work() as session:
        known = {brand.name for brand in list_brands(session)}
        for name, facts in sample.brands().items():
            if name not in known:
                add_brand(session, name, query=facts["query"], own_accounts=facts["own_accounts"])
    import_table(store, open_file(sample.POSTS), progress=bar)


def _import_file(store: Store, path: Path, names: list[str], bar: Bar) -> None:
    """A file, and its brands: those named, or the accounts that it addresses most."""
    from listening.addressed import addressed
    from listening.errors import ListeningError
    from listening.importing import BadRow
    from listening.importing.whole import open_file
    from listening.store.brands.brands import add_brand, list_brands, query_for, slug_of
    from workers.jobs.importing import import_table

    with store.session() as session:
        known = {brand.slug for brand in list_brands(session)}
    if not names and not known:
        rows = open_file(path).rows()
        handles = addressed(row.text for row in rows if not isinstance(row, BadRow))
        if not handles:
            raise ListeningError(
                f"{path} addresses no account often enough to tell what brands it is about: name "
                'them, --name "JetBlue" --name "Delta".'
            )
        print("Brands, as the accounts addressed most: " + ", ".join(handles) + ". Or --name them.")
        wanted = {handle: f"@{handle}" for handle in handles}
    else:
        # A name in one word is often the handle too.
        wanted = {name: f"{query_for(name)} OR @{''.join(name.split())}" for name in names}
    with store.work() as session:
        for name, query in wanted.items():
            if slug_of(name) not in known:
                handle = "".join(name.split())
                add_brand(session, name, query=query, own_accounts=[handle])
    report = import_table(store, open_file(path), progress=bar)
    if report.quarantined:
        print(f"{report.quarantined:,} rows are in quarantine: `listening quarantine list`.")


def _listen(store: Store, name: str, bar: Bar) -> None:
    from listening.errors import ListeningError
    from listening.store.posts.posts import count_posts
    from workers.jobs.trying import listen_for, open_sources

    heard = listen_for(store, name, sources=open_sources(), progress=bar)
    for one in heard:
        told = one.error or f"{one.posts:,} posts new, {one.mentions:,} mentions of {name}"
        print(plain(f"{one.source}: {told}"))
    with store.session() as session:
        if not count_posts(session):
            raise ListeningError(
                f"Nothing was heard of {name!r}. Is this machine on the internet? `listening demo` "
                "without --brand shows the same on a sample."
            )


def _conclude(store: Store, settings: Any, bar: Bar) -> None:
    from workers.jobs.analysing import analyse_pending
    from workers.jobs.flagging import flag
    from workers.jobs.segmenting import segment
    from workers.jobs.summing import sum_up
    from workers.models import models

    bar.begin("Loading the model")
    loaded = models()
    bar.end()
    analyse_pending(store, loaded, progress=bar)
    segment(store, settings, model=loaded.revision, progress=bar)
    flag(store, settings, progress=bar)
    sum_up(store, progress=bar)


def _show(store: Store) -> None:
    """The tables: brands, then for the one most spoken of who, what and how urgent."""
    from listening.store.brands.brands import get_brand
    from listening.store.counts.summaries import brand_summaries

    with store.session() as session:
        found = sorted(brand_summaries(session), key=lambda s: -s.mentions)
        table(
            [
                {
                    "brand": s.name,
                    "mentions": s.mentions,
                    "authors": s.authors,
                    "scored": s.scored,
                    "net_sentiment": s.net_sentiment,
                    "voice": s.share_of_voice,
                    "reach": s.reach_unique,
                    "known": f"{s.reach_known}/{s.authors}",
                    "advocates": s.advocates,
                    "detractors": s.detractors,
                    "open": s.open_cases,
                }
                for s in found
            ],
            (
                "brand",
                "mentions",
                "authors",
                "scored",
                "net_sentiment",
                "voice",
                "reach",
                "known",
                "advocates",
                "detractors",
                "open",
            ),
            title="Brands (net sentiment: (positive - negative) / scored; voice: share of all"
            " brands' mentions;\nreach: followers, each author once, known for so many authors;"
            " open: cases)",
        )
        if found:
            _show_brand(session, get_brand(session, found[0].name))


def _show_brand(session: Session, brand: Brand) -> None:
    from api.cli.lists import CASE_COLUMNS, STANCE_COLUMNS
    from api.cli.segments import COLUMNS as SEGMENT_COLUMNS
    from listening.store.rows import case_rows, segment_rows, stance_rows
    from listening.store.tables import StanceKind

    name = brand.name
    table(
        list(segment_rows(session, brand)),
        SEGMENT_COLUMNS,
        title=f"Segments of those who mention {name}",
    )
    for kind in (StanceKind.ADVOCATE, StanceKind.DETRACTOR):
        rows = list(stance_rows(session, brand, kind, limit=8))
        table(rows, STANCE_COLUMNS, title=f"Top {kind}s of {name}", empty="None.")
    table(
        list(case_rows(session, brand, limit=8)),
        CASE_COLUMNS,
        title=f"Most urgent negative mentions of {name}",
        empty="None.",
    )
