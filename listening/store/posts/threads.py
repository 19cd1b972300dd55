"""The conversation around a post, as far as it is in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.tables import Author, Post

MOST = 50  # posts of one conversation
_LOOKED_AT = 2_000  # posts of a thread; of a longer one, some
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
    # Each by an index of its own: in one statement the database would rather read every post
    # of the source in its order.
    found: dict[int, datetime] = {}
    for column in (col(Post.native_id), col(Post.thread), col(Post.reply_to)):
        statement = select_columns(col(Post.id), col(Post.published_at)).where(
            column.in_(sorted(names)), col(Post.source) == post.source
        )
        for number, moment in session.execute(statement.limit(_LOOKED_AT)):
            found[number] = moment
    ids = sorted(found, key=lambda i: (found[i], i))
    place = ids.index(int(post.id or 0)) if post.id in found else 0
    start = max(min(place - MOST // 2, len(ids) - MOST), 0)
    chosen = ids[start : start + MOST]
    shown = select(Post, Author).join(Author, col(Author.id) == col(Post.author_id))
    said = {
        int(one.id or 0): Spoken(one, who, one.id == post.id)
        for one, who in session.exec(shown.where(col(Post.id).in_(chosen)))
    }
    return [said[i] for i in chosen if i in said]


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
