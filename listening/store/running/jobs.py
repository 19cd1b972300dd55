"""Long jobs: how far each is, at what rate, what is left, and asking one to stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from listening.errors import ConflictError, NotFoundError
from listening.store.tables import Job, JobStatus
from listening.store.tables.types import now

# A job whose process lives says so far more often.
LOST_AFTER = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the present stage of a job goes.

    Attributes:
        rate: things a second; None while nothing is done yet.
        left: seconds until the stage is done; None where that cannot be told.
    """

    rate: float | None
    left: float | None


def pace(done: int, total: int | None, seconds: float) -> Pace:
    """Rate and time left of a stage that stands like this after so many seconds."""
    if done <= 0 or seconds <= 0:  # a clock that stepped back tells no rate
        return Pace(None, None)
    rate = done / seconds
    return Pace(rate, None if total is None else max(total - done, 0) / rate)


def pace_of(job: Job) -> Pace:
    """Rate and time left as of what the job said last; of one that ended only the rate."""
    seconds = (job.heartbeat_at - job.stage_at).total_seconds()
    found = pace(job.done, job.total, seconds)
    return found if job.status is JobStatus.RUNNING else Pace(found.rate, None)


def begin_job(
    session: Session, kind: str, label: str, *, holder: str, correlation: str | None = None
) -> int:
    """Note that a job runs; returns its id."""
    job = Job(kind=kind, label=label, holder=holder, correlation=correlation)
    session.add(job)
    session.flush()
    return int(job.id or 0)


def beat_job(
    session: Session,
    job_id: int,
    *,
    stage: str | None,
    done: int,
    total: int | None,
    stage_at: datetime,
) -> bool:
    """Write how far a job is; returns whether somebody asked it to stop.

    A job that was given up for lost and beats again runs after all.
    """
    moment = now()
    session.execute(
        update(Job)
        .where(col(Job.id) == job_id)
        .values(
            status=JobStatus.RUNNING,
            stage=stage,
            done=done,
            total=total,
            stage_at=stage_at,
            heartbeat_at=moment,
            finished_at=None,
            error=None,
        )
    )
    return bool(session.exec(select(Job.cancel_asked).where(Job.id == job_id)).first())


def end_job(session: Session, job_id: int, status: JobStatus, error: str | None = None) -> None:
    """Note how a job ended."""
    moment = now()
    session.execute(
        update(Job)
        .where(col(Job.id) == job_id)
        .values(status=status, error=error, finished_at=moment, heartbeat_at=moment)
    )


def get_job(session: Session, job_id: int) -> Job:
    """A job by its id.

    Raises:
        NotFoundError: there is none.
    """
    job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError(f"No job {job_id}; `listening job list` shows those there are.")
    return job


def latest_jobs(session: Session, limit: int | None = 20, *, running: bool = False) -> list[Job]:
    """Jobs, those that began last first (None: all); `running` leaves out those that ended."""
    statement = select(Job).order_by(col(Job.started_at).desc(), col(Job.id).desc()).limit(limit)
    if running:
        statement = statement.where(Job.status == JobStatus.RUNNING)
    return list(session.exec(statement))


def ask_cancel(session: Session, job_id: int) -> Job:
    """Ask a running job to stop; it does within a batch, and what it has done stands.

    Raises:
        NotFoundError: there is no such job.
        ConflictError: it ended already.
    """
    job = get_job(session, job_id)
    if job.status is not JobStatus.RUNNING:
        raise ConflictError(f"Job {job_id} ({job.label}) is not running: {job.status}.")
    job.cancel_asked = True
    session.add(job)
    return job


def settle_lost_jobs(session: Session, now: datetime) -> int:
    """Running jobs that have not said for long that they live are lost; returns how many.

    One that says so from further ahead wrote that before the clock stepped back, and has
    not beaten since.
    """
    beat = col(Job.heartbeat_at)
    ended = session.execute(
        update(Job)
        .where(
            col(Job.status) == JobStatus.RUNNING,
            or_(beat < now - LOST_AFTER, beat > now + LOST_AFTER),
        )
        .values(status=JobStatus.LOST, finished_at=now, error="its process died")
        .returning(col(Job.id))
    )
    return len(ended.all())
