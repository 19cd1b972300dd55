"""Counting brands' mentions for their summaries: a few statements, however many brands."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import case
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from listening.reports import BrandSummary, Day, every_day, share_of_voice
from listening.store.brands import brand_id, list_brands
from listening.store.cases import case_counts
from listening.store.mentions import NOT_YET
from listening.store.sentiments import mention_label
from listening.store.stances import stance_counts
from listening.store.tables import (
    Analysis,
    Author,
    Brand,
    CaseStatus,
    Mention,
    MentionSentiment,
    StanceKind,
)


def brand_summary(session: Session, brand: Brand) -> BrandSummary:
    """A brand's figures over everything in the store."""
    return _summaries(session, [brand], brand_id(brand))[0]


def brand_summaries(session: Session) -> list[BrandSummary]:
    """Every brand's figures, by name."""
    return _summaries(session, list_brands(session), None)


def _summaries(session: Session, brands: list[Brand], only: int | None) -> list[BrandSummary]:
    days, reach, reasons = (
        _days(session, only),
        _reach(session, only),
        _not_scored(session, only),
    )
    stances, cases = stance_counts(session, only), case_counts(session, only)
    total = session.exec(select(func.count()).select_from(Mention)).one()
    found = []
    for brand in brands:
        number = brand_id(brand)
        own = days.get(number, ())
        mentions = sum(d.mentions for d in own)
        reach_total, reach_unique, known, authors = reach.get(number, (0, 0, 0, 0))
        found.append(
            BrandSummary(
                name=brand.name,
                slug=brand.slug,
                mentions=mentions,
                authors=authors,
                negative=sum(d.negative for d in own),
                neutral=sum(d.neutral for d in own),
                positive=sum(d.positive for d in own),
                reach_total=reach_total,
                reach_unique=reach_unique,
                reach_known=known,
                share_of_voice=share_of_voice(mentions, total),
                advocates=stances.get((number, StanceKind.ADVOCATE), 0),
                detractors=stances.get((number, StanceKind.DETRACTOR), 0),
                open_cases=cases.get((number, CaseStatus.OPEN), 0),
                first=own[0].day if own else None,
                last=own[-1].day if own else None,
                not_scored=reasons.get(number, {}),
                days=own,
            )
        )
    return found


def _of(statement: Any, only: int | None) -> Any:
    """The statement for one brand, or for all."""
    return statement if only is None else statement.where(col(Mention.brand_id) == only)


def _days(session: Session, only: int | None) -> dict[int, tuple[Day, ...]]:
    label = mention_label()

    def counted(name: str) -> Any:
        return func.sum(case((label == name, 1), else_=0))

    day = func.date(col(Mention.published_at))
    statement: Any = (
        select_columns(
            col(Mention.brand_id),
            day,
            func.count(),
            counted("negative"),
            counted("neutral"),
            counted("positive"),
        )
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .group_by(col(Mention.brand_id), day)
    )
    found: dict[int, list[Day]] = {}
    for brand, on, count, *moods in session.execute(_of(statement, only)):
        # SQLite gives the day as text, PostgreSQL as a date.
        parsed = on if isinstance(on, date) else date.fromisoformat(str(on))
        found.setdefault(brand, []).append(Day(parsed, count, *(int(m) for m in moods)))
    return {brand: every_day(own) for brand, own in found.items()}


def _reach(session: Session, only: int | None) -> dict[int, tuple[int, int, int, int]]:
    """Per brand: total and unique reach, authors with known followers, authors."""
    speaking: Any = (
        select_columns(col(Mention.brand_id), col(Author.followers), func.count().label("mentions"))
        .join(Author, col(Author.id) == col(Mention.author_id))
        .group_by(col(Mention.brand_id), col(Author.id), col(Author.followers))
    )
    c = _of(speaking, only).subquery().c
    statement: Any = select_columns(
        c.brand_id,
        func.sum(c.followers * c.mentions),
        func.sum(c.followers),
        func.count(c.followers),
        func.count(),
    ).group_by(c.brand_id)
    return {
        brand: (int(total or 0), int(unique or 0), known, authors)
        for brand, total, unique, known, authors in session.execute(statement)
    }


def _not_scored(session: Session, only: int | None) -> dict[int, dict[str, int]]:
    """Per brand: why mentions have no sentiment towards it."""
    why = func.coalesce(col(Analysis.not_scored), NOT_YET)
    statement: Any = (
        select_columns(col(Mention.brand_id), why, func.count())
        .select_from(Mention)
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(col(MentionSentiment.mention_id).is_(None), col(Mention.override).is_(None))
        .group_by(col(Mention.brand_id), why)
        .order_by(why)
    )
    found: dict[int, dict[str, int]] = {}
    for brand, reason, count in session.execute(_of(statement, only)):
        found.setdefault(brand, {})[reason] = count
    return found
