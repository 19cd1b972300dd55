"""Who came from one segment into another in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from listening.store.tables import Author, MembershipChange, Mention, Segment


@dataclass(frozen=True, slots=True)
class Flow:
    """So many authors from one segment to another; those who are in none now left out."""

    was: Segment
    segment: Segment
    authors: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An author's way from one segment to another.

    Attributes:
        strength: in the one where they are now; noise: it is only the nearest.
    """

    author: Author
    was: Segment
    segment: Segment
    noise: bool
    strength: float


def flows_of_run(session: Session, run_id: int, *, limit: int) -> list[Flow]:
    """The broadest ways between two segments, of those whom a run or the time since it moved."""
    was: Any = aliased(Segment)
    count = func.count()
    counted = (
        select_columns(
            col(MembershipChange.was_id).label("was"),
            col(MembershipChange.segment_id).label("now"),
            count.label("authors"),
        )
        .where(*_from_one_to_another(run_id))
        .group_by(col(MembershipChange.was_id), col(MembershipChange.segment_id))
        .order_by(count.desc(), col(MembershipChange.was_id), col(MembershipChange.segment_id))
        .limit(limit)
        .subquery()
    )
    statement = (
        select_columns(was, Segment, counted.c.authors)
        .join_from(counted, was, was.id == counted.c.was)
        .join(Segment, col(Segment.id) == counted.c.now)
        .order_by(counted.c.authors.desc(), counted.c.was, counted.c.now)
    )
    return [Flow(*row) for row in session.execute(statement)]


def count_moved(session: Session, run_id: int, brand_id: int) -> int:
    """How many changes `moved_authors` lists."""
    statement = (
        select_columns(func.count())
        .select_from(MembershipChange)
        .where(*_from_one_to_another(run_id), _speaking(brand_id))
    )
    return int(session.execute(statement).scalar_one())


def moved_authors(
    session: Session, run_id: int, brand_id: int, *, limit: int, offset: int = 0
) -> list[Moved]:
    """Those who mention a brand and came into another segment, by where they came from."""
    was: Any = aliased(Segment)
    chosen = (
        select_columns(col(MembershipChange.id))
        .where(*_from_one_to_another(run_id), _speaking(brand_id))
        .order_by(
            col(MembershipChange.was_id),
            col(MembershipChange.segment_id),
            col(MembershipChange.id),
        )
        .limit(limit)
        .offset(offset)
        .subquery()
    )
    statement = (
        select_columns(
            Author, was, Segment, col(MembershipChange.noise), col(MembershipChange.strength)
        )
        .join_from(chosen, MembershipChange, col(MembershipChange.id) == chosen.c.id)
        .join(Author, col(Author.id) == col(MembershipChange.author_id))
        .join(was, was.id == col(MembershipChange.was_id))
        .join(Segment, col(Segment.id) == col(MembershipChange.segment_id))
        .order_by(
            col(MembershipChange.was_id),
            col(MembershipChange.segment_id),
            col(MembershipChange.id),
        )
    )
    return [Moved(*row) for row in session.execute(statement)]


def _from_one_to_another(run_id: int) -> tuple[Any, ...]:
    return (
        col(MembershipChange.segmentation_id) == run_id,
        col(MembershipChange.was_id).is_not(None),
        col(MembershipChange.was_id) != col(MembershipChange.segment_id),
    )


def _speaking(brand_id: int) -> Any:
    return exists().where(
        col(Mention.author_id) == col(MembershipChange.author_id),
        col(Mention.brand_id) == brand_id,
    )
