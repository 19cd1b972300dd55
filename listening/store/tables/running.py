"""What runs: leases, posts being analysed, long jobs, counters, back-fills."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class Lease(SQLModel, table=True):
    """Who may do what only one may do: lead the beat, sweep a watch, segment.

    A lease that ran out belongs to nobody; its holder renews it with a heartbeat.
    """

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_type=UTCDateTime)
    taken_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class Claim(SQLModel, table=True):
    """A post that a worker is analysing, and how often one died or failed at it.

    Gone once the post is analysed. A post whose claims were never kept is poisoned: it is
    quarantined with `error`, until its text or the model is another.
    """

    __tablename__ = "claim"

    post_id: int = Field(primary_key=True, foreign_key="post.id", ondelete="CASCADE")
    holder: str = Field(index=True)
    until: datetime = Field(sa_type=UTCDateTime)
    attempts: int = 1
    text_hash: str
    model: str
    error: str | None = None  # set: given up


class JobStatus(StrEnum):
    """How a long job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its worker died; whatever it had written stands


class Job(SQLModel, table=True):
    """A long job and how far it is, for whoever watches."""

    __tablename__ = "job"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(index=True)  # import, sweep, analyse, match, flag, segment, ...
    label: str
    status: JobStatus = Field(default=JobStatus.RUNNING, sa_type=EnumText(JobStatus), index=True)
    stage: str | None = None
    done: int = Field(default=0, sa_type=BigInteger)
    total: int | None = Field(default=None, sa_type=BigInteger)
    stage_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    started_at: datetime = Field(default_factory=now, sa_type=UTCDateTime, index=True)
    heartbeat_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    holder: str
    correlation: str | None = None  # shared by all that one sweep or command set off
    cancel_asked: bool = False
    error: str | None = None


class Presence(SQLModel, table=True):
    """A process that is up: web, worker, beat. Stale where it was not seen for a while."""

    __tablename__ = "presence"

    name: str = Field(primary_key=True)  # host, kind and process
    kind: str
    host: str
    pid: int
    queues: list[str] = Field(default_factory=list, sa_column=json_column())
    started_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    seen_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    doing: str | None = None  # the task it is at
    memory: int | None = Field(default=None, sa_type=BigInteger)  # resident bytes


class Counter(SQLModel, table=True):
    """A number that only grows, added to by every process: what /metrics shows."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    labels: str = Field(primary_key=True)  # canonical JSON, sorted keys
    value: float = 0.0


class Backfill(SQLModel, table=True):
    """A window of the past that a watch is asked to fetch, apart from its cursor."""

    __tablename__ = "backfill"

    id: int | None = Field(default=None, primary_key=True)
    watch_id: int = Field(foreign_key="watch.id", ondelete="CASCADE", index=True)
    since: datetime = Field(sa_type=UTCDateTime)
    until: datetime = Field(sa_type=UTCDateTime)
    cursor: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    failures: int = 0
    error: str | None = None
