"""Making a run, in steps that are each a unit of work: whoever dies in between, another goes on.

`begin_run` writes clusters and fit, `place_chunk` gives some authors their segment,
`finish_run` says what the segments are and lets lists show the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists
from sqlmodel import Session, col, select

from listening.store.bulk import upsert
from listening.store.segments.segments import (
    FoundMembership,
    merged_segments,
    run_id_of,
    write_members,
)
from listening.store.tables import (
    AuthorProfile,
    Membership,
    PlacedChunk,
    RunStatus,
    Segment,
    Segmentation,
    SegmentationFit,
    SegmentState,
)

UNNAMED = "not described yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCluster:
    """A cluster of a run before anybody but its landmarks is placed.

    Attributes:
        segment_id: the segment of the last run that it goes on as; None: a new one.
        centre: (d,) float32 bytes.
    """

    segment_id: int | None
    coarse: int | None = None
    stability: float | None = None
    tentative: bool = False
    centre: bytes | None = None


def placing_segmentation(session: Session) -> Segmentation | None:
    """The run whose authors are being given their segments; the latest of several."""
    statement = select(Segmentation).where(Segmentation.status == RunStatus.PLACING)
    return session.exec(statement.order_by(col(Segmentation.id).desc())).first()


def find_run(session: Session, fingerprint: str) -> Segmentation | None:
    """A run over the same data with the same parameters."""
    return session.exec(select(Segmentation).where(Segmentation.fingerprint == fingerprint)).first()


def begin_run(
    session: Session, run: Segmentation, clusters: Sequence[FoundCluster], fit: bytes
) -> Segmentation:
    """Write a run with its clusters, nobody placed; lists show the last one still.

    What another run left behind that was never finished goes, with the segments only it had.

    Args:
        session: inside a unit of work.
        run: not stored yet.
        clusters: by number.
        fit: what authors are given their segments by.
    """
    drop_unfinished(session)
    run.status, run.current = RunStatus.PLACING, False
    session.add(run)
    session.flush()
    run_id, own = run_id_of(run), []
    for found in clusters:
        segment = session.get(Segment, found.segment_id) if found.segment_id else None
        if segment is None:
            segment = Segment(name=UNNAMED, born_in=run_id)
            session.add(segment)
            session.flush()
        own.append(int(segment.id or 0))
    run.clusters = own
    session.add(run)
    session.add(SegmentationFit(segmentation_id=run_id, data=fit))
    for stands, label in _shown_by(session, own).items():
        found = clusters[label]
        session.add(
            SegmentState(
                segmentation_id=run_id,
                segment_id=stands,
                label=label,
                size=0,
                coarse=found.coarse,
                stability=found.stability,
                tentative=found.tentative,
                centre=found.centre,
            )
        )
    session.flush()
    return run


def _shown_by(session: Session, own: Sequence[int]) -> dict[int, int]:
    """The cluster that shows each segment that stands: its own, else the largest merged into it."""
    into = merged_segments(session)
    shown: dict[int, int] = {}
    for label, segment_id in enumerate(own):
        stands = into.get(segment_id, segment_id)
        if stands == segment_id or stands not in shown:
            shown[stands] = label
    return shown


def drop_unfinished(session: Session) -> int:
    """Take out runs that were never finished, and the segments that only they had."""
    unfinished = select(Segmentation.id).where(Segmentation.status == RunStatus.PLACING)
    ids = [int(i or 0) for i in session.exec(unfinished.order_by(col(Segmentation.id)))]
    for run_id in ids:
        elsewhere = exists().where(
            col(SegmentState.segment_id) == col(Segment.id),
            col(SegmentState.segmentation_id) != run_id,
        )
        session.execute(delete(Membership).where(col(Membership.segmentation_id) == run_id))
        session.execute(delete(Segment).where(col(Segment.born_in) == run_id, ~elsewhere))
        session.execute(delete(Segmentation).where(col(Segmentation.id) == run_id))
    return len(ids)


def chunks_of(run: Segmentation) -> int:
    """Into how many chunks the authors of a run are divided, by their ids."""
    return int(run.params.get("chunks", 1))


def placed_chunks(session: Session, run_id: int) -> set[int]:
    """The chunks whose authors have their segment."""
    return set(session.exec(select(PlacedChunk.chunk).where(PlacedChunk.segmentation_id == run_id)))


def place_chunk(
    session: Session, run: Segmentation, chunk: int, found: Sequence[FoundMembership]
) -> bool:
    """Write the memberships of a chunk; False where the run is gone, or finished by now."""
    # Nor is it another one that got the number of a run that is gone.
    statement = select(Segmentation).where(
        Segmentation.id == run.id,
        Segmentation.fingerprint == run.fingerprint,
        Segmentation.status == RunStatus.PLACING,
    )
    standing = session.exec(statement.with_for_update(read=True, key_share=True)).first()
    if standing is None:
        return False
    write_members(session, standing, found)
    row = {"segmentation_id": run_id_of(standing), "chunk": chunk}
    upsert(session, PlacedChunk, [row], key=("segmentation_id", "chunk"))
    return True


def authors_between(
    session: Session, model: str, params: str, least_posts: int, first: int, end: int
) -> list[int]:
    """Authors with enough posts in their profile, of ids from `first` to before `end`."""
    statement = select(AuthorProfile.author_id).where(
        AuthorProfile.model == model,
        AuthorProfile.params == params,
        AuthorProfile.posts >= max(least_posts, 1),
        AuthorProfile.author_id >= first,
        AuthorProfile.author_id < end,
    )
    return list(session.exec(statement.order_by(col(AuthorProfile.author_id))))
