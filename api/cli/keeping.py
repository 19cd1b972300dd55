"""`listening erase | retention | backup | restore | vacuum`: keeping house."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.context import opened, progress
from api.cli.show import CsvOption, JsonOption, plain, put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from listening.store.keeping.erasing import Person
    from listening.store.session import Store

erase = typer.Typer(help="Erase people for good.", no_args_is_help=True)
retention = typer.Typer(help="How long each brand's mentions are kept.", no_args_is_help=True)

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(erase, name="erase")
    app.add_typer(retention, name="retention")
    for command in (backup, restore, vacuum):
        app.command()(command)


@erase.callback()
def _only_authors() -> None:
    """Erase people for good."""


@erase.command()
def author(
    source: Annotated[str, typer.Argument(help="The source, as of the import.")],
    who: Annotated[
        list[str] | None, typer.Argument(help="Native ids, or handles with their @.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="One native id or @handle a line; -: stdin.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: YesOption = False,
    no_vacuum: Annotated[
        bool, typer.Option("--no-vacuum", help="Leave the freed bytes to `listening vacuum`.")
    ] = False,
) -> None:
    """Erase authors with their posts and all that was derived; they stay away from now on."""
    from workers.jobs.erasing import erase as run
    from workers.jobs.erasing import find_people

    wanted = [*(who or []), *_lines(file)]
    if not wanted:
        from listening.errors import ListeningError

        raise ListeningError("Nobody to erase: name native ids or @handles, or a --file of them.")
    with opened() as (_, store):
        people = find_people(store, source, wanted)
        _tell_plan(store, people)
        if dry_run:
            return
        if not yes:
            typer.confirm(f"Erase {len(people):,} for good?", abort=True)
        with progress() as bar:
            done = run(store, people, progress=bar)
        print(
            f"{done.authors:,} authors erased with {done.posts:,} posts and {done.rows:,} "
            f"quarantined rows; masked in {done.masked:,} posts by others. "
            f"{done.people:,} tombstones keep them away."
        )
        if no_vacuum:
            print("Their bytes stay in the store's files until `listening vacuum`.")
        else:
            _vacuum(store, full=False, erased=True)


def _lines(file: Path | None) -> list[str]:
    from listening.errors import ListeningError

    if file is None:
        return []
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ListeningError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ListeningError(f"{file} is not UTF-8: save it as UTF-8.") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _tell_plan(store: Store, people: Sequence[Person]) -> None:
    from workers.jobs.erasing import plan

    for person, counts in zip(people, plan(store, people), strict=True):
        found = ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or "nothing stored"
        print(plain(f"{person.as_words()}: {found}"))
        if person.author_id is None:
            known = "erased before" if person.buried else "never seen"
            print(f"  {known}: a tombstone keeps them from being stored.")
        if person.brands:
            listed = ", ".join(person.brands)
            print(plain(f"  {listed} listens for this account by name: that setting stays."))


@retention.command("set")
def set_(
    brand: str,
    days: Annotated[str, typer.Argument(help="Days from publication, or off.")],
) -> None:
    """Keep a brand's mentions for so many days, or for good (off)."""
    from listening.errors import ListeningError
    from listening.store.brands.brands import get_brand
    from listening.store.keeping.retention import set_retention

    if days != "off" and not days.isdecimal():
        raise ListeningError(f'{days!r} is no retention: a number of days, or "off".')
    with opened() as (_, store), store.work() as session:
        found = get_brand(session, brand)
        set_retention(session, found, None if days == "off" else int(days))
        name = found.name
    told = "for good" if days == "off" else f"for {int(days):,} days"
    print(plain(f"{name}: mentions are kept {told}."))


