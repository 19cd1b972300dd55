"""Reading counts: as they were kept, with the few days that changed since counted at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.series import DayCounts
from listening.store.daycounts import count_days, counts_of, marked_days, mentions_on
from listening.store.daymarks import day_of
from listening.store.tables import Mention, MentionDay

# Mentions that a page counts itself; with more that changed it says as of when its figures are.
AT_ONCE = 4000


@dataclass(frozen=True, slots=True)
class Read:
    """Counts of a brand.

    Attributes:
        as_of: what changed later may not be in; None: everything is.
    """

    days: tuple[DayCounts, ...] = ()
    as_of: datetime | None = None


def read_days(
    session: Session,
    brand_ids: Collection[int],
    first: date | None = None,
    last: date | None = None,
) -> dict[int, Read]:
    """The days of brands that have mentions, by brand and in order.

    Args:
        session: to read with; nothing is written.
        brand_ids: of the brands.
        first, last: days; None: open.
    """
    kept: dict[int, dict[tuple[date, str], DayCounts]] = {brand: {} for brand in brand_ids}
    statement = select(MentionDay).where(col(MentionDay.brand_id).in_(sorted(brand_ids)))
    if first is not None:
        statement = statement.where(col(MentionDay.day) >= first)
    if last is not None:
        statement = statement.where(col(MentionDay.day) <= last)
    for row in session.exec(statement):
        kept[row.brand_id][row.day, row.source] = counts_of(row)
    marked = {
        brand: {d: at for d, at in own.items() if _inside(d, first, last)}
        for brand, own in marked_days(session, brand_ids).items()
    }
    room = AT_ONCE
    as_of: dict[int, datetime] = {}
    for brand, own in sorted(marked.items()):
        if not own:
            continue
        room -= mentions_on(session, brand, own, most=room + 1)
        if room < 0:
            as_of[brand], room = min(own.values()), 0
            continue
        kept[brand] = {key: c for key, c in kept[brand].items() if key[0] not in own}
        for one in count_days(session, brand, own):
            kept[brand][one.day, one.source] = one
    return {
        brand: Read(tuple(days[key] for key in sorted(days)), as_of.get(brand))
        for brand, days in kept.items()
    }


def _inside(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)


def span_of(session: Session, brand_id: int) -> tuple[date, date] | None:
    """The first and the last day that a brand has mentions of: exact, whatever is marked."""
    ends = []
    for end in (func.min, func.max):  # apart, so that each reads one end of an index
        statement = select_columns(end(col(Mention.published_at)))
        ends.append(session.execute(statement.where(col(Mention.brand_id) == brand_id)).scalar())
    return (day_of(ends[0]), day_of(ends[1])) if ends[0] and ends[1] else None
