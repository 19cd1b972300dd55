"""A segment's members, the strongest first; long lists are gone on with from a place in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, tuple_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from listening.store.tables import Author, Membership, Mention, Segmentation, Stance

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a segment.

    Attributes:
        stance: towards the brand that was asked for; None: none, or no brand.
    """

    author: Author
    strength: float
    stance: Stance | None

    @property
    def place(self) -> tuple[float, int]:
        """Where the list goes on after this one."""
        return self.strength, int(self.author.id or 0)


def members_after(
    session: Session,
    run: Segmentation,
    segment_id: int,
    brand_id: int | None,
    place: tuple[float, int] | None,
    limit: int,
) -> list[Member]:
    """The next members; of those who mention a brand where one is given."""
    statement: Any = (
        select_columns(Author, col(Membership.strength), Stance)
        .select_from(Membership)
        .join(Author, col(Author.id) == col(Membership.author_id))
        .outerjoin(
            Stance,
            (col(Stance.author_id) == col(Membership.author_id))
            & (col(Stance.brand_id) == (brand_id or 0)),
        )
        .where(
            col(Membership.segmentation_id) == run.id,
            col(Membership.segment_id) == segment_id,
            col(Membership.noise).is_(False),
        )
        .order_by(col(Membership.strength).desc(), col(Membership.author_id).desc())
        .limit(limit)
    )
    if place is not None:
        statement = statement.where(
            col(Membership.strength) <= place[0],  # what the index can begin at
            tuple_(col(Membership.strength), col(Membership.author_id)) < place,
        )
    if brand_id is not None:
        speaking = exists().where(
            col(Mention.author_id) == col(Membership.author_id), col(Mention.brand_id) == brand_id
        )
        statement = statement.where(speaking)
    return [Member(*row) for row in session.execute(statement)]


def member_ids(
    session: Session, run: Segmentation, segment_id: int, brand_id: int | None
) -> Iterator[int]:
    """Every member's author, the strongest first."""
    place: tuple[float, int] | None = None
    while True:
        found = members_after(session, run, segment_id, brand_id, place, _BATCH)
        for member in found:
            yield int(member.author.id or 0)
        if len(found) < _BATCH:
            return
        place = found[-1].place
