"""Counting mentions by day: once for `mention_day`, and at once where few were marked since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, Integer, and_, case, delete, extract, func, insert, or_, type_coerce
from sqlalchemy import cast as sql_cast
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from listening.series import EMOTIONS, HOURS, IRONY_FROM, DayCounts
from listening.store.bulk import chunked
from listening.store.mentions.mentions import NOT_YET
from listening.store.mentions.sentiments import mention_label
from listening.store.tables import (
    Analysis,
    Brand,
    Mention,
    MentionDay,
    MentionMark,
    MentionSentiment,
    Post,
)

SUMS = ("negative", "neutral", "positive", *EMOTIONS, "judged", "ironic")
# A unit of counting stops after so many mentions, as they stood when last counted.
UNIT = 30_000
_MOST_DAYS = 100


def count_days(session: Session, brand_id: int, days: Collection[date]) -> list[DayCounts]:
    """Count the mentions of a brand on some days, source by source, as they are now."""
    if not days:
        return []
    label = mention_label()
    day = type_coerce(func.date(col(Mention.published_at)), Date).label("day")
    hour = sql_cast(extract("hour", col(Mention.published_at)), Integer).label("hour")
    why = case((label.is_(None), func.coalesce(col(Analysis.not_scored), NOT_YET)), else_="")

    def counted(condition: Any, name: str) -> Any:
        return func.sum(case((condition, 1), else_=0)).label(name)

    ironic = col(Analysis.ironic)
    statement: Any = (
        select_columns(
            day, col(Post.source), hour, why.label("why"), func.count().label("mentions"),
            *(counted(label == name, name) for name in ("negative", "neutral", "positive")),
            *(counted(_emotion() == name, name) for name in EMOTIONS),
            counted(ironic.is_not(None), "judged"),
            counted(ironic >= IRONY_FROM, "ironic"),
        )
        .select_from(Mention)
        .join(Post, col(Post.id) == col(Mention.post_id))
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(col(Mention.brand_id) == brand_id, or_(*map(_within, _spans(days))))
        .group_by(day, col(Post.source), hour, why)
    )  # fmt: skip
    found: dict[tuple[date, str], _Sums] = {}
    for row in session.execute(statement):
        found.setdefault((row.day, row.source), _Sums()).add(row)
    return [sums.counts(*key) for key, sums in sorted(found.items())]


def _emotion() -> Any:
    """The likeliest emotion; of equal ones the first, as `MentionView.emotion` has it."""
    anger, joy, optimism, sadness = (col(getattr(Analysis, name)) for name in EMOTIONS)
    return case(
        (anger.is_(None), None),
        (and_(anger >= joy, anger >= optimism, anger >= sadness), "anger"),
        (and_(joy >= optimism, joy >= sadness), "joy"),
        (optimism >= sadness, "optimism"),
        else_="sadness",
    )


def _within(span: tuple[date, date]) -> Any:
    start = datetime.combine(span[0], time(), UTC)
    end = datetime.combine(span[1] + timedelta(days=1), time(), UTC)
    return and_(col(Mention.published_at) >= start, col(Mention.published_at) < end)


def _spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as few stretches, each with its first and last."""
    spans: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if spans and day == spans[-1][1] + timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


