"""What piles up by itself and is thrown away after a while; each function is a bounded unit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col, select

from listening.store.tables import (
    AuditEntry,
    Backfill,
    Change,
    Claim,
    Counter,
    FailedAttempt,
    Job,
    JobStatus,
    Lease,
    Membership,
    OneTimeLink,
    Post,
    Presence,
    QuarantinedRow,
    QuarantineStatus,
    Segmentation,
    SegmentationFit,
    SegmentState,
    SignIn,
    Sweep,
    SweepStatus,
)

_PRUNED = "pruned:"  # fingerprint of a run on its way out: nothing may make it current again


def drop_jobs(session: Session, before: datetime, limit: int) -> int:
    """Jobs that ended before a moment."""
    over = col(Job.status) != JobStatus.RUNNING, col(Job.heartbeat_at) < before
    return _drop(session, Job, col(Job.id), limit, *over)


def drop_backfills(session: Session, before: datetime, limit: int) -> int:
    """Back-fills that were finished before a moment."""
    return _drop(session, Backfill, col(Backfill.id), limit, col(Backfill.finished_at) < before)


def drop_resolved_rows(session: Session, before: datetime, limit: int) -> int:
    """Quarantined rows that came before a moment and need not be read; those that wait stay."""
    over = (
        col(QuarantinedRow.status) != QuarantineStatus.WAITING,
        col(QuarantinedRow.created_at) < before,
    )
    return _drop(session, QuarantinedRow, col(QuarantinedRow.id), limit, *over)


def drop_presences(session: Session, before: datetime, limit: int) -> int:
    """Processes that were last seen before a moment."""
    return _drop(session, Presence, col(Presence.name), limit, col(Presence.seen_at) < before)


def drop_leases(session: Session, before: datetime, limit: int) -> int:
    """Leases that ran out before a moment."""
    return _drop(session, Lease, col(Lease.name), limit, col(Lease.until) < before)


def drop_claims(session: Session, before: datetime, limit: int) -> int:
    """Claims that ran out before a moment, but those that keep a poisoned text aside.

    How often a worker died at a post is forgotten only once nobody has tried for so long, or
    the text is another by now.
    """
    same = exists().where(
        col(Post.id) == col(Claim.post_id), col(Post.text_hash) == col(Claim.text_hash)
    )
    over = col(Claim.until) < before, or_(col(Claim.error).is_(None), ~same)
    return _drop(session, Claim, col(Claim.post_id), limit, *over)


def drop_idle_counters(session: Session) -> int:
    """Counters that never counted anything."""
    done: Any = session.execute(delete(Counter).where(col(Counter.value) == 0))
    return int(done.rowcount)


def drop_sweeps(session: Session, before: datetime, *, least: int, limit: int) -> int:
    """Sweeps that began before a moment; the latest `least` of each watch stay.

    Imports by hand count as one watch.
    """
    ranked = select_columns(
        col(Sweep.id),
        col(Sweep.started_at),
        col(Sweep.status),
        func.row_number()
        .over(partition_by=col(Sweep.watch_id), order_by=col(Sweep.id).desc())
        .label("place"),
    ).subquery()
    chosen = (
        select_columns(ranked.c.id)
        .where(
            ranked.c.place > least,
            ranked.c.started_at < before,
            ranked.c.status != SweepStatus.RUNNING,
        )
        .order_by(ranked.c.id)
        .limit(limit)
    )
    ids = list(session.execute(chosen).scalars())
    return _drop(session, Sweep, col(Sweep.id), limit, col(Sweep.id).in_(ids)) if ids else 0


def forget_runs(session: Session, *, keep: int, limit: int) -> int:
    """Of segmentations beyond the latest `keep` and the current one: memberships, then the fit.

    The run itself stays with its lineage and its segments' states, but for the posts and
    mentions that these quote: history goes back for ever.

    Returns:
        memberships that went, and one more for a run that is forgotten; 0: nothing is left to do.
    """
    latest = select(Segmentation.id).order_by(col(Segmentation.id).desc()).limit(keep)
    standing = list(session.exec(latest))
    oldest = (
        select(Segmentation.id)
        .where(
            col(Segmentation.id).not_in(standing),
            col(Segmentation.current).is_(False),
            col(Segmentation.fingerprint).is_not(None),
        )
        .order_by(col(Segmentation.id))
        .limit(1)
    )
    run = session.exec(oldest).first()
    if run is None:
        return 0
    own = update(Segmentation).where(
        col(Segmentation.id) == run, col(Segmentation.current).is_(False)
    )
    session.execute(own.values(fingerprint=f"{_PRUNED}{run}"))
    of_run = col(Membership.segmentation_id) == run
    gone = _drop(session, Membership, col(Membership.author_id), limit, of_run, and_again=of_run)
    if gone < limit:
        session.execute(delete(SegmentationFit).where(col(SegmentationFit.segmentation_id) == run))
        for state in session.exec(select(SegmentState).where(SegmentState.segmentation_id == run)):
            state.exemplars = []
            state.figures = {k: v for k, v in state.figures.items() if k != "words"}
            session.add(state)
        session.flush()
        session.execute(own.values(fingerprint=None))
        gone += 1
    return gone


def _drop(
    session: Session,
    table: type[SQLModel],
    key: Any,
    limit: int,
    *where: ColumnElement[bool],
    and_again: ColumnElement[bool] | None = None,
) -> int:
    """Delete at most `limit` rows that fit, by the order of their key."""
    ids = list(
        session.execute(select_columns(key).where(*where).order_by(key).limit(limit)).scalars()
    )
    if not ids:
        return 0
    chosen = [key.in_(ids)] if and_again is None else [key.in_(ids), and_again]
    done: Any = session.execute(delete(table).where(*chosen))
    return int(done.rowcount)


def drop_sign_ins(session: Session, moment: datetime, seen: datetime, limit: int) -> int:
    """Browsers whose time is over, and those not seen since a moment."""
    over = or_(col(SignIn.until) <= moment, col(SignIn.seen_at) < seen)
    return _drop(session, SignIn, col(SignIn.token_hash), limit, over)


def drop_links(session: Session, before: datetime, limit: int) -> int:
    """One-time links that ran out before a moment."""
    return _drop(
        session, OneTimeLink, col(OneTimeLink.token_hash), limit, col(OneTimeLink.until) < before
    )


def drop_attempts(session: Session, before: datetime, limit: int) -> int:
    """Failed sign-ins that count no more."""
    return _drop(
        session, FailedAttempt, col(FailedAttempt.id), limit, col(FailedAttempt.at) < before
    )


def drop_changes(session: Session, before: datetime, limit: int) -> int:
    """Changes that open pages have heard of long ago."""
    return _drop(session, Change, col(Change.id), limit, col(Change.at) < before)


def drop_audit(session: Session, before: datetime, limit: int) -> int:
    """Entries of the audit log from before a moment."""
    return _drop(session, AuditEntry, col(AuditEntry.id), limit, col(AuditEntry.at) < before)
