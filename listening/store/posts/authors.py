"""One author: found by what somebody knows of them, and as a row with their segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from listening.errors import ConflictError, NotFoundError
from listening.store.mentions.mentions import MentionView, views
from listening.store.segments.lineage import author_history
from listening.store.segments.segments import current_segmentation, merged_segments
from listening.store.tables import Author, Brand, Membership, Mention, Segment

Row = dict[str, Any]

LATEST = 20
MOST_CHANGES = 12


def find_author(session: Session, who: str) -> Author:
    """The author whom a number, a native id, or a handle means.

    Raises:
        NotFoundError: nobody.
        ConflictError: several; lists their numbers.
    """
    who = who.strip()
    if who.isdecimal() and len(who) < 19:
        found = session.get(Author, int(who))
        if found is not None:
            return found
    handle = who.removeprefix("@")
    named = col(Author.native_id).in_([who, handle]) | col(Author.handle).in_(
        [handle, f"@{handle}"]
    )
    several = list(session.exec(select(Author).where(named).order_by(col(Author.id))))
    if len(several) > 1:
        listed = ", ".join(f"{one.id} at {one.source}" for one in several)
        raise ConflictError(f'{len(several)} authors are called "{who}": say which ({listed}).')
    if not several:
        raise NotFoundError(
            f"No author {who}: give a number, a native id or a handle as "
            "`listening export authors` lists them."
        )
    return several[0]


@dataclass(frozen=True, slots=True)
class MemberOf:
    """An author's segment in the current run; for noise the nearest one.

    Attributes:
        others: the next best segments with their strengths, falling.
        placed: came or moved since the run.
    """

    segment: Segment
    noise: bool
    strength: float
    others: tuple[tuple[Segment, float], ...] = ()
    placed: bool = False


def membership_of(session: Session, author_id: int) -> MemberOf | None:
    """Where the current run put an author; None: the author took no part."""
    run = current_segmentation(session)
    if run is None:
        return None
    statement = (
        select(Segment, Membership)
        .join(Membership, col(Membership.segment_id) == col(Segment.id))
        .where(Membership.segmentation_id == run.id, Membership.author_id == author_id)
    )
    row = session.exec(statement).first()
    if row is None:
        return None
    segment, own = row
    others = _named(session, own.others, segment)
    return MemberOf(segment, own.noise, own.strength, others, own.placed)


def _named(
    session: Session, others: Sequence[Sequence[float]], best: Segment
) -> tuple[tuple[Segment, float], ...]:
    """The next best segments, those that people merged into one told once."""
    into, found = merged_segments(session), {int(best.id or 0): 0.0}
    for number, strength in others:
        found.setdefault(into.get(int(number), int(number)), strength)
    chosen = select(Segment).where(col(Segment.id).in_(list(found)))
    segments = {one.id: one for one in session.exec(chosen)}
    return tuple(
        (segments[number], strength)
        for number, strength in found.items()
        if number in segments and number != best.id
    )


def latest_mentions(
    session: Session,
    author_id: int,
    *,
    brands: frozenset[int] | None = None,
    limit: int = LATEST,
) -> list[tuple[Brand, MentionView]]:
    """What an author said of brands, latest first.

    Args:
        session, author_id: of whom.
        brands: those that the reader may see; None: all.
        limit: mentions at most.
    """
    statement = (
        select(Mention.id, Brand)
        .join(Brand, col(Brand.id) == col(Mention.brand_id))
        .where(Mention.author_id == author_id)
        .order_by(col(Mention.published_at).desc(), col(Mention.id).desc())
        .limit(limit)
    )
    if brands is not None:
        statement = statement.where(col(Mention.brand_id).in_(brands))
    found = [(int(number or 0), brand) for number, brand in session.exec(statement)]
    said = mentions_by_id(session, [number for number, _ in found])
    return [(brand, said[number]) for number, brand in found if number in said]


def mentions_by_id(session: Session, ids: Sequence[int]) -> dict[int, MentionView]:
    """Mentions by their id; those that are gone are left out."""
    if not ids:
        return {}
    return {int(v.mention.id or 0): v for v in views(session, mention_ids=list(dict.fromkeys(ids)))}


def author_row(session: Session, author: Author) -> Row:
    """Who an author is, and their segments now and before."""
    number = int(author.id or 0)
    member = membership_of(session, number)
    return {
        "author_id": number,
        "source": author.source,
        "author_native_id": author.native_id,
        "author": author.handle or author.name or author.native_id,
        "name": author.name,
        "followers": author.followers,
        "location": author.location,
        "segment_id": member.segment.id if member else None,
        "segment": member.segment.name if member else None,
        "segment_is_nearest": member.noise if member else None,
        "strength": member.strength if member else None,
        "others": [
            {"segment_id": segment.id, "segment": segment.name, "strength": strength}
            for segment, strength in (member.others if member else ())
        ],
        "history": [
            {
                "changed_at": past.change.changed_at.isoformat(),
                "segment_id": past.segment.id,
                "segment": past.segment.name,
                "segment_is_nearest": past.change.noise,
                "was": past.was.name if past.was else None,
            }
            for past in author_history(session, number)[:MOST_CHANGES]
        ],
    }


def said_rows(session: Session, author_id: int) -> list[Row]:
    """The latest mentions of an author, each with its brand."""
    return [
        {
            "mention_id": view.mention.id,
            "published_at": view.post.published_at.isoformat(),
            "brand": brand.name,
            "sentiment": str(view.sentiment) if view.sentiment else None,
            "polarity": None if view.polarity is None else round(view.polarity, 4),
            "text": view.post.text,
            "url": view.post.url,
        }
        for brand, view in latest_mentions(session, author_id)
    ]
