"""Counts kept for pages, and reports: when they are due, what each said."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import UTCDateTime, json_column, now


class MentionDay(SQLModel, table=True):
    """A day's mentions of a brand at a source, counted; days are UTC.

    Kept true by `MentionMark`: whatever changes a mention marks its day in the same unit of
    work, and a marked day is counted again.
    """

    __tablename__ = "mention_day"

    brand_id: int = Field(primary_key=True, foreign_key="brand.id", ondelete="CASCADE")
    day: date = Field(primary_key=True)
    source: str = Field(primary_key=True)
    mentions: int
    negative: int  # towards the brand, a person's word first; these three are the scored ones
    neutral: int
    positive: int
    anger: int  # mentions by the likeliest emotion of their post; the four are those known
    joy: int
    optimism: int
    sadness: int
    judged: int  # mentions whose irony was read
    ironic: int  # of these, as likely as `listening.reports.IRONY_FROM` or more
    not_scored: dict[str, int] = Field(default_factory=dict, sa_column=json_column())
    # Mentions, scored and negative ones by hour: three lists of 24.
    hours: list[list[int]] = Field(default_factory=list, sa_column=json_column())


class MentionMark(SQLModel, table=True):
    """That a brand's day is to be counted again. Only added, so that no writer waits."""

    __tablename__ = "mention_mark"
    __table_args__ = (Index("ix_mention_mark_day", "brand_id", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    day: date
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class BrandWindow(SQLModel, table=True):
    """What cannot be added up from days: authors, reach and themes of a window, as of a moment."""

    __tablename__ = "brand_window"

    brand_id: int = Field(primary_key=True, foreign_key="brand.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)  # 7, 28, 90, all; with " before", the window before it
    first: date
    last: date
    authors: int
    reach_total: int = Field(sa_type=BigInteger)  # followers summed over mentions
    reach_unique: int = Field(sa_type=BigInteger)  # each author once
    reach_known: int  # authors whose followers are known
    # Words that set the window apart from the one before; None: not looked for.
    themes: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    counted_at: datetime = Field(sa_type=UTCDateTime)
    seconds: float  # that counting took: what is dear is counted less often


class ReportSchedule(SQLModel, table=True):
    """When a brand's digest is made, and who is told."""

    __tablename__ = "report_schedule"

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE", index=True)
    name: str
    cron: str  # five fields
    timezone: str = "UTC"  # IANA
    days: int = 7  # that a report looks back
    # Ids of the channels that are told; none: those that ask for reports.
    channels: list[int] = Field(default_factory=list, sa_column=json_column())
    next_due_at: datetime = Field(sa_type=UTCDateTime, index=True)
    paused: bool = False
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    version: int = 1


class Report(SQLModel, table=True):
    """A digest as it was made: figures and words of many authors, nobody's name or text.

    Names and texts are looked up by `ReportItem` when it is shown: whoever was erased since
    is not in it.
    """

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("schedule_id", "due_at"),
        Index("ix_report_brand", "brand_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    schedule_id: int | None = Field(
        default=None, foreign_key="report_schedule.id", ondelete="SET NULL", nullable=True
    )
    due_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # None: asked for
    first: date
    last: date
    made_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    made_by: str
    content: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class ReportItem(SQLModel, table=True):
    """An author or a mention that a report shows; gone with them."""

    __tablename__ = "report_item"

    report_id: int = Field(primary_key=True, foreign_key="report.id", ondelete="CASCADE")
    part: str = Field(primary_key=True)  # advocates, detractors, cases
    place: int = Field(primary_key=True)
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE", index=True)
    mention_id: int | None = Field(
        default=None, foreign_key="mention.id", ondelete="CASCADE", nullable=True, index=True
    )
    score: float | None = None


__all__ = [
    "BrandWindow",
    "MentionDay",
    "MentionMark",
    "Report",
    "ReportItem",
    "ReportSchedule",
]
