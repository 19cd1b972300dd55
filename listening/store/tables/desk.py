"""What the desk keeps of its own: the audit log, what changed of late, saved views, repeats."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import UTCDateTime, json_column, now


class AuditEntry(SQLModel, table=True):
    """One change that somebody made. Holds ids and settings, never what authors wrote."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_noun", "noun", "noun_id"),
        Index("ix_audit_entry_brand", "brand_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime, index=True)
    by: str  # a login, "API key NAME of LOGIN", or "command line"
    account_id: int | None = Field(
        default=None, foreign_key="account.id", ondelete="SET NULL", nullable=True, index=True
    )
    action: str  # noun.verb, such as case.close
    noun: str
    noun_id: str
    brand_id: int | None = Field(
        default=None, foreign_key="brand.id", ondelete="SET NULL", nullable=True
    )
    before: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    after: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    correlation: str | None = None


class Change(SQLModel, table=True):
    """That something changed, for pages that are open; forgotten after a day."""

    __tablename__ = "change"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime, index=True)
    brand_id: int | None = Field(
        default=None, foreign_key="brand.id", ondelete="CASCADE", nullable=True, index=True
    )
    noun: str  # case, flag, mention, segment, ...
    noun_id: int | None = None  # None: many at once, look again
    version: int | None = None
    by: str | None = None


class SavedView(SQLModel, table=True):
    """Filters of a list under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("account_id", "brand_id", "page", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE")
    brand_id: int = Field(foreign_key="brand.id", ondelete="CASCADE", index=True)
    page: str  # triage, mentions, advocates, detractors
    name: str
    params: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    shared: bool = False  # with everybody who may see the brand
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class Repeat(SQLModel, table=True):
    """The answer to a write that carried an idempotency key, to be given again; for a day."""

    __tablename__ = "repeat"

    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    status: int | None = None  # None: it is being worked on
    headers: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    body: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime, index=True)


__all__ = ["AuditEntry", "Change", "Repeat", "SavedView"]
