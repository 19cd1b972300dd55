"""What somebody asked for on a page and a worker does: matching anew, erasing an author.

The wish stands in the store until it is done: whoever dies at it, another goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import InvalidError
from listening.store.access.audit import record
from listening.store.brands.brands import brand_id
from listening.store.keeping.erasing import Person, find_person
from listening.store.running.presence import present
from listening.store.tables import Brand, Erasure
from listening.store.tables.types import now

MATCHES = "nlp"  # the queue whose workers match


@dataclass(frozen=True, slots=True)
class Matching:
    """That a brand's stored posts are still to be matched.

    Attributes:
        wanted_at: since when.
        worked: whether a worker is up that does it.
    """

    wanted_at: datetime
    worked: bool


def want_match(session: Session, brand: Brand) -> None:
    """Have the posts that are stored already matched against a brand as it is now."""
    brand.match_wanted_at = now()
    session.add(brand)


def match_is_wanted(session: Session) -> bool:
    """Whether a brand's stored posts are to be matched."""
    wanted = select(Brand.id).where(col(Brand.match_wanted_at).is_not(None))
    return session.exec(wanted.limit(1)).first() is not None


def matching_of(session: Session, brand: Brand) -> Matching | None:
    """Whether a brand's stored posts are still to be matched; None: they are."""
    if brand.match_wanted_at is None:
        return None
    workers = present(session, kind="worker")
    return Matching(brand.match_wanted_at, any(MATCHES in one.queues for one in workers))


def brands_to_match(session: Session) -> list[tuple[int, str, datetime]]:
    """Id and name of each, and since when it is wanted."""
    wanted = select(Brand).where(col(Brand.match_wanted_at).is_not(None))
    return [
        (brand_id(brand), brand.name, brand.match_wanted_at)
        for brand in session.exec(wanted.order_by(col(Brand.id)))
        if brand.match_wanted_at is not None
    ]


def matched(session: Session, brand: int, since: datetime) -> None:
    """It is done, unless it was wanted again meanwhile."""
    session.execute(
        update(Brand)
        .where(col(Brand.id) == brand, col(Brand.match_wanted_at) == since)
        .values(match_wanted_at=None)
        .execution_options(synchronize_session=False)
    )


def ask_erasure(
    session: Session, actor: Actor, source: str, who: str, *, typed: str
) -> tuple[Erasure, Person]:
    """Have an author erased: everything of theirs, for good; they never come back in.

    Args:
        session: inside a unit of work.
        actor: who asks; administers everything.
        source: where they write.
        who: native id, or the handle with its @.
        typed: `who` once more, so that nobody is erased by a slip.

    Raises:
        InvalidError: it was not typed again, or nobody is named.
        ConflictError: several authors have the handle; lists their native ids.
    """
    actor.require(Permission.ADMINISTER, None)
    if not source.strip() or not who.strip().removeprefix("@").strip():
        raise InvalidError(
            "Name the source, and the native id or the handle with its @.", field="who"
        )
    person = find_person(session, source, who)
    if typed.strip() != who.strip():
        raise InvalidError(f"Type {who.strip()} to erase this author for good.", field="typed")
    wanted = select(Erasure).where(Erasure.source == person.source, Erasure.who == person.native_id)
    asked = session.exec(wanted).first()
    if asked is None:
        asked = Erasure(source=person.source, who=person.native_id, asked_by=actor.name)
        session.add(asked)
        session.flush()
        # Whom it is about stands nowhere: the log would keep what is to be forgotten.
        record(session, actor, "author.erase", noun="erasure", noun_id=int(asked.id or 0))
    return asked, person


def erasure_is_wanted(session: Session) -> bool:
    """Whether an author is to be erased."""
    wanted = select(Erasure.id).where(col(Erasure.finished_at).is_(None))
    return session.exec(wanted.limit(1)).first() is not None


def wanted_erasures(session: Session) -> list[Erasure]:
    """Those that wait, in the order they were asked for."""
    wanted = select(Erasure).where(col(Erasure.finished_at).is_(None))
    return list(session.exec(wanted.order_by(col(Erasure.id))))


def latest_erasures(session: Session, limit: int = 20) -> list[Erasure]:
    """The last ones that were asked for, the latest first."""
    return list(session.exec(select(Erasure).order_by(col(Erasure.id).desc()).limit(limit)))


def end_erasure(session: Session, erasure_id: int, *, posts: int) -> None:
    """It is done: whom it was about is forgotten here too."""
    erasure = session.get(Erasure, erasure_id)
    if erasure is not None:
        erasure.who, erasure.finished_at, erasure.posts = None, now(), posts
        erasure.error = None
        session.add(erasure)


def note_erasure(session: Session, erasure_id: int, error: str) -> None:
    """It failed, and is tried again."""
    erasure = session.get(Erasure, erasure_id)
    if erasure is not None:
        erasure.error = error
        session.add(erasure)
