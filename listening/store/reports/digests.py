"""Digests: making one from what is counted, keeping it, and who is in it as of now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from listening.digest import as_pdf, shown_texts, subject_lines, title_of
from listening.errors import InvalidError, NotFoundError
from listening.incidents import Incident, IncidentKind
from listening.notifying import page_of_brand, report_ready
from listening.store.brands.brands import brand_id, list_brands
from listening.store.cases.cases import count_cases
from listening.store.counts.counted import span_of
from listening.store.counts.overviews import Asked, Overview, overview
from listening.store.flags.stances import count_stances, stance_views
from listening.store.tables import (
    Author,
    Brand,
    Case,
    CaseStatus,
    Report,
    ReportItem,
    ReportSchedule,
    StanceKind,
)
from listening.store.tables.types import now
from listening.store.watches.listeninghealth import Listening
from listening.windows import ends_on

LEAST_DAYS, MOST_DAYS = 1, 366
MOST_ITEMS = 5


def make_report(
    session: Session,
    brand: Brand,
    days: int,
    *,
    made_by: str,
    schedule: ReportSchedule | None = None,
    due_at: datetime | None = None,
    moment: datetime | None = None,
) -> Report:
    """Make a digest of the last whole days, and keep it.

    Args:
        session: inside a unit of work.
        brand: of the digest.
        days: that it looks back, up to yesterday; of a silent brand, up to its last mention.
        made_by: a login, or the schedule.
        schedule, due_at: which of a schedule's digests it is; None: somebody asked for it.
        moment: None: now.

    Raises:
        InvalidError: too few days or too many.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise InvalidError(f"days: {LEAST_DAYS} to {MOST_DAYS} go, not {days}.", field="days")
    moment = moment or now()
    number = brand_id(brand)
    span = span_of(session, number)
    last = min(ends_on(span[1] if span else None, moment.date()), _yesterday(moment))
    asked = Asked(since=last - timedelta(days=days - 1), until=last, themes_of=str(days))
    found = overview(session, brand, list_brands(session), asked, moment=moment)
    report = Report(
        brand_id=number,
        schedule_id=schedule.id if schedule else None,
        due_at=due_at,
        first=found.part.window.first,
        last=found.part.window.last,
        made_at=moment,
        made_by=made_by,
        content=content_of(session, found, moment),
    )
    session.add(report)
    session.flush()
    _add_items(session, report)
    return report


def _yesterday(moment: datetime) -> date:
    return moment.date() - timedelta(days=1)


def content_of(session: Session, found: Overview, moment: datetime) -> dict[str, Any]:
    """A digest's figures as JSON."""
    part, other = found.part, found.other
    number = brand_id(part.brand)
    stances = count_stances(session, number)
    themes = dict(found.themes or {})
    return {
        "brand": part.brand.name,
        "first": part.window.first.isoformat(),
        "last": part.window.last.isoformat(),
        "made_at": moment.isoformat(),
        "counts": asdict(part.counts) | {"not_scored": dict(part.counts.not_scored)},
        "before": asdict(other.counts) if other is not None else None,
        "days_before": other.window.days if other is not None else 0,
        "people": {
            name: getattr(part.people, name)
            for name in ("authors", "reach_total", "reach_unique", "reach_known")
        }
        if part.people is not None
        else None,
        # Of other brands their sum alone: whoever reads it may not see them.
        "voice": {
            "mentions": part.counts.mentions,
            "all": found.voice.whole.total,
            "brands": len(found.voice.names),
        }
        if found.voice is not None
        else None,
        "days": [
            {
                "day": day.day.isoformat(),
                "mentions": day.mentions,
                "negative": day.negative,
                "neutral": day.neutral,
                "positive": day.positive,
                "unscored": day.mentions - day.negative - day.neutral - day.positive,
            }
            for day in part.days
        ],
        "sources": [
            {"source": source, "mentions": own.mentions, "net_sentiment": own.net_sentiment}
            for source, own in part.sources.items()
        ],
        "incidents": [_told(one) for one in found.incidents],
        "sentences": [asdict(one) for one in found.sentences],
        "themes": themes,
        "advocates": stances.get(StanceKind.ADVOCATE, 0),
        "detractors": stances.get(StanceKind.DETRACTOR, 0),
        "open_cases": count_cases(session, number).get(CaseStatus.OPEN, 0),
        "listening": _listening(found.listening),
        "as_of": found.as_of.isoformat() if found.as_of else None,
    }


