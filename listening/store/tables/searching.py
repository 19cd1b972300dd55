"""What mentions are found by: the words of posts, and the tags that people give."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from listening.store.tables.types import UTCDateTime, now


class PostWords(SQLModel, table=True):
    """The words of a post's title and text as queries compare them, each once.

    Full text indexes stand on this column: FTS5 on SQLite (`fts_post_words`), a GIN index on
    PostgreSQL. They only narrow down what is looked at; what a query says is decided by
    `listening.query` alone. On SQLite triggers keep the index true, which a migration that
    builds this table anew has to make again.
    """

    __tablename__ = "post_words"

    post_id: int = Field(primary_key=True, foreign_key="post.id", ondelete="CASCADE")
    words: str


class MentionTag(SQLModel, table=True):
    """A word that somebody put on a mention."""

    __tablename__ = "mention_tag"
    __table_args__ = (Index("ix_mention_tag_tag", "brand_id", "tag"),)

    mention_id: int = Field(primary_key=True, foreign_key="mention.id", ondelete="CASCADE")
    tag: str = Field(primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")  # the mention's
    by: str
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


__all__ = ["MentionTag", "PostWords"]
