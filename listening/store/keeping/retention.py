"""Retention: how long a brand's mentions are kept, and taking out what is older.

A brand without a limit keeps its mentions for good. A post stays as long as any brand keeps
its mention; a post that no brand mentions stays as long as the brand that keeps longest
would keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists
from sqlmodel import Session, col, func, select

from listening.errors import ListeningError
from listening.store.bulk import chunked
from listening.store.keeping.removing import remove_mentions, remove_posts, remove_silent_authors
from listening.store.tables import Brand, Mention, Post

LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Expired:
    """What one unit of work took out; adds up over units."""

    mentions: int = 0
    posts: int = 0
    authors: int = 0

    def __add__(self, other: Expired) -> Expired:
        """Both."""
        return Expired(
            self.mentions + other.mentions,
            self.posts + other.posts,
            self.authors + other.authors,
        )


@dataclass(frozen=True, slots=True)
class Limit:
    """A brand's retention, and how many of its mentions are past it.

    Attributes:
        days: None keeps for good.
    """

    brand: str
    days: int | None
    mentions: int
    expired: int


def set_retention(session: Session, brand: Brand, days: int | None) -> None:
    """Keep a brand's mentions for so many days from their publication; None: for good.

    Raises:
        ListeningError: fewer than one day or more than a hundred years.
    """
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise ListeningError(
            f"{days} days cannot be kept: a retention is 1 to {LONGEST_DAYS} days, or off."
        )
    brand.retention_days = days
    session.add(brand)


def limits(session: Session, moment: datetime) -> list[Limit]:
    """Every brand's retention, by name."""
    found = []
    for brand in session.exec(select(Brand).order_by(Brand.slug)):
        count = select(func.count()).select_from(Mention).where(Mention.brand_id == brand.id)
        expired = 0
        if brand.retention_days is not None:
            before = moment - timedelta(days=brand.retention_days)
            expired = session.exec(count.where(col(Mention.published_at) < before)).one()
        found.append(Limit(brand.name, brand.retention_days, session.exec(count).one(), expired))
    return found


def cutoffs(session: Session, moment: datetime) -> dict[int, datetime]:
    """Brand id to the moment before which its mentions go; brands without a limit left out."""
    found = select(Brand.id, Brand.retention_days).order_by(col(Brand.id))
    return {
        int(i or 0): moment - timedelta(days=days)
        for i, days in session.exec(found)
        if days is not None
    }


def unmentioned_cutoff(session: Session, moment: datetime) -> datetime | None:
    """The moment before which posts that no brand mentions go; None: they stay."""
    days = list(session.exec(select(Brand.retention_days)))
    limited = [d for d in days if d is not None]
    if not days or len(limited) < len(days):
        return None  # one brand keeps for good
    return moment - timedelta(days=max(limited))


def expire_mentions(session: Session, brand_id: int, before: datetime, limit: int) -> Expired:
    """Take out a brand's oldest mentions, and the posts whose last mention that was.

    Args:
        session: inside a unit of work.
        brand_id: the brand.
        before: mentions published earlier go.
        limit: mentions at most.
    """
    chosen = (
        select(Mention.id, Mention.post_id, Mention.author_id)
        .where(Mention.brand_id == brand_id, col(Mention.published_at) < before)
        .order_by(col(Mention.published_at), col(Mention.id))
        .limit(limit)
    )
    found = session.exec(chosen).all()
    if not found:
        return Expired()
    remove_mentions(session, [int(i or 0) for i, *_ in found])
    posts = sorted({post for _, post, _ in found})
    kept: set[int] = set()
    for chunk in chunked(posts, 5000):
        kept |= set(session.exec(select(Mention.post_id).where(col(Mention.post_id).in_(chunk))))
    gone = remove_posts(session, set(posts) - kept)
    authors = remove_silent_authors(session, {author for *_, author in found})
    return Expired(len(found), gone, authors)


def expire_posts(session: Session, before: datetime, limit: int) -> Expired:
    """Take out the oldest posts that no brand mentions, as `expire_mentions` does mentions."""
    chosen = (
        select(Post.id, Post.author_id)
        .where(
            col(Post.published_at) < before,
            ~exists().where(col(Mention.post_id) == col(Post.id)),
        )
        .order_by(col(Post.published_at), col(Post.id))
        .limit(limit)
    )
    found = session.exec(chosen).all()
    gone = remove_posts(session, [int(i or 0) for i, _ in found])
    authors = remove_silent_authors(session, {author for _, author in found})
    return Expired(0, gone, authors)
