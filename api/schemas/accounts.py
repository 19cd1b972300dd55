"""Accounts, API keys and the audit log, as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.base import Sent, Shown
from listening.access import Role

_EVERYWHERE = "For every brand, those to come too; null: only for those in `brands`."
_SINGLE = "More for single brands, by their id."
_EXAMPLE_ID = 7


class NewAccount(Sent):
    """Somebody to invite."""

    login: str = Field(max_length=300, examples=["rita@example.com"])
    name: str = Field("", max_length=200, examples=["Rita"])
    role: Role | None = Field(None, description=_EVERYWHERE)
    brands: dict[int, Role] = Field({}, description=_SINGLE, examples=[{"3": "support"}])


class AccountChange(Sent):
    """What an account is from now on; what is left out stays."""

    name: str | None = Field(None, max_length=200)
    role: Role | None = Field(None, description=_EVERYWHERE)
    brands: dict[int, Role] | None = Field(None, description=_SINGLE)
    disabled: bool | None = Field(None, description="True shuts it out at once.")


class AccountShown(Shown):
    """Who may sign in, and what they may do."""

    id: int = Field(examples=[_EXAMPLE_ID])
    login: str = Field(examples=["rita@example.com"])
    name: str = Field(examples=["Rita"])
    email: str | None = Field(examples=["rita@example.com"])
    role: Role | None = Field(description=_EVERYWHERE)
    brands: dict[int, Role] = Field(description=_SINGLE, examples=[{"3": "support"}])
    state: Literal["active", "invited", "disabled"]
    created_at: datetime
    signed_in_at: datetime | None


class LinkMade(Shown):
    """A link by which somebody sets a password, once; it is not told again."""

    account: AccountShown
    link: str = Field(examples=["http://127.0.0.1:8765/welcome/..."])
    hours: int = Field(examples=[72], description="Until it is void.")


class NewKey(Sent):
    """An API key to make for oneself."""

    name: str = Field(max_length=100, examples=["nightly export"])
    role: Role = Field(Role.VIEWER, description="At most this.")
    brand_id: int | None = Field(
        None, ge=1, le=2**63 - 1, description="For this brand alone; null: for all of its owner."
    )
    days: int = Field(90, ge=1, le=366, description="Until it ends by itself.")
    writes: bool = Field(False, description="Whether it may change things.")


class KeyShown(Shown):
    """An API key, but for what it is."""

    id: int = Field(examples=[_EXAMPLE_ID])
    name: str = Field(examples=["nightly export"])
    login: str = Field(examples=["rita@example.com"], description="Whose it is.")
    prefix: str = Field(examples=["lk_0a1b2c3d"])
    role: Role
    brand_id: int | None
    writes: bool
    state: Literal["valid", "expired", "revoked", "disabled"]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class KeyMade(KeyShown):
    """A key with what it is, which is told this once."""

    secret: str = Field(examples=["lk_0a1b2c3d_..."])


class AuditShown(Shown):
    """One change that somebody made."""

    id: int = Field(examples=[_EXAMPLE_ID])
    at: datetime
    by: str = Field(examples=["rita@example.com"])
    action: str = Field(examples=["case.close"])
    noun: str = Field(examples=["case"])
    noun_id: str = Field(examples=["12"])
    brand_id: int | None
    before: dict[str, Any] | None = Field(examples=[{"state": "open"}])
    after: dict[str, Any] | None = Field(examples=[{"state": "closed"}])
    correlation: str | None
