"""Reports and when they are made."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.routes.paging import Cursor, Id, Limit, decode_cursor, encode_cursor
from api.routes.v1.route import api_router, expected_version
from api.schemas.base import Page
from api.schemas.overview import (
    ReportShown,
    ReportWanted,
    ReportWhole,
    ScheduleChange,
    ScheduleShown,
    ScheduleWanted,
)
from api.web.acting import actor_of, brand_of, need
from api.web.site import site_of
from listening.access import Permission
from listening.digest import file_name, title_of
from listening.errors import InvalidError
from listening.store.reports.digests import get_report, items_of, list_reports, report_pdf
from listening.store.reports.schedules import (
    Wanted,
    add_schedule,
    edit_schedule,
    get_schedule,
    list_schedules,
    make_now,
    remove_schedule,
)
from listening.store.tables import Report

router = api_router("reports")
_READ, _CONFIGURE = [need(Permission.READ)], [need(Permission.CONFIGURE)]


@router.get("/brands/{brand_id}/reports", dependencies=_READ)
def reports(
    request: Request, brand_id: Id, cursor: Cursor = None, limit: Limit = 50
) -> Page[ReportShown]:
    """The reports that were made, the latest first."""
    place = decode_cursor(cursor, (int,))
    with site_of(request).reading() as session:
        before = place[0] if place else None
        found = list_reports(session, brand_of(request), before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[_shown(report) for report in found[:limit]],
        next_cursor=encode_cursor([found[limit - 1].id]) if more else None,
    )


@router.post("/brands/{brand_id}/reports", status_code=201, dependencies=_CONFIGURE)
def make_report(request: Request, brand_id: Id, wanted: ReportWanted) -> ReportShown:
    """Make a report at once."""
    with site_of(request).store.work() as session:
        made = make_now(
            session, actor_of(request), brand_of(request), wanted.days, tell=wanted.tell
        )
        return _shown(made)


@router.get("/brands/{brand_id}/reports/{report_id}", dependencies=_READ)
def report(request: Request, brand_id: Id, report_id: Id) -> ReportWhole:
    """What a report says."""
    with site_of(request).reading() as session:
        found = get_report(session, brand_of(request), report_id)
        items = {
            part: [
                {"author_id": item.author_id, "mention_id": item.mention_id, "score": item.score}
                for item, _ in rows
            ]
            for part, rows in items_of(session, found).items()
        }
        return ReportWhole(**_values(found), content=dict(found.content), items=items)


@router.get(
    "/brands/{brand_id}/reports/{report_id}/pdf",
    dependencies=_READ,
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def report_as_pdf(request: Request, brand_id: Id, report_id: Id) -> Response:
    """A report as a PDF, with the people in it as they are stored now."""
    with site_of(request).reading() as session:
        found = get_report(session, brand_of(request), report_id)
        content = report_pdf(session, found, names=True)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(found.content)}"'}
    return Response(content, media_type="application/pdf", headers=headers)


@router.get("/brands/{brand_id}/report-schedules", dependencies=_READ)
def schedules(request: Request, brand_id: Id) -> Page[ScheduleShown]:
    """When reports are made."""
    with site_of(request).reading() as session:
        found = list_schedules(session, brand_of(request))
    return Page(items=[ScheduleShown.model_validate(one) for one in found], next_cursor=None)


@router.post("/brands/{brand_id}/report-schedules", status_code=201, dependencies=_CONFIGURE)
def new_schedule(request: Request, brand_id: Id, wanted: ScheduleWanted) -> ScheduleShown:
    """Have reports made by themselves."""
    with site_of(request).store.work() as session:
        added = add_schedule(session, actor_of(request), brand_of(request), _wanted(wanted))
        return ScheduleShown.model_validate(added)


@router.put("/brands/{brand_id}/report-schedules/{schedule_id}", dependencies=_CONFIGURE)
def change_schedule(
    request: Request, brand_id: Id, schedule_id: Id, wanted: ScheduleChange
) -> ScheduleShown:
    """Change when reports are made."""
    version = expected_version(request, wanted.version)
    if version is None:
        raise InvalidError("version: send the one you saw, or If-Match.", field="version")
    with site_of(request).store.work() as session:
        edited = edit_schedule(
            session, actor_of(request), brand_of(request), schedule_id, _wanted(wanted), version
        )
        return ScheduleShown.model_validate(edited)


@router.get("/brands/{brand_id}/report-schedules/{schedule_id}", dependencies=_READ)
def one_schedule(request: Request, brand_id: Id, schedule_id: Id) -> ScheduleShown:
    """A schedule."""
    with site_of(request).reading() as session:
        found = get_schedule(session, brand_of(request), schedule_id)
    return ScheduleShown.model_validate(found)


@router.delete(
    "/brands/{brand_id}/report-schedules/{schedule_id}",
    status_code=204,
    response_class=Response,
    dependencies=_CONFIGURE,
)
def drop_schedule(request: Request, brand_id: Id, schedule_id: Id) -> Response:
    """Have no more reports made by it; those that were made stay."""
    with site_of(request).store.work() as session:
        remove_schedule(session, actor_of(request), brand_of(request), schedule_id)
    return Response(status_code=204)


def _wanted(sent: ScheduleWanted) -> Wanted:
    return Wanted(**sent.model_dump(exclude={"version"}))


def _shown(found: Report) -> ReportShown:
    return ReportShown(**_values(found))


def _values(found: Report) -> dict[str, Any]:
    names = [name for name in ReportShown.model_fields if name != "title"]
    return {name: getattr(found, name) for name in names} | {"title": title_of(found.content)}
