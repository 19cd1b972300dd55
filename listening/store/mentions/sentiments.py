"""Sentiment towards the brand of a mention: what is still to do, and writing what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, and_, case, cast, delete, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.bulk import chunked, upsert
from listening.store.counts.daymarks import mark_mentions, mark_posts
from listening.store.posts.analyses import PendingPost, Three, given_up, reading
from listening.store.segments.marking import mark_figures
from listening.store.tables import Analysis, Claim, Mention, MentionSentiment, Post, SentimentBasis

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PendingMention:
    """A mention whose sentiment towards the brand is to be read.

    Attributes:
        spans: where the post's own text names the brand; empty where it does not.
        post_sentiment: of the whole post; None while the post is being analysed itself.
    """

    id: int
    brand_id: int
    post: PendingPost
    spans: Spans
    post_sentiment: Three | None = None

    @property
    def target(self) -> Spans:
        """Where `post.text`, which may begin with a title, names the brand."""
        at = self.post.text_at
        return tuple((start + at, end + at) for start, end in self.spans)

    @property
    def key(self) -> tuple[str, Spans]:
        """Text and places: what was read once holds for every mention with the same."""
        return self.post.text_hash, self.spans


@dataclass(frozen=True, slots=True)
class FoundSentiment:
    """What the model says of a mention, and what a correction made of it."""

    mention: PendingMention
    basis: SentimentBasis
    model_sentiment: Three
    sentiment: Three
    correction_id: int | None


def mentions_of(session: Session, posts: Sequence[PendingPost]) -> dict[int, list[PendingMention]]:
    """The mentions that posts make, by post id, in the order of their brands."""
    found: dict[int, list[PendingMention]] = {post.id: [] for post in posts}
    by_id = {post.id: post for post in posts}
    for chunk in chunked(sorted(by_id), 5000):
        statement = (
            select(Mention.id, Mention.brand_id, Mention.post_id, Mention.spans)
            .where(col(Mention.post_id).in_(chunk))
            .order_by(col(Mention.post_id), col(Mention.brand_id))
        )
        for number, brand, post_id, spans in session.exec(statement):
            mention = PendingMention(int(number or 0), brand, by_id[post_id], _spans(spans))
            found[post_id].append(mention)
    return found


def count_pending_mentions(session: Session, model: str) -> int:
    """How many mentions of scored posts still have no sentiment towards their brand."""
    statement = (
        where_pending(select_columns(func.count()), model)
        .outerjoin(Claim, given_up(model))
        .where(col(Claim.post_id).is_(None))
    )
    return int(session.execute(statement).scalar_one())


def pending_mentions(
    session: Session,
    model: str,
    limit: int | None,
    *,
    below: int | None = None,
    of: Sequence[int] | None = None,
) -> list[PendingMention]:
    """Mentions of scored posts without a sentiment of present text, places and model.

    A post that the present model has not analysed yet is not here: its mentions are read
    with it. A post that cannot be scored has no mention to read.

    Args:
        session: to read with.
        model: the present revision.
        limit: at most so many; None: all.
        below: only ids below this one, so that batches go through the table once; the
            latest come first.
        of: only of these posts, at most some thousands.
    """
    columns = (
        col(Mention.id), col(Mention.brand_id), col(Mention.spans),
        col(Post.id), col(Post.title), col(Post.text), col(Post.text_hash), col(Post.language),
        col(Analysis.negative), col(Analysis.neutral), col(Analysis.positive),
    )  # fmt: skip
    statement = where_pending(select_columns(*columns), model).order_by(col(Mention.id).desc())
    if of is not None:
        statement = statement.where(col(Mention.post_id).in_(of))
    if below is not None:
        statement = statement.where(col(Mention.id) < below)
    found = []
    for number, brand, spans, *facts, negative, neutral, positive in session.execute(
        statement.limit(limit)
    ):
        post_id, title, text, digest, language = facts
        post = PendingPost(post_id, *reading(title, text), digest, language)
        three = (negative, neutral, positive)
        found.append(PendingMention(number, brand, post, _spans(spans), three))
    return found


def where_pending(statement: Any, model: str) -> Any:
    """A statement about mentions and their posts, narrowed to the mentions still to be read."""
    # A JSON column is compared as the text it is stored as; both were written by one writer.
    spans, read = cast(col(Mention.spans), String), cast(col(MentionSentiment.spans), String)
    return (
        statement.select_from(Mention)
        .join(Post, col(Post.id) == col(Mention.post_id))
        .join(Analysis, col(Analysis.post_id) == col(Post.id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(
            and_(
                col(Analysis.text_hash) == col(Post.text_hash),
                col(Analysis.model) == model,
                col(Analysis.not_scored).is_(None),
                col(Analysis.negative).is_not(None),
            ),
            or_(
                col(MentionSentiment.mention_id).is_(None),
                col(MentionSentiment.text_hash) != col(Post.text_hash),
                col(MentionSentiment.model) != model,
                read != spans,
            ),
        )
    )


def same_mentions(
    session: Session, mentions: Iterable[PendingMention], model: str
) -> dict[tuple[str, Spans], tuple[SentimentBasis, Three]]:
    """What the model said of the same texts at the same places, by `PendingMention.key`."""
    wanted = {mention.key for mention in mentions}
    found: dict[tuple[str, Spans], tuple[SentimentBasis, Three]] = {}
    for chunk in chunked(sorted({digest for digest, _ in wanted}), 5000):
        # One of each: what everybody copies has a hundred thousand rows.
        firsts = (
            select(func.min(MentionSentiment.mention_id))
            .where(col(MentionSentiment.text_hash).in_(chunk), MentionSentiment.model == model)
            .group_by(col(MentionSentiment.text_hash), cast(col(MentionSentiment.spans), String))
        )
        statement = select(MentionSentiment).where(col(MentionSentiment.mention_id).in_(firsts))
        for row in session.exec(statement):
            key = row.text_hash, _spans(row.spans)
            if key in wanted:
                found[key] = (
                    row.basis,
                    (row.model_negative, row.model_neutral, row.model_positive),
                )
    return found


def standing(session: Session, mentions: Sequence[PendingMention]) -> list[PendingMention]:
    """Those that are still stored, and stay so until this unit of work ends."""
    kept: set[int | None] = set()
    for chunk in chunked(sorted(mention.id for mention in mentions), 5000):
        statement = select(Mention.id).where(col(Mention.id).in_(chunk)).order_by(col(Mention.id))
        kept |= set(session.exec(statement.with_for_update(read=True, key_share=True)))
    return [mention for mention in mentions if mention.id in kept]


def store_sentiments(session: Session, found: Sequence[FoundSentiment], model: str) -> None:
    """Write sentiments towards brands; what stood for the same mention is replaced."""
    rows = [
        {
            "mention_id": f.mention.id,
            "text_hash": f.mention.post.text_hash,
            "spans": [list(span) for span in f.mention.spans],
            "model": model,
            "basis": f.basis,
            **dict(zip(_THREE, f.sentiment, strict=True)),
            **{f"model_{n}": p for n, p in zip(_THREE, f.model_sentiment, strict=True)},
            "correction_id": f.correction_id,
        }
        for f in found
    ]
    if rows:
        mark_figures(session)
    columns = tuple(rows[0])[1:] if rows else ()
    upsert(session, MentionSentiment, rows, key=("mention_id",), update=columns)
    mark_mentions(session, [f.mention.id for f in found])


def drop_sentiments(session: Session, post_ids: Sequence[int]) -> None:
    """Take back what was said of the mentions of posts that can no longer be scored."""
    if post_ids:
        mark_figures(session)
    mark_posts(session, post_ids)
    for chunk in chunked(sorted(post_ids), 5000):
        own = select(Mention.id).where(col(Mention.post_id).in_(chunk))
        session.execute(delete(MentionSentiment).where(col(MentionSentiment.mention_id).in_(own)))


def mention_label() -> Any:
    """The sentiment of a mention in SQL: a person's override, else the likeliest of three.

    For statements that join `MentionSentiment` from the outside.
    """
    likeliest = case(
        (col(MentionSentiment.negative).is_(None), None),
        (
            (col(MentionSentiment.negative) >= col(MentionSentiment.neutral))
            & (col(MentionSentiment.negative) >= col(MentionSentiment.positive)),
            "negative",
        ),
        (col(MentionSentiment.neutral) >= col(MentionSentiment.positive), "neutral"),
        else_="positive",
    )
    return func.coalesce(col(Mention.override), likeliest)


def _spans(stored: Sequence[Sequence[int]]) -> Spans:
    return tuple((int(span[0]), int(span[1])) for span in stored)


_THREE = ("negative", "neutral", "positive")