def _told(one: Incident) -> dict[str, Any]:
    when = f"{one.began:%Y-%m-%d %H:%M} to {one.ended:%Y-%m-%d %H:%M} UTC"
    if one.kind is IncidentKind.VOLUME:
        text = (
            f"{when}: {one.mentions:,} mentions in 24 hours, usually {one.usual:,.0f} (beyond mean "
            f"+ {one.k:g} SD)"
        )
    else:
        text = (
            f"{when}: {one.value:.0%} of {one.scored:,} scored mentions negative in 24 hours, "
            f"usually {one.usual:.0%} (beyond {one.k:g} SE)"
        )
    return {"kind": one.kind.value, "began": one.began.isoformat(), "text": text}


def _listening(found: Listening) -> str:
    if not found.watches:
        return "Nothing is watched for this brand; posts come by imports alone."
    swept = f"{found.swept_at:%Y-%m-%d %H:%M} UTC" if found.swept_at else "never"
    lag = f"{found.lag.total_seconds() / 3600:,.1f} h" if found.lag is not None else "unknown"
    return (
        f"{found.watches} watches, {found.paused} paused, {found.failing} failing; last sweep that "
        f"ended well: {swept}; furthest behind: {lag}; rows waiting in quarantine: "
        f"{found.waiting:,}."
    )


def _add_items(session: Session, report: Report) -> None:
    for part, kind in (("advocates", StanceKind.ADVOCATE), ("detractors", StanceKind.DETRACTOR)):
        rows = stance_views(session, brand_id=report.brand_id, kind=kind, limit=MOST_ITEMS)
        for place, row in enumerate(rows):
            session.add(
                ReportItem(
                    report_id=int(report.id or 0),
                    part=part,
                    place=place,
                    author_id=row.stance.author_id,
                    score=row.stance.score,
                )
            )
    cases = (
        select(Case)
        .where(Case.brand_id == report.brand_id, Case.status == CaseStatus.OPEN)
        .order_by(col(Case.rank).desc(), col(Case.id))
        .limit(MOST_ITEMS)
    )
    for place, case in enumerate(session.exec(cases)):
        session.add(
            ReportItem(
                report_id=int(report.id or 0),
                part="cases",
                place=place,
                author_id=case.author_id,
                mention_id=case.mention_id,
                score=case.urgency,
            )
        )
    session.flush()


def items_of(session: Session, report: Report) -> dict[str, list[tuple[ReportItem, Author]]]:
    """Who is in a digest, by part: those who are stored now."""
    statement = (
        select(ReportItem, Author)
        .join(Author, col(Author.id) == col(ReportItem.author_id))
        .where(ReportItem.report_id == report.id)
        .order_by(col(ReportItem.part), col(ReportItem.place))
    )
    found: dict[str, list[tuple[ReportItem, Author]]] = {}
    for item, author in session.exec(statement):
        found.setdefault(item.part, []).append((item, author))
    return found


def get_report(session: Session, brand: Brand, report_id: int) -> Report:
    """A digest of a brand.

    Raises:
        NotFoundError: none.
    """
    found = session.get(Report, report_id) if 0 < report_id < 2**31 else None
    if found is None or found.brand_id != brand.id:
        raise NotFoundError(f"{brand.name} has no report {report_id}.")
    return found


def list_reports(
    session: Session, brand: Brand, *, before: int | None = None, limit: int = 50
) -> Sequence[Report]:
    """Digests of a brand, the latest first; `before`: only with a lower number."""
    statement = select(Report).where(Report.brand_id == brand.id)
    if before is not None:
        statement = statement.where(col(Report.id) < before)
    return session.exec(statement.order_by(col(Report.id).desc()).limit(limit)).all()


def report_pdf(session: Session, report: Report, *, names: bool) -> bytes:
    """A digest as a PDF.

    Args:
        session: to read with.
        report: the digest.
        names: whether people are named, as they are stored now; not where it leaves the house.
    """
    parts = []
    if names:
        for part, rows in items_of(session, report).items():
            score = "Urgency" if part == "cases" else "Score"
            parts.append(
                {
                    "title": part.capitalize() if part != "cases" else "Most urgent cases",
                    "head": ["Author", score],
                    "rows": [[_name(author), f"{item.score or 0:.2f}"] for item, author in rows],
                }
            )
    return as_pdf(shown_texts(report.content, parts))


def _name(author: Author) -> str:
    return f"{author.name or author.handle or author.native_id} at {author.source}"


def ready_event(brand: Brand, report: Report) -> Any:
    """That a digest is ready, for whoever asked to be told."""
    return report_ready(
        brand,
        int(report.id or 0),
        title=f"Report, {title_of(report.content)}",
        path=page_of_brand(brand, "reports", int(report.id or 0)),
        lines=subject_lines(report.content),
    )
