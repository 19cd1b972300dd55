"""What support works on: cases, what was done to them, notes, canned notes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


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
    """A negative mention that support works on.

    Author, source and time of the mention stand here again because the queue is filtered and
    ordered by them; the post is the truth.
    """

    __tablename__ = "support_case"  # CASE is a word of SQL
    __table_args__ = (
        Index("ix_case_rank", "brand_id", "status", "rank", "id"),
        Index("ix_case_due", "brand_id", "status", "due_at", "id"),
        Index("ix_case_newest", "brand_id", "status", "published_at", "id"),
        Index("ix_case_owner", "brand_id", "owner", "status", "rank", "id"),
        Index(
            "ix_case_starred",
            "brand_id",
            "status",
            "rank",
            "id",
            sqlite_where=text("starred"),
            postgresql_where=text("starred"),
        ),
        Index(
            "ix_case_checked",
            "brand_id",
            "status",
            "rank",
            "id",
            sqlite_where=text("checked"),
            postgresql_where=text("checked"),
        ),
        Index("ix_case_group", "brand_id", "group_key", "status", "rank", "id"),
        Index("ix_case_author", "author_id", "brand_id"),
        Index("ix_case_closed", "brand_id", "closed_at"),
        Index("ix_case_answered", "brand_id", "answered_at"),
        Index("ix_case_snoozed", "status", "snoozed_until"),
        Index("ix_case_overdue", "status", "escalated_at", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", ondelete="CASCADE", unique=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE")
    source: str
    published_at: datetime = Field(sa_type=UTCDateTime)
    status: CaseStatus = Field(default=CaseStatus.OPEN, sa_type=EnumText(CaseStatus))
    priority: Priority = Field(sa_type=EnumText(Priority))
    priority_by: str | None = None  # the person who set it; None: computed
    urgency: float  # in [0, 1]
    rank: float  # what the queue is ordered by: the priority's place and the urgency
    terms: dict[str, float] = Field(default_factory=dict, sa_column=json_column())
    risks: list[str] = Field(default_factory=list, sa_column=json_column())
    group_key: str | None = None  # similar complaints share it
    owner: str | None = None
    checked: bool = False
    starred: bool = False
    opened_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    # The timer: from opening, or from the last reopening, to due; closing stops it.
    timed_from: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    escalated_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    in_time: bool | None = None  # as the first closing found it; reopening leaves it
    snoozed_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # the first answer
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # The case of the same author that was closed before they complained again.
    after_id: int | None = Field(
        default=None, foreign_key="support_case.id", ondelete="SET NULL", nullable=True, index=True
    )
    version: int = 1
    changed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    changed_by: str | None = None


class CaseEvent(SQLModel, table=True):
    """One thing that was done to a case: its history, and what undoing puts back."""

    __tablename__ = "case_event"
    __table_args__ = (
        Index("ix_case_event_case", "case_id", "id"),
        Index("ix_case_event_batch", "batch"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="support_case.id", ondelete="CASCADE")
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    by: str
    action: str  # close, pending, snooze, reopen, assign, priority, escalate, wake, note, ...
    version: int  # of the case after it
    before: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    after: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    batch: str | None = None  # shared by what was done to several at once
    undone_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class CaseNote(SQLModel, table=True):
    """What somebody noted on a case, or answered the author."""

    __tablename__ = "case_note"
    __table_args__ = (Index("ix_case_note_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="support_case.id", ondelete="CASCADE")
    by: str
    text: str
    answer: bool = False  # what the author was told; else for colleagues
    batch: str | None = Field(default=None, index=True)
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class CannedNote(SQLModel, table=True):
    """A text that a brand's support says often; {author} and {brand} are filled in."""

    __tablename__ = "canned_note"
    __table_args__ = (UniqueConstraint("brand_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    name: str
    text: str
    by: str
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    version: int = 1


__all__ = ["CannedNote", "Case", "CaseEvent", "CaseNote", "CaseStatus", "Priority"]
