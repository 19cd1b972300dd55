"""Counting a brand's mentions for its summary."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import case
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from listening.reports import BrandSummary, Day, every_day, share_of_voice
from listening.store.brands import brand_id
from listening.store.cases import count_cases
from listening.store.segments import mention_label
from listening.store.stances import count_stances
from listening.store.tables import (
    Analysis,
    Author,
    Brand,
    CaseStatus,
    Mention,
    StanceKind,
)


def brand_summary(session: Session, brand: Brand) -> BrandSummary:
    """A brand's figures over everything in the store."""
    number = brand_id(brand)
    total = session.exec(select(func.count()).select_from(Mention)).one()
    days = _days(session, number)
    reach_total, reach_unique, known, authors = _reach(session, number)
    stances, cases = count_stances(session, number), count_cases(session, number)
    mentions = sum(d.mentions for d in days)
    return BrandSummary(
        name=brand.name,
        slug=brand.slug,
        mentions=mentions,
        authors=authors,
        negative=sum(d.negative for d in days),
        neutral=sum(d.neutral for d in days),
        positive=sum(d.positive for d in days),
        reach_total=reach_total,
        reach_unique=reach_unique,
        reach_known=known,
        share_of_voice=share_of_voice(mentions, total),
        advocates=stances.get(StanceKind.ADVOCATE, 0),
        detractors=stances.get(StanceKind.DETRACTOR, 0),
        open_cases=cases.get(CaseStatus.OPEN, 0),
        first=days[0].day if days else None,
        last=days[-1].day if days else None,
        not_scored=_not_scored(session, number),
        days=days,
    )


def _days(session: Session, brand: int) -> tuple[Day, ...]:
    label = mention_label()

    def counted(name: str) -> Any:
        return func.sum(case((label == name, 1), else_=0))

    day = func.date(col(Mention.published_at))
    statement = (
        select_columns(
            day, func.count(), counted("negative"), counted("neutral"), counted("positive")
        )
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .where(Mention.brand_id == brand)
        .group_by(day)
        .order_by(day)
    )
    return every_day(
        [
            # SQLite gives the day as text, PostgreSQL as a date.
            Day(d if isinstance(d, date) else date.fromisoformat(str(d)), n, int(a), int(b), int(c))
            for d, n, a, b, c in session.execute(statement)
        ]
    )


def _reach(session: Session, brand: int) -> tuple[int, int, int, int]:
    """Total and unique reach, authors with known followers, authors."""
    per_author = (
        select(Author.followers, func.count().label("mentions"))
        .join(Mention, col(Mention.author_id) == col(Author.id))
        .where(Mention.brand_id == brand)
        .group_by(col(Author.id), col(Author.followers))
        .subquery()
    )
    followers, mentions = per_author.c.followers, per_author.c.mentions
    statement = select(
        func.sum(followers * mentions), func.sum(followers), func.count(followers), func.count()
    ).select_from(per_author)
    total, unique, known, authors = session.exec(statement).one()
    return int(total or 0), int(unique or 0), int(known), int(authors)


def _not_scored(session: Session, brand: int) -> dict[str, int]:
    """Why mentions have no sentiment."""
    why = func.coalesce(col(Analysis.not_scored), "not analysed yet")
    statement = (
        select(why, func.count())
        .select_from(Mention)
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .where(
            Mention.brand_id == brand,
            col(Analysis.negative).is_(None),
            col(Mention.override).is_(None),
        )
        .group_by(why)
        .order_by(why)
    )
    return dict(session.exec(statement).all())
