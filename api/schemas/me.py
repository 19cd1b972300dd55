"""Who is asking, as the API shows it."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Shown
from listening.access import Role


class Me(Shown):
    """Who a key or a browser is, and what they may do."""

    name: str = Field(examples=["API key nightly of rita@example.com"])
    role: Role | None = Field(description="For every brand; null: only for those in `brands`.")
    brands: dict[int, Role] = Field(examples=[{"3": "support"}])
    writes: bool = Field(description="Whether this key may change anything.")
