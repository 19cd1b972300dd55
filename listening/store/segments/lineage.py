"""Where segments come from and how they went: runs, states over time, lineage, an author's past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from listening.store.segments.segments import merged_segments
from listening.store.tables import (
    Lineage,
    LineageEvent,
    MembershipChange,
    RunStatus,
    Segment,
    Segmentation,
    SegmentState,
)


@dataclass(frozen=True, slots=True)
class PastState:
    """A segment as one run found it.

    Attributes:
        share: of the run's authors; None where the run had none.
    """

    run: Segmentation
    state: SegmentState
    share: float | None


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One thing that happened to a segment, with the names as they are now.

    Attributes:
        segment: what it is told of.
        other: what it came out of, or what went into it.
    """

    run: Segmentation
    told: Lineage
    segment: Segment
    other: Segment | None


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run with its segments and what happened in it, by kind."""

    run: Segmentation
    segments: int
    events: dict[LineageEvent, int]


@dataclass(frozen=True, slots=True)
class PastChange:
    """An author's way from one segment to another.

    Attributes:
        was: None: in none before, or in one that is gone.
    """

    change: MembershipChange
    segment: Segment
    was: Segment | None


def segment_history(session: Session, segment_id: int) -> list[PastState]:
    """A segment in every run that had it, latest first."""
    statement = (
        select(Segmentation, SegmentState)
        .join(SegmentState, col(SegmentState.segmentation_id) == col(Segmentation.id))
        .where(SegmentState.segment_id == segment_id, Segmentation.status == RunStatus.DONE)
        .order_by(col(Segmentation.id).desc())
    )
    return [
        PastState(run, state, state.size / run.authors if run.authors else None)
        for run, state in session.exec(statement)
    ]


def lineage_of(session: Session, segment_id: int) -> list[PastEvent]:
    """All that happened to a segment, and to others with it, latest first.

    What was merged into it by people is told as well: it is one segment.
    """
    own = {segment_id} | {i for i, end in merged_segments(session).items() if end == segment_id}
    return _events(session, own=own)


def lineage_of_run(session: Session, run_id: int) -> list[PastEvent]:
    """What became of every segment in one run, in the order it was told."""
    return list(reversed(_events(session, run_id=run_id)))


def _events(
    session: Session, *, own: set[int] | None = None, run_id: int | None = None
) -> list[PastEvent]:
    other: Any = aliased(Segment)
    statement = (
        select(Segmentation, Lineage, Segment, other)
        .join(Lineage, col(Lineage.segmentation_id) == col(Segmentation.id))
        .join(Segment, col(Segment.id) == col(Lineage.segment_id))
        .outerjoin(other, other.id == col(Lineage.other_id))
        .order_by(col(Segmentation.id).desc(), col(Lineage.id).desc())
    )
    if own is not None:
        named = col(Lineage.segment_id).in_(sorted(own)) | col(Lineage.other_id).in_(sorted(own))
        statement = statement.where(named)
    if run_id is not None:
        statement = statement.where(Segmentation.id == run_id)
    return [PastEvent(*row) for row in session.exec(statement)]


def run_history(session: Session, *, limit: int | None = None) -> list[PastRun]:
    """Finished runs, latest first."""
    statement = (
        select(Segmentation)
        .where(Segmentation.status == RunStatus.DONE)
        .order_by(col(Segmentation.id).desc())
        .limit(limit)
    )
    runs = list(session.exec(statement))
    ids = [int(run.id or 0) for run in runs]
    states = (
        select(SegmentState.segmentation_id, func.count())
        .where(col(SegmentState.segmentation_id).in_(ids))
        .group_by(col(SegmentState.segmentation_id))
    )
    sizes = dict(session.exec(states).all())
    told = (
        select(Lineage.segmentation_id, Lineage.event, func.count())
        .where(col(Lineage.segmentation_id).in_(ids))
        .group_by(col(Lineage.segmentation_id), col(Lineage.event))
    )
    events: dict[int, dict[LineageEvent, int]] = {}
    for run_id, event, count in session.exec(told):
        events.setdefault(run_id, {})[LineageEvent(event)] = count
    return [PastRun(r, sizes.get(i, 0), events.get(i, {})) for r, i in zip(runs, ids, strict=True)]


def author_history(
    session: Session, author_id: int, *, since: datetime | None = None
) -> list[PastChange]:
    """The segments an author came into, latest first."""
    was: Any = aliased(Segment)
    statement = (
        select(MembershipChange, Segment, was)
        .join(Segment, col(Segment.id) == col(MembershipChange.segment_id))
        .outerjoin(was, was.id == col(MembershipChange.was_id))
        .where(MembershipChange.author_id == author_id)
        .order_by(col(MembershipChange.changed_at).desc(), col(MembershipChange.id).desc())
    )
    if since is not None:
        statement = statement.where(MembershipChange.changed_at >= since)
    return [PastChange(*row) for row in session.exec(statement)]


def centres_of(session: Session, run_id: int) -> dict[int, bytes]:
    """The centres of a run's segments, float32 bytes, where they are known."""
    statement = select(SegmentState.segment_id, SegmentState.centre).where(
        SegmentState.segmentation_id == run_id, col(SegmentState.centre).is_not(None)
    )
    return {segment_id: centre or b"" for segment_id, centre in session.exec(statement)}
