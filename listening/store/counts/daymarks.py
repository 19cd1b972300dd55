"""Marking days to be counted again, in the unit of work that changes their mentions.

Marks are only ever added: writers do not wait for each other, nor for whoever counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, func, insert, literal, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from listening.store.bulk import chunked, within
from listening.store.tables import Mention, MentionMark
from listening.store.tables.types import UTCDateTime, now

_CHUNK = 5000


def day_of(moment: datetime) -> date:
    """The day that a mention counts for."""
    return moment.astimezone(UTC).date()


def mark_days(session: Session, days: Iterable[tuple[int, date]]) -> None:
    """Mark days, given as (brand id, day)."""
    moment = now()
    rows = [{"brand_id": brand, "day": day, "at": moment} for brand, day in sorted(set(days))]
    if rows:
        session.execute(insert(MentionMark), rows)


def mark_mentions(session: Session, mention_ids: Sequence[int]) -> None:
    """Mark the days of mentions; before they go, where they go."""
    _mark(session, col(Mention.id), mention_ids)


def mark_posts(session: Session, post_ids: Sequence[int]) -> None:
    """Mark the days of the mentions that posts make; before they go, where they go."""
    _mark(session, col(Mention.post_id), post_ids)


def mark_author(session: Session, source: str, native_id: str) -> None:
    """Mark the days of all that an author said."""
    from listening.store.tables import Author

    who = select_columns(col(Author.id)).where(
        col(Author.source) == source, col(Author.native_id) == native_id
    )
    _add(session, col(Mention.author_id).in_(who))


def mark_everything(session: Session, brand_id: int | None = None) -> None:
    """Mark every day that has mentions, or was counted as having some."""
    from listening.store.tables import MentionDay

    _add(session, col(Mention.brand_id) == brand_id if brand_id is not None else None)
    counted = select_columns(col(MentionDay.brand_id), col(MentionDay.day)).distinct()
    if brand_id is not None:
        counted = counted.where(col(MentionDay.brand_id) == brand_id)
    mark_days(session, [(brand, day) for brand, day in session.execute(counted)])


def _mark(session: Session, column: Any, ids: Sequence[int]) -> None:
    for chunk in chunked(sorted(set(ids)), _CHUNK):
        _add(session, within(session, column, chunk))


def _add(session: Session, where: Any) -> None:
    day = type_coerce(func.date(col(Mention.published_at)), Date)
    found = select_columns(col(Mention.brand_id), day, literal(now(), UTCDateTime)).distinct()
    if where is not None:
        found = found.where(where)
    session.execute(insert(MentionMark).from_select(["brand_id", "day", "at"], found))
