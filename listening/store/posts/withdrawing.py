"""Posts and accounts that a platform says are gone: they go here too."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from listening.store.bulk import chunked, within
from listening.store.keeping.removing import remove_posts, remove_silent_authors
from listening.store.tables import Author, Post

_CHUNK = 5000


def withdraw(
    session: Session,
    posts: Sequence[tuple[str, str]],
    authors: Sequence[tuple[str, str]] = (),
) -> int:
    """Take out posts, and whole accounts, that are stored; how many posts went.

    Args:
        session: inside a unit of work.
        posts, authors: (source, native id); one that is not stored is nothing.
    """
    ids, whose = _stored(session, Post, posts), _stored(session, Author, authors)
    for chunk in chunked(whose, _CHUNK):
        own = session.exec(select(Post.id).where(col(Post.author_id).in_(chunk)))
        ids += [int(i or 0) for i in own]
    if not ids and not whose:
        return 0
    for chunk in chunked(ids, _CHUNK):
        whose += session.exec(select(Post.author_id).where(col(Post.id).in_(chunk)))
    gone = remove_posts(session, ids)
    remove_silent_authors(session, whose)
    return gone


def _stored(
    session: Session, table: type[Post] | type[Author], keys: Sequence[tuple[str, str]]
) -> list[int]:
    found: list[int] = []
    for source in sorted({source for source, _ in keys}):
        natives = sorted({native for own, native in keys if own == source})
        for chunk in chunked(natives, _CHUNK):
            statement = select(table.id).where(
                table.source == source, within(session, table.native_id, chunk)
            )
            found += [int(i or 0) for i in session.exec(statement)]
    return found
