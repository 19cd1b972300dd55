"""`listening analyse | segment | flag | migrate`: the steps of the main job."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import job, opened

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
    from listening.store.posts.analyses import count_pending
    from workers.jobs.analysing import analyse_pending
    from workers.jobs.placing import follow
    from workers.models import models

    with opened() as (settings, store):
        with job(store, "analyse", "Pending posts") as told:
            done = analyse_pending(store, loaded := models(), progress=told)
            _, placed = follow(store, settings, model=loaded.revision, progress=told)
        with store.session() as session:
            rest = count_pending(session, loaded.revision)
    more = f", {done.mentions:,} mentions of earlier posts read" if done.mentions else ""
    print(f"{done.posts:,} posts analysed{more}.")
    if placed.authors:
        print(f"{placed.authors:,} authors placed, {placed.moved:,} in another segment or new.")
    if done.given_up:
        print(f"{done.given_up:,} posts that the models fail at: `listening quarantine list`.")
    if rest:
        print(f"{rest:,} posts wait: others analyse them now, or came in meanwhile.")


def segment() -> None:
    """Cluster authors into segments; the same data give the same segments."""
    from listening.errors import ConflictError
    from workers.jobs.segmenting import segment as run
    from workers.jobs.summing import sum_up
    from workers.leasing import held
    from workers.models import model_revision, prepare_caches

    with opened() as (settings, store), held(store, "segment") as ours:
        if not ours:
            raise ConflictError("Authors are being segmented: `listening job list` shows it.")
        with job(store, "segment", "All authors") as told:
            prepare_caches(settings)
            found = run(store, settings, model=model_revision(settings), progress=told)
            sum_up(store, progress=told)
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
    from workers.jobs.summing import sum_up

    label = ", ".join(brand) if brand else "All brands"
    with opened() as (settings, store), job(store, "flag", label) as told:
        flagged = run(store, settings, brand, progress=told)
        sum_up(store, progress=told)
    for own in flagged:
        print(
            f"{own.brand}: {own.authors:,} authors, {own.advocates:,} advocates, "
            f"{own.detractors:,} detractors, {own.cases:,} negative mentions to triage."
        )
