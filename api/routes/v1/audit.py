"""The audit log: who changed what, with before and after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request

from api.routes.paging import Cursor, Limit, decode_cursor, encode_cursor
from api.routes.v1.route import api_router
from api.schemas.accounts import AuditShown
from api.schemas.base import Page
from api.web.acting import need
from api.web.site import site_of
from listening.access import Permission
from listening.errors import InvalidError
from listening.store.access.auditlog import AuditFilter, audit_entries

router = api_router("audit")


@router.get("/audit", dependencies=[need(Permission.ADMINISTER, "everywhere")])
def audit(
    request: Request,
    by: Annotated[str | None, Query(max_length=300, description="Who, by name.")] = None,
    action: Annotated[
        str | None, Query(max_length=100, description="What: `case.close`, or all of `case`.")
    ] = None,
    noun_id: Annotated[str | None, Query(max_length=100)] = None,
    brand_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    since: Annotated[datetime | None, Query(description="From this moment on.")] = None,
    until: Annotated[datetime | None, Query(description="Before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditShown]:
    """Changes, newest first."""
    place = decode_cursor(cursor, [int])
    chosen = AuditFilter(
        by=by, action=action, noun_id=noun_id, brand_id=brand_id, since=_utc(since, "since"),
        until=_utc(until, "until"), before=place[0] if place else None,
    )  # fmt: skip
    with site_of(request).reading() as session:
        found = audit_entries(session, chosen, limit + 1)
        items = [AuditShown.model_validate(entry) for entry in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor([items[-1].id]) if more else None)


def _utc(value: datetime | None, field: str) -> datetime | None:
    """The moment; one without a zone is of UTC."""
    if value is None:
        return None
    try:
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidError(f"{field}: no moment of this calendar.", field=field) from None