@retention.command()
def show(as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show what each brand keeps, and how much of it is past that."""
    from listening.store.keeping.retention import limits, unmentioned_cutoff
    from listening.store.tables.types import now

    moment = now()
    with opened() as (_, store), store.session() as session:
        rows = [
            {
                "brand": limit.brand,
                "days": limit.days,
                "mentions": limit.mentions,
                "expired": limit.expired,
            }
            for limit in limits(session, moment)
        ]
        unmentioned = unmentioned_cutoff(session, moment)
    if not as_json and not as_csv:
        for row in rows:
            row["days"] = row["days"] or "for good"
    columns = ("brand", "days", "mentions", "expired")
    put(rows, columns, as_json=as_json, as_csv=as_csv, empty="No brand yet: listening brand add.")
    if rows and not as_json and not as_csv:
        kept = "for good" if unmentioned is None else f"from {unmentioned:%Y-%m-%d} on"
        print(f"Posts that no brand mentions are kept {kept}.")


@retention.command()
def apply(yes: YesOption = False) -> None:
    """Take out now what is past its retention; the beat does so by itself."""
    from listening.store.keeping.retention import limits
    from listening.store.tables.types import now
    from workers.jobs.keeping import apply_retention

    moment = now()
    with opened() as (_, store):
        with store.session() as session:
            expired = sum(limit.expired for limit in limits(session, moment))
        if not yes:
            typer.confirm(f"Take out {expired:,} mentions and what no brand keeps?", abort=True)
        with progress() as bar:
            gone = apply_retention(store, moment, progress=bar)
    print(f"{gone.mentions:,} mentions, {gone.posts:,} posts and {gone.authors:,} authors went.")


def backup(
    to: Annotated[Path, typer.Argument(help="A file, or a folder: the file is named by the time.")],
    replace: Annotated[bool, typer.Option("--replace", help="Write over a backup there.")] = False,
) -> None:
    """Back the store up while everything goes on, and check the copy."""
    from workers.jobs.backup import back_up

    with opened() as (_, store), progress() as bar:
        made = back_up(store, to, replace=replace, progress=bar)
    print(
        f"{made.path}: {_size(made.manifest.bytes)}, {sum(made.manifest.rows.values()):,} rows of "
        f"schema version {made.manifest.schema}, checked."
    )


def restore(
    backup: Annotated[Path, typer.Argument(help="The backup; its .json must lie beside it.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up what the store holds now.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Put a backup in the place of the store, whole or not at all; the erased stay erased."""
    from listening.config import get_settings
    from listening.store.session import Store
    from workers.jobs.restoring import restore as run

    store = Store.from_settings(get_settings())
    try:
        if replace and not yes:
            typer.confirm(f"Give up what {store.shown_url} holds now?", abort=True)
        with progress() as bar:
            done = run(store, backup, replace=replace, progress=bar)
    finally:
        store.close()
    print(
        f"{store.shown_url}: {sum(done.rows.values()):,} rows of {backup}, schema version "
        f"{done.schema}."
    )
    if done.erased:
        print(f"{done.erased:,} authors, erased since that backup, were erased again.")


def vacuum(
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="PostgreSQL: write the tables anew; they are locked meanwhile."
        ),
    ] = False,
) -> None:
    """Give back the space of what was deleted, and renew the planner's figures."""
    with opened() as (_, store):
        _vacuum(store, full=full)


def _vacuum(store: Store, *, full: bool, erased: bool = False) -> None:
    from listening.store.keeping.upkeep import vacuum as run

    done = run(store, full=full)
    print(f"Store {_size(done.before)} before, {_size(done.after)} after.")
    # PostgreSQL always keeps some of it: worth a word only where somebody must be gone.
    if not done.whole and (erased or store.dialect == "sqlite"):
        why = (
            "another process reads the store's log: stop it and run `listening vacuum` once more"
            if store.dialect == "sqlite"
            else "new rows write over it in time; `listening vacuum --full` does so now"
        )
        print(f"What was deleted may still be in the store's files: {why}.")


def _size(size: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:,.0f} {unit}"
        size /= 1000
    return f"{size:,.2f} GB"
