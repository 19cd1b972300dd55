"""Stances and reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, delete, exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from listening.advocacy import Verdict
from listening.store.bulk import chunked, upsert
from listening.store.marking import mark_figures
from listening.store.segments import current_segmentation
from listening.store.standing import still_there
from listening.store.tables import (
    Author,
    Membership,
    Review,
    ReviewVerdict,
    Segment,
    Stance,
    StanceKind,
)
from listening.store.tables.types import now


@dataclass(frozen=True, slots=True)
class StanceView:
    """A flagged author as lists show them."""

    stance: Stance
    author: Author
    segment: Segment | None
    noise: bool  # unsegmented: `segment` is only the nearest
    review: Review | None


def store_stances(session: Session, brand_id: int, verdicts: Mapping[int, Verdict]) -> None:
    """Write a brand's stances by author; those of authors without mentions go."""
    update_stances(session, brand_id, verdicts)
    kept = select(Stance.author_id).where(Stance.brand_id == brand_id)
    gone = sorted(set(session.exec(kept)) - set(verdicts))
    for chunk in chunked(gone, 5000):
        session.execute(
            delete(Stance).where(col(Stance.brand_id) == brand_id, col(Stance.author_id).in_(chunk))
        )
    if gone:
        mark_figures(session)


def update_stances(session: Session, brand_id: int, verdicts: Mapping[int, Verdict]) -> None:
    """Write some stances of a brand, by author; those of other authors stay."""
    moment = now()
    there = still_there(session, Author, verdicts)
    rows = [
        {
            "brand_id": brand_id,
            "author_id": author_id,
            "kind": StanceKind(v.kind),
            "score": v.score,
            "low": v.low,
            "high": v.high,
            "mentions": v.mentions,
            "opinions": v.opinions,
            "recommends": v.recommends,
            "warns": v.warns,
            "reason": v.reason,
            "evidence": [asdict(e) for e in v.evidence],
            "basis": v.basis,
            "computed_at": moment,
        }
        for author_id, v in sorted(verdicts.items())
        if author_id in there
    ]
    if rows:
        mark_figures(session)
    columns = tuple(rows[0])[2:] if rows else ()
    upsert(session, Stance, rows, key=("brand_id", "author_id"), update=columns)


def stance_views(
    session: Session,
    *,
    brand_id: int,
    kind: StanceKind,
    limit: int | None = None,
    offset: int = 0,
) -> list[StanceView]:
    """Flagged authors, those the interval is surest of first.

    Advocates are ordered by its lower end, detractors by its upper. Those whom a person
    dismissed last are left out.
    """
    order = col(Stance.high).asc() if kind is StanceKind.DETRACTOR else col(Stance.low).desc()
    statement = (
        select(Stance, Author)
        .join(Author, col(Author.id) == col(Stance.author_id))
        .where(Stance.brand_id == brand_id, Stance.kind == kind, _not_dismissed())
        .order_by(order, col(Author.source), col(Author.native_id))
        .offset(offset)
    )
    if limit is not None:
        statement = statement.limit(limit)
    found = session.exec(statement).all()
    ids = [stance.author_id for stance, _ in found]
    segments, reviews = segments_of(session, ids), latest_reviews(session, brand_id, ids)
    return [
        StanceView(
            stance,
            author,
            *segments.get(stance.author_id, (None, False)),
            reviews.get(stance.author_id),
        )
        for stance, author in found
    ]


def _not_dismissed() -> ColumnElement[bool]:
    """Whether the latest review of a stance's author, if any, is another verdict."""
    last, later = aliased(Review), aliased(Review)
    overtaken = exists().where(
        col(later.brand_id) == col(last.brand_id),
        col(later.author_id) == col(last.author_id),
        col(later.id) > col(last.id),
    )
    dismissed = exists().where(
        col(last.brand_id) == col(Stance.brand_id),
        col(last.author_id) == col(Stance.author_id),
        col(last.verdict) == ReviewVerdict.DISMISSED,
        ~overtaken.correlate(last),
    )
    return ~dismissed.correlate(Stance)


def segments_of(
    session: Session, author_ids: Sequence[int]
) -> dict[int, tuple[Segment | None, bool]]:
    """Each author's segment in the current run, and whether it is only the nearest."""
    run = current_segmentation(session)
    found: dict[int, tuple[Segment | None, bool]] = {}
    if run is None:
        return found
    for chunk in chunked(author_ids, 5000):
        statement = (
            select(Membership.author_id, Membership.noise, Segment)
            .join(Segment, col(Segment.id) == col(Membership.segment_id))
            .where(Membership.segmentation_id == run.id, col(Membership.author_id).in_(chunk))
        )
        found |= {author: (segment, noise) for author, noise, segment in session.exec(statement)}
    return found


def latest_reviews(session: Session, brand_id: int, author_ids: Sequence[int]) -> dict[int, Review]:
    """The verdict that counts, per author."""
    found: dict[int, Review] = {}
    for chunk in chunked(author_ids, 5000):
        statement = (
            select(Review)
            .where(Review.brand_id == brand_id, col(Review.author_id).in_(chunk))
            .order_by(col(Review.id))
        )
        found |= {review.author_id: review for review in session.exec(statement)}
    return found


def count_stances(session: Session, brand_id: int) -> dict[StanceKind, int]:
    """How many authors of a brand stand where; those dismissed are left out, as in lists."""
    return {kind: count for (_, kind), count in stance_counts(session, brand_id).items()}


def stance_counts(session: Session, only: int | None) -> dict[tuple[int, StanceKind], int]:
    """The same for one brand or for all, by (brand id, kind)."""
    statement = (
        select(Stance.brand_id, Stance.kind, func.count())
        .where(_not_dismissed())
        .group_by(col(Stance.brand_id), col(Stance.kind))
    )
    if only is not None:
        statement = statement.where(Stance.brand_id == only)
    return {(brand, StanceKind(kind)): count for brand, kind, count in session.exec(statement)}
