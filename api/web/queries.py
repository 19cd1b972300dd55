"""What pages read beside the queries of `listening.store`: whole lists in few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import exists, or_
from sqlalchemy.sql import Select
from sqlmodel import Session, col, func, select

from listening.persona import Persona
from listening.store.mentions.mentions import MentionView, views
from listening.store.posts.authors import mentions_by_id
from listening.store.segments.segments import current_segmentation, merged_segments
from listening.store.tables import (
    Author,
    AuthorProfile,
    Brand,
    Case,
    CaseStatus,
    Membership,
    Mention,
    Post,
    Priority,
    Segmentation,
    SegmentState,
    Stance,
)


def count_priorities(session: Session, brand: int) -> dict[Priority, int]:
    """Open cases of a brand by priority."""
    statement = (
        select(Case.priority, func.count())
        .where(Case.brand_id == brand, Case.status == CaseStatus.OPEN)
        .group_by(col(Case.priority))
    )
    return {Priority(priority): count for priority, count in session.exec(statement)}


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of a segment as its page lists them."""

    author: Author
    strength: float
    posts: int | None  # that the profile stands on; None: the profile is gone
    stance: Stance | None  # towards the brand the page was opened for


def member_views(
    session: Session,
    run: Segmentation,
    segment_id: int,
    brand: int | None,
    *,
    limit: int,
    offset: int,
) -> list[MemberView]:
    """Members, the strongest first."""
    statement: Select[Any] = (
        select(Author, Membership.strength, AuthorProfile.posts, Stance)  # type: ignore[assignment]
        .select_from(Membership)
        .join(Author, col(Author.id) == col(Membership.author_id))
        .outerjoin(AuthorProfile, col(AuthorProfile.author_id) == col(Membership.author_id))
        .outerjoin(
            Stance,
            (col(Stance.author_id) == col(Membership.author_id))
            & (col(Stance.brand_id) == (brand or 0)),
        )
        # As an index has them: of a large segment only those shown are read.
        .order_by(col(Membership.strength).desc(), col(Membership.author_id).desc())
        .limit(limit)
        .offset(offset)
    )
    rows = session.execute(_members(statement, run, segment_id, brand))
    return [MemberView(*row) for row in rows]


def _members(statement: Any, run: Segmentation, segment_id: int, brand: int | None) -> Select[Any]:
    statement = statement.where(
        Membership.segmentation_id == run.id,
        Membership.segment_id == segment_id,
        col(Membership.noise).is_(False),
    )
    if brand is not None:
        speaking = exists().where(
            col(Mention.author_id) == col(Membership.author_id), col(Mention.brand_id) == brand
        )
        statement = statement.where(speaking)
    chosen: Select[Any] = statement
    return chosen


@dataclass(frozen=True, slots=True)
class ExemplarView:
    """A post quoted to explain a segment."""

    post: Post
    author: Author


def exemplar_views(
    session: Session, post_ids: Sequence[int], brands: frozenset[int] | None = None
) -> list[ExemplarView]:
    """Posts in the order given; those erased meanwhile are left out.

    Args:
        session, post_ids: which.
        brands: those that the reader may see; posts that only mention others are left out.
            None: all.
    """
    statement = (
        select(Post, Author)
        .join(Author, col(Author.id) == col(Post.author_id))
        .where(col(Post.id).in_(list(post_ids)))
    )
    if brands is not None:
        about = exists().where(col(Mention.post_id) == col(Post.id))
        seen = about.where(col(Mention.brand_id).in_(brands))
        statement = statement.where(or_(~about, seen))
    found = {post.id: ExemplarView(post, author) for post, author in session.exec(statement)}
    return [found[i] for i in post_ids if i in found]


@dataclass(frozen=True, slots=True)
class BrandStance:
    """An author's stance with the brand it is towards."""

    brand: Brand
    stance: Stance


def brand_stances(
    session: Session, author_id: int, brands: frozenset[int] | None = None
) -> list[BrandStance]:
    """Where an author stands towards each brand they mention, of those given; None: all."""
    statement = (
        select(Brand, Stance)
        .join(Stance, col(Stance.brand_id) == col(Brand.id))
        .where(Stance.author_id == author_id)
        .order_by(Brand.slug)
    )
    if brands is not None:
        statement = statement.where(col(Stance.brand_id).in_(brands))
    return [BrandStance(brand, stance) for brand, stance in session.exec(statement)]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A mention's part in a verdict; `mention` is None where it is no longer stored."""

    mention: MentionView | None
    weight: float
    pull: float | None
    not_counted: str | None


@dataclass(frozen=True, slots=True)
class Sums:
    """The two sums of the score's formula."""

    weights: float
    pulled: float


@dataclass(frozen=True, slots=True)
class Opened:
    """A stance with what it stands on.

    Attributes:
        evidence: the mentions kept with the verdict, strongest first.
        unlisted: mentions of the author that the evidence leaves out for length.
        since: mentions more (or fewer) than when the stance was computed.
        sums: None where the evidence is not the whole of it.
    """

    evidence: list[EvidenceView] = field(default_factory=list)
    unlisted: int = 0
    since: int = 0
    sums: Sums | None = None


def open_stance(session: Session, stance: Stance, mentions_now: int) -> Opened:
    """The mentions that made a stance, and the sums of its formula."""
    ids = [int(e["mention_id"]) for e in stance.evidence]
    found = {v.mention.id: v for v in views(session, mention_ids=ids)}
    evidence = [
        EvidenceView(found.get(int(e["mention_id"])), e["weight"], e["pull"], e["not_counted"])
        for e in stance.evidence
    ]
    sums = None
    if len(evidence) == stance.mentions:
        weights = sum(e.weight for e in evidence)
        pulled = sum(e.weight * (e.pull or 0.0) for e in evidence)
        sums = Sums(weights, pulled)
    return Opened(evidence, stance.mentions - len(evidence), mentions_now - stance.mentions, sums)


def count_author_mentions(session: Session, brand: int, author_id: int) -> int:
    """How many mentions of a brand an author wrote."""
    return session.exec(
        select(func.count())
        .select_from(Mention)
        .where(Mention.brand_id == brand, Mention.author_id == author_id)
    ).one()


def seen_persona(found: Persona, brands: frozenset[int] | None) -> Persona:
    """A persona without what is said of brands that the reader may not see; None: all."""
    if brands is None:
        return found
    return replace(found, brands=tuple(b for b in found.brands if b.brand_id in brands))


def persona_quotes(session: Session, found: Persona) -> dict[int, MentionView]:
    """The mentions that a persona points to, by id."""
    return mentions_by_id(session, [i for b in found.brands for i in (*b.liked, *b.disliked)])


def current_segments(session: Session) -> set[int]:
    """The segments that have a page of the current run."""
    run = current_segmentation(session)
    states = select(SegmentState.segment_id).where(
        SegmentState.segmentation_id == (run.id if run is not None else 0)
    )
    return set(session.exec(states)) - set(merged_segments(session))
