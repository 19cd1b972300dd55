"""Segmentations, segments and memberships: what stands, and giving authors their segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from listening.store.bulk import chunked, upsert, within
from listening.store.posts.standing import still_there
from listening.store.segments.marking import mark_figures
from listening.store.tables import (
    Author,
    Membership,
    MembershipChange,
    Segment,
    Segmentation,
    SegmentationFit,
    SegmentState,
)
from listening.store.tables.types import now

_CHUNK = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMembership:
    """An author's cluster in a run; for noise the nearest one.

    Attributes:
        label: number of the cluster in the run.
        strength: of that cluster, in [0, 1].
        others: the next best clusters with their strengths, falling.
        x, y: on the map.
        placed: given its segment after the run was made.
    """

    author_id: int
    label: int
    noise: bool
    strength: float
    others: Sequence[tuple[int, float]] = ()
    x: float | None = None
    y: float | None = None
    placed: bool = False


def author_keys(session: Session, ids: Sequence[int] | None = None) -> dict[int, tuple[str, str]]:
    """(source, native id) of authors: the order that hangs on nature alone."""
    statement = select(Author.id, Author.source, Author.native_id)
    found = {int(i or 0): (source, native) for i, source, native in session.exec(statement)}
    return found if ids is None else {i: found[i] for i in ids}


def current_segmentation(session: Session) -> Segmentation | None:
    """The run that lists show."""
    statement = select(Segmentation).where(col(Segmentation.current).is_(True))
    return session.exec(statement.order_by(col(Segmentation.id).desc())).first()


def fit_of(session: Session, run_id: int) -> bytes | None:
    """What a run gives an author their segment by; None: forgotten, or of an older release."""
    return session.exec(
        select(SegmentationFit.data).where(SegmentationFit.segmentation_id == run_id)
    ).first()


def latest_fit(session: Session) -> tuple[int, bytes, dict[int, int]] | None:
    """The current run: its id, its fit, and the segment that stands for each cluster.

    None where there is no run, or one of an older release, which has no fit.
    """
    run = current_segmentation(session)
    data = fit_of(session, run_id_of(run)) if run is not None else None
    if run is None or data is None:
        return None
    return run_id_of(run), data, segments_by_label(session, run)


def has_fit(session: Session, run_id: int) -> bool:
    """Whether a run has what authors are placed by."""
    found = select(SegmentationFit.segmentation_id)
    return session.exec(found.where(SegmentationFit.segmentation_id == run_id)).first() is not None


def own_segments(session: Session, run: Segmentation) -> dict[int, int]:
    """The segment of each cluster's own, whatever people merged; pinned ones that no cluster
    goes on from as well.
    """
    states = select(SegmentState.label, SegmentState.segment_id).where(
        SegmentState.segmentation_id == run.id
    )
    return dict(session.exec(states).all()) | dict(enumerate(run.clusters))


def segments_by_label(session: Session, run: Segmentation) -> dict[int, int]:
    """The segment that stands for each cluster, what people merged being one."""
    into = merged_segments(session)
    return {label: into.get(i, i) for label, i in own_segments(session, run).items()}


def merged_segments(session: Session) -> dict[int, int]:
    """Each segment that people merged into another, and the one that stands for it now."""
    statement = select(Segment.id, Segment.merged_into).where(col(Segment.merged_into).is_not(None))
    into = {int(i or 0): int(other or 0) for i, other in session.exec(statement)}
    found: dict[int, int] = {}
    for start in into:
        end, seen = start, {start}
        while end in into and into[end] not in seen:
            end = into[end]
            seen.add(end)
        found[start] = end
    return found


def members_by_label(session: Session, run_id: int) -> dict[int, set[int]]:
    """Cluster to the ids of its members, noise left out."""
    return _members(session, run_id, Membership.label)


def members_of(session: Session, segmentation_id: int) -> dict[int, set[int]]:
    """Segment id to the ids of its members, noise left out."""
    return _members(session, segmentation_id, Membership.segment_id)


def _members(session: Session, run_id: int, by: Any) -> dict[int, set[int]]:
    statement = select(by, Membership.author_id).where(
        Membership.segmentation_id == run_id, col(Membership.noise).is_(False)
    )
    members: dict[int, set[int]] = {}
    for key, author in session.exec(statement.execution_options(yield_per=10_000)):
        members.setdefault(key, set()).add(author)
    return members


def noise_of(session: Session, run_id: int) -> set[int]:
    """Authors whom a run left out."""
    statement = select(Membership.author_id).where(
        Membership.segmentation_id == run_id, col(Membership.noise).is_(True)
    )
    return set(session.exec(statement))


def place_members(session: Session, run_id: int, found: Sequence[FoundMembership]) -> int:
    """Give authors their segments in a run that stands, and note who came into another.

    Whom a pinned segment keeps that no cluster goes on from stays there.

    Args:
        session: inside a unit of work.
        run_id: of a finished run; nothing is written where it is gone.
        found: each author once.

    Returns:
        how many have another segment than before, or came into or out of one.
    """
    run = session.get(Segmentation, run_id)
    if run is None or not found:
        return 0
    stood: dict[int, tuple[int, bool]] = {}
    kept: set[int] = set()
    for chunk in chunked(sorted(m.author_id for m in found), _CHUNK):
        statement = (
            select(Membership.author_id, Membership.segment_id, Membership.noise, Membership.label)
            .where(
                Membership.segmentation_id == run_id,
                within(session, Membership.author_id, chunk),
            )
            .order_by(col(Membership.author_id))
        )
        for author, segment_id, noise, label in session.exec(statement.with_for_update()):
            stood[author] = (segment_id, noise)
            if label < 0:
                kept.add(author)
    written = write_members(session, run, [m for m in found if m.author_id not in kept])
    moment = now()
    changes = [
        {
            "author_id": row["author_id"],
            "segment_id": row["segment_id"],
            "was_id": stood.get(row["author_id"], (None, False))[0],
            "noise": row["noise"],
            "strength": row["strength"],
            "changed_at": moment,
            "segmentation_id": run_id,
        }
        for row in written
        if stood.get(row["author_id"]) != (row["segment_id"], row["noise"])
    ]
    if changes:
        session.execute(insert(MembershipChange), changes)
        mark_figures(session)
    return len(changes)


def write_members(
    session: Session, run: Segmentation, found: Sequence[FoundMembership]
) -> list[dict[str, Any]]:
    """Upsert memberships of authors who still stand, noting no change; returns the rows."""
    by_label = segments_by_label(session, run)
    there = still_there(session, Author, [m.author_id for m in found])
    rows = [_row(run_id_of(run), m, by_label) for m in found if m.author_id in there]
    rows.sort(key=lambda row: row["author_id"])
    names = ("segment_id", "label", "noise", "strength", "others", "x", "y", "placed")
    upsert(session, Membership, rows, key=("segmentation_id", "author_id"), update=names)
    return rows


def _row(run_id: int, found: FoundMembership, by_label: Mapping[int, int]) -> dict[str, Any]:
    segment_id = by_label[found.label]
    others: dict[int, float] = {}
    for label, strength in found.others:
        other = by_label[label]
        # Of clusters that people merged the strongest tells.
        if other != segment_id:
            others[other] = max(strength, others.get(other, 0.0))
    return {
        "segmentation_id": run_id,
        "author_id": found.author_id,
        "segment_id": segment_id,
        "label": found.label,
        "noise": found.noise,
        "strength": round(found.strength, 6),
        "others": [[other, round(strength, 6)] for other, strength in others.items()],
        "x": found.x,
        "y": found.y,
        "placed": found.placed,
    }


def run_id_of(run: Segmentation) -> int:
    """The id of a stored run."""
    if run.id is None:
        raise ValueError("the segmentation is not stored")
    return run.id
