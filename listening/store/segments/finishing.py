"""The end of a run: what its segments are, who came from where, and lists show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, literal, or_, update
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from listening.store.flags.flags import refresh_segments
from listening.store.posts.standing import still_there
from listening.store.segments.figuring import EVERYBODY, NONE, count_figures, write_figures
from listening.store.segments.marking import mark_figures
from listening.store.segments.placing import unplace_changed
from listening.store.segments.segments import current_segmentation, run_id_of, segments_by_label
from listening.store.tables import (
    Lineage,
    LineageEvent,
    Membership,
    MembershipChange,
    PlacedChunk,
    Post,
    RunStatus,
    Segment,
    Segmentation,
    SegmentState,
)
from listening.store.tables.types import UTCDateTime, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a segment of a run is called, and what explains it.

    Attributes:
        keywords: strongest first.
        exemplars: post ids, best first.
        affinities: of each keyword, JSON: "word", "documents" of "of" members' hold it,
            "everywhere" of "among" all, and how many "times" likelier that is.
    """

    name: str
    keywords: Sequence[str]
    exemplars: Sequence[int]
    affinities: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that happened to a segment between two runs; as `Lineage`."""

    event: LineageEvent
    segment_id: int
    other_id: int | None = None
    shared: int = 0
    joined: int = 0
    left: int = 0
    came: int = 0
    gone: int = 0
    moved: float | None = None


def keep_pinned(session: Session, run: Segmentation) -> list[int]:
    """Give pinned segments that no cluster goes on from their members of the last run.

    Returns:
        the segments that were kept so.
    """
    last, run_id = current_segmentation(session), run_id_of(run)
    found = set(segments_by_label(session, run).values())
    pinned = select(Segment).where(
        col(Segment.pinned).is_(True), col(Segment.merged_into).is_(None)
    )
    kept = []
    for segment in session.exec(pinned.order_by(col(Segment.id))).all():
        segment_id = int(segment.id or 0)
        if segment_id in found or last is None or last.id == run_id:
            continue
        kept.append(segment_id)
        _keep(session, segment_id, run_id, run_id_of(last))
    session.flush()
    return kept


def _keep(session: Session, segment_id: int, run_id: int, last: int) -> None:
    stood = select(SegmentState).where(
        SegmentState.segment_id == segment_id, SegmentState.segmentation_id == last
    )
    state = session.exec(stood).first()
    session.add(
        SegmentState(
            segmentation_id=run_id,
            segment_id=segment_id,
            label=-segment_id,
            size=0,
            coarse=None,
            centre=state.centre if state else None,
        )
    )
    old: Any = aliased(Membership)
    same = old.author_id == col(Membership.author_id)
    were = old.segmentation_id == last, old.segment_id == segment_id, old.noise.is_(False)
    strength = select_columns(old.strength).where(same, *were).scalar_subquery()
    session.execute(
        update(Membership)
        .where(
            col(Membership.segmentation_id) == run_id,
            exists().where(same, *were),
        )
        .values(segment_id=segment_id, label=-segment_id, noise=False, strength=strength)
        .execution_options(synchronize_session=False)
    )


def finish_run(
    session: Session,
    made: Segmentation,
    described: Mapping[int, Described],
    *,
    groups: Sequence[dict[str, Any]],
    events: Sequence[Told],
) -> Segmentation | None:
    """Say what the segments of a run are, and let lists show it.

    Args:
        session: inside a unit of work.
        made: the run, all of its authors placed.
        described: by segment.
        groups: the coarse groups, as `Segmentation.groups`.
        events: what became of the segments of the last run.

    Returns:
        the run; None where it is gone. One that was finished meanwhile is left as it is.
    """
    statement = select(Segmentation).where(
        Segmentation.id == made.id, Segmentation.fingerprint == made.fingerprint
    )
    run = session.exec(statement.with_for_update()).first()
    if run is None or run.status is RunStatus.DONE:
        return run
    run_id = run_id_of(run)
    _put_described(session, run_id, described)
    session.execute(delete(Lineage).where(col(Lineage.segmentation_id) == run_id))
    session.add_all(Lineage(segmentation_id=run_id, **asdict(told)) for told in events)
    session.execute(delete(PlacedChunk).where(col(PlacedChunk.segmentation_id) == run_id))
    members, run.noise = _counts(session, run_id)
    run.authors = members + run.noise
    run.groups = list(groups)
    run.status = RunStatus.DONE
    make_current(session, run)
    return run


def _put_described(session: Session, run_id: int, described: Mapping[int, Described]) -> None:
    figures = count_figures(session, run_id)
    write_figures(session, run_id, figures)
    quoted = still_there(session, Post, [i for one in described.values() for i in one.exemplars])
    states = select(SegmentState).where(SegmentState.segmentation_id == run_id)
    for state in session.exec(states.order_by(col(SegmentState.id))).all():
        own, segment = described.get(state.segment_id), session.get(Segment, state.segment_id)
        counted = figures.get((state.segment_id, EVERYBODY), NONE)
        state.size, state.figures = counted.members, counted.as_row()
        if own is not None:
            state.keywords = list(own.keywords)
            state.figures = state.figures | {"affinities": list(own.affinities)}
            state.exemplars = [i for i in own.exemplars if i in quoted]
        if own is not None and segment is not None and not _keeps_name(segment, own.keywords):
            segment.name = own.name
            session.add(segment)
        session.add(state)
    session.flush()


def _keeps_name(segment: Segment, keywords: Sequence[str]) -> bool:
    """A person's name stays for good; one made of words while most of them still tell it."""
    words = segment.name.split(" · ")
    return segment.renamed or 2 * sum(word in keywords for word in words) > len(words)


def _counts(session: Session, run_id: int) -> tuple[int, int]:
    """Members, and noise."""
    statement = (
        select(Membership.noise, func.count())
        .where(Membership.segmentation_id == run_id)
        .group_by(col(Membership.noise))
    )
    found = dict(session.exec(statement).all())
    return found.get(False, 0), found.get(True, 0)


def make_current(session: Session, run: Segmentation) -> int:
    """Let lists show a run, and note who is in another segment by it; returns how many."""
    last = current_segmentation(session)
    changed = 0
    if last is None or last.id != run.id:
        changed = _note_changes(session, run_id_of(run), run_id_of(last) if last else None)
        unplace_changed(session, run.created_at)
        mark_figures(session)
    session.execute(
        update(Segmentation).where(col(Segmentation.id) != run.id).values(current=False)
    )
    run.current = True
    session.add(run)
    refresh_segments(session)
    return changed


def _note_changes(session: Session, run_id: int, last: int | None) -> int:
    """One statement, whatever the number of authors."""
    own: Any = col(Membership.author_id)
    old: Any = aliased(Membership)
    before = and_(old.author_id == own, old.segmentation_id == (last or 0))
    other = or_(
        old.segment_id.is_(None),
        old.segment_id != col(Membership.segment_id),
        old.noise != col(Membership.noise),
    )
    found: Any = (
        select_columns(
            own,
            col(Membership.segment_id),
            old.segment_id,
            col(Membership.noise),
            col(Membership.strength),
            literal(now(), UTCDateTime),
            col(Membership.segmentation_id),
        )
        .outerjoin(old, before)
        .where(col(Membership.segmentation_id) == run_id, other)
        .order_by(own)
    )
    names = (
        "author_id",
        "segment_id",
        "was_id",
        "noise",
        "strength",
        "changed_at",
        "segmentation_id",
    )
    done: Any = session.execute(insert(MembershipChange).from_select(names, found))
    return int(done.rowcount)
