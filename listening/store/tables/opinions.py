"""Sentiment towards the brand of a mention, and what people taught about a brand."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class SentimentBasis(StrEnum):
    """What the sentiment towards a brand was read from."""

    TARGET = "target"  # the words of the post that name the brand
    POST = "post"  # the whole post: the brand is not named in what the model reads


class MentionSentiment(SQLModel, table=True):
    """Sentiment towards the brand of a mention; out of date when text, spans or model differ."""

    __tablename__ = "mention_sentiment"

    mention_id: int = Field(primary_key=True, foreign_key="mention.id", ondelete="CASCADE")
    text_hash: str = Field(index=True)
    spans: list[list[int]] = Field(default_factory=list, sa_column=json_column())
    model: str
    basis: SentimentBasis = Field(sa_type=EnumText(SentimentBasis))
    # As they count: the model's, or what a brand's correction made of them.
    negative: float
    neutral: float
    positive: float
    # As the model said, so that a correction can be taken back.
    model_negative: float
    model_neutral: float
    model_positive: float
    correction_id: int | None = Field(
        default=None, foreign_key="correction.id", ondelete="SET NULL", nullable=True
    )


class Correction(SQLModel, table=True):
    """What people's labels taught about one brand, on top of the model; one a brand is active."""

    __tablename__ = "correction"
    __table_args__ = (UniqueConstraint("brand_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    version: int
    model: str  # revision whose probabilities it corrects
    labels: int
    params: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    scores: dict[str, float] = Field(default_factory=dict, sa_column=json_column())
    active: bool = True
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
