"""What people decide about segments: names, merges, pins, what is hidden. No run changes it."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from listening.errors import ConflictError, ListeningError, NotFoundError
from listening.store.flags.flags import refresh_segments
from listening.store.posts.standing import still_there
from listening.store.segments.artefacts import count_again
from listening.store.segments.segments import (
    current_segmentation,
    merged_segments,
    own_segments,
    run_id_of,
    segments_by_label,
)
from listening.store.tables import (
    Membership,
    Post,
    RunStatus,
    Segment,
    Segmentation,
    SegmentState,
)

LONGEST = 120  # characters of a name


def find_segment(session: Session, who: str) -> Segment:
    """The segment whom a number, or a name, means.

    Raises:
        NotFoundError: nobody.
        ConflictError: several of the name; lists their numbers.
    """
    who = who.strip()
    if who.isdecimal() and (found := session.get(Segment, int(who))) is not None:
        return found
    named = select(Segment).where(func.lower(Segment.name) == who.casefold())
    several = list(session.exec(named.order_by(col(Segment.id))))
    if len(several) > 1:
        listed = ", ".join(str(one.id) for one in several)
        raise ConflictError(f'{len(several)} segments are named "{who}": say which ({listed}).')
    if not several:
        raise NotFoundError(f"No segment {who}: `listening segments` lists numbers and names.")
    return several[0]


def rename_segment(session: Session, segment: Segment, name: str | None) -> Segment:
    """Give a segment a name for good; None: the words of its latest run name it again.

    Raises:
        ListeningError: the name is blank or too long.
        ConflictError: the segment is part of another.
    """
    _stands(session, segment)
    if name is None:
        latest = (
            select(SegmentState)
            .where(SegmentState.segment_id == segment.id)
            .order_by(col(SegmentState.segmentation_id).desc())
        )
        state = session.exec(latest).first()
        words = state.keywords[:3] if state is not None else []
        segment.name, segment.renamed = " · ".join(words) or "no common words", False
    else:
        name = " ".join(name.split())
        if not name or len(name) > LONGEST:
            raise ListeningError(
                f"A segment's name has 1 to {LONGEST} characters, this one {len(name)}."
            )
        segment.name, segment.renamed = name, True
    session.add(segment)
    session.flush()
    return segment


def pin_segment(session: Session, segment: Segment, pinned: bool) -> Segment:
    """Have every run keep a segment, found again or not; or leave it to what is found.

    Raises:
        ConflictError: the segment is part of another.
    """
    _stands(session, segment)
    segment.pinned = pinned
    session.add(segment)
    session.flush()
    return segment


def hide_segment(session: Session, segment: Segment, hidden: bool) -> Segment:
    """Leave a segment out of lists unless they are asked for it; or show it again.

    Raises:
        ConflictError: the segment is part of another.
    """
    _stands(session, segment)
    segment.hidden = hidden
    session.add(segment)
    session.flush()
    return segment


def merge_segments(session: Session, segment: Segment, into: Segment) -> Segment:
    """Make a segment part of another, in lists at once and in every later run.

    Both are still found by themselves, so that the merge can be taken back. Keywords and
    exemplars of the whole are found by the next run.

    Returns:
        the segment that stands for both.

    Raises:
        ConflictError: the same one, or merged already.
    """
    ends = merged_segments(session)
    _stands(session, segment)
    own, end_id = _number(segment), ends.get(_number(into), _number(into))
    end = session.get_one(Segment, end_id)
    if own == end_id:
        raise ConflictError(f"Segment {into.id} is {segment.id} already: name two segments.")
    for run in _shown_runs(session):
        _remember_clusters(session, run)
    segment.merged_into = end_id
    session.add(segment)
    session.flush()
    for run in _shown_runs(session):
        _move_members(session, run, own, end_id)
        theirs, whole = _state(session, run, own), _state(session, run, end_id)
        if theirs is not None and whole is None:
            theirs.segment_id = end_id
            session.add(theirs)
            session.flush()
        _count_again(session, run, [own, end_id])
    refresh_segments(session)
    return end


def unmerge_segment(session: Session, segment: Segment) -> Segment:
    """Take a merge back: the segment has its own members again.

    Where the current run did not find it by itself it has none, and comes back when one does.

    Raises:
        ConflictError: it is not merged.
    """
    own = _number(segment)
    end_id = merged_segments(session).get(own)
    if end_id is None:
        raise ConflictError(f"Segment {own} ({segment.name}) is not merged into another.")
    segment.merged_into = None
    session.add(segment)
    session.flush()
    for run in _shown_runs(session):
        labels = [i for i, stands in segments_by_label(session, run).items() if stands == own]
        if not labels:
            continue
        _give_back(session, run, labels, own, end_id)
        _own_state(session, run, labels, own, end_id)
        _count_again(session, run, [own, end_id])
    refresh_segments(session)
    return segment


def pinned_segments(session: Session) -> list[int]:
    """Segments that every run keeps, by id."""
    pinned = select(Segment.id).where(
        col(Segment.pinned).is_(True), col(Segment.merged_into).is_(None)
    )
    return [int(i or 0) for i in session.exec(pinned.order_by(col(Segment.id)))]


def _stands(session: Session, segment: Segment) -> None:
    if segment.merged_into is not None:
        end = merged_segments(session)[_number(segment)]
        raise ConflictError(
            f"Segment {segment.id} ({segment.name}) is part of {end}: name that one, or "
            f"`listening segments unmerge {segment.id}` first."
        )


def _number(segment: Segment) -> int:
    if segment.id is None:
        raise ValueError("the segment is not stored")
    return segment.id


def _shown_runs(session: Session) -> list[Segmentation]:
    """The current run, and one that is on its way to be."""
    placing = select(Segmentation).where(Segmentation.status == RunStatus.PLACING)
    current = current_segmentation(session)
    return [*([current] if current is not None else []), *session.exec(placing).all()]


def _remember_clusters(session: Session, run: Segmentation) -> None:
    """Runs of older releases say only by their states which cluster is whose."""
    own = own_segments(session, run)
    if not run.clusters and sorted(own) == list(range(len(own))):
        run.clusters = [own[label] for label in sorted(own)]
        session.add(run)
        session.flush()


def _move_members(session: Session, run: Segmentation, own: int, end: int) -> None:
    session.execute(
        update(Membership)
        .where(col(Membership.segmentation_id) == run_id_of(run), col(Membership.segment_id) == own)
        .values(segment_id=end)
        .execution_options(synchronize_session=False)
    )


def _give_back(session: Session, run: Segmentation, labels: list[int], own: int, end: int) -> None:
    session.execute(
        update(Membership)
        .where(
            col(Membership.segmentation_id) == run_id_of(run),
            col(Membership.segment_id) == end,
            col(Membership.label).in_(labels),
        )
        .values(segment_id=own)
        .execution_options(synchronize_session=False)
    )


def _own_state(session: Session, run: Segmentation, labels: list[int], own: int, end: int) -> None:
    """The segment's state in a run that found it as a part: what is known, until the next run."""
    if _state(session, run, own) is not None:
        return
    whole = _state(session, run, end)
    if whole is not None and whole.label in labels:
        whole.segment_id = own
        session.add(whole)
        session.flush()
        return
    latest = select(SegmentState).where(SegmentState.segment_id == own)
    known = session.exec(latest.order_by(col(SegmentState.segmentation_id).desc())).first()
    exemplars = known.exemplars if known is not None else []
    there = still_there(session, Post, exemplars)
    session.add(
        SegmentState(
            segmentation_id=run_id_of(run),
            segment_id=own,
            label=labels[0],
            size=0,
            keywords=known.keywords if known is not None else [],
            exemplars=[i for i in exemplars if i in there],
            coarse=whole.coarse if whole is not None else None,
        )
    )
    session.flush()


def _state(session: Session, run: Segmentation, segment_id: int) -> SegmentState | None:
    statement = select(SegmentState).where(
        SegmentState.segmentation_id == run.id, SegmentState.segment_id == segment_id
    )
    return session.exec(statement).first()


def _count_again(session: Session, run: Segmentation, segment_ids: list[int]) -> None:
    for segment_id in segment_ids:
        state = _state(session, run, segment_id)
        if state is not None:
            members = select(func.count()).where(
                Membership.segmentation_id == run.id,
                Membership.segment_id == segment_id,
                col(Membership.noise).is_(False),
            )
            state.size = session.exec(members).one()
            session.add(state)
    session.flush()
    count_again(session, run, segment_ids)
