"""What an analysis is to be followed by and was not, since a message or a process was lost.

Told from the jobs alone: each long job stands in the store before it changes anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from listening.store.segments.segmentations import placing_segmentation
from listening.store.segments.segments import current_segmentation
from listening.store.tables import AuditEntry, Job, JobStatus, Review, ReviewVerdict

ALL_BRANDS, ALL_AUTHORS = "All brands", "All authors"
# What follows an analysis that ended so lately is on its way, unless its process died.
GRACE = timedelta(seconds=20)
# A segmentation that began so lately is not begun again: it may be too much for the machine.
PATIENCE = timedelta(seconds=120)
# A segmentation whose process dies every time is left to the night.
TRIES = 3
# Who corrects one mention after another does not have all flagged anew at each: the stances of
# the authors follow at once, and only cases wait for it.
OVERRIDES_WAIT = timedelta(minutes=10)


def flag_is_owed(session: Session, now: datetime) -> bool:
    """Whether something was analysed since all brands were last flagged, and nobody is at it.

    So it is where a person said what an author is, or took it back; and, a while after the
    last time, where one said what a mention says.
    """
    analysed = _latest(_analysed_at(session), _marked_at(session))
    if analysed is None or _running(session, "flag"):
        return False
    # Either side of now, as a clock that was put back shows it.
    lately = select(Job.id).where(
        Job.kind == "analyse",
        Job.status != JobStatus.LOST,
        col(Job.finished_at).between(now - GRACE, now + GRACE),
    )
    if session.exec(lately.limit(1)).first() is not None:
        return False
    flagged = _last(session, func.max(col(Job.started_at)), "flag", ALL_BRANDS, JobStatus.DONE)
    if flagged is None or analysed > flagged:
        return True
    return now - flagged >= OVERRIDES_WAIT and _overridden_since(session, flagged)


def segment_is_owed(session: Session, now: datetime) -> bool:
    """Whether the last segmentation was cut off, or the first never came."""
    lately = select(Job.id).where(
        # As either side of a clock that was put back shows.
        Job.kind == "segment",
        col(Job.started_at).between(now - PATIENCE, now + PATIENCE),
    )
    if _running(session, "segment") or session.exec(lately.limit(1)).first() is not None:
        return False
    ended = select(Job.status, Job.started_at).where(Job.kind == "segment")
    last = list(session.exec(ended.order_by(col(Job.id).desc()).limit(TRIES)))
    lost = [status is JobStatus.LOST for status, _ in last]
    if lost and lost[0]:
        return not (len(lost) == TRIES and all(lost))
    if current_segmentation(session) is not None:
        return False
    analysed = _analysed_at(session)
    return analysed is not None and (not last or analysed > last[0][1])


def place_is_owed(session: Session, now: datetime) -> bool:
    """Whether authors of a run wait for their segment, and nobody is at it."""
    if placing_segmentation(session) is None:
        return False
    if _running(session, "place") or _running(session, "segment"):
        return False
    last = select(Job.status).where(Job.kind == "place").order_by(col(Job.id).desc()).limit(TRIES)
    lost = [status is JobStatus.LOST for status in session.exec(last)]
    return not (len(lost) == TRIES and all(lost))


def _analysed_at(session: Session) -> datetime | None:
    """When the last analysis ended; None: there was none, or one runs and will see to the rest."""
    ended = func.coalesce(col(Job.finished_at), col(Job.heartbeat_at))
    if _running(session, "analyse"):
        return None
    return _last(session, func.max(ended), "analyse")


def _marked_at(session: Session) -> datetime | None:
    """When somebody last said what an author is, or took it back."""
    marked = col(Review.verdict) == ReviewVerdict.MARKED
    said = select(func.max(col(Review.created_at))).where(marked)
    undone = select(func.max(col(Review.undone_at))).where(marked)
    return _latest(session.exec(said).one(), session.exec(undone).one())


def _latest(*moments: datetime | None) -> datetime | None:
    return max((m for m in moments if m is not None), default=None)


def _overridden_since(session: Session, moment: datetime) -> bool:
    statement = select(AuditEntry.id).where(
        AuditEntry.action == "mention.override", col(AuditEntry.at) > moment
    )
    return session.exec(statement.limit(1)).first() is not None


def _running(session: Session, kind: str) -> bool:
    running = select(Job.id).where(Job.kind == kind, Job.status == JobStatus.RUNNING)
    return session.exec(running.limit(1)).first() is not None


def _last(
    session: Session,
    moment: Any,
    kind: str,
    label: str | None = None,
    status: JobStatus | None = None,
) -> datetime | None:
    statement = select(moment).where(Job.kind == kind)
    if label is not None:
        statement = statement.where(Job.label == label)
    if status is not None:
        statement = statement.where(Job.status == status)
    found: datetime | None = session.exec(statement).one()
    return found
