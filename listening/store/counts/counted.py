"""Reading counts: as they were kept, with the few days that changed since counted at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, not_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from listening.series import Counts, DayCounts, total
from listening.store.counts.daycounts import SUMS, count_days, marked_days, mentions_on
from listening.store.counts.daymarks import day_of
from listening.store.tables import Mention, MentionDay

# Mentions that a page counts itself; with more that changed it says as of when its figures are.
AT_ONCE = 4000

_ROW = ("brand_id", "day", "source", "mentions", *SUMS, "not_scored")


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
    *,
    hours: bool = False,
) -> dict[int, Read]:
    """The days of brands that have mentions, by brand and in order.

    Args:
        session: to read with; nothing is written.
        brand_ids: of the brands.
        first, last: days; None: open.
        hours: whether hours are read too, which takes as long again.
    """
    kept: dict[int, dict[tuple[date, str], DayCounts]] = {brand: {} for brand in brand_ids}
    names = (*_ROW, "hours") if hours else _ROW
    statement = select_columns(*(col(getattr(MentionDay, name)) for name in names))
    statement = statement.where(*_of_days(brand_ids, first, last))
    for row in session.execute(statement):
        brand, *values = row
        kept[brand][row.day, row.source] = DayCounts(**dict(zip(names[1:], values, strict=True)))
    found = _changed(session, brand_ids, first, last)
    for brand, own in found.days.items():
        kept[brand] = {key: c for key, c in kept[brand].items() if key[0] not in own}
        for one in count_days(session, brand, own):
            kept[brand][one.day, one.source] = one
    return {
        brand: Read(tuple(days[key] for key in sorted(days)), found.as_of.get(brand))
        for brand, days in kept.items()
    }


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything that is counted of a brand; why mentions are not scored is left out.

    Attributes:
        first, last: days with mentions; None: there is none.
        as_of: what changed later may not be in; None: everything is.
    """

    counts: Counts = field(default_factory=Counts)
    first: date | None = None
    last: date | None = None
    as_of: datetime | None = None


def read_totals(session: Session, brand_ids: Collection[int]) -> dict[int, Totals]:
    """What brands' days add up to, added up by the database."""
    changed = _changed(session, brand_ids, None, None)
    names = ("mentions", *SUMS)
    statement: Any = (
        select_columns(
            col(MentionDay.brand_id),
            func.min(col(MentionDay.day)),
            func.max(col(MentionDay.day)),
            *(func.sum(col(getattr(MentionDay, name))) for name in names),
        )
        .where(*_of_days(brand_ids, None, None))
        .group_by(col(MentionDay.brand_id))
    )
    for brand, own in changed.days.items():
        here = and_(col(MentionDay.brand_id) == brand, col(MentionDay.day).in_(sorted(own)))
        statement = statement.where(not_(here))
    found = {brand: Totals(as_of=changed.as_of.get(brand)) for brand in brand_ids}
    for brand, first, last, *sums in session.execute(statement):
        numbers: dict[str, Any] = {name: int(n) for name, n in zip(names, sums, strict=True)}
        counts = Counts(**numbers)
        found[brand] = Totals(counts, first, last, changed.as_of.get(brand))
    for brand, days in changed.days.items():
        live = count_days(session, brand, days)
        standing = found[brand]
        ends = [one.day for one in live] + [d for d in (standing.first, standing.last) if d]
        counts = replace(total([standing.counts, *live]), not_scored={})
        found[brand] = Totals(counts, min(ends, default=None), max(ends, default=None))
    return found


def read_volumes(
    session: Session, brand_ids: Collection[int], first: date, last: date
) -> dict[int, dict[date, int]]:
    """Brands' mentions by day, days without any left out; added up by the database."""
    changed = _changed(session, brand_ids, first, last)
    day, mentions = col(MentionDay.day), func.sum(col(MentionDay.mentions))
    statement = (
        select_columns(col(MentionDay.brand_id), day, mentions)
        .where(*_of_days(brand_ids, first, last))
        .group_by(col(MentionDay.brand_id), day)
    )
    found: dict[int, dict[date, int]] = {brand: {} for brand in brand_ids}
    for brand, on, count in session.execute(statement):
        if on not in changed.days.get(brand, ()):
            found[brand][on] = int(count)
    for brand, days in changed.days.items():
        for one in count_days(session, brand, days):
            found[brand][one.day] = found[brand].get(one.day, 0) + one.mentions
    return found


@dataclass(frozen=True, slots=True)
class _Changed:
    """Days that were marked: few are counted at once, of others it is told since when."""

    days: Mapping[int, Collection[date]]
    as_of: Mapping[int, datetime]


def _changed(
    session: Session, brand_ids: Collection[int], first: date | None, last: date | None
) -> _Changed:
    room, days, as_of = AT_ONCE, {}, {}
    for brand, marked in sorted(marked_days(session, brand_ids).items()):
        own = {d: at for d, at in marked.items() if _inside(d, first, last)}
        if not own:
            continue
        room -= mentions_on(session, brand, own, most=room + 1)
        if room >= 0:
            days[brand] = own.keys()
        else:
            as_of[brand], room = min(own.values()), 0
    return _Changed(days, as_of)


def _of_days(brand_ids: Collection[int], first: date | None, last: date | None) -> list[Any]:
    where: list[Any] = [col(MentionDay.brand_id).in_(sorted(brand_ids))]
    where += [col(MentionDay.day) >= first] if first is not None else []
    where += [col(MentionDay.day) <= last] if last is not None else []
    return where


def _inside(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)


def span_of(session: Session, brand_id: int) -> tuple[date, date] | None:
    """The first and the last day that a brand has mentions of: exact, whatever is marked."""
    ends = []
    for end in (func.min, func.max):  # apart, so that each reads one end of an index
        statement = select_columns(end(col(Mention.published_at)))
        ends.append(session.execute(statement.where(col(Mention.brand_id) == brand_id)).scalar())
    return (day_of(ends[0]), day_of(ends[1])) if ends[0] and ends[1] else None
