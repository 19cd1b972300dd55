"""Watches, sweeps, rejected rows and sources, as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.base import Sent, Shown
from listening.store.tables import QuarantineStatus, SweepStatus


class ScheduleSent(Sent):
    """When a watch is swept."""

    every: str = Field("15m", max_length=20, examples=["15m"], description="30s, 15m, 6h, 1d.")
    cron: str | None = Field(
        None, max_length=200, examples=["30 6 * * 1-5"], description="In place of `every`."
    )
    timezone: str = Field("UTC", max_length=100, examples=["Europe/Berlin"])
    quiet: str | None = Field(
        None, max_length=30, examples=["22:00-07:00"], description="Hours without sweeps."
    )
    jitter: str = Field("0s", max_length=20, description="Put off by up to so long.")

    def given(self) -> dict[str, str]:
        """As a form has it."""
        told = {"every": self.every, "timezone": self.timezone, "jitter": self.jitter}
        return told | {"cron": self.cron or "", "quiet": self.quiet or ""}


class NewWatch(Sent):
    """A brand to be listened for at a source."""

    source: str = Field(max_length=100, examples=["mastodon"])
    params: dict[str, Any] = Field({}, description="What the source is told: see /sources.")
    schedule: ScheduleSent = Field(default_factory=ScheduleSent)


class PushSecret(Shown):
    """What pushes are signed with from now on; shown this once."""

    secret: str
    path: str = Field(examples=["/api/v1/push/3"])


class WatchToTry(Sent):
    """A source to ask once."""

    source: str = Field(max_length=100, examples=["feed"])
    params: dict[str, Any] = Field(default_factory=dict)


class PostFound(Shown):
    """A post that would be stored."""

    published_at: str
    author: str
    mentions: list[str]
    text: str
    url: str | None


class SampleShown(Shown):
    """What a watch would find; or why the source does not deliver."""

    source: str
    error: str | None = Field(None, description="Its kind; null: it delivers.")
    told: str | None = None
    fix: str | None = None
    read: int = 0
    stored: int = 0
    passed: int = 0
    refused: int = 0
    posts: list[PostFound] = Field(default_factory=list)
    rejected: int = Field(0, description="Rows that could not be read.")


class WatchChange(Sent):
    """Other times to sweep at, or something else to listen for; what is left out stays."""

    version: int | None = Field(None, description="The version it is meant for; or If-Match.")
    schedule: ScheduleSent | None = None
    params: dict[str, Any] | None = Field(
        None,
        description="What the source is told, whole: what is left out of it is as the source has "
        "it. The watch then begins anew.",
        examples=[{"hashtags": "jetblue, bluejuice"}],
    )


class BackfillSent(Sent):
    """A window of the past to fetch."""

    since: datetime = Field(examples=["2026-01-01T00:00:00Z"])
    until: datetime | None = Field(None, description="null: now.")


class WatchShown(Shown):
    """A watch as it stands."""

    id: int
    brand_id: int
    source: str
    params: dict[str, Any]
    schedule: str = Field(examples=["every 15m"])
    state: Literal["well", "warned", "failing", "paused"]
    failures: int
    last_error: str | None
    warning: str | None
    next_due_at: datetime | None = Field(description="null: as soon as may be, or never.")
    pushed: bool
    lag_seconds: float | None
    waiting_rows: int
    version: int


class SweepShown(Shown):
    """One pull, with its counts."""

    id: int
    status: SweepStatus
    started_at: datetime
    finished_at: datetime | None
    rows: int
    posts_new: int
    posts_edited: int
    posts_same: int
    mentions_new: int
    quarantined: int
    refused: int
    passed: int
    deleted: int
    error: str | None


class RowShown(Shown):
    """A row that could not be read, as it came."""

    id: int
    file: str
    line: int
    field: str | None
    reason: str
    raw: str
    status: QuarantineStatus
    created_at: datetime
    sweep_id: int | None
    brand_id: int | None


class RowChange(Sent):
    """What became of a row."""

    status: QuarantineStatus


class SettingShown(Shown):
    """One thing that a watch of a source may be told."""

    name: str
    help: str
    kind: Literal["text", "flag", "table"]
    default: str | bool | None
    required: bool


class CredentialShown(Shown):
    """A credential, and where its value comes from; never the value."""

    name: str = Field(examples=["LISTENING_YOUTUBE_KEY"])
    help: str
    where: str | None
    optional: bool
    source: str
    from_environment: bool
    set_by: str | None
    set_at: datetime | None


class CredentialSent(Sent):
    """A value, told this once."""

    value: str = Field(max_length=10_000, json_schema_extra={"writeOnly": True})


class SourceShown(Shown):
    """What a source is, gives and lacks."""

    name: str
    help: str
    settings: list[SettingShown]
    credentials: list[str]
    missing: list[str] = Field(description="Credentials that it cannot do without.")
    rate_limit: str
    terms: str | None
    gives: str
    lacks: str
    backfill: bool
    pushed: bool


class ErasureSent(Sent):
    """An author to erase for good, named twice."""

    source: str = Field(max_length=200, examples=["twitter"])
    who: str = Field(max_length=500, examples=["@handle"])
    typed: str = Field(max_length=500, description="`who` once more.", examples=["@handle"])


class ErasureShown(Shown):
    """What was asked for, and whether it is done; whom it was about is then forgotten."""

    id: int
    source: str
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None
    posts: int
    error: str | None
