"""Segments as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from api.schemas.base import Sent, Shown
from listening.store.tables import LineageEvent, StanceKind


class SegmentShown(Shown):
    """A segment of the current run, with figures of those who mention the brand or of all."""

    id: int = Field(examples=[12])
    name: str = Field(examples=["bags · gate · delay"])
    named_by_people: bool
    pinned: bool = Field(description="Every run keeps it, found again or not.")
    hidden: bool = Field(description="Lists leave it out unless asked.")
    version: int = Field(examples=[3])
    keywords: list[str] = Field(examples=[["bags", "gate", "delay"]])
    members: int = Field(examples=[120])
    nearest: int = Field(description="Unsegmented authors to whom it is the nearest.")
    share: float = Field(description="members / all who took part.", examples=[0.12])
    mentions: int = Field(examples=[540])
    scored: int = Field(examples=[498])
    net_sentiment: float | None = Field(
        description="(positive - negative) / scored; null without any.", examples=[-0.2]
    )
    advocates: int = Field(examples=[10])
    detractors: int = Field(examples=[31])
    stability: float | None = Field(description="How much resampling finds again.", examples=[0.9])
    tentative: bool = Field(description="Does not survive resampling.")


class MemberShown(Shown):
    """A member of a segment."""

    author_id: int = Field(examples=[77])
    source: str = Field(examples=["bluesky"])
    native_id: str = Field(examples=["did:plc:1"])
    handle: str | None = Field(examples=["umber.wren"])
    name: str | None = Field(examples=["Umber Wren 77"])
    followers: int | None = Field(description="null: unknown, not zero.", examples=[1200])
    strength: float = Field(description="Membership strength, in [0, 1].", examples=[0.93])
    stance: StanceKind | None = Field(description="Towards the brand of the address.")
    score: float | None = Field(examples=[0.61])


class SegmentEventShown(Shown):
    """What became of a segment from one run to the next."""

    at: datetime
    event: LineageEvent
    segment_id: int = Field(examples=[12])
    segment: str = Field(examples=["bags · gate · delay"])
    other_id: int | None = Field(description="What it came out of, or what went into it.")
    other: str | None
    shared: int = Field(description="Authors on both sides.", examples=[80])
    joined: int
    left: int
    came: int = Field(description="Members now who took no part before.")
    gone: int = Field(description="Members then who take no part any more.")
    moved: float | None = Field(description="Cosine distance between its middles.")


class FlowShown(Shown):
    """So many authors from one segment to another since the run before the last."""

    from_id: int
    to_id: int
    authors: int = Field(examples=[31])


class ChangesShown(Shown):
    """What the last run changed."""

    run_at: datetime | None = Field(description="null: nobody was segmented yet.")
    events: list[SegmentEventShown]
    flows: list[FlowShown] = Field(description="The broadest ways, of authors of all brands.")


class MapShown(Shown):
    """The map: dots of authors without their names, thinned where many stand close."""

    total: int = Field(description="Authors with a place, drawn or not.", examples=[200000])
    segment_ids: list[int] = Field(description="Of each dot.", examples=[[12, 12, 7]])
    noise: list[bool] = Field(description="Unsegmented: the segment is the nearest.")
    x: list[float]
    y: list[float]


class PersonaShown(Shown):
    """The facts of a segment, each beside everyone's, with what they stand on."""

    coverage: dict[str, int]
    sentiment: list[dict[str, Any]]
    emotion: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    kinds: list[dict[str, Any]]
    formats: list[dict[str, Any]]
    weekdays: list[dict[str, Any]]
    hours: list[list[int]] = Field(description="Posts by weekday (Monday first) and hour, UTC.")
    affinities: list[dict[str, Any]] = Field(description="Hashtags and sites.")
    words: list[dict[str, Any]]
    brands: list[dict[str, Any]] = Field(description="What is said of brands that you may see.")


class SegmentChange(Sent):
    """What to change; what is left out stays."""

    name: str | None = Field(
        None, description="null: its words name it again.", examples=["Bag trouble"]
    )
    pinned: bool | None = None
    hidden: bool | None = None
    version: int | None = Field(None, ge=1, le=2**63 - 1, examples=[3])


class SegmentMerge(Sent):
    """Which segment stands for both."""

    into: int = Field(ge=1, le=2**63 - 1, examples=[7])
    version: int | None = Field(None, ge=1, le=2**63 - 1, examples=[3])


class SegmentEdited(Shown):
    """A segment after it was changed."""

    id: int = Field(examples=[12])
    name: str = Field(examples=["Bag trouble"])
    pinned: bool
    hidden: bool
    merged_into: int | None = Field(description="The segment that it is part of.")
    version: int = Field(examples=[4])
