"""One reading of the whole state: what there is, what is due, who works, what failed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, text
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.config import Settings
from listening.health import Health, JobState, SweepState, Trouble, WatchState, WorkerState
from listening.logs import masked
from listening.queues import read_queues
from listening.store.running.amounts import read_amounts
from listening.store.running.jobs import latest_jobs, pace_of
from listening.store.tables import (
    Brand,
    Claim,
    Job,
    JobStatus,
    Presence,
    Sweep,
    SweepStatus,
    Watch,
)
from listening.store.tables.types import now
from listening.store.watches.sweeps import count_waiting
from listening.store.watches.watches import is_pushed, is_watch_due

_TROUBLES = 10
_JOBS = 50
_TOLD = timedelta(days=7)
_GONE = timedelta(days=1)  # a process not seen for so long is no longer listed


def health(
    session: Session, settings: Settings, *, at: datetime | None = None, model: str | None = None
) -> Health:
    """Read the whole state; nothing is written, and a silent broker costs half a second at most.

    Args:
        session: to read with, of a migrated store.
        settings: name the broker and the data folder.
        at: the moment; None: now.
        model: the present one; None: the one of the latest analysis.
    """
    at = at or now()
    workers = read_workers(session, at)
    free, total = disk(settings.data_dir)
    return Health(
        at=at,
        schema=MigrationContext.configure(session.connection()).get_current_revision() or "",
        amounts=read_amounts(session, model=model),
        watches=read_watches(session),
        workers=workers,
        queues=read_queues(settings, _queues_of(workers, at)),
        jobs=[_job_state(job) for job in latest_jobs(session, _JOBS, running=True)],
        jobs_by_status=_jobs_by_status(session),
        troubles=read_troubles(session, at),
        quarantined=count_waiting(session),
        store_bytes=store_bytes(session),
        disk_free=free,
        disk_total=total,
    )


def _queues_of(workers: Iterable[WorkerState], at: datetime) -> set[str]:
    return {queue for worker in workers if worker.alive(at) for queue in worker.queues}


def read_workers(session: Session, at: datetime) -> list[WorkerState]:
    """The processes seen within a day, by kind and name."""
    rows = session.exec(select(Presence).order_by(col(Presence.kind), col(Presence.name)))
    return [
        WorkerState(
            name=row.name,
            kind=row.kind,
            host=row.host,
            pid=row.pid,
            queues=tuple(row.queues),
            started_at=row.started_at,
            seen_at=row.seen_at,
            doing=row.doing,
            memory=row.memory,
        )
        for row in rows
        if abs(at - row.seen_at) < _GONE
    ]


def read_watches(session: Session) -> list[WatchState]:
    """Every watch with its last sweep, soonest due first."""
    moment = now()
    latest = (
        select_columns(func.max(col(Sweep.id)))
        .where(col(Sweep.watch_id) == col(Watch.id))
        .correlate(Watch)
        .scalar_subquery()
    )
    statement: Any = (
        select_columns(Watch, col(Brand.name), Sweep)
        .join(Brand, col(Brand.id) == col(Watch.brand_id))
        .outerjoin(Sweep, col(Sweep.id) == latest)
    )
    found = [
        WatchState(
            id=watch.id,
            brand=name,
            source=watch.source,
            due_at=None if is_pushed(watch) else watch.next_due_at,
            pushed=is_pushed(watch),
            paused_at=watch.paused_at,
            failures=watch.failures,
            failing_since=_failing_since(session, watch.id) if watch.failures else None,
            error=_shown(watch.last_error),
            quiet=not is_watch_due(watch, moment),
            warning=_shown(watch.warning),
            read_until=watch.read_until,
            last=_sweep_state(sweep) if sweep is not None else None,
        )
        for watch, name, sweep in session.execute(statement)
    ]
    far = datetime.max.replace(tzinfo=now().tzinfo)
    return sorted(found, key=lambda w: (w.paused_at is not None, w.due_at or far, w.id))


def _failing_since(session: Session, watch_id: int) -> datetime | None:
    """When the first of the failures in a row began."""
    good = (
        select(func.max(col(Sweep.id)))
        .where(Sweep.watch_id == watch_id, Sweep.status == SweepStatus.DONE)
        .scalar_subquery()
    )
    bad = (SweepStatus.FAILED, SweepStatus.LOST)
    statement = (
        select(Sweep.started_at)
        .where(Sweep.watch_id == watch_id, col(Sweep.id) > func.coalesce(good, 0))
        .where(col(Sweep.status).in_(bad))
        .order_by(col(Sweep.id))
        .limit(1)
    )
    return session.exec(statement).first()


def _sweep_state(sweep: Sweep) -> SweepState:
    return SweepState(
        id=int(sweep.id or 0),
        status=str(sweep.status),
        started_at=sweep.started_at,
        finished_at=sweep.finished_at,
        rows=sweep.rows,
        posts_new=sweep.posts_new,
        mentions_new=sweep.mentions_new,
        quarantined=sweep.quarantined,
        error=_shown(sweep.error),
    )


def _job_state(job: Job) -> JobState:
    pace = pace_of(job)
    return JobState(
        id=int(job.id or 0),
        kind=job.kind,
        label=job.label,
        status=str(job.status),
        stage=job.stage,
        done=job.done,
        total=job.total,
        rate=pace.rate,
        left=pace.left,
        started_at=job.started_at,
        heartbeat_at=job.heartbeat_at,
        holder=job.holder,
        correlation=job.correlation,
    )


def _jobs_by_status(session: Session) -> dict[str, int]:
    counted = session.exec(select(Job.status, func.count()).group_by(Job.status))
    return {str(status): count for status, count in counted}


def read_troubles(session: Session, at: datetime, limit: int = _TROUBLES) -> list[Trouble]:
    """What failed within a week, newest first; posts given up last: their time is not known."""
    found = [
        Trouble(s.finished_at or s.started_at, f"sweep {s.id} {s.label}", _shown(s.error) or "lost")
        for s in session.exec(
            select(Sweep)
            .where(col(Sweep.started_at) > at - _TOLD)
            .where(col(Sweep.status).in_((SweepStatus.FAILED, SweepStatus.LOST)))
            .order_by(col(Sweep.started_at).desc())
            .limit(limit)
        )
    ]
    found += [
        Trouble(j.finished_at or j.started_at, f"{j.kind} {j.label}", _shown(j.error) or "lost")
        for j in session.exec(
            select(Job)
            .where(col(Job.started_at) > at - _TOLD)
            .where(col(Job.status).in_((JobStatus.FAILED, JobStatus.LOST)))
            .order_by(col(Job.started_at).desc())
            .limit(limit)
        )
    ]
    timed = [(trouble.at, trouble) for trouble in found if trouble.at is not None]
    latest = [trouble for _, trouble in sorted(timed, key=lambda pair: pair[0], reverse=True)]
    given_up = session.exec(
        select(Claim).where(col(Claim.error).is_not(None)).order_by(Claim.post_id).limit(limit)  # type: ignore[arg-type]
    )
    poisoned = [Trouble(None, f"post {c.post_id}", _shown(c.error) or "") for c in given_up]
    return (latest + poisoned)[:limit]


def _shown(error: str | None) -> str | None:
    """An error as it may be shown: one line, without passwords, not endless."""
    if error is None:
        return None
    return masked(" ".join(error.split()))[:500]


def store_bytes(session: Session) -> int | None:
    """The size of the store on its disk, journal left out."""
    postgres = session.get_bind().dialect.name == "postgresql"
    asked = (
        "SELECT pg_database_size(current_database())"
        if postgres
        else "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    )
    found = session.execute(text(asked)).scalar()
    return None if found is None else int(found)


def disk(folder: Path) -> tuple[int | None, int | None]:
    """Bytes free and in all where the data folder stands; unknown where there is none yet."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return usage.free, usage.total
