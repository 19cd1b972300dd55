"""What was concluded: segmentation, segment, membership, stance, review, case."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class Segmentation(SQLModel, table=True):
    """One clustering run: its data, parameters, seed and library versions."""

    __tablename__ = "segmentation"

    id: int | None = Field(default=None, primary_key=True)
    fingerprint: str = Field(unique=True)  # of data and parameters: the same run is one run
    model: str
    params: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    versions: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    authors: int
    noise: int
    note: str | None = None  # such as: too few authors, one segment made
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    current: bool = Field(default=True, index=True)


class Segment(SQLModel, table=True):
    """An interpreted cluster of authors whose identity outlives the run."""

    __tablename__ = "segment"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    renamed: bool = False  # a person named it: no run changes the name
    # The segment outlives the run that first found it.
    born_in: int | None = Field(
        default=None, foreign_key="segmentation.id", ondelete="SET NULL", nullable=True
    )


class SegmentState(SQLModel, table=True):
    """A segment as one run found it."""

    __tablename__ = "segment_state"
    __table_args__ = (
        UniqueConstraint("segmentation_id", "segment_id"),
        UniqueConstraint("segmentation_id", "label"),
    )

    id: int | None = Field(default=None, primary_key=True)
    segmentation_id: int = Field(foreign_key="segmentation.id", ondelete="CASCADE")
    segment_id: int = Field(foreign_key="segment.id", ondelete="CASCADE")
    label: int  # HDBSCAN's number in this run
    size: int
    keywords: list[str] = Field(default_factory=list, sa_column=json_column())
    exemplars: list[int] = Field(default_factory=list, sa_column=json_column())  # post ids


class Membership(SQLModel, table=True):
    """An author's segment in one run; for noise, the nearest one."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_segment", "segmentation_id", "segment_id"),)

    segmentation_id: int = Field(
        primary_key=True, foreign_key="segmentation.id", ondelete="CASCADE"
    )
    # Indexed alone too: an author who goes takes these along, and is not looked for in them all.
    author_id: int = Field(
        primary_key=True, foreign_key="author.id", ondelete="CASCADE", index=True
    )
    segment_id: int = Field(foreign_key="segment.id", ondelete="CASCADE")
    noise: bool  # left out by HDBSCAN: segment_id is the nearest, not a membership
    strength: float  # in [0, 1]


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


class CaseStatus(StrEnum):
    """How far support is with a case."""

    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class Priority(StrEnum):
    """How soon a case wants an answer."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Case(SQLModel, table=True):
    """A negative mention that support works on."""

    __tablename__ = "support_case"  # CASE is a word of SQL
    __table_args__ = (Index("ix_case_queue", "brand_id", "status", "urgency"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", ondelete="CASCADE", unique=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    status: CaseStatus = Field(default=CaseStatus.OPEN, sa_type=EnumText(CaseStatus))
    priority: Priority = Field(sa_type=EnumText(Priority))
    urgency: float  # in [0, 1]
    terms: dict[str, float] = Field(default_factory=dict, sa_column=json_column())
    risks: list[str] = Field(default_factory=list, sa_column=json_column())
    group_key: str | None = Field(default=None, index=True)  # similar complaints share it
    owner: str | None = None
    due_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    opened_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    version: int = 1
