"""What an author's profile is yet to learn: posts analysed since, and posts that changed or went.

A marker says that a post is not in the profile as it is now. It is written in the unit of
work that makes it so, and taken away in the one that writes the profile: a profile and its
markers together always tell the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import exists, update
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from listening.store.bulk import chunked, upsert, within
from listening.store.tables import Analysis, AuthorProfile, Mention, Post, Unprofiled

_CHUNK = 5000


def mark_analysed(session: Session, post_ids: Sequence[int], model: str) -> None:
    """Posts are about to get an analysis; to be called before it is written.

    Where one by the same model stands, the profile may hold that, and is made anew.
    """
    for chunk in chunked(sorted(set(post_ids)), _CHUNK):
        statement = (
            select(Post.id, Post.author_id, Analysis.model)
            .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id))
            .where(within(session, Post.id, chunk))
        )
        _mark(session, {int(i or 0): (who, by == model) for i, who, by in session.exec(statement)})


def mark_changed(session: Session, post_ids: Iterable[int]) -> None:
    """What posts weigh has changed: their time, or whether they mention a brand."""
    for chunk in chunked(sorted(set(post_ids)), _CHUNK):
        statement = select(Post.id, Post.author_id).where(within(session, Post.id, chunk))
        _mark(session, {int(i or 0): (who, True) for i, who in session.exec(statement)})


def mark_silent(session: Session, brand_id: int) -> None:
    """Posts that mention this brand and no other will mention none; before it is removed."""
    other = aliased(Mention)
    elsewhere = exists().where(
        col(other.post_id) == col(Mention.post_id), col(other.brand_id) != brand_id
    )
    statement = select_columns(col(Mention.post_id)).where(
        col(Mention.brand_id) == brand_id, ~elsewhere
    )
    mark_changed(session, session.execute(statement).scalars().all())


def mark_stale(session: Session, author_ids: Iterable[int]) -> None:
    """Posts of these authors went: their profiles are to be made anew. After they went."""
    for chunk in chunked(sorted(set(author_ids)), _CHUNK):
        own = within(session, AuthorProfile.author_id, chunk)
        # In the order in which everybody takes them.
        locked = select_columns(col(AuthorProfile.author_id)).where(own)
        session.execute(locked.order_by(col(AuthorProfile.author_id)).with_for_update())
        session.execute(update(AuthorProfile).where(own).values(stale=True))


def _mark(session: Session, found: Mapping[int, tuple[int, bool]]) -> None:
    rows = [{"post_id": i, "author_id": who, "again": again} for i, (who, again) in found.items()]
    # Whoever is just taking a standing one away is waited for, and it is written anew.
    upsert(session, Unprofiled, rows, key=("post_id",), update=("again",))
