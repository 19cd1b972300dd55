"""Saved views, as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import Sent, Shown
from listening.store.access.views import NamedView

Page = Literal["advocates", "detractors", "mentions", "triage"]
_FILTERS = [{"q": ["bag OR luggage"], "sentiment": ["negative"]}]


class View(Shown):
    """The filters of a list under a name."""

    id: int
    page: str = Field(examples=["mentions"])
    name: str = Field(examples=["Lost bags"])
    filters: dict[str, list[str]] = Field(
        description="By parameter, as the list takes them.", examples=_FILTERS
    )
    shared: bool = Field(description="With everybody who may see the brand.")
    owner: str
    own: bool = Field(description="Whether it is the asking account's.")
    created_at: datetime

    @classmethod
    def of(cls, named: NamedView) -> View:
        """A view as it is stored."""
        filters: dict[str, list[str]] = {}
        for name, value in named.filters:
            filters.setdefault(name, []).append(value)
        view = named.view
        return cls(
            id=int(view.id or 0),
            page=view.page,
            name=view.name,
            filters=filters,
            shared=view.shared,
            owner=named.owner,
            own=named.own,
            created_at=view.created_at,
        )


class ViewToSave(Sent):
    """A view to keep."""

    page: Page
    name: str = Field(max_length=200, examples=["Lost bags"])
    filters: dict[str, list[str]] = Field(default_factory=dict, examples=_FILTERS)
    shared: bool = False


class ViewToChange(Sent):
    """What is to be another in a view; null or left out: it stays."""

    name: str | None = Field(None, max_length=200)
    filters: dict[str, list[str]] | None = None
    shared: bool | None = None
