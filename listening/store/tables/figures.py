"""What takes long to count, kept: figures of segments, and what pages draw of a whole run."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from listening.store.tables.types import UTCDateTime, now


class SegmentFigure(SQLModel, table=True):
    """Figures of a segment in one run, of those who mention a brand or of everybody."""

    __tablename__ = "segment_figure"

    segmentation_id: int = Field(
        primary_key=True, foreign_key="segmentation.id", ondelete="CASCADE"
    )
    segment_id: int = Field(
        primary_key=True, foreign_key="segment.id", ondelete="CASCADE", index=True
    )
    scope: int = Field(primary_key=True)  # a brand's id; 0: everybody
    members: int = 0
    nearest: int = 0  # noise authors to whom it is the nearest
    # Of the members, about the brand or about any.
    mentions: int = 0
    scored: int = 0
    positive: int = 0
    negative: int = 0
    advocates: int = 0
    detractors: int = 0


class RunArtefact(SQLModel, table=True):
    """Something made of a whole run, packed: its map, everyone's posts counted, a persona."""

    __tablename__ = "run_artefact"

    segmentation_id: int = Field(
        primary_key=True, foreign_key="segmentation.id", ondelete="CASCADE"
    )
    kind: str = Field(primary_key=True)
    data: bytes = Field(sa_type=LargeBinary)
    seconds: float  # that making it took
    made_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class FigureDue(SQLModel, table=True):
    """That something which figures count has changed; gone once they were counted after it.

    Only ever added to by whoever changes something: nobody waits for anybody.
    """

    __tablename__ = "figure_due"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


__all__ = ["FigureDue", "RunArtefact", "SegmentFigure"]
