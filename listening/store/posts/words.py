"""The words of posts, which full text search stands on: kept true with every write of a text."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from listening.query.indexing import index_words
from listening.store.bulk import upsert
from listening.store.tables import PostWords

Text = tuple[int, str | None, str]


def store_words(session: Session, posts: Iterable[Text]) -> None:
    """Write the words of posts that are new or say something else now.

    Args:
        session: inside the unit of work that writes the texts.
        posts: id, title and text, no id twice.
    """
    rows = [{"post_id": i, "words": index_words(title, text)} for i, title, text in posts]
    upsert(session, PostWords, rows, key=("post_id",), update=("words",))
