"""Analyses and vectors: what is still to do, and writing what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.bulk import chunked, upsert
from listening.store.counts.daymarks import mark_posts
from listening.store.posts.unprofiled import mark_analysed
from listening.store.tables import Analysis, Claim, Post, Vector
from listening.store.tables.types import now

Three = tuple[float, float, float]  # probabilities: negative, neutral, positive


@dataclass(frozen=True, slots=True)
class PendingPost:
    """A post as the models read it, until it has an analysis of its present text by them.

    Attributes:
        text: the title, where there is one, and what was written.
        text_at: where in `text` that which was written begins; spans of mentions count
            from there.
    """

    id: int
    text: str
    text_at: int
    text_hash: str
    language: str | None


def reading(title: str | None, text: str) -> tuple[str, int]:
    """What the models read of a post, and where in it the post's own text begins."""
    read = f"{title}. {text}" if title else text
    return read, len(read) - len(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAnalysis:
    """What the models say of a post, on its way into the store."""

    post_id: int
    text_hash: str
    language: str | None
    not_scored: str | None
    negative: float | None
    neutral: float | None
    positive: float | None
    anger: float | None
    joy: float | None
    optimism: float | None
    sadness: float | None
    ironic: float | None
    offensive: float | None
    recommends: bool
    warns: bool
    spam: bool
    copy_key: str | None
    vector: bytes  # float16
    dimensions: int


def is_pending(model: str) -> Any:
    """Whether a post, outer-joined with its analysis, has none of its present text by a model."""
    return or_(
        col(Analysis.post_id).is_(None),
        col(Analysis.text_hash) != col(Post.text_hash),
        col(Analysis.model) != model,
    )


def given_up(model: str) -> Any:
    """Whether a claim says that a model fails at the present text of its post every time."""
    return and_(
        col(Claim.post_id) == col(Post.id),
        col(Claim.error).is_not(None),
        col(Claim.text_hash) == col(Post.text_hash),
        col(Claim.model) == model,
    )


def count_pending(session: Session, model: str) -> int:
    """How many posts are still to be analysed; those that were given up are not."""
    statement = (
        select(func.count())
        .select_from(Post)
        .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id))
        .outerjoin(Claim, given_up(model))
        .where(is_pending(model), col(Claim.post_id).is_(None))
    )
    return session.exec(statement).one()


def pending_posts(
    session: Session, model: str, limit: int, *, of: Sequence[int] | None = None
) -> list[PendingPost]:
    """The next posts to analyse, freshest first.

    The order hangs on the posts alone, not on when they were stored, so that the same data
    falls into the same batches.

    Args:
        session: to read with.
        model: the present revision.
        limit: at most so many.
        of: only these ids, at most some thousands.
    """
    statement = (
        select_columns(
            col(Post.id), col(Post.title), col(Post.text), col(Post.text_hash), col(Post.language)
        )
        .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id))
        .where(is_pending(model))
        .order_by(col(Post.published_at).desc(), col(Post.source), col(Post.native_id))
        .limit(limit)
    )
    if of is not None:
        statement = statement.where(col(Post.id).in_(of))
    return [
        PendingPost(int(i or 0), *reading(title, text), digest, language)
        for i, title, text, digest, language in session.execute(statement)
    ]


def same_texts(
    session: Session, posts: Sequence[PendingPost], model: str
) -> dict[str, FoundAnalysis]:
    """Analyses of the same texts that the store holds already, by text hash."""
    found: dict[str, FoundAnalysis] = {}
    hashes = sorted({post.text_hash for post in posts})
    for chunk in chunked(hashes, 5000):
        statement = (
            select(Analysis, Vector)
            .join(Vector, col(Vector.post_id) == col(Analysis.post_id))
            .where(col(Analysis.text_hash).in_(chunk), Analysis.model == model)
        )
        for analysis, vector in session.exec(statement):
            if analysis.text_hash not in found:
                found[analysis.text_hash] = FoundAnalysis(
                    vector=vector.data,
                    dimensions=vector.dimensions,
                    **{name: getattr(analysis, name) for name in _COLUMNS},
                )
    return found


_COLUMNS = (
    "post_id",
    "text_hash",
    "language",
    "not_scored",
    "negative",
    "neutral",
    "positive",
    "anger",
    "joy",
    "optimism",
    "sadness",
    "ironic",
    "offensive",
    "recommends",
    "warns",
    "spam",
    "copy_key",
)


def store_analyses(session: Session, found: Sequence[FoundAnalysis], model: str) -> None:
    """Write analyses and vectors; what stood for the same post is replaced.

    In the same unit of work each post is noted as one that its author's profile lacks.
    """
    moment = now()
    mark_analysed(session, [f.post_id for f in found], model)
    mark_posts(session, [f.post_id for f in found])
    upsert(
        session,
        Analysis,
        [
            {name: getattr(f, name) for name in _COLUMNS} | {"model": model, "analysed_at": moment}
            for f in found
        ],
        key=("post_id",),
        update=(*_COLUMNS[1:], "model", "analysed_at"),
    )
    upsert(
        session,
        Vector,
        [{"post_id": f.post_id, "dimensions": f.dimensions, "data": f.vector} for f in found],
        key=("post_id",),
        update=("dimensions", "data"),
    )


def sentiment_of(analysis: Analysis) -> Three | None:
    """A post's own sentiment, (negative, neutral, positive)."""
    negative, neutral, positive = analysis.negative, analysis.neutral, analysis.positive
    if negative is None or neutral is None or positive is None:
        return None
    return negative, neutral, positive


def vectors_of(session: Session, post_ids: Sequence[int]) -> dict[int, bytes]:
    """The vectors of posts, float16 bytes."""
    found: dict[int, bytes] = {}
    for chunk in chunked(post_ids, 5000):
        statement = select(Vector.post_id, Vector.data).where(col(Vector.post_id).in_(chunk))
        found |= dict(session.exec(statement).all())
    return found
