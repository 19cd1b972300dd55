"""The conversation around a post, as far as it is in the store."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_
from sqlmodel import Session, col, select

from listening.store.tables import Author, Post

MOST = 50  # posts of one conversation
_FURTHEST = 10  # posts up the chain of replies


@dataclass(frozen=True, slots=True)
class Spoken:
    """A post of a conversation; `own` is the one it was looked up for."""

    post: Post
    author: Author
    own: bool


def thread_of(session: Session, post: Post) -> list[Spoken]:
    """What was said before and after a post, in the order of its being said.

    Its thread as the source names it, what it replies to, back to the beginning, and the
    replies to any of these; of a long conversation, what is closest in time.
    """
    names = {name for name in (post.thread, post.native_id) if name}
    names |= _chain(session, post)
    statement = (
        select(Post, Author)
        .join(Author, col(Author.id) == col(Post.author_id))
        .where(
            Post.source == post.source,
            or_(
                col(Post.native_id).in_(names),
                col(Post.thread).in_(names),
                col(Post.reply_to).in_(names),
            ),
        )
    )
    earlier = statement.where(col(Post.published_at) <= post.published_at)
    later = statement.where(col(Post.published_at) > post.published_at)
    before = session.exec(
        earlier.order_by(col(Post.published_at).desc(), col(Post.id).desc()).limit(MOST)
    ).all()
    after = session.exec(later.order_by(col(Post.published_at), col(Post.id)).limit(MOST)).all()
    found = sorted([*before, *after], key=lambda pair: (pair[0].published_at, pair[0].id or 0))
    place = next((n for n, (one, _) in enumerate(found) if one.id == post.id), 0)
    start = max(min(place - MOST // 2, len(found) - MOST), 0)
    return [Spoken(one, who, one.id == post.id) for one, who in found[start : start + MOST]]


def _chain(session: Session, post: Post) -> set[str]:
    """Native ids of what a post replies to, and of what that replies to, and so on."""
    found: set[str] = set()
    wanted = post.reply_to
    while wanted and wanted not in found and len(found) < _FURTHEST:
        found.add(wanted)
        statement = select(Post.reply_to).where(
            Post.source == post.source, Post.native_id == wanted
        )
        wanted = session.exec(statement).first()
    return found
