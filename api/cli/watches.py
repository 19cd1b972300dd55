"""`listening watch`: what is swept, when, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.context import AnyBrandOption, known_credentials, opened, progress
from api.cli.pushes import secret
from api.cli.show import CsvOption, JsonOption, plain, put

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from listening.store.posts.looks import Looks
    from listening.store.tables import Brand, Sweep, Watch

app = typer.Typer(help="Watches: a brand listened for at a source.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="Its number in `listening watch list`.")]
Told = Annotated[
    list[str] | None, typer.Option("--set", help="A setting of the source, name=value.")
]

PUSHED = "when pushed"


@app.command()
def add(
    brand: Annotated[str, typer.Argument(help="The brand, by name.")],
    source: Annotated[str, typer.Argument(help="See `listening source list`.")],
    set_: Told = None,
    every: Annotated[str, typer.Option(help="Such as 30s, 15m, 6h, 1d.")] = "15m",
    cron: Annotated[
        str | None, typer.Option(help="Five fields, such as '30 6 * * 1-5'; instead of --every.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of --cron and --quiet.")] = "UTC",
    quiet: Annotated[
        str | None, typer.Option(help="Hours without sweeps, such as 22:00-07:00.")
    ] = None,
    jitter: Annotated[str, typer.Option(help="A sweep is put off by up to so long.")] = "0s",
) -> None:
    """Add a watch; added again, its schedule is changed."""
    from listening.schedule import Schedule
    from listening.sources.registry import get_source, read_settings, settle
    from listening.spans import hours_of, seconds_of
    from listening.store.brands.brands import get_brand
    from listening.store.watches.watches import add_watch

    quiet_from, quiet_until = hours_of("--quiet", quiet)
    schedule = Schedule(
        interval=seconds_of("--every", every),
        cron=cron,
        timezone=timezone,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        jitter=seconds_of("--jitter", jitter),
    )
    known_credentials()
    found = get_source(source)
    params = settle(found, read_settings(set_ or []))
    with opened() as (_, store), store.work() as session:
        own = get_brand(session, brand)
        watch, new = add_watch(session, own, found.spec.name, params, schedule)
        row = _row(watch, own, None)
    print(plain(f"Watch {row['id']} {'added' if new else 'changed'}: {_words(row)}."))


@app.command("list")
def list_(
    brand: AnyBrandOption = None, as_json: JsonOption = False, as_csv: CsvOption = False
) -> None:
    """Show watches with their schedule, next time and last sweep."""
    from listening.store.brands.brands import get_brand
    from listening.store.watches.sweeps import sweeps_of
    from listening.store.watches.watches import list_watches, watch_id_of

    with opened() as (_, store), store.session() as session:
        own = get_brand(session, brand) if brand else None
        rows = [
            _row(watch, of, next(iter(sweeps_of(session, watch_id_of(watch), 1)), None))
            for watch, of in list_watches(session, own)
        ]
    columns = ("id", "brand", "source", "where", "schedule", "state", "next_due_at", "last_sweep")
    put(rows, columns, as_json=as_json, as_csv=as_csv, empty="No watch yet: listening watch add.")


@app.command()
def show(watch: Number, as_json: JsonOption = False) -> None:
    """Show one watch with its settings, back-fills, last sweeps and how far behind it is."""
    from dataclasses import asdict
    from datetime import timedelta

    from api.cli.board import span
    from listening.store.posts.looks import looks_at
    from listening.store.tables import Brand
    from listening.store.tables.types import now
    from listening.store.watches.sweeps import sweeps_of
    from listening.store.watches.watches import get_watch, open_backfills

    with opened() as (settings, store), store.session() as session:
        found = get_watch(session, watch)
        brand = session.get_one(Brand, found.brand_id)
        sweeps = sweeps_of(session, watch, 10)
        row = _row(found, brand, sweeps[0] if sweeps else None)
        row["backfills"] = [
            {"since": b.since.isoformat(), "until": b.until.isoformat(), "error": b.error}
            for b in open_backfills(session, watch)
        ]
        row["sweeps"] = [_sweep_row(sweep) for sweep in sweeps]
        looked = looks_at(session, settings, found.source)
        row["looks"] = asdict(looked) | {"last_at": _iso(looked.last_at)} if looked else None
    if as_json:
        put([row], (), as_json=True)
        return
    print(plain(f"Watch {watch}: {_words(row)}."))
    for name, value in sorted(row["params"].items()):
        print(plain(f"  {name}: {value}"))
    if row["last_error"]:
        print(plain(f"  last error: {row['last_error']} ({row['failures']} failures in a row)"))
    if row["warning"]:
        print(plain(f"  warning: {row['warning']}"))
    if found.read_until:
        lag = span(max(now() - found.read_until, timedelta(0)))
        print(f"  read until {_when(found.read_until)}, {lag} ago")
    if looked:
        print(plain(f"  {_looked(looked)}"))
    for window in row["backfills"]:
        print(f"  back-fill waiting: {window['since'][:16]} to {window['until'][:16]}")
    counts = ("rows", "posts_new", "mentions_new", "passed", "deleted", "quarantined")
    columns = ("id", "started_at", "status", *counts)
    put(row["sweeps"], columns, title="Last sweeps", empty="Not swept yet.")


@app.command()
def edit(
    watch: Number,
    set_: Told = None,
    every: Annotated[
        str | None, typer.Option(help="Such as 30s, 15m, 6h, 1d; in place of --cron.")
    ] = None,
    cron: Annotated[
        str | None, typer.Option(help="Five fields, such as '30 6 * * 1-5'; '' for none.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Of --cron and --quiet.")] = None,
    quiet: Annotated[
        str | None, typer.Option(help="Hours without sweeps, such as 22:00-07:00; '' for none.")
    ] = None,
    jitter: Annotated[str | None, typer.Option(help="A sweep is put off by up to so long.")] = None,
) -> None:
    """Change what it listens for or when; what is not named stays, `--set name=` is the usual.

    What its source is told anew begins anew, as far back as a new watch does.
    """
    from dataclasses import replace

    from listening.access import COMMAND_LINE
    from listening.sources.registry import read_settings
    from listening.spans import hours_of, seconds_of
    from listening.store.tables import Brand
    from listening.store.watches.edits import edit_watch
    from listening.store.watches.watches import get_watch, schedule_of

    plan: dict[str, Any] = {}
    if every is not None:
        plan |= {"interval": seconds_of("--every", every), "cron": None}
    if cron is not None:
        plan["cron"] = cron or None
    if timezone is not None:
        plan["timezone"] = timezone
    if quiet is not None:
        plan["quiet_from"], plan["quiet_until"] = hours_of("--quiet", quiet)
    if jitter is not None:
        plan["jitter"] = seconds_of("--jitter", jitter)
    known_credentials()
    with opened() as (_, store), store.work() as session:
        found = get_watch(session, watch)
        before = found.version
        found = edit_watch(
            session,
            COMMAND_LINE,
            watch,
            schedule=replace(schedule_of(found), **plan) if plan else None,
            params=_merged(found.params, read_settings(set_)) if set_ else None,
        )
        row = _row(found, session.get_one(Brand, found.brand_id), None)
        same = found.version == before
    print(plain(f"Watch {watch} {'is so already' if same else 'changed'}: {_words(row)}."))


def _merged(params: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with those that are told in their place; of a table line by line."""
    found = {**params, **told}
    for name, value in told.items():
        if isinstance(value, dict) and isinstance(own := params.get(name), dict):
            found[name] = {key: one for key, one in {**own, **value}.items() if one}
    return found


