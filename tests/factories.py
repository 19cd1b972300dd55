"""The nouns of the domain with defaults, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlmodel import Session, col, select

from listening.advocacy import Said
from listening.ingest import Ingested, ingest
from listening.matching import BrandMatcher
from listening.sources.base import RawPost
from listening.store.brands.brands import add_brand, brand_id, brand_rules, get_brand, query_for
from listening.store.mentions.mentions import MentionView, views
from listening.store.mentions.sentiments import FoundSentiment, mentions_of, store_sentiments
from listening.store.posts.analyses import FoundAnalysis, PendingPost, reading, store_analyses
from listening.store.session import Store
from listening.store.tables import Post, SentimentBasis

MODEL = "test-model"
NOON = "2026-09-01T12:00Z"


def at(moment: str) -> datetime:
    """A moment as it is written in tests: 2026-09-01T10:00Z."""
    return datetime.fromisoformat(moment)


def post(
    text: str = "JetBlue was fine",
    *,
    id: str = "p1",
    author: str = "a1",
    at: str = NOON,
    source: str = "file",
    **more: object,
) -> RawPost:
    """A post as a source delivers it."""
    return RawPost(
        source=source,
        native_id=id,
        author_native_id=author,
        text=text,
        published_at=datetime.fromisoformat(at),
        **more,  # type: ignore[arg-type]
    )


def said(polarity: float | None = 1.0, *, id: int = 1, author: int = 1, **more: object) -> Said:
    """A mention as far as stances are concerned; said at noon unless told otherwise."""
    moment = datetime.fromisoformat(str(more.pop("at", NOON)))
    return Said(
        mention_id=id,
        author_id=author,
        published_at=moment,
        polarity=polarity,
        **more,  # type: ignore[arg-type]
    )


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What the models would say of a post, and towards every brand it mentions.

    `towards` is the sentiment read from the words that name the brand; None: from the post.
    """

    sentiment: tuple[float, float, float] | None = (0.0, 1.0, 0.0)
    towards: tuple[float, float, float] | None = None
    emotion: tuple[float, float, float, float] | None = None
    ironic: float | None = None
    offensive: float | None = None
    not_scored: str | None = None
    language: str | None = "en"
    recommends: bool = False
    warns: bool = False
    spam: bool = False
    copy_key: str | None = None
    vector: Sequence[float] = (1.0, 0.0)


def opinion(polarity: float | None, **more: object) -> Opinion:
    """An opinion of a polarity; what is neither for nor against is neutral."""
    if polarity is None:
        return Opinion(sentiment=None, **more)  # type: ignore[arg-type]
    three = (max(-polarity, 0.0), 1 - abs(polarity), max(polarity, 0.0))
    return Opinion(sentiment=three, **more)  # type: ignore[arg-type]


def brand(store: Store, name: str, query: str | None = None, *, own: Sequence[str] = ()) -> int:
    """Add a brand, listened for by its name unless told otherwise; returns its id."""
    with store.work() as session:
        added = add_brand(session, name, query=query or query_for(name), own_accounts=own)
        return brand_id(added)


def load(store: Store, *posts: RawPost, all_about: str | None = None) -> Ingested:
    """Ingest posts for every brand of the store."""
    with store.work() as session:
        rules = brand_rules(session)
        about = brand_id(get_brand(session, all_about)) if all_about else None
        ids = [rule.id for rule in rules]
        return ingest(session, posts, BrandMatcher(rules), brand_ids=ids, all_about=about)


def analyse(store: Store, opinions: Mapping[str, Opinion], *, model: str = MODEL) -> None:
    """Store what the models would say, by the posts' native ids."""
    with store.work() as session:
        found, towards = [], []
        for one in posts(session, opinions):
            own = opinions[one.native_id]
            negative, neutral, positive = own.sentiment or (None, None, None)
            anger, joy, optimism, sadness = own.emotion or (None, None, None, None)
            towards += _towards(session, one, own)
            found.append(
                FoundAnalysis(
                    post_id=int(one.id or 0),
                    text_hash=one.text_hash,
                    language=own.language,
                    not_scored=own.not_scored,
                    negative=negative,
                    neutral=neutral,
                    positive=positive,
                    anger=anger,
                    joy=joy,
                    optimism=optimism,
                    sadness=sadness,
                    ironic=own.ironic,
                    offensive=own.offensive,
                    recommends=own.recommends,
                    warns=own.warns,
                    spam=own.spam,
                    copy_key=own.copy_key,
                    vector=np.array(own.vector, np.float16).tobytes(),
                    dimensions=len(own.vector),
                )
            )
        store_analyses(session, found, model)
        store_sentiments(session, towards, model)


def _towards(session: Session, one: Post, own: Opinion) -> list[FoundSentiment]:
    three = own.towards or own.sentiment
    if three is None:
        return []
    read = PendingPost(int(one.id or 0), *reading(one.title, one.text), one.text_hash, None)
    basis = SentimentBasis.TARGET if own.towards else SentimentBasis.POST
    return [
        FoundSentiment(mention, basis, three, three, None)
        for mention in mentions_of(session, [read])[read.id]
    ]


def posts(session: Session, native_ids: Iterable[str] | None = None) -> list[Post]:
    """Stored posts by native id."""
    statement = select(Post)
    if native_ids is not None:
        statement = statement.where(col(Post.native_id).in_(list(native_ids)))
    return sorted(session.exec(statement), key=lambda p: p.native_id)


def mentions(store: Store, brand: int | None = None) -> dict[str, MentionView]:
    """Mentions (of a brand) by the native id of the post."""
    with store.session() as session:
        return {view.post.native_id: view for view in views(session, brand_id=brand)}


def author_id(store: Store, native_id: str) -> int:
    """The id of a stored author."""
    from listening.store.segments.segments import author_keys

    with store.session() as session:
        return next(i for i, key in author_keys(session).items() if key[1] == native_id)
