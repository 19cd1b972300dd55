"""Between two runs: who is to be given a segment anew, and who has come or moved since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.bulk import chunked, within
from listening.store.segments.marking import mark_figures
from listening.store.tables import AuthorProfile, Membership, Segmentation

_CHUNK = 5000
_CLOCKS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stood:
    """An author's membership as it stands: segment, whether noise, and since when."""

    segment_id: int
    noise: bool
    placed: bool


def unplaced_authors(session: Session, model: str, after: int, most: int) -> dict[int, datetime]:
    """The next authors whose profile changed since their segment was looked for, and when."""
    statement = (
        select(AuthorProfile.author_id, AuthorProfile.changed_at)
        .where(
            col(AuthorProfile.unplaced).is_(True),
            col(AuthorProfile.author_id) > after,
            AuthorProfile.model == model,
        )
        .order_by(col(AuthorProfile.author_id))
        .limit(most)
    )
    return dict(session.exec(statement).all())


def take_unplaced(session: Session, found: dict[int, datetime]) -> set[int]:
    """Those of the authors whom this unit of work places: as they were, and nobody else is at."""
    statement = select(AuthorProfile.author_id, AuthorProfile.changed_at).where(
        within(session, AuthorProfile.author_id, sorted(found)),
        col(AuthorProfile.unplaced).is_(True),
    )
    ordered = statement.order_by(col(AuthorProfile.author_id))
    locked = session.exec(ordered.with_for_update(skip_locked=True))
    taken = {author_id for author_id, changed in locked if changed == found[author_id]}
    for chunk in chunked(sorted(taken), _CHUNK):
        own = within(session, AuthorProfile.author_id, chunk)
        session.execute(update(AuthorProfile).where(own).values(unplaced=False))
    return taken


def memberships_of(session: Session, run_id: int, author_ids: Sequence[int]) -> dict[int, Stood]:
    """How authors stand in a run; those who take no part are left out."""
    statement = select(
        Membership.author_id, Membership.segment_id, Membership.noise, Membership.placed
    ).where(Membership.segmentation_id == run_id, within(session, Membership.author_id, author_ids))
    return {
        who: Stood(segment, noise, placed)
        for who, segment, noise, placed in session.exec(statement)
    }


def leave_run(session: Session, run_id: int, author_ids: Sequence[int]) -> None:
    """Authors who have too few posts left take part no more."""
    if author_ids:
        mark_figures(session)
    for chunk in chunked(sorted(author_ids), _CHUNK):
        session.execute(
            delete(Membership).where(
                col(Membership.segmentation_id) == run_id,
                within(session, Membership.author_id, chunk),
            )
        )


def unplace_changed(session: Session, since: datetime) -> None:
    """A run is current now: only whose profile changed since it was read is to be placed in it.

    Args:
        session: inside the unit of work that makes it current.
        since: before any of its profiles was read. A minute more is looked back: the clocks
            of two machines are never quite the same, and a unit of work takes its time.
    """
    changed = col(AuthorProfile.changed_at) >= since - _CLOCKS
    unplaced = col(AuthorProfile.unplaced)
    session.execute(
        update(AuthorProfile).where(unplaced.is_(True), ~changed).values(unplaced=False)
    )
    session.execute(update(AuthorProfile).where(unplaced.is_(False), changed).values(unplaced=True))


def settle_placed(session: Session, run_id: int) -> None:
    """A run was looked for anew and is this one still: nobody has come or moved since."""
    session.execute(
        update(Membership)
        .where(col(Membership.segmentation_id) == run_id, col(Membership.placed).is_(True))
        .values(placed=False)
    )


def count_placed(session: Session, run: Segmentation) -> int:
    """How many authors have come into a run, or moved in it, since it was made."""
    statement = select_columns(func.count()).where(
        col(Membership.segmentation_id) == run.id, col(Membership.placed).is_(True)
    )
    return int(session.execute(statement).scalar_one())
