"""Reports of a brand: those that were made, when they are made, and each as a page or a PDF."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.routes.paging import BIGGEST_ID, Id
from api.web.acting import actor_of, brand_of, form_of, need
from api.web.brands import visible_brands
from api.web.figures import day_chart
from api.web.flash import redirect
from api.web.formats import brand_url
from api.web.site import render, site_of
from listening.access import Permission
from listening.digest import file_name, title_of
from listening.errors import InvalidError
from listening.notifying import EventKind
from listening.reports import Day
from listening.schedule import WEEKDAYS, cron_in_words
from listening.store.brands.brands import brand_id
from listening.store.mentions.mentions import views
from listening.store.notifying.notifications import who_asks
from listening.store.reports.digests import get_report, items_of, list_reports, report_pdf
from listening.store.reports.schedules import (
    Wanted,
    add_schedule,
    edit_schedule,
    get_schedule,
    list_schedules,
    make_now,
    remove_schedule,
    usable_channels,
    weekly,
)
from listening.store.tables import Brand, Report
from listening.voice import step_of

PAGE = 20

router = APIRouter(include_in_schema=False)
Form = Annotated[FormData, Depends(form_of)]


@router.get("/brands/{slug:path}/reports", dependencies=[need(Permission.READ)])
def reports_page(
    request: Request, slug: str, before: Annotated[int | None, Query(ge=1, le=2**31)] = None
) -> Response:
    """The reports that were made, and when more are."""
    brand = brand_of(request)
    with site_of(request).reading() as session:
        found = list_reports(session, brand, before=before, limit=PAGE + 1)
        return render(
            request,
            "reports.html",
            title=f"Reports of {brand.name}",
            brands=visible_brands(request, session),
            brand=brand,
            tab="reports",
            reports=found[:PAGE],
            more=found[PAGE - 1].id if len(found) > PAGE else None,
            schedules=list_schedules(session, brand),
            channels=usable_channels(session, actor_of(request), brand),
            asking=who_asks(session, EventKind.REPORT_READY, brand_id(brand)),
            weekdays=WEEKDAYS,
            cron_in_words=cron_in_words,
            title_of=title_of,
            edits=_may(request, brand),
        )


def _may(request: Request, brand: Brand) -> bool:
    return actor_of(request).may(Permission.CONFIGURE, brand_id(brand))


@router.post("/brands/{slug:path}/reports", dependencies=[need(Permission.CONFIGURE)])
def make_report_form(request: Request, slug: str, form: Form) -> Response:
    """Make a report at once."""
    brand = brand_of(request)
    days, tell = _number(form, "days"), bool(form.get("tell"))
    with site_of(request).store.work() as session:
        report = make_now(session, actor_of(request), brand, days, tell=tell)
        number = report.id
    return redirect(request, brand_url(brand.slug, "reports", number or 0), "The report is made.")


@router.post("/brands/{slug:path}/reports/schedules", dependencies=[need(Permission.CONFIGURE)])
def add_schedule_form(request: Request, slug: str, form: Form) -> Response:
    """Add a schedule."""
    brand = brand_of(request)
    with site_of(request).store.work() as session:
        added = add_schedule(session, actor_of(request), brand, _wanted(form))
    return redirect(
        request, brand_url(brand.slug, "reports"), f"“{added.name}” is made from now on."
    )


@router.post(
    "/brands/{slug:path}/reports/schedules/{schedule_id}",
    dependencies=[need(Permission.CONFIGURE)],
)
def change_schedule_form(request: Request, slug: str, schedule_id: Id, form: Form) -> Response:
    """Pause, resume or remove a schedule."""
    brand, actor = brand_of(request), actor_of(request)
    what = str(form.get("do", ""))
    with site_of(request).store.work() as session:
        schedule = get_schedule(session, brand, schedule_id)
        name = schedule.name
        if what == "remove":
            remove_schedule(session, actor, brand, schedule_id)
            told = f"“{name}” is removed; its reports stay."
        elif what in {"pause", "resume"}:
            wanted = Wanted(
                name=name,
                cron=schedule.cron,
                timezone=schedule.timezone,
                days=schedule.days,
                channels=schedule.channels,
                paused=what == "pause",
            )
            edit_schedule(session, actor, brand, schedule_id, wanted, _number(form, "version"))
            told = f"“{name}” is {'paused' if what == 'pause' else 'made again'}."
        else:
            raise InvalidError("do: pause, resume or remove.", field="do")
    return redirect(request, brand_url(brand.slug, "reports"), told)


def _wanted(form: FormData) -> Wanted:
    channels = [str(value) for value in form.getlist("channel")]
    if not all(
        value.isdecimal() and len(value) < 20 and int(value) <= BIGGEST_ID for value in channels
    ):
        raise InvalidError("channel: not a number of a channel.", field="channel")
    return Wanted(
        name=str(form.get("name", "")),
        cron=weekly(_number(form, "weekday"), str(form.get("at", ""))),
        timezone=str(form.get("timezone", "")).strip() or "UTC",
        days=_number(form, "days"),
        channels=[int(value) for value in channels],
    )


def _number(form: FormData, name: str) -> int:
    value = str(form.get(name, "")).strip()
    if not value.isdecimal() or len(value) > 9:
        raise InvalidError(f"{name}: write a number.", field=name)
    return int(value)


@router.get("/brands/{slug:path}/reports/{report_id}", dependencies=[need(Permission.READ)])
def report_page(request: Request, slug: str, report_id: Id) -> Response:
    """A report."""
    brand = brand_of(request)
    with site_of(request).reading() as session:
        report = get_report(session, brand, report_id)
        items = items_of(session, report)
        wanted = [item.mention_id for item, _ in items.get("cases", []) if item.mention_id]
        return render(
            request,
            "report.html",
            title=title_of(report.content),
            brands=visible_brands(request, session),
            brand=brand,
            tab="reports",
            report=report,
            r=report.content,
            items=items,
            said={v.mention.id: v for v in views(session, mention_ids=wanted)},
            **_figures(report),
        )


def _figures(report: Report) -> dict[str, Any]:
    days = [
        Day(date.fromisoformat(one["day"]), *(int(one[name]) for name in _COUNTS))
        for one in report.content["days"]
    ]
    drawn = any(day.mentions for day in days)
    return {"chart": day_chart(days, step_of(len(days))) if drawn else None}


_COUNTS = ("mentions", "negative", "neutral", "positive")


@router.get(
    "/brands/{slug:path}/reports/{report_id}/report.pdf", dependencies=[need(Permission.READ)]
)
def report_file(request: Request, slug: str, report_id: Id) -> Response:
    """A report as a PDF, with the people in it as they are stored now."""
    brand = brand_of(request)
    with site_of(request).reading() as session:
        report = get_report(session, brand, report_id)
        content = report_pdf(session, report, names=True)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(report.content)}"'}
    return Response(content, media_type="application/pdf", headers=headers)
