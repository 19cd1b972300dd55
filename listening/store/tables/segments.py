"""What segmentations found: runs, segments, their states, memberships, lineage."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from listening.store.tables.types import EnumText, UTCDateTime, json_column, now


class RunStatus(StrEnum):
    """Where a segmentation is."""

    PLACING = "placing"  # clusters are found; authors are being given theirs, chunk by chunk
    DONE = "done"


class Segmentation(SQLModel, table=True):
    """One clustering run: its data, parameters, seed and library versions."""

    __tablename__ = "segmentation"

    id: int | None = Field(default=None, primary_key=True)
    # Of data and parameters: the same run is one run. None: its memberships are forgotten.
    fingerprint: str | None = Field(default=None, unique=True)
    model: str
    params: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    versions: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    authors: int
    noise: int
    note: str | None = None  # such as: too few authors, one segment made
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    current: bool = Field(default=True, index=True)
    status: RunStatus = Field(default=RunStatus.DONE, sa_type=EnumText(RunStatus))
    stability: float | None = None  # agreement under resampling, in [0, 1]
    # Coarse groups that segments are parts of: {"number", "name", "keywords"} each.
    groups: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    # The segment that each cluster goes on as, before what people merged; by its number.
    clusters: list[int] = Field(default_factory=list, sa_column=json_column())


class SegmentationFit(SQLModel, table=True):
    """What a run gives an author their segment by; apart, so that lists never read it."""

    __tablename__ = "segmentation_fit"

    segmentation_id: int = Field(
        primary_key=True, foreign_key="segmentation.id", ondelete="CASCADE"
    )
    data: bytes = Field(sa_type=LargeBinary)  # safetensors: landmarks, labels, positions


class PlacedChunk(SQLModel, table=True):
    """A part of the authors who have their segment of a run that is being placed."""

    __tablename__ = "placed_chunk"

    segmentation_id: int = Field(
        primary_key=True, foreign_key="segmentation.id", ondelete="CASCADE"
    )
    chunk: int = Field(primary_key=True)


class Segment(SQLModel, table=True):
    """An interpreted cluster of authors whose identity outlives the run."""

    __tablename__ = "segment"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    renamed: bool = False  # a person named it: no run changes the name
    # What people decided; no run changes it.
    pinned: bool = False  # every run keeps it, found again or not
    hidden: bool = False  # lists leave it out unless asked
    merged_into: int | None = Field(
        default=None, foreign_key="segment.id", ondelete="SET NULL", nullable=True, index=True
    )
    version: int = 1  # goes up with every change that people make
    # The segment outlives the run that first found it.
    born_in: int | None = Field(
        default=None, foreign_key="segmentation.id", ondelete="SET NULL", nullable=True
    )


class SegmentState(SQLModel, table=True):
    """A segment as one run found it; states stay when a run's memberships are forgotten."""

    __tablename__ = "segment_state"
    __table_args__ = (
        UniqueConstraint("segmentation_id", "segment_id"),
        UniqueConstraint("segmentation_id", "label"),
    )

    id: int | None = Field(default=None, primary_key=True)
    segmentation_id: int = Field(foreign_key="segmentation.id", ondelete="CASCADE")
    segment_id: int = Field(foreign_key="segment.id", ondelete="CASCADE", index=True)
    # The cluster's number in this run, the lowest of several that people merged; below 0:
    # pinned, and no cluster goes on from it.
    label: int
    size: int
    keywords: list[str] = Field(default_factory=list, sa_column=json_column())
    exemplars: list[int] = Field(default_factory=list, sa_column=json_column())  # post ids
    coarse: int | None = None  # number of the group in Segmentation.groups
    stability: float | None = None  # how much of it resampling finds again, in [0, 1]
    tentative: bool = False  # does not survive resampling
    centre: bytes | None = Field(default=None, sa_type=LargeBinary)  # float32, author space
    # Of the members when the run was made: mentions, scored, net_sentiment, advocates, ...
    figures: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class LineageEvent(StrEnum):
    """What became of a segment from one run to the next."""

    CONTINUED = "continued"
    BORN = "born"
    DIED = "died"
    SPLIT = "split"  # this one came out of `other`, which goes on or not
    MERGED = "merged"  # `other` went into this one


class Lineage(SQLModel, table=True):
    """One thing that happened to a segment between two runs."""

    __tablename__ = "lineage"
    __table_args__ = (Index("ix_lineage_run", "segmentation_id", "segment_id"),)

    id: int | None = Field(default=None, primary_key=True)
    segmentation_id: int = Field(foreign_key="segmentation.id", ondelete="CASCADE")
    segment_id: int = Field(foreign_key="segment.id", ondelete="CASCADE", index=True)
    event: LineageEvent = Field(sa_type=EnumText(LineageEvent))
    other_id: int | None = Field(
        default=None, foreign_key="segment.id", ondelete="CASCADE", nullable=True, index=True
    )
    shared: int = 0  # authors that both sides of the event have
    joined: int = 0  # members now that were not before, of authors in both runs
    left: int = 0
    came: int = 0  # members now who took no part in the last run
    gone: int = 0  # members then who take no part any more
    moved: float | None = None  # cosine distance between the centres then and now


class Membership(SQLModel, table=True):
    """An author's segment in one run; for noise, the nearest one."""

    __tablename__ = "membership"
    __table_args__ = (
        Index("ix_membership_list", "segmentation_id", "segment_id", "noise", "strength"),
    )

    segmentation_id: int = Field(
        primary_key=True, foreign_key="segmentation.id", ondelete="CASCADE"
    )
    # Indexed alone too: an author who goes takes these along, and is not looked for in them all.
    author_id: int = Field(
        primary_key=True, foreign_key="author.id", ondelete="CASCADE", index=True
    )
    segment_id: int = Field(foreign_key="segment.id", ondelete="CASCADE")
    label: int = 0  # the cluster's number, whatever people merged; below 0: see SegmentState
    noise: bool  # left out by HDBSCAN: segment_id is the nearest, not a membership
    strength: float  # in [0, 1]
    # The next best: [segment id, strength] each, falling.
    others: list[list[float]] = Field(default_factory=list, sa_column=json_column())
    x: float | None = None  # on the map
    y: float | None = None
    placed: bool = False  # came or moved since the run, and was given the nearest segment


class MembershipChange(SQLModel, table=True):
    """An author came into another segment; stays when the run is forgotten."""

    __tablename__ = "membership_change"
    __table_args__ = (
        Index("ix_membership_change_flow", "segmentation_id", "was_id", "segment_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    author_id: int = Field(foreign_key="author.id", ondelete="CASCADE", index=True)
    segment_id: int = Field(foreign_key="segment.id", ondelete="CASCADE", index=True)
    was_id: int | None = Field(
        default=None, foreign_key="segment.id", ondelete="SET NULL", nullable=True, index=True
    )
    noise: bool
    strength: float
    changed_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    segmentation_id: int | None = Field(
        default=None, foreign_key="segmentation.id", ondelete="SET NULL", nullable=True
    )


__all__ = [
    "Lineage",
    "LineageEvent",
    "Membership",
    "MembershipChange",
    "PlacedChunk",
    "RunStatus",
    "Segment",
    "SegmentState",
    "Segmentation",
    "SegmentationFit",
]
