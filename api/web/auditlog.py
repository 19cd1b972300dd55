"""/settings/audit: who changed what, with before and after; as a file too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api.web.acting import need
from api.web.settingsframe import render_settings
from api.web.site import Site, site_of
from listening.access import Permission
from listening.errors import InvalidError
from listening.exporting import write_rows
from listening.store.access.auditlog import (
    AuditFilter,
    all_audit_entries,
    audit_entries,
    audit_row,
    audited_nouns,
)
from listening.store.brands.brands import brand_id, list_brands
from listening.store.tables import AuditEntry

router = APIRouter(include_in_schema=False)
ADMIN = [need(Permission.ADMINISTER, "everywhere")]
PAGE = 50
Text = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that an entry tells of; None: it was not there."""

    name: str
    before: str | None
    after: str | None


@router.get("/settings/audit", dependencies=ADMIN)
def audit_page(
    request: Request,
    by: Text = "",
    action: Text = "",
    brand: Text = "",
    since: Text = "",
    until: Text = "",
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """Entries, newest first; what is filtered by stands in the address."""
    chosen = _filter(by, action, brand, since, until, before)
    with site_of(request).reading() as session:
        found = audit_entries(session, chosen, PAGE + 1)
        nouns, brands = audited_nouns(session), list_brands(session)
    given = {"by": by, "action": action, "brand": brand, "since": since, "until": until}
    keep = {name: value for name, value in given.items() if value}
    older = urlencode({**keep, "before": found[PAGE - 1].id}) if len(found) > PAGE else None
    return render_settings(
        request,
        "settings/audit.html",
        title="Audit log",
        entries=[(entry, changes_of(entry)) for entry in found[:PAGE]],
        given=given,
        older=older,
        newest=urlencode(keep) if before is not None else None,
        export=urlencode(keep),
        nouns=nouns,
        all_brands=brands,
        names={brand_id(b): b.name for b in brands},
    )


@router.get("/settings/audit.csv", dependencies=ADMIN)
def audit_file(
    request: Request,
    by: Text = "",
    action: Text = "",
    brand: Text = "",
    since: Text = "",
    until: Text = "",
) -> Response:
    """Everything that fits, as CSV."""
    chosen = _filter(by, action, brand, since, until, None)
    return StreamingResponse(
        _lines(site_of(request), chosen),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )


def changes_of(entry: AuditEntry) -> list[Changed]:
    """What an entry tells, field by field, before and after beside each other."""
    before, after = entry.before or {}, entry.after or {}
    names = dict.fromkeys([*before, *after])
    return [Changed(name, _shown(before, name), _shown(after, name)) for name in names]


def _shown(fields: Mapping[str, Any], name: str) -> str | None:
    if name not in fields:
        return None
    value = fields[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _filter(
    by: str, action: str, brand: str, since: str, until: str, before: int | None
) -> AuditFilter:
    if brand and not (brand.isascii() and brand.isdecimal() and len(brand) < 19):
        raise InvalidError(f"brand: {brand[:50]!r} is no number of a brand.", field="brand")
    return AuditFilter(
        by=_plain(by, "by"),
        action=_plain(action, "action"),
        brand_id=int(brand) if brand else None,
        since=_day(since, "since"),
        until=_next(_day(until, "until")),
        before=before,
    )


def _plain(value: str, field: str) -> str | None:
    if "\x00" in value:
        raise InvalidError(f"{field}: holds a NUL character.", field=field)
    return value.strip() or None


def _day(value: str, field: str) -> datetime | None:
    if not value:
        return None
    try:
        return datetime.combine(date.fromisoformat(value), time(), UTC)
    except ValueError:
        raise InvalidError(
            f"{field}: {value[:30]!r} is no day; write 2026-09-01.", field=field
        ) from None


def _next(day: datetime | None) -> datetime | None:
    """The day itself is within."""
    return day + timedelta(days=1) if day is not None and day.year < 9999 else day


def _lines(site: Site, chosen: AuditFilter) -> Iterator[str]:
    out = io.StringIO()
    with site.reading() as session:
        first = True
        for entry in all_audit_entries(session, chosen):
            row = {name: _cell(value) for name, value in audit_row(entry).items()}
            if first:
                csv.writer(out).writerow(row)
                first = False
            body = io.StringIO()
            write_rows([row], body, "csv")
            out.write(body.getvalue().partition("\n")[2])
            yield out.getvalue()
            out.seek(0)
            out.truncate()
        if first:
            yield "id,at,by,action,noun,noun_id,brand_id,before,after,correlation\r\n"


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
