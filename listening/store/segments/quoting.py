"""What is read of members' posts to say what a segment is: texts for words, posts to quote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from listening.store.bulk import chunked, within
from listening.store.posts.analyses import reading
from listening.store.tables import Analysis, Author, Membership, Post, Vector

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class QuotedPost:
    """A post that may explain a segment.

    Attributes:
        vector: float16 bytes.
        engagement: likes, reposts, replies and quotes, as far as they are known.
    """

    post_id: int
    author_id: int
    vector: bytes
    engagement: int


def members_in_order(session: Session, run_id: int) -> dict[int, list[tuple[int, float]]]:
    """Segment to its members with their strength, in the order of their natural keys.

    Noise is left out.
    """
    statement = (
        select_columns(
            col(Membership.segment_id),
            col(Author.source),
            col(Author.native_id),
            col(Membership.author_id),
            col(Membership.strength),
        )
        .join(Author, col(Author.id) == col(Membership.author_id))
        .where(col(Membership.segmentation_id) == run_id, col(Membership.noise).is_(False))
    )
    found: dict[int, list[tuple[str, str, int, float]]] = {}
    for segment, *member in session.execute(statement.execution_options(yield_per=10_000)):
        found.setdefault(segment, []).append(tuple(member))
    return {
        segment: [(author, strength) for *_, author, strength in sorted(own)]
        for segment, own in found.items()
    }


def texts_of(
    session: Session, author_ids: Sequence[int], model: str
) -> Iterator[tuple[int, list[str]]]:
    """Each author's texts, in the order of the authors; a copied text once.

    Spam and what the models cannot read are left out, and so are authors without a text.
    """
    for chunk in chunked(author_ids, _CHUNK):
        columns = select_columns(
            col(Post.author_id), col(Post.title), col(Post.text), col(Analysis.copy_key)
        )
        statement = _counting(columns, session, chunk, model)
        found: dict[int, list[str]] = {}
        for author, own in groupby(session.execute(statement), key=lambda row: row[0]):
            seen: set[str] = set()
            for _, title, text, key in own:
                if key is None or key not in seen:
                    found.setdefault(author, []).append(reading(title, text)[0])
                seen.add(key or "")
        yield from ((author, found[author]) for author in chunk if author in found)


def quotable(session: Session, author_ids: Sequence[int], model: str) -> list[QuotedPost]:
    """Posts of authors with what they are chosen by, in the order of nature; copies once."""
    responses: Any = sum(
        (func.coalesce(column, 0) for column in (Post.likes, Post.reposts, Post.replies)),
        start=func.coalesce(Post.quotes, 0),
    )
    found: list[QuotedPost] = []
    seen: set[str] = set()
    for chunk in chunked(author_ids, _CHUNK):
        columns = select_columns(
            col(Post.author_id), col(Analysis.copy_key), col(Post.id), col(Vector.data), responses
        )
        rows = session.execute(_counting(columns, session, chunk, model))
        read = {author: list(own) for author, own in groupby(rows, key=lambda row: row[0])}
        for author in chunk:
            for _, key, post, vector, number in read.get(author, []):
                if key is None or key not in seen:
                    found.append(QuotedPost(post, author, vector, int(number)))
                seen.add(key or "")
    return found


def _counting(columns: Any, session: Session, author_ids: Sequence[int], model: str) -> Any:
    """Analysed posts in a language the models know, spam left out; by author and time."""
    return (
        columns.select_from(Post)
        .join(Analysis, col(Analysis.post_id) == col(Post.id))
        .join(Vector, col(Vector.post_id) == col(Post.id))
        .where(
            within(session, Post.author_id, author_ids),
            col(Analysis.model) == model,
            col(Analysis.not_scored).is_(None),
            col(Analysis.spam).is_(False),
        )
        .order_by(col(Post.author_id), col(Post.published_at), col(Post.native_id))
    )