class _Sums:
    """What the rows of one day and source add up to."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.hours = [[0] * HOURS for _ in range(3)]

    def add(self, row: Any) -> None:
        self.numbers["mentions"] += row.mentions
        for name in SUMS:
            self.numbers[name] += int(getattr(row, name))
        scored = int(row.negative + row.neutral + row.positive)
        for own, value in zip(self.hours, (row.mentions, scored, int(row.negative)), strict=True):
            own[row.hour] += value
        if row.why:
            self.reasons[row.why] += row.mentions

    def counts(self, day: date, source: str) -> DayCounts:
        return DayCounts(
            day=day,
            source=source,
            mentions=self.numbers["mentions"],
            **{name: self.numbers[name] for name in SUMS},
            not_scored=dict(sorted(self.reasons.items())),
            hours=self.hours,
        )


def row_of(brand_id: int, counts: DayCounts) -> dict[str, Any]:
    """As `mention_day` keeps it."""
    return {
        "brand_id": brand_id,
        "day": counts.day,
        "source": counts.source,
        "mentions": counts.mentions,
        **{name: getattr(counts, name) for name in SUMS},
        "not_scored": dict(counts.not_scored),
        "hours": [list(own) for own in counts.hours],
    }


def has_marks(session: Session) -> bool:
    """Whether anything is to be counted again."""
    return session.execute(select_columns(col(MentionMark.id)).limit(1)).first() is not None


def marked_brands(session: Session) -> list[int]:
    """Brands with days to be counted again."""
    statement = select_columns(col(MentionMark.brand_id)).distinct()
    return sorted(session.execute(statement).scalars())


def marked_days(
    session: Session, brand_ids: Collection[int] | None = None
) -> dict[int, dict[date, datetime]]:
    """Days to be counted again, by brand, each with when it was first marked."""
    statement: Any = select_columns(
        col(MentionMark.brand_id), col(MentionMark.day), func.min(col(MentionMark.at))
    ).group_by(col(MentionMark.brand_id), col(MentionMark.day))
    if brand_ids is not None:
        statement = statement.where(col(MentionMark.brand_id).in_(sorted(brand_ids)))
    found: dict[int, dict[date, datetime]] = {}
    for brand, day, at in session.execute(statement):
        found.setdefault(brand, {})[day] = at
    return found


def count_again(session: Session, brand_id: int) -> int:
    """Count some of a brand's marked days; returns how many, 0 where nothing is marked.

    The marks that are read go, in the same unit of work; one that is added meanwhile stays for
    the next time.
    """
    # Of two who count, one waits: the later count is the one that stands.
    locked = select_columns(col(Brand.id)).where(col(Brand.id) == brand_id)
    if session.execute(locked.with_for_update(key_share=True)).first() is None:
        return 0
    chosen = _next_days(session, brand_id)
    if not chosen:
        return 0
    ids = select_columns(col(MentionMark.id)).where(
        col(MentionMark.brand_id) == brand_id, col(MentionMark.day).in_(chosen)
    )
    marks: Sequence[int] = session.execute(ids).scalars().all()
    own = (col(MentionDay.brand_id) == brand_id, col(MentionDay.day).in_(chosen))
    counted = count_days(session, brand_id, chosen)
    session.execute(delete(MentionDay).where(*own))
    if counted:
        session.execute(insert(MentionDay), [row_of(brand_id, one) for one in counted])
    for chunk in chunked(marks, 5000):
        session.execute(delete(MentionMark).where(col(MentionMark.id).in_(chunk)))
    return len(chosen)


def _next_days(session: Session, brand_id: int) -> list[date]:
    """The latest marked days, as many as are counted quickly."""
    marked = (
        select_columns(col(MentionMark.day))
        .where(col(MentionMark.brand_id) == brand_id)
        .distinct()
        .order_by(col(MentionMark.day).desc())
        .limit(_MOST_DAYS)
    )
    chosen: list[date] = []
    room = UNIT
    for day in session.execute(marked).scalars():
        room -= mentions_on(session, brand_id, [day], most=UNIT)
        if chosen and room < 0:
            break
        chosen.append(day)
    return chosen


def mentions_on(session: Session, brand_id: int, days: Collection[date], *, most: int) -> int:
    """How many mentions some days have; counting stops at `most`."""
    if not days:
        return 0
    some = (
        select_columns(col(Mention.brand_id))
        .where(col(Mention.brand_id) == brand_id, or_(*map(_within, _spans(days))))
        .limit(most)
    ).subquery()
    return int(session.execute(select_columns(func.count()).select_from(some)).scalar_one())
