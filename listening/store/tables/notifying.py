"""What people ask for in the settings: credentials, who is told of what, whom to erase."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class Credential(SQLModel, table=True):
    """What a platform wants to know of us, encrypted; by the name of its variable."""

    __tablename__ = "credential"

    name: str = Field(primary_key=True)
    value: str  # encrypted; never shown again
    set_by: str
    set_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class ChannelKind(StrEnum):
    """How a notification travels."""

    EMAIL = "email"
    SLACK = "slack"
    APPRISE = "apprise"  # any other address that Apprise knows
    WEBHOOK = "webhook"  # signed JSON


class Channel(SQLModel, table=True):
    """Somewhere that notifications are sent, of one brand or of all."""

    __tablename__ = "channel"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    brand_id: int | None = Field(
        default=None, foreign_key="brand.id", ondelete="CASCADE", nullable=True, index=True
    )  # None: every brand
    kind: ChannelKind = Field(sa_type=EnumText(ChannelKind))
    secret: str  # encrypted: the address, and what a webhook is signed with
    shown: str  # the address without what is secret in it
    events: list[str] = Field(default_factory=list, sa_column=json_column())
    quiet_minutes: int | None = None  # between two about the same thing; None: as each event has it
    paused_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    changed_by: str | None = None
    changed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"  # for its first try, or the next
    SENT = "sent"
    FAILED = "failed"  # given up
    HELD = "held"  # not sent: another about the same thing went shortly before


class Delivery(SQLModel, table=True):
    """One notification on its way to one channel, and what came of it.

    Written in the unit of work of what it tells. Holds numbers, settings and names of brands,
    never what authors wrote or are called: whoever erases them has nothing to look for here.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "status", "due_at"),
        Index("ix_delivery_about", "channel_id", "event", "subject", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(unique=True)  # told to the receiver, who may see it twice
    dedupe: str = Field(unique=True)  # channel, event and what happened: nothing is told twice
    channel_id: int = Field(foreign_key="channel.id", ondelete="CASCADE")
    brand_id: int | None = Field(
        default=None, foreign_key="brand.id", ondelete="CASCADE", nullable=True, index=True
    )
    event: str
    subject: str  # what it is about, such as watch:7: a cooldown is of one subject
    title: str
    text: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    attachment: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    status: DeliveryStatus = Field(default=DeliveryStatus.WAITING, sa_type=EnumText(DeliveryStatus))
    due_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)  # claimed: until when
    attempts: int = 0
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    answer: str | None = None  # what the receiver said, or why it was not sent


class Erasure(SQLModel, table=True):
    """An author whom somebody asked to have erased, until a worker has done it.

    Whom it was about is taken out then: only that it was done stays.
    """

    __tablename__ = "erasure"

    id: int | None = Field(default=None, primary_key=True)
    source: str
    who: str | None = None  # native id, or the handle with its @; None: done
    asked_by: str
    asked_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime, index=True)
    posts: int = 0
    error: str | None = None


__all__ = ["Channel", "ChannelKind", "Credential", "Delivery", "DeliveryStatus", "Erasure"]
