"""What the desk keeps of flagged authors: where lists find them, what changed, who copied."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now
from listening.store.tables.verdicts import StanceKind


class FlagStatus(StrEnum):
    """How far people are with a flagged author."""

    NEW = "new"
    CONFIRMED = "confirmed"
    CONTACTED = "contacted"
    DISMISSED = "dismissed"
    BACK = "back"  # dismissed, and there is new evidence since


class Mark(StrEnum):
    """What a person says an author is; it has the last word over every guess."""

    GENUINE = "genuine"  # whatever it looks like: weighs in full
    EMPLOYEE = "employee"
    RESELLER = "reseller"
    BOT = "bot"
    OWN = "own"  # the brand's own account


class Flag(SQLModel, table=True):
    """A flagged author as lists find them: made anew from stance, reviews, author and segment.

    One for every advocate and detractor, and for whoever a person touched. The columns
    `by_...` are what lists are sorted by, each the smaller the earlier.
    """

    __tablename__ = "flag"
    __table_args__ = (
        UniqueConstraint("brand_id", "author_id"),
        Index("ix_flag_surest", "brand_id", "kind", "by_surest", "author_id"),
        Index("ix_flag_score", "brand_id", "kind", "by_score", "author_id"),
        Index("ix_flag_reach", "brand_id", "kind", "by_reach", "author_id"),
        Index("ix_flag_recent", "brand_id", "kind", "by_recent", "author_id"),
        Index("ix_flag_trend", "brand_id", "kind", "by_trend", "author_id"),
        Index("ix_flag_status", "brand_id", "kind", "status", "by_surest"),
        Index("ix_flag_source", "brand_id", "kind", "source", "by_surest"),
        Index("ix_flag_segment", "brand_id", "kind", "segment_id", "by_surest"),
    )

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE", index=True)
    kind: StanceKind = Field(sa_type=EnumText(StanceKind))
    status: FlagStatus = Field(default=FlagStatus.NEW, sa_type=EnumText(FlagStatus))
    assignee: str | None = None
    mark: Mark | None = Field(default=None, sa_type=EnumText(Mark))
    source: str
    followers: int | None = Field(default=None, sa_type=BigInteger)
    segment_id: int | None = Field(
        default=None, foreign_key="segment.id", ondelete="SET NULL", nullable=True, index=True
    )
    noise: bool | None = None  # unsegmented: the segment is only the nearest
    last_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # of the latest mention
    turned_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # into what it is now
    coordinated: bool = False
    discount: str | None = None
    news: list[int] = Field(default_factory=list, sa_column=json_column())  # since the dismissal
    by_surest: float
    by_score: float
    by_reach: float
    by_recent: float
    by_trend: float
    version: int = 1


class StanceChange(SQLModel, table=True):
    """An author came to stand elsewhere, and the mention that did it."""

    __tablename__ = "stance_change"
    __table_args__ = (
        UniqueConstraint("brand_id", "author_id", "at", "kind"),
        Index("ix_stance_change_brand", "brand_id", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE", index=True)
    at: datetime = Field(sa_type=UTCDateTime)
    was: StanceKind = Field(sa_type=EnumText(StanceKind))
    kind: StanceKind = Field(sa_type=EnumText(StanceKind))
    mention_id: int | None = Field(
        default=None, foreign_key="mention.id", ondelete="CASCADE", nullable=True, index=True
    )  # None: what was said grew old
    score: float


class Campaign(SQLModel, table=True):
    """The same text by many authors in a short time."""

    __tablename__ = "campaign"
    __table_args__ = (UniqueConstraint("brand_id", "first_mention"),)

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    first_mention: int  # id of its earliest mention: what it is known by
    authors: int
    mentions: int
    first_at: datetime = Field(sa_type=UTCDateTime)
    last_at: datetime = Field(sa_type=UTCDateTime)


class CampaignMention(SQLModel, table=True):
    """A mention that is part of a campaign."""

    __tablename__ = "campaign_mention"

    mention_id: int = Field(primary_key=True, foreign_key="mention.id", ondelete="CASCADE")
    campaign_id: int = Field(foreign_key="campaign.id", ondelete="CASCADE", index=True)


class CustomerRecord(SQLModel, table=True):
    """What the customer's own files say of an account; for audience files, never for a segment."""

    __tablename__ = "customer_record"
    __table_args__ = (UniqueConstraint("source", "account"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    account: str  # handle or native id at the source, folded, without its @
    email: str | None = None
    phone: str | None = None  # in E.164
    first_name: str | None = None
    last_name: str | None = None
    country: str | None = None  # two letters
    zip: str | None = None
    imported_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


__all__ = [
    "Campaign",
    "CampaignMention",
    "CustomerRecord",
    "Flag",
    "FlagStatus",
    "Mark",
    "StanceChange",
]
