"""Segments of the current run as lists show them, and figures of their members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.errors import NotFoundError
from listening.store.segments import current_segmentation
from listening.store.sentiments import mention_label
from listening.store.tables import (
    Membership,
    Mention,
    MentionSentiment,
    Segment,
    SegmentState,
    Stance,
    StanceKind,
)


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
    chosen = Membership.segmentation_id == run.id
    who = select(Mention.author_id)
    if brand_id is not None:
        who = who.where(Mention.brand_id == brand_id)
    of_brand = col(Membership.author_id).in_(who) if brand_id is not None else chosen
    counts: dict[int, dict[bool, int]] = {}
    grouped = (
        select(Membership.segment_id, Membership.noise, func.count())
        .where(chosen, of_brand)
        .group_by(col(Membership.segment_id), col(Membership.noise))
    )
    for segment_id, noise, count in session.exec(grouped):
        counts.setdefault(segment_id, {})[noise] = count
    total = sum(sum(own.values()) for own in counts.values())
    moods = _moods(session, chosen, brand_id)
    flags = _flags(session, chosen, brand_id)
    found = select(SegmentState, Segment).where(
        SegmentState.segmentation_id == run.id,
        col(Segment.id) == col(SegmentState.segment_id),
        col(Segment.merged_into).is_(None),
    )
    if not hidden:
        found = found.where(col(Segment.hidden).is_(False))
    views = []
    for state, segment in session.exec(found):
        own = counts.get(state.segment_id, {})
        mentions, scored, positive, negative = moods.get(state.segment_id, (0, 0, 0, 0))
        views.append(
            SegmentView(
                segment=segment,
                state=state,
                authors=own.get(False, 0),
                nearest=own.get(True, 0),
                share=own.get(False, 0) / total if total else 0.0,
                mentions=mentions,
                scored=scored,
                net_sentiment=(positive - negative) / scored if scored else None,
                advocates=flags.get((state.segment_id, StanceKind.ADVOCATE), 0),
                detractors=flags.get((state.segment_id, StanceKind.DETRACTOR), 0),
            )
        )
    return sorted(views, key=lambda v: (-v.authors, v.state.label))


def figures_of(session: Session, run_id: int) -> dict[int, dict[str, Any]]:
    """Figures of every segment of a run as its members' mentions stand now, by segment.

    Returns:
        mentions, scored, net_sentiment (None without any scored), advocates, detractors,
        nearest: JSON.
    """
    chosen = Membership.segmentation_id == run_id
    moods, flags = _moods(session, chosen, None), _flags(session, chosen, None)
    near = (
        select(Membership.segment_id, func.count())
        .where(chosen, col(Membership.noise).is_(True))
        .group_by(col(Membership.segment_id))
    )
    nearest = dict(session.exec(near).all())
    states = select(SegmentState.segment_id).where(SegmentState.segmentation_id == run_id)
    found = {}
    for segment_id in session.exec(states):
        mentions, scored, positive, negative = moods.get(segment_id, (0, 0, 0, 0))
        found[segment_id] = {
            "mentions": mentions,
            "scored": scored,
            "net_sentiment": round((positive - negative) / scored, 6) if scored else None,
            "advocates": flags.get((segment_id, StanceKind.ADVOCATE), 0),
            "detractors": flags.get((segment_id, StanceKind.DETRACTOR), 0),
            "nearest": nearest.get(segment_id, 0),
        }
    return found


def _moods(
    session: Session, chosen: Any, brand_id: int | None
) -> dict[int, tuple[int, int, int, int]]:
    """Per segment: mentions, scored, positive and negative ones, by its members."""
    label = mention_label()
    statement: Any = (
        select_columns(
            col(Membership.segment_id),
            func.count(),
            func.count(label),
            func.sum(case((label == "positive", 1), else_=0)),
            func.sum(case((label == "negative", 1), else_=0)),
        )
        .join(Mention, col(Mention.author_id) == col(Membership.author_id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(chosen, col(Membership.noise).is_(False))
        .group_by(col(Membership.segment_id))
    )
    if brand_id is not None:
        statement = statement.where(col(Mention.brand_id) == brand_id)
    return {s: (m, n, int(p or 0), int(q or 0)) for s, m, n, p, q in session.execute(statement)}


def _flags(
    session: Session, chosen: Any, brand_id: int | None
) -> dict[tuple[int, StanceKind], int]:
    statement = (
        select(Membership.segment_id, Stance.kind, func.count(func.distinct(Stance.author_id)))
        .join(Stance, col(Stance.author_id) == col(Membership.author_id))
        .where(chosen, col(Membership.noise).is_(False))
        .group_by(col(Membership.segment_id), col(Stance.kind))
    )
    if brand_id is not None:
        statement = statement.where(Stance.brand_id == brand_id)
    return {(segment, StanceKind(kind)): n for segment, kind, n in session.exec(statement)}


def get_segment(session: Session, segment_id: int) -> SegmentView:
    """One segment of the current run.

    Raises:
        NotFoundError: not in this run.
    """
    for view in segment_views(session, hidden=True):
        if view.segment.id == segment_id:
            return view
    raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
