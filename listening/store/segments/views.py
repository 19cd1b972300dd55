"""Segments of the current run as lists show them, and figures of their members."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from listening.errors import NotFoundError
from listening.store.segments.figuring import NONE, figures_by_segment
from listening.store.segments.segments import current_segmentation
from listening.store.tables import Segment, SegmentState


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment of the current run as lists show it, for all authors or one brand's.

    Attributes:
        authors: members (of those who mention the brand, where one is given).
        nearest: noise authors to whom it is the nearest.
        share: authors / all authors of the same selection.
        mentions, scored: of the brand by the members, and how many are scored.
        net_sentiment: towards the brands mentioned, (positive - negative) / scored mentions;
            None without any.
        advocates, detractors: members flagged for the brand.
    """

    segment: Segment
    state: SegmentState
    authors: int
    nearest: int
    share: float
    mentions: int
    scored: int
    net_sentiment: float | None
    advocates: int
    detractors: int


def segment_views(
    session: Session, *, brand_id: int | None = None, hidden: bool = False
) -> list[SegmentView]:
    """Segments of the current run, largest first; empty where none was run.

    What people merged is one segment.

    Args:
        session: to read with.
        brand_id: figures of those who mention this brand; None: of everybody.
        hidden: also those that people hid. Shares are of all authors either way.
    """
    run = current_segmentation(session)
    if run is None:
        return []
    figures = figures_by_segment(session, run, brand_id)
    total = sum(own.members + own.nearest for own in figures.values())
    found = select(SegmentState, Segment).where(
        SegmentState.segmentation_id == run.id,
        col(Segment.id) == col(SegmentState.segment_id),
        col(Segment.merged_into).is_(None),
    )
    if not hidden:
        found = found.where(col(Segment.hidden).is_(False))
    views = []
    for state, segment in session.exec(found):
        own = figures.get(state.segment_id, NONE)
        views.append(
            SegmentView(
                segment=segment,
                state=state,
                authors=own.members,
                nearest=own.nearest,
                share=own.members / total if total else 0.0,
                mentions=own.mentions,
                scored=own.scored,
                net_sentiment=own.net_sentiment,
                advocates=own.advocates,
                detractors=own.detractors,
            )
        )
    return sorted(views, key=lambda v: (-v.authors, v.state.label))


def get_segment(session: Session, segment_id: int) -> SegmentView:
    """One segment of the current run.

    Raises:
        NotFoundError: not in this run.
    """
    for view in segment_views(session, hidden=True):
        if view.segment.id == segment_id:
            return view
    raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
