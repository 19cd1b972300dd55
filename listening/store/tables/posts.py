"""What was said and by whom: author, post, mention, analysis, vector."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from listening.sources.base import PostKind
from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class Author(SQLModel, table=True):
    """An account at one source."""

    __tablename__ = "author"
    __table_args__ = (UniqueConstraint("source", "native_id"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    native_id: str
    handle: str | None = None
    name: str | None = None
    followers: int | None = Field(default=None, sa_type=BigInteger)
    location: str | None = None  # as the author declares it
    verified: bool | None = None


class AuthorLook(SQLModel, table=True):
    """When an author's recent posts were last looked up, and what came of it."""

    __tablename__ = "author_look"

    author_id: int = Field(primary_key=True, foreign_key="author.id", ondelete="CASCADE")
    looked_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    posts: int = 0
    error: str | None = None


class Post(SQLModel, table=True):
    """One text by one author at one source. Unknown numbers are None, never zero."""

    __tablename__ = "post"
    __table_args__ = (
        UniqueConstraint("source", "native_id"),
        Index("ix_post_author_published", "author_id", "published_at"),
        # A conversation is found from any of its posts; most posts are in none.
        Index(
            "ix_post_thread",
            "thread",
            "source",
            sqlite_where=text("thread IS NOT NULL"),
            postgresql_where=text("thread IS NOT NULL"),
        ),
        Index(
            "ix_post_reply_to",
            "reply_to",
            "source",
            sqlite_where=text("reply_to IS NOT NULL"),
            postgresql_where=text("reply_to IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    native_id: str
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE")
    text: str
    text_hash: (
        str  # of title, text and declared language; an analysis with another hash is out of date
    )
    title: str | None = None
    url: str | None = None
    published_at: datetime = Field(sa_type=UTCDateTime, index=True)
    language: str | None = None  # as the source declares it
    kind: PostKind = Field(default=PostKind.POST, sa_type=EnumText(PostKind))
    reply_to: str | None = None
    thread: str | None = None
    repost_of: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    likes: int | None = Field(default=None, sa_type=BigInteger)
    reposts: int | None = Field(default=None, sa_type=BigInteger)
    replies: int | None = Field(default=None, sa_type=BigInteger)
    quotes: int | None = Field(default=None, sa_type=BigInteger)
    views: int | None = Field(default=None, sa_type=BigInteger)
    rating: float | None = None
    media: list[str] = Field(default_factory=list, sa_column=json_column())
    links: list[str] = Field(default_factory=list, sa_column=json_column())
    tags: list[str] = Field(default_factory=list, sa_column=json_column())
    added_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class MatchedBy(StrEnum):
    """Why a post is a mention of a brand."""

    QUERY = "query"
    IMPORT = "import"  # the file was imported as being all about the brand


class SentimentLabel(StrEnum):
    """The three sentiments."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Mention(SQLModel, table=True):
    """A post matched to a brand.

    Author and time stand here again because every list of mentions is by brand and
    filtered by them; the post is the truth.
    """

    __tablename__ = "mention"
    __table_args__ = (
        UniqueConstraint("post_id", "brand_id"),
        Index("ix_mention_brand_published", "brand_id", "published_at"),
        Index("ix_mention_author_brand", "author_id", "brand_id"),
        # Few of many: only those that a person touched.
        Index(
            "ix_mention_override",
            "brand_id",
            "override_at",
            sqlite_where=text("override IS NOT NULL"),
            postgresql_where=text("override IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = Field(foreign_key="post.id", ondelete="CASCADE")
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE")
    published_at: datetime = Field(sa_type=UTCDateTime)
    matched_by: MatchedBy = Field(default=MatchedBy.QUERY, sa_type=EnumText(MatchedBy))
    salience: float = 1.0  # in [0, 1]
    spans: list[list[int]] = Field(default_factory=list, sa_column=json_column())
    # A person's word, which no recomputation touches.
    override: SentimentLabel | None = Field(default=None, sa_type=EnumText(SentimentLabel))
    override_by: str | None = None
    override_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Analysis(SQLModel, table=True):
    """What the models say of a post; out of date when text_hash or model differ."""

    __tablename__ = "analysis"

    post_id: int = Field(primary_key=True, foreign_key="post.id", ondelete="CASCADE")
    text_hash: str = Field(index=True)
    model: str  # encoder and heads, with their revision
    language: str | None = None  # found in the text, or declared; None: too short to tell
    not_scored: str | None = None  # why there is no opinion, such as "language"
    negative: float | None = None  # probabilities; all three or none
    neutral: float | None = None
    positive: float | None = None
    anger: float | None = None  # probabilities of the likeliest emotion; all four or none
    joy: float | None = None
    optimism: float | None = None
    sadness: float | None = None
    ironic: float | None = None  # in [0, 1]
    offensive: float | None = None  # in [0, 1]
    recommends: bool = False
    warns: bool = False
    spam: bool = False
    copy_key: str | None = Field(default=None, index=True)  # same key: the same text, copied
    analysed_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class Vector(SQLModel, table=True):
    """A post's sentence vector, float16 bytes; apart, so that lists never read it."""

    __tablename__ = "vector"

    post_id: int = Field(primary_key=True, foreign_key="post.id", ondelete="CASCADE")
    dimensions: int
    data: bytes = Field(sa_type=LargeBinary)


class AuthorProfile(SQLModel, table=True):
    """What an author cares about and how they feel, as sums that new posts are added to.

    Each post counts by its age: half after `interest_half_life_days`. The sums are as of a
    moment; put off to a later one, everything in them loses the same share, so that directions
    and means stay.
    """

    __tablename__ = "author_profile"

    author_id: int = Field(primary_key=True, foreign_key="author.id", ondelete="CASCADE")
    model: str
    params: str  # half-life and weights that the sums were made with
    posts: int
    interests: bytes = Field(sa_type=LargeBinary)  # float64, weighted sum of vectors
    # Weighted sums of negative, neutral, positive, and the weight that is in them.
    opinions: list[float] = Field(default_factory=list, sa_column=json_column())
    as_of: datetime = Field(sa_type=UTCDateTime)
    changed_at: datetime = Field(default_factory=now, sa_type=UTCDateTime, index=True)
    stale: bool = Field(default=False, index=True)  # to be made anew from the author's posts
    unplaced: bool = Field(default=False, index=True)  # changed since its segment was looked for


class Unprofiled(SQLModel, table=True):
    """A post that was analysed and is not in its author's profile yet."""

    __tablename__ = "unprofiled"

    post_id: int = Field(primary_key=True, foreign_key="post.id", ondelete="CASCADE")
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE", index=True)
    again: bool = False  # an earlier analysis of it may be in: the profile is made anew


__all__ = [
    "Analysis",
    "Author",
    "AuthorLook",
    "AuthorProfile",
    "MatchedBy",
    "Mention",
    "Post",
    "SentimentLabel",
    "Unprofiled",
    "Vector",
]
