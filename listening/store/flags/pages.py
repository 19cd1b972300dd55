"""What a page of flagged authors shows beside them: the mentions that tell most, and news."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from listening.store.flags.stances import StanceView
from listening.store.mentions.mentions import MentionView
from listening.store.posts.authors import mentions_by_id
from listening.store.segments.segments import current_segmentation
from listening.store.tables import Flag, Segment, SegmentState, StanceKind

SHOWN = 2  # mentions of an author, in a list
_MOST_SOURCES = 50


def evidence_of(session: Session, rows: Sequence[StanceView]) -> dict[int, list[MentionView]]:
    """The mentions that tell most of each author, the strongest first."""
    telling = {
        row.flag.author_id: [
            int(e["mention_id"]) for e in row.stance.evidence if not e.get("not_counted")
        ][:SHOWN]
        for row in rows
    }
    return _read(session, telling)


def news_of(session: Session, rows: Sequence[StanceView]) -> dict[int, list[MentionView]]:
    """What came in since somebody dismissed an author, the latest first."""
    return _read(session, {row.flag.author_id: row.flag.news[:SHOWN] for row in rows})


def _read(session: Session, wanted: dict[int, list[int]]) -> dict[int, list[MentionView]]:
    found = mentions_by_id(session, [i for own in wanted.values() for i in own])
    return {author: [found[i] for i in own if i in found] for author, own in wanted.items()}


def sources_of(session: Session, brand_id: int, kind: StanceKind) -> list[str]:
    """Where a list's authors come from, by one index look-up after another."""
    found: list[str] = []
    while len(found) < _MOST_SOURCES:
        after = select(Flag.source).where(
            Flag.brand_id == brand_id, Flag.kind == kind, col(Flag.source) > (found or [""])[-1]
        )
        one = session.exec(after.order_by(col(Flag.source)).limit(1)).first()
        if one is None:
            break
        found.append(one)
    return found


def segments_named(session: Session) -> list[tuple[int, str]]:
    """The segments that lists are filtered by, largest first."""
    run = current_segmentation(session)
    statement = (
        select(Segment.id, Segment.name)
        .join(SegmentState, col(SegmentState.segment_id) == col(Segment.id))
        .where(
            SegmentState.segmentation_id == (run.id if run is not None else 0),
            col(Segment.merged_into).is_(None),
        )
        .order_by(col(SegmentState.size).desc(), col(Segment.id))
    )
    return [(int(number or 0), name) for number, name in session.exec(statement)]
