"""`listening job list | show | cancel`: long work, how far it is and how long it takes still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.context import lasting, opened, rate_of
from api.cli.show import CsvOption, JsonOption, LimitOption, plain, put

if TYPE_CHECKING:
    from listening.store.tables import Job

app = typer.Typer(
    help="Imports, analyses, segmentations and other long work.", no_args_is_help=True
)

NumberArgument = Annotated[int, typer.Argument(help="As `listening job list` shows it.")]
_COLUMNS = ("id", "kind", "label", "status", "done", "rate", "left", "started_at")


@app.command("list")
def list_(
    running: Annotated[bool, typer.Option("--running", help="Only what runs.")] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Show long work, the latest first."""
    from listening.store.running.jobs import latest_jobs

    with opened() as (_, store), store.session() as session:
        jobs = latest_jobs(session, None if as_json or as_csv else limit, running=running)
        machine = as_json or as_csv
        rows = [_facts(job) if machine else _shown(job) for job in jobs]
    put(rows, _COLUMNS, as_json=as_json, as_csv=as_csv, empty="No job.")


@app.command()
def show(number: NumberArgument, as_json: JsonOption = False) -> None:
    """Show one job."""
    from listening.store.running.jobs import get_job

    with opened() as (_, store), store.session() as session:
        job = get_job(session, number)
        if as_json:
            put([_facts(job)], (), as_json=True)
            return
        for name, value in {**_facts(job), **_shown(job)}.items():
            if value not in {None, ""}:
                print(plain(f"{name.replace('_', ' ')}: {value}"))


@app.command()
def cancel(number: NumberArgument) -> None:
    """Ask a job to stop; it does within seconds, and what it has done is kept."""
    from listening.store.running.jobs import ask_cancel

    with opened() as (_, store), store.work() as session:
        job = ask_cancel(session, number)
        print(plain(f"Job {number} ({job.kind}: {job.label}) was asked to stop."))


def _facts(job: Job) -> dict[str, Any]:
    """A job for machines: seconds, and things a second."""
    from listening.store.running.jobs import pace_of

    pace = pace_of(job)
    times = ("started_at", "heartbeat_at", "finished_at")
    names = ("id", "kind", "label", "status", "stage", "done", "total")
    return (
        {name: getattr(job, name) for name in names}
        | {"rate": pace.rate, "left_seconds": pace.left}
        | {name: at.isoformat() if (at := getattr(job, name)) else None for name in times}
        | {"holder": job.holder, "correlation": job.correlation}
        | {"cancel_asked": job.cancel_asked, "error": job.error}
    )


def _shown(job: Job) -> dict[str, Any]:
    """A job for a person."""
    from listening.store.running.jobs import pace_of

    pace = pace_of(job)
    done = f"{job.done:,}" if job.total is None else f"{job.done:,} of {job.total:,}"
    asked = job.cancel_asked and job.status == "running"
    return {
        "id": job.id,
        "kind": job.kind,
        "label": job.label,
        "status": "stopping" if asked else str(job.status),
        "done": done,
        "rate": "" if pace.rate is None else rate_of(pace.rate),
        "left": "" if pace.left is None else lasting(pace.left),
        "started_at": job.started_at.isoformat(),
    }