@app.command()
def pause(watch: Number) -> None:
    """Sweep it no more until it is resumed."""
    from listening.access import COMMAND_LINE
    from listening.store.watches.edits import pause_watch
    from listening.store.watches.watches import get_watch

    with opened() as (_, store), store.work() as session:
        get_watch(session, watch)
        pause_watch(session, COMMAND_LINE, watch, paused=True)
    print(f"Watch {watch} is paused.")


@app.command()
def resume(watch: Number) -> None:
    """Sweep it again; a time that was missed is made up once."""
    from listening.access import COMMAND_LINE
    from listening.store.watches.edits import pause_watch
    from listening.store.watches.watches import get_watch

    with opened() as (_, store), store.work() as session:
        found = get_watch(session, watch)
        pause_watch(session, COMMAND_LINE, watch, paused=False)
        when = _when(found.next_due_at)
    print(f"Watch {watch} is resumed, due {when}.")


@app.command()
def run(
    watch: Number,
    background: Annotated[
        bool, typer.Option("--background", help="Leave it to a worker, within seconds.")
    ] = False,
) -> None:
    """Sweep it now, whatever its schedule says, until there is nothing new."""
    from listening.access import COMMAND_LINE
    from listening.store.watches.edits import run_watch
    from listening.store.watches.watches import get_watch

    if background:
        with opened() as (_, store), store.work() as session:
            get_watch(session, watch)
            run_watch(session, COMMAND_LINE, watch)
        print(f"Watch {watch} is due now.")
        return
    _run(watch)


