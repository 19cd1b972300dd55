"""Author profiles, segmentations, segments and memberships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.errors import NotFoundError
from listening.store.bulk import upsert
from listening.store.sentiments import mention_label
from listening.store.standing import still_there
from listening.store.tables import (
    Analysis,
    Author,
    AuthorProfile,
    Membership,
    Mention,
    MentionSentiment,
    Post,
    Segment,
    Segmentation,
    SegmentState,
    Stance,
    StanceKind,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProfile:
    """An author's profile on its way into the store."""

    author_id: int
    posts: int
    interests: bytes
    opinions: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSegment:
    """A cluster of a run; `segment_id` where it goes on from the last run."""

    label: int
    segment_id: int | None
    name: str
    keywords: list[str]
    exemplars: list[int]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMembership:
    """An author's cluster in a run; for noise the nearest one."""

    author_id: int
    label: int
    noise: bool
    strength: float


def author_keys(session: Session, ids: Sequence[int] | None = None) -> dict[int, tuple[str, str]]:
    """(source, native id) of authors: the order that hangs on nature alone."""
    statement = select(Author.id, Author.source, Author.native_id)
    found = {int(i or 0): (source, native) for i, source, native in session.exec(statement)}
    return found if ids is None else {i: found[i] for i in ids}


def store_profiles(
    session: Session, profiles: Sequence[FoundProfile], *, model: str, as_of: datetime
) -> None:
    """Write profiles; what stood for the same author is replaced."""
    there = still_there(session, Author, [p.author_id for p in profiles])
    upsert(
        session,
        AuthorProfile,
        [
            {
                "author_id": p.author_id,
                "model": model,
                "posts": p.posts,
                "interests": p.interests,
                "opinions": p.opinions,
                "as_of": as_of,
            }
            for p in profiles
            if p.author_id in there
        ],
        key=("author_id",),
        update=("model", "posts", "interests", "opinions", "as_of"),
    )


def current_segmentation(session: Session) -> Segmentation | None:
    """The run that lists show."""
    statement = select(Segmentation).where(col(Segmentation.current).is_(True))
    return session.exec(statement.order_by(col(Segmentation.id).desc())).first()


def find_run(session: Session, fingerprint: str) -> Segmentation | None:
    """A run over the same data with the same parameters."""
    return session.exec(select(Segmentation).where(Segmentation.fingerprint == fingerprint)).first()


def make_current(session: Session, run: Segmentation) -> None:
    """Let lists show this run."""
    session.execute(update(Segmentation).values(current=False))
    run.current = True
    session.add(run)
    session.flush()


def moved_authors(session: Session, since: datetime, least_posts: int) -> int:
    """Authors with enough analysed posts to be segmented, one of them analysed since a moment."""
    moved = (
        select_columns(col(Post.author_id))
        .join(Analysis, col(Analysis.post_id) == col(Post.id))
        .group_by(col(Post.author_id))
        .having(func.count() >= least_posts, func.max(col(Analysis.analysed_at)) > since)
    )
    return int(
        session.execute(select_columns(func.count()).select_from(moved.subquery())).scalar_one()
    )


def members_of(session: Session, segmentation_id: int) -> dict[int, set[int]]:
    """Segment id to the ids of its members, noise left out."""
    statement = select(Membership.segment_id, Membership.author_id).where(
        Membership.segmentation_id == segmentation_id, col(Membership.noise).is_(False)
    )
    members: dict[int, set[int]] = {}
    for segment, author in session.exec(statement):
        members.setdefault(segment, set()).add(author)
    return members


def store_segmentation(
    session: Session,
    run: Segmentation,
    segments: Sequence[FoundSegment],
    memberships: Sequence[FoundMembership],
) -> Segmentation:
    """Write a whole run and make it the current one."""
    session.add(run)
    session.flush()
    run_id = _id(run)
    ids: dict[int, int] = {}
    quoted = still_there(session, Post, [i for found in segments for i in found.exemplars])
    for found in segments:
        segment = session.get(Segment, found.segment_id) if found.segment_id else None
        if segment is None:
            segment = Segment(name=found.name, born_in=run_id)
        elif not segment.renamed:
            segment.name = found.name
        session.add(segment)
        session.flush()
        ids[found.label] = int(segment.id or 0)
        session.add(
            SegmentState(
                segmentation_id=run_id,
                segment_id=ids[found.label],
                label=found.label,
                size=found.size,
                keywords=found.keywords,
                exemplars=[i for i in found.exemplars if i in quoted],
            )
        )
    session.flush()
    there = still_there(session, Author, [m.author_id for m in memberships])
    upsert(
        session,
        Membership,
        [
            {
                "segmentation_id": run_id,
                "author_id": m.author_id,
                "segment_id": ids[m.label],
                "noise": m.noise,
                "strength": m.strength,
            }
            for m in memberships
            if m.author_id in there
        ],
        key=("segmentation_id", "author_id"),
    )
    make_current(session, run)
    return run


def _id(run: Segmentation) -> int:
    if run.id is None:
        raise ValueError("the segmentation is not stored")
    return run.id


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


def segment_views(session: Session, *, brand_id: int | None = None) -> list[SegmentView]:
    """Segments of the current run, largest first; empty where none was run."""
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
        SegmentState.segmentation_id == run.id, col(Segment.id) == col(SegmentState.segment_id)
    )
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
    for view in segment_views(session):
        if view.segment.id == segment_id:
            return view
    raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
