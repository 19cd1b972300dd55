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
    last_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # of the latest mention
    trend: float | None = None  # score now less the score a month before; None: nothing to compare
    history: list[list[float]] = Field(default_factory=list, sa_column=json_column(nullable=True))
    # The counted mentions that came last: [mention id, pull] each, by falling id.
    newest: list[list[float]] = Field(default_factory=list, sa_column=json_column(nullable=True))
    discounts: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=json_column(nullable=True)
    )
    coordinated: int | None = None  # mentions that are part of copied campaigns
    computed_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class ReviewVerdict(StrEnum):
    """What a person did about a flagged author; the first three are verdicts."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CONTACTED = "contacted"
    NOTED = "noted"
    ASSIGNED = "assigned"
    MARKED = "marked"


class Review(SQLModel, table=True):
    """One thing that a person did; the latest verdict counts, the others are its history."""

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
    value: str | None = None  # whom it was assigned to, what it was marked as; None: taken back
    # Where the author stood, and the highest id of a mention that counted, when it was said.
    kind: StanceKind | None = Field(default=None, sa_type=EnumText(StanceKind))
    seen: int | None = None
    batch: str | None = Field(default=None, index=True)  # what was done to many at once
    undone_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    undone_by: str | None = None
