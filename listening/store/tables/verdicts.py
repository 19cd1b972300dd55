"""What was concluded of one author: stance, review."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class StanceKind(StrEnum):
    """Where an author stands towards a brand."""

    ADVOCATE = "advocate"
    DETRACTOR = "detractor"
    PASSIVE = "passive"


class Stance(SQLModel, table=True):
    """An author's stance towards one brand, with its interval and its evidence."""

    __tablename__ = "stance"
    __table_args__ = (
        UniqueConstraint("brand_id", "author_id"),
        Index("ix_stance_list", "brand_id", "kind", "score"),
    )

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE", index=True)
    kind: StanceKind = Field(sa_type=EnumText(StanceKind))
    score: float  # shrunken mean polarity, in [-1, 1]
    low: float
    high: float
    mentions: int  # all, copies too
    opinions: int  # independent scored mentions, which the score stands on
    recommends: int
    warns: int
    reason: str
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    # The prior and the constants it was computed with: the score can be worked out again.
    basis: dict[str, float] = Field(default_factory=dict, sa_column=json_column())
    computed_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class ReviewVerdict(StrEnum):
    """A person's verdict on a flagged author."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CONTACTED = "contacted"


class Review(SQLModel, table=True):
    """One verdict; the latest counts, the others are its history."""

    __tablename__ = "review"
    __table_args__ = (Index("ix_review_author", "brand_id", "author_id"),)

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE", index=True)
    verdict: ReviewVerdict = Field(sa_type=EnumText(ReviewVerdict))
    reason: str | None = None
    note: str | None = None
    by: str
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