def _run(watch: int) -> None:
    from listening.errors import ConflictError, ListeningError
    from listening.ingest import Ingested
    from listening.store.watches.watches import get_watch
    from workers.holder import this_holder
    from workers.jobs.sweeping import sweep_watch
    from workers.recording import recorded

    counts, bad = Ingested(), 0
    with opened() as (_, store), progress() as bar:
        with store.session() as session:
            get_watch(session, watch)
        with recorded(store, "sweep", f"Watch {watch}", shown=bar) as recorder:
            while True:
                report = sweep_watch(
                    store, watch, holder=this_holder(), recorder=recorder, asked=True
                )
                if report.skipped:
                    raise ConflictError(f"Watch {watch} was not swept: {report.skipped}.")
                counts, bad = counts + report.counts, bad + report.quarantined
                if report.error:
                    raise ListeningError(f"Watch {watch}: {report.error}")
                if not report.more:
                    break
    print(
        f"{counts.rows + bad:,} rows: {counts.posts_new:,} posts new, "
        f"{counts.posts_edited:,} edited, {counts.posts_same:,} known already, "
        f"{bad:,} in quarantine; {counts.mentions_new:,} mentions new."
    )
    if bad:
        print("  `listening quarantine list` shows the rows.")


@app.command()
def backfill(
    watch: Number,
    since: Annotated[str, typer.Option(help="From here, such as 2026-01-01 or 2026-01-01T06:00.")],
    until: Annotated[str | None, typer.Option(help="Up to here; none: now.")] = None,
) -> None:
    """Have a window of the past fetched by its next sweep, apart from what is new."""
    from listening.access import COMMAND_LINE
    from listening.spans import moment_of
    from listening.store.tables.types import now
    from listening.store.watches.edits import backfill_watch
    from listening.store.watches.watches import get_watch

    begin = moment_of("--since", since)
    end = moment_of("--until", until) if until else now()
    with opened() as (_, store), store.work() as session:
        found = get_watch(session, watch)
        backfill_watch(session, COMMAND_LINE, watch, begin, end)
        paused = found.paused_at is not None
    print(
        f"Watch {watch}: {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC is fetched by its next "
        "sweep" + (" once it is resumed." if paused else ", which is due now.")
    )


@app.command()
def remove(
    watch: Number, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a watch; its posts and mentions stay."""
    from listening.access import COMMAND_LINE
    from listening.store.watches.edits import remove_watch
    from listening.store.watches.watches import get_watch

    with opened() as (_, store):
        if not yes:
            typer.confirm(f"Remove watch {watch} and how far it has read?", abort=True)
        with store.work() as session:
            get_watch(session, watch)
            remove_watch(session, COMMAND_LINE, watch)
    print(f"Watch {watch} removed.")


app.command()(secret)


def _row(watch: Watch, brand: Brand, last: Sweep | None) -> dict[str, Any]:
    from listening.sources.registry import where
    from listening.spans import schedule_words
    from listening.store.watches.watches import is_pushed, schedule_of

    due = watch.next_due_at
    return {
        "id": watch.id,
        "brand": brand.name,
        "source": watch.source,
        "where": where(watch.params),
        "schedule": "" if is_pushed(watch) else schedule_words(schedule_of(watch)),
        "state": _state(watch),
        "next_due_at": PUSHED if is_pushed(watch) else due.isoformat() if due else "now",
        "last_sweep": f"{last.status}, {last.rows:,} rows" if last else "none yet",
        "params": dict(watch.params),
        "failures": watch.failures,
        "last_error": watch.last_error,
        "warning": watch.warning,
        "read_until": _iso(watch.read_until),
    }


def _state(watch: Watch) -> str:
    if watch.paused_at:
        return "paused"
    if watch.failures:
        return "failing"
    return "format?" if watch.warning else "well"


def _sweep_row(sweep: Sweep) -> dict[str, Any]:
    facts = sweep.model_dump(exclude={"watch_id", "heartbeat_at"})
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in facts.items()
    }


def _looked(looks: Looks) -> str:
    failed = f" ({looks.failed:,} could not be read)" if looks.failed else ""
    told = f"recent posts of {looks.authors:,} authors looked up{failed}, {looks.posts:,} posts"
    return told + (f"; {looks.waiting:,} authors wait" if looks.on else "; switched off")


def _words(row: dict[str, Any]) -> str:
    due = str(row["next_due_at"])[:16].replace("T", " ")
    when = f"due {due}"
    if row["state"] == "paused" or due == PUSHED:
        when = str(row["state"]) if row["state"] == "paused" else due
    told = [f"{row['brand']} at {row['source']}", row["where"], row["schedule"], when]
    return ", ".join(one for one in told if one)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "now"
