"""Who may sign in and do what: accounts, roles, sign-ins, links, API keys, failed attempts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from listening.access import Role
from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class Account(SQLModel, table=True):
    """A user: somebody who logs in here."""

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True)  # folded; an e-mail address where mail is wanted
    name: str
    email: str | None = None
    password_hash: str | None = None  # argon2; None: signs in elsewhere, or not yet
    subject: str | None = Field(default=None, unique=True)  # of OpenID Connect: issuer, space, sub
    role: Role | None = Field(default=None, sa_type=EnumText(Role))  # for every brand
    disabled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    signed_in_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class BrandRole(SQLModel, table=True):
    """What an account may do for one brand, beside its role for every brand."""

    __tablename__ = "brand_role"

    account_id: int = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    brand_id: int = Field(primary_key=True, foreign_key="brand.id", ondelete="CASCADE", index=True)
    role: Role = Field(sa_type=EnumText(Role))


class SignIn(SQLModel, table=True):
    """One browser that is signed in; the cookie holds what this row holds the hash of."""

    __tablename__ = "sign_in"

    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", index=True)
    agent: str | None = None  # browser and system, as far as it says
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    seen_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    until: datetime = Field(sa_type=UTCDateTime, index=True)


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    FIRST_ADMIN = "first_admin"
    INVITATION = "invitation"
    RESET = "reset"


class OneTimeLink(SQLModel, table=True):
    """A link that lets somebody set a password, once."""

    __tablename__ = "one_time_link"

    token_hash: str = Field(primary_key=True)
    purpose: LinkPurpose = Field(sa_type=EnumText(LinkPurpose))
    account_id: int | None = Field(
        default=None, foreign_key="account.id", ondelete="CASCADE", nullable=True, index=True
    )
    made_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    until: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ApiKey(SQLModel, table=True):
    """A key for programs: never more than its account may do, and less where it says so."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    prefix: str = Field(unique=True)  # shown, to tell keys apart
    key_hash: str
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", index=True)
    role: Role = Field(sa_type=EnumText(Role))  # at most
    brand_id: int | None = Field(
        default=None, foreign_key="brand.id", ondelete="CASCADE", nullable=True, index=True
    )  # None: every brand of its account
    scopes: list[str] = Field(default_factory=list, sa_column=json_column())  # "read", "write"
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class FailedAttempt(SQLModel, table=True):
    """A sign-in that failed, by what it is counted under: a login, an address (hashed)."""

    __tablename__ = "failed_attempt"
    __table_args__ = (Index("ix_failed_attempt_under", "under", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    under: str
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
