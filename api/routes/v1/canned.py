"""Texts that a brand's support says often."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from api.routes.paging import Id
from api.routes.v1.route import api_router, expected_version
from api.schemas.cases import CannedSent, CannedShown
from api.web.acting import actor_of, need
from api.web.site import site_of
from listening.access import Permission
from listening.store.cases.notes import canned_notes, remove_canned, save_canned

router = api_router("canned notes")
_CANNED = "/brands/{brand_id}/canned-notes"


@router.get(_CANNED, dependencies=[need(Permission.READ)])
def listed(request: Request, brand_id: Id) -> list[CannedShown]:
    """The texts of a brand, by name."""
    with site_of(request).reading() as session:
        return [CannedShown.model_validate(one) for one in canned_notes(session, brand_id)]


@router.post(_CANNED, status_code=201, dependencies=[need(Permission.ANSWER)])
def add(request: Request, brand_id: Id, sent: CannedSent) -> CannedShown:
    """Keep a text under a name."""
    with site_of(request).store.work() as session:
        found = save_canned(session, actor_of(request), brand_id, name=sent.name, text=sent.text)
        return CannedShown.model_validate(found)


@router.put(_CANNED + "/{canned_id}", dependencies=[need(Permission.ANSWER)])
def change(request: Request, brand_id: Id, canned_id: Id, sent: CannedSent) -> CannedShown:
    """Change a text or its name."""
    with site_of(request).store.work() as session:
        found = save_canned(
            session, actor_of(request), brand_id, name=sent.name, text=sent.text,
            canned_id=canned_id, version=expected_version(request, sent.version),
        )  # fmt: skip
        return CannedShown.model_validate(found)


@router.delete(_CANNED + "/{canned_id}", status_code=204, dependencies=[need(Permission.ANSWER)])
def remove(request: Request, brand_id: Id, canned_id: Id) -> Response:
    """Take a text away."""
    with site_of(request).store.work() as session:
        remove_canned(session, actor_of(request), brand_id, canned_id)
    return Response(status_code=204)
