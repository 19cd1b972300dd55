"""Digests that are due, and incidents that somebody is told of.

Killed anywhere, the next run goes on: a digest with all that follows it is one unit of work.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from listening.config import Settings
from listening.digest import file_name
from listening.digestmail import as_html
from listening.incidents import Incident, IncidentKind
from listening.notifying import Event
from listening.notifying import incident as incident_event
from listening.store.brands.brands import brand_id, list_brands
from listening.store.counts.overviews import Asked, overview
from listening.store.notifying.notifications import notify
from listening.store.reports.digests import report_pdf
from listening.store.reports.schedules import due_schedules, make_due
from listening.store.session import Store
from listening.store.tables import Brand, Report
from listening.store.tables.types import now

# An incident that ended longer ago is history: nobody is woken for it.
LATELY = timedelta(hours=2)


def make_due_reports(store: Store) -> list[int]:
    """Make every digest that is due, each in a unit of work of its own; returns their ids.

    One that fails holds up no other; it is tried again, and what failed is raised in the end.
    """
    with store.session() as session:
        due = due_schedules(session, now())
    made = []
    failed: Exception | None = None
    for schedule_id in due:
        try:
            with store.work() as session:
                report = make_due(session, schedule_id, now())
        except Exception as error:
            failed = failed or error
            continue
        if report is not None:
            made.append(int(report.id or 0))
    if failed is not None:
        raise failed
    return made


def tell_incidents(store: Store) -> int:
    """Have those told who ask for incidents of what goes on now; returns how many were written."""
    moment = now()
    told = 0
    with store.session() as session:
        found = [
            (brand, one)
            for brand in list_brands(session)
            for one in overview(
                session, brand, [brand], Asked(window="7", compare="none"), moment=moment
            ).incidents
            if one.ended >= moment - LATELY
        ]
    for brand, one in found:
        with store.work() as session:
            told += notify(session, _event(brand, one))
    return told


def _event(brand: Brand, one: Incident) -> Event:
    volume = one.kind is IncidentKind.VOLUME
    return incident_event(
        brand,
        f"{brand_id(brand)}:{one.kind}:{one.began.isoformat()}",
        kind="mentions in 24 hours" if volume else "negative percent of the scored",
        began_at=one.began,
        value=one.value if volume else 100 * one.value,
        expected=one.usual if volume else 100 * one.usual,
    )


def report_file(session: Session, _settings: Settings, report_id: int) -> tuple[str, bytes] | None:
    """A digest as it is sent along, without names; None: it is gone."""
    report = session.get(Report, report_id)
    if report is None:
        return None
    return file_name(report.content), report_pdf(session, report, names=False)


def report_html(session: Session, settings: Settings, report_id: int) -> str | None:
    """A digest as a mail shows it, without names; None: it is gone."""
    report = session.get(Report, report_id)
    brand = session.get(Brand, report.brand_id) if report is not None else None
    if report is None or brand is None:
        return None
    return as_html(report.content, brand, report_id, settings.public_url)
