"""`listening analyse | segment | flag | migrate`: the steps of the main job."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import opened, progress

BrandsOption = Annotated[
    list[str] | None, typer.Option("--brand", help="Only this brand (repeat); none: all.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (migrate, analyse, segment, flag):
        app.command()(command)


def migrate() -> None:
    """Make the store's tables, or bring them to the version of this code."""
    from listening.config import get_settings
    from listening.store.schema import current_version, migrate
    from listening.store.session import Store

    store = Store.from_settings(get_settings())
    try:
        migrate(store)
        print(f"{store.shown_url} is at schema version {current_version(store)}.")
    finally:
        store.close()


def analyse() -> None:
    """Analyse every post and mention that has no analysis of its present text yet."""
    from workers.jobs.analysing import analyse_pending
    from workers.models import models

    with opened() as (_, store), progress() as bar:
        done = analyse_pending(store, models(), progress=bar)
    more = f", {done.mentions:,} mentions of earlier posts read" if done.mentions else ""
    print(f"{done.posts:,} posts analysed{more}.")


def segment() -> None:
    """Cluster authors into segments; the same data give the same segments."""
    from workers.jobs.segmenting import segment as run
    from workers.models import model_revision, prepare_caches

    with opened() as (settings, store), progress() as bar:
        prepare_caches(settings)
        found = run(store, settings, model=model_revision(settings), progress=bar)
    if found is None:
        print("No author has enough analysed posts: import more, then `listening analyse`.")
        return
    print(
        f"{found.authors:,} authors, {found.noise:,} unsegmented (nearest segment known)."
        + (f" {found.note}." if found.note else "")
    )


def flag(brand: BrandsOption = None) -> None:
    """Flag advocates and detractors, and open cases for negative mentions."""
    from workers.jobs.flagging import flag as run

    with opened() as (settings, store), progress() as bar:
        flagged = run(store, settings, brand, progress=bar)
    for own in flagged:
        print(
            f"{own.brand}: {own.authors:,} authors, {own.advocates:,} advocates, "
            f"{own.detractors:,} detractors, {own.cases:,} negative mentions to triage."
        )
