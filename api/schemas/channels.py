"""Channels and deliveries, as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from api.schemas.base import Sent, Shown
from listening.notifying import EventKind
from listening.store.tables import ChannelKind, DeliveryStatus

_ADDRESS = (
    "webhook, slack, apprise: `address`. email: `to`, `server`, `port`, `security` (ssl, starttls, "
    "none), `user`, `password`, `sender`. Never shown again."
)


class NewChannel(Sent):
    """Somewhere to send notifications."""

    name: str = Field(max_length=500, examples=["Night desk"])
    kind: ChannelKind
    address: dict[str, str] = Field(
        description=_ADDRESS,
        examples=[{"address": "https://hooks.example.com/listening"}],
        json_schema_extra={"writeOnly": True},
    )
    events: list[EventKind] = Field(examples=[["watch.failing", "case.overdue"]])
    brand_id: int | None = Field(
        None, ge=1, le=2**63 - 1, description="Whose events; null: everybody's."
    )
    quiet_minutes: int | None = Field(
        None, description="Between two about the same thing; null: as each event has it."
    )


class ChannelChange(Sent):
    """What is to be different; `name`, `events` and `address` stay where they are left out."""

    version: int | None = Field(None, description="The version it is meant for; or If-Match.")
    name: str | None = Field(None, max_length=500)
    events: list[EventKind] | None = None
    quiet_minutes: int | None = None
    address: dict[str, str] | None = Field(
        None, description=_ADDRESS, json_schema_extra={"writeOnly": True}
    )


class ChannelShown(Shown):
    """A channel; its address without what is secret in it."""

    id: int
    name: str
    kind: ChannelKind
    brand_id: int | None
    shown: str = Field(examples=["https://hooks.example.com/..."])
    events: list[str]
    quiet_minutes: int | None
    paused_at: datetime | None
    version: int
    created_by: str
    created_at: datetime


class ChannelMade(ChannelShown):
    """A channel that was added."""

    signing_secret: str | None = Field(
        None, description="What a webhook is signed with; shown this once."
    )


class SigningSecret(Shown):
    """What a webhook is signed with from now on; shown this once."""

    signing_secret: str


class DeliveryShown(Shown):
    """One notification to one channel, and what came of it."""

    id: int
    uid: str = Field(description="As the receiver is told: the same over all tries.")
    channel_id: int
    brand_id: int | None
    event: str
    subject: str
    title: str
    text: str
    payload: dict[str, Any]
    status: DeliveryStatus
    due_at: datetime
    attempts: int
    created_at: datetime
    finished_at: datetime | None
    answer: str | None
