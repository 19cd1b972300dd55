"""Brands, as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.schemas.base import Sent, Shown

QUERY = 'jetblue OR "jet blue" OR @jetblue'


class NewBrand(Sent):
    """A brand to listen for."""

    name: str = Field(max_length=500, examples=["JetBlue"])
    query: str | None = Field(
        None, max_length=30_000, examples=[QUERY], description="null: name and aliases as phrases."
    )
    aliases: list[str] = Field([], max_length=1000, examples=[["jet blue airways"]])
    own_accounts: list[str] = Field(
        [], max_length=1000, examples=[["jetblue"]], description="Handles of the brand itself."
    )


class BrandChange(Sent):
    """What is to be different; what is left out stays."""

    version: int | None = Field(None, description="The version it is meant for; or If-Match.")
    name: str | None = Field(None, max_length=500)
    query: str | None = Field(None, max_length=30_000, examples=[QUERY])
    aliases: list[str] | None = Field(None, max_length=1000)
    own_accounts: list[str] | None = Field(None, max_length=1000)


class Retention(Sent):
    """How long mentions are kept."""

    version: int | None = None
    retention_days: int | None = Field(
        None, examples=[365], description="Days from publication; null: for good."
    )


class Removal(Sent):
    """A brand's name once more, so that none goes by a slip."""

    name: str = Field(max_length=500, examples=["JetBlue"])


class BrandShown(Shown):
    """A brand as it is set up."""

    id: int
    name: str
    slug: str
    query: str = Field(examples=[QUERY])
    aliases: list[str]
    own_accounts: list[str]
    retention_days: int | None
    version: int
    created_at: datetime
    matching: bool = Field(description="Stored posts are still to be matched against the query.")


class QueryToTest(Sent):
    """A query to try."""

    query: str = Field(max_length=30_000, examples=[QUERY])
    brand_id: int | None = Field(
        None, ge=1, le=2**63 - 1, description="Whose own accounts are told apart."
    )


class ClauseShown(Shown):
    """One clause of a query, and in how many posts it holds."""

    text: str
    depth: int = Field(description="0 is the query itself.")
    held: int


class HitShown(Shown):
    """A post that a query matches, and where: places in characters."""

    post_id: int
    source: str
    author: str
    published_at: datetime
    title: str | None
    text: str
    spans: list[tuple[int, int]]
    title_spans: list[tuple[int, int]]
    own: bool


class QueryTestShown(Shown):
    """What a query does to the posts that came last."""

    normal: str = Field(description="The query as it was understood.", examples=[QUERY])
    posts: int = Field(description="How many were looked at.")
    matched: int
    own: int = Field(description="Of these, by the brand's own accounts: no mentions.")
    clauses: list[ClauseShown]
    left_out: int = Field(description="Clauses that were not counted one by one.")
    hits: list[HitShown]
