"""Sweeps and quarantined rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, func, update
from sqlmodel import Session, col, select

from listening.errors import NotFoundError
from listening.store.bulk import chunked, upsert
from listening.store.keeping.tombstones import rows_of_erased
from listening.store.tables import (
    QuarantinedRow,
    QuarantineStatus,
    Sweep,
    SweepStatus,
)
from listening.store.tables.types import now

LOST_AFTER = 60.0  # seconds without a heartbeat

_GONE = "Its worker is gone; what it had stored stands, and the next sweep goes on."


def begin_sweep(
    session: Session,
    *,
    source: str,
    label: str,
    watch_id: int | None = None,
    correlation: str | None = None,
) -> Sweep:
    """Note the start of a pull; that of a watch is lost once it has no heartbeat."""
    heartbeat = None if watch_id is None else now()
    sweep = Sweep(
        source=source,
        label=label,
        watch_id=watch_id,
        heartbeat_at=heartbeat,
        correlation=correlation,
    )
    session.add(sweep)
    session.flush()
    return sweep


def end_sweep(session: Session, sweep: Sweep, *, error: str | None = None) -> None:
    """Note its end."""
    sweep.finished_at = now()
    sweep.status = SweepStatus.FAILED if error else SweepStatus.DONE
    sweep.error = error
    session.add(sweep)


def latest_sweeps(session: Session, limit: int = 20) -> list[Sweep]:
    """The last pulls, newest first."""
    return list(session.exec(select(Sweep).order_by(col(Sweep.id).desc()).limit(limit)))


def sweeps_of(session: Session, watch_id: int, limit: int = 20) -> list[Sweep]:
    """The last sweeps of a watch, newest first."""
    own = select(Sweep).where(Sweep.watch_id == watch_id)
    return list(session.exec(own.order_by(col(Sweep.id).desc()).limit(limit)))


def beat_sweep(session: Session, sweep_id: int, **more: int) -> bool:
    """Say that a sweep lives, and add to its counts.

    The row is the sweep's licence to write: once it is no longer running (found lost, another
    took over) this gives False, and whatever else the unit of work holds must not be committed.
    """
    counts = {name: getattr(Sweep, name) + value for name, value in more.items()}
    held = session.execute(
        update(Sweep)
        .where(col(Sweep.id) == sweep_id, col(Sweep.status) == SweepStatus.RUNNING)
        .values(heartbeat_at=now(), **counts)
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", held).rowcount)


def close_sweep(
    session: Session, sweep_id: int, status: SweepStatus, *, error: str | None = None
) -> bool:
    """Note how a running sweep ended; False where it ended already."""
    held = session.execute(
        update(Sweep)
        .where(col(Sweep.id) == sweep_id, col(Sweep.status) == SweepStatus.RUNNING)
        .values(status=status, finished_at=now(), error=error)
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", held).rowcount)


def lease_of(watch_id: int) -> str:
    """The lease that the sweep of a watch holds."""
    return f"watch:{watch_id}"


def lose_sweeps(session: Session, watch_id: int | None = None, *, why: str = _GONE) -> int:
    """Running sweeps of watches whose worker died become lost; how many.

    Args:
        session: inside a unit of work.
        watch_id: all running ones of this watch, whose lease somebody else has by now;
            None: those of any watch without a heartbeat for a minute.
        why: what becomes of it, for people.
    """
    running = update(Sweep).where(col(Sweep.status) == SweepStatus.RUNNING)
    if watch_id is None:
        running = running.where(_silent(now()))
    else:
        running = running.where(col(Sweep.watch_id) == watch_id)
    lost = session.execute(
        running.values(
            status=SweepStatus.LOST,
            finished_at=now(),
            error=why,
        ).execution_options(synchronize_session=False)
    )
    return int(cast("CursorResult[Any]", lost).rowcount)


def sweeping(session: Session) -> set[int]:
    """Watches that are being swept by a worker that lives."""
    alive = select(Sweep.watch_id).where(
        Sweep.status == SweepStatus.RUNNING, ~_silent(now()), col(Sweep.watch_id).is_not(None)
    )
    return {watch_id for watch_id in session.exec(alive) if watch_id is not None}


def _silent(moment: datetime) -> ColumnElement[bool]:
    """No heartbeat of late. One yet to come was written before the clock stepped back."""
    late = timedelta(seconds=LOST_AFTER)
    beat = col(Sweep.heartbeat_at)
    return beat.is_not(None) & ((beat < moment - late) | (beat > moment + late))


def quarantine(
    session: Session,
    *,
    sweep_id: int | None,
    file: str,
    rows: Iterable[tuple[int, str | None, str, str]],
) -> int:
    """Keep rows that could not be read: (line, field, reason, raw). The same row is kept once.

    Rows that tell an erased author are not kept.
    """
    kept: dict[tuple[str, int, str], dict[str, Any]] = {}
    for line, field, reason, raw in rows:
        digest = hashlib.blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        kept[file, line, digest] = {
            "sweep_id": sweep_id,
            "file": file,
            "line": line,
            "field": field,
            "reason": reason,
            # PostgreSQL stores no NUL, and neither store a lone surrogate.
            "raw": raw.encode("utf-8", "replace").decode().replace("\x00", "\\x00"),
            "raw_hash": digest,
            "status": QuarantineStatus.WAITING,
            "created_at": now(),
        }
    for key in rows_of_erased(session, {key: row["raw"] for key, row in kept.items()}):
        del kept[key]
    ignored = select(QuarantinedRow).where(
        QuarantinedRow.file == file, QuarantinedRow.status == QuarantineStatus.IGNORED
    )
    for row in session.exec(ignored):
        if (own := kept.get((file, row.line, row.raw_hash))) is not None:
            own["status"] = QuarantineStatus.IGNORED
    upsert(
        session,
        QuarantinedRow,
        list(kept.values()),
        key=("file", "line", "raw_hash"),
        update=("reason", "field", "status", "sweep_id"),
    )
    return len(kept)


def waiting_rows(session: Session, file: str | None = None) -> list[QuarantinedRow]:
    """Rows that still wait, by file and line."""
    statement = select(QuarantinedRow).where(QuarantinedRow.status == QuarantineStatus.WAITING)
    if file is not None:
        statement = statement.where(QuarantinedRow.file == file)
    return list(session.exec(statement.order_by(QuarantinedRow.file, col(QuarantinedRow.line))))


def resolve_rows(session: Session, file: str, lines: Sequence[int]) -> None:
    """Rows of a file that could be read this time."""
    for chunk in chunked(sorted(set(lines)), 5000):
        session.execute(
            update(QuarantinedRow)
            .where(col(QuarantinedRow.file) == file, col(QuarantinedRow.line).in_(chunk))
            .values(status=QuarantineStatus.RESOLVED)
        )


def resolve_older(session: Session, file: str, sweep_id: int) -> None:
    """Rows of a file that a later reading of the whole file no longer rejects."""
    session.execute(
        update(QuarantinedRow)
        .where(
            col(QuarantinedRow.file) == file,
            col(QuarantinedRow.sweep_id).is_distinct_from(sweep_id),
            col(QuarantinedRow.status) == QuarantineStatus.WAITING,
        )
        .values(status=QuarantineStatus.RESOLVED)
    )


def resolve_from(session: Session, file: str, line: int) -> None:
    """Rows of a file from a line on, which are read anew."""
    session.execute(
        update(QuarantinedRow)
        .where(
            col(QuarantinedRow.file) == file,
            col(QuarantinedRow.line) >= line,
            col(QuarantinedRow.status) == QuarantineStatus.WAITING,
        )
        .values(status=QuarantineStatus.RESOLVED)
    )


def count_waiting(session: Session) -> int:
    """How many rows wait."""
    waiting = QuarantinedRow.status == QuarantineStatus.WAITING
    return session.exec(select(func.count()).select_from(QuarantinedRow).where(waiting)).one()


def get_sweep(session: Session, sweep_id: int) -> Sweep:
    """A sweep by id.

    Raises:
        NotFoundError: none.
    """
    sweep = session.get(Sweep, sweep_id)
    if sweep is None:
        raise NotFoundError(f"No sweep {sweep_id}.")
    return sweep
