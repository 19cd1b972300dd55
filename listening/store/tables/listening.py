"""What is listened for, and each pull: brand, alias, watch, sweep, quarantine, tombstone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class Brand(SQLModel, table=True):
    """What is listened for: a name, its aliases, a query."""

    __tablename__ = "brand"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    slug: str = Field(unique=True)  # the name folded: two spellings are one brand
    query: str
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    retention_days: int | None = None
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    # Set: stored posts are still to be matched against the query as it is since then.
    match_wanted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class AliasKind(StrEnum):
    """What an alias says about the brand."""

    NAME = "name"
    OWN_ACCOUNT = "own_account"  # its posts are not mentions of the brand


class Alias(SQLModel, table=True):
    """Another name of a brand, or one of its own accounts (a handle or native id)."""

    __tablename__ = "alias"
    __table_args__ = (UniqueConstraint("brand_id", "kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    kind: AliasKind = Field(sa_type=EnumText(AliasKind))
    value: str  # folded; a handle without its @


class Watch(SQLModel, table=True):
    """A brand listened for at a source, with its interval and cursor."""

    __tablename__ = "watch"
    __table_args__ = (UniqueConstraint("brand_id", "source", "params_key"),)

    id: int | None = Field(default=None, primary_key=True)
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE")
    source: str
    params: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    params_key: str = ""  # the parameters in a canonical form, for uniqueness
    interval_seconds: int = 900
    cron: str | None = None  # five fields, in place of the interval
    timezone: str = "UTC"  # of cron and quiet hours, IANA
    quiet_from: str | None = None  # HH:MM; no sweep begins from here ...
    quiet_until: str | None = None  # ... until here
    jitter_seconds: int = 0
    failures: int = 0  # in a row
    last_error: str | None = None
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    cursor: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    next_due_at: datetime | None = Field(default=None, sa_type=UTCDateTime, index=True)
    paused_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # Everything the platform had up to here has been read; None: it cannot be told.
    read_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    warning: str | None = None  # such as: its format may have changed
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class SweepStatus(StrEnum):
    """How a sweep stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"  # its worker died; what it had stored stands, the next sweep goes on


class Sweep(SQLModel, table=True):
    """One bounded pull of a watch, or of a file, with its counts."""

    __tablename__ = "sweep"
    __table_args__ = (Index("ix_sweep_watch_id", "watch_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    watch_id: int | None = Field(default=None, foreign_key="watch.id", ondelete="SET NULL")
    source: str
    label: str  # the file's path, or the watch in words
    status: SweepStatus = Field(default=SweepStatus.RUNNING, sa_type=EnumText(SweepStatus))
    started_at: datetime = Field(default_factory=now, sa_type=UTCDateTime, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    rows: int = 0
    posts_new: int = 0
    posts_edited: int = 0
    posts_same: int = 0
    mentions_new: int = 0
    quarantined: int = 0
    refused: int = 0  # by a tombstone
    passed: int = 0  # mention no brand
    deleted: int = 0  # posts that the platform says are gone
    error: str | None = None
    heartbeat_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    correlation: str | None = None  # shared with the jobs that this sweep set off


class QuarantineStatus(StrEnum):
    """Whether a rejected row still waits."""

    WAITING = "waiting"
    RESOLVED = "resolved"
    IGNORED = "ignored"  # a person said that it need not be read


class QuarantinedRow(SQLModel, table=True):
    """A row that could not be read, kept as it came, with the reason and the fix."""

    __tablename__ = "quarantined_row"
    __table_args__ = (UniqueConstraint("file", "line", "raw_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    sweep_id: int | None = Field(
        default=None, foreign_key="sweep.id", ondelete="SET NULL", index=True
    )
    file: str
    line: int
    field: str | None = None
    reason: str
    raw: str
    raw_hash: str
    status: QuarantineStatus = Field(
        default=QuarantineStatus.WAITING, sa_type=EnumText(QuarantineStatus), index=True
    )
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class Tombstone(SQLModel, table=True):
    """An erased author: a salted hash, so that the next sweep leaves them out."""

    __tablename__ = "tombstone"

    digest: str = Field(primary_key=True)
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class StoreFact(SQLModel, table=True):
    """A fact about the store itself, such as its salt."""

    __tablename__ = "store_fact"

    name: str = Field(primary_key=True)
    value: str
