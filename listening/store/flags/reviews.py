"""What people did about flagged authors, and what it comes to: the rows are the truth.

Nothing is overwritten: status, assignee and mark are read from what was done in order, and what
was undone is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from listening.store.bulk import chunked
from listening.store.tables import FlagStatus, Mark, Review, ReviewVerdict, StanceKind

VERDICTS = (ReviewVerdict.CONFIRMED, ReviewVerdict.DISMISSED, ReviewVerdict.CONTACTED)


@dataclass(frozen=True, slots=True)
class Marked:
    """What a person said an author is."""

    mark: Mark
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What all that was done about an author comes to.

    Attributes:
        dismissed_as: the stance that was dismissed; None: it was before this was kept.
        seen: the highest id of a mention that counted then.
        version: grows with everything that is done or undone.
    """

    status: FlagStatus = FlagStatus.NEW
    assignee: str | None = None
    marked: Marked | None = None
    dismissed_as: StanceKind | None = None
    seen: int | None = None
    version: int = 1


def standing_of(reviews: Iterable[Review]) -> Standing:
    """What reviews come to, the oldest first."""
    status, assignee, marked = FlagStatus.NEW, None, None
    dismissed_as, seen, version = None, None, 1
    for one in reviews:
        version += 1 if one.undone_at is None else 2
        if one.undone_at is not None:
            continue
        if one.verdict in VERDICTS:
            status = FlagStatus(one.verdict.value)
            dismissed_as, seen = one.kind, one.seen
        elif one.verdict is ReviewVerdict.ASSIGNED:
            assignee = one.value
        elif one.verdict is ReviewVerdict.MARKED:
            marked = Marked(Mark(one.value), one.by) if one.value else None
    return Standing(status, assignee, marked, dismissed_as, seen, version)


def standings(
    session: Session, brand_id: int, author_ids: Collection[int] | None = None
) -> dict[int, Standing]:
    """What was done about each author whom a person touched; None: about all of a brand."""
    found: dict[int, list[Review]] = {}
    statement = select(Review).where(Review.brand_id == brand_id).order_by(col(Review.id))
    wanted: list[Sequence[int] | None] = (
        [None] if author_ids is None else list(chunked(sorted(set(author_ids)), 5000))
    )
    for chunk in wanted:
        own = statement if chunk is None else statement.where(col(Review.author_id).in_(chunk))
        for review in session.exec(own):
            found.setdefault(review.author_id, []).append(review)
    return {author: standing_of(reviews) for author, reviews in found.items()}


def marks_of(session: Session, brand_id: int) -> dict[int, Marked]:
    """What people said authors are."""
    marked = select(Review.author_id).where(
        Review.brand_id == brand_id, Review.verdict == ReviewVerdict.MARKED
    )
    ids = set(session.exec(marked))
    return {
        author: standing.marked
        for author, standing in standings(session, brand_id, ids).items()
        if standing.marked is not None
    }


def latest_reviews(session: Session, brand_id: int, author_ids: Sequence[int]) -> dict[int, Review]:
    """The verdict that counts, per author."""
    found: dict[int, Review] = {}
    for chunk in chunked(author_ids, 5000):
        statement = (
            select(Review)
            .where(
                Review.brand_id == brand_id,
                col(Review.author_id).in_(chunk),
                col(Review.verdict).in_(VERDICTS),
                col(Review.undone_at).is_(None),
            )
            .order_by(col(Review.id))
        )
        found |= {review.author_id: review for review in session.exec(statement)}
    return found


def reviews_of(session: Session, brand_id: int, author_id: int) -> list[Review]:
    """Everything that was done about an author, the latest first."""
    statement = (
        select(Review)
        .where(Review.brand_id == brand_id, Review.author_id == author_id)
        .order_by(col(Review.id).desc())
    )
    return list(session.exec(statement))
