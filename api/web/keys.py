"""/settings/keys: one's own API keys; an admin sees all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need
from api.web.flash import redirect
from api.web.forms import number_of, role_in, text_of
from api.web.settingsframe import render_settings
from api.web.site import site_of
from listening.access import Permission, Role
from listening.errors import InvalidError
from listening.store.access.edits import own_account
from listening.store.access.signins import NewKey, list_api_keys, make_api_key, revoke_api_key
from listening.store.brands.brands import brand_id, list_brands
from listening.store.tables import Brand

router = APIRouter(include_in_schema=False, prefix="/settings/keys")
ANYBODY = [need(Permission.READ, "somewhere")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
SHOWN = 200
DAYS = (30, 90, 180, 365)


@router.get("", dependencies=ANYBODY)
def keys_page(request: Request) -> Response:
    """Keys with what they may do and when they were last used."""
    return _shown(request)


@router.post("", dependencies=ANYBODY)
async def make_key(request: Request) -> Response:
    """Make a key; it shows once, on the page that answers."""
    form = await form_of(request)
    try:
        name, role = text_of(form, "name", 100), role_in(form, "role") or Role.VIEWER
        days, brand = number_of(form, "days") or 0, number_of(form, "brand")
        made = await run_in_threadpool(
            _made, request, name, role, days, brand, text_of(form, "writes") == "yes"
        )
    except InvalidError as error:
        return await run_in_threadpool(_shown, request, error=error, form=form)
    return await run_in_threadpool(_shown, request, made=made)


@router.post("/{key_id}/revoke", dependencies=ANYBODY)
def revoke_key(request: Request, key_id: Number) -> Response:
    """Make a key worthless."""
    with site_of(request).store.work() as session:
        revoke_api_key(session, actor_of(request), key_id)
    return redirect(request, "/settings/keys", "The key is revoked.")


def _made(
    request: Request, name: str, role: Role, days: int, brand: int | None, writes: bool
) -> NewKey:
    actor = actor_of(request)
    with site_of(request).store.work() as session:
        if brand is not None:
            actor.require(Permission.READ, brand)
        return make_api_key(
            session, actor, own_account(session, actor), name, role=role, days=days,
            brand_id=brand, writes=writes,
        )  # fmt: skip


def _shown(
    request: Request,
    *,
    made: NewKey | None = None,
    error: InvalidError | None = None,
    form: FormData | None = None,
) -> Response:
    actor = actor_of(request)
    with site_of(request).reading() as session:
        keys = list_api_keys(session, actor, limit=SHOWN)
        brands = list_brands(session)
    visible = actor.visible()
    mine: list[Brand] = [b for b in brands if visible is None or b.id in visible]
    return render_settings(
        request,
        "settings/keys.html",
        title="API keys",
        status=200 if error is None else 422,
        keys=keys,
        most=SHOWN,
        names={brand_id(b): b.name for b in brands},
        mine=mine,
        may_all=actor.everywhere is not None,
        all_seen=actor.may(Permission.ADMINISTER, None),
        roles=[r for r in Role if _may_give(r, [actor.everywhere, *actor.brands.values()])],
        days=DAYS,
        made=made,
        error=str(error) if error else None,
        field=error.field if error else None,
        sent={k: v for k, v in (form or {}).items() if isinstance(v, str)},
    )


def _may_give(role: Role, own: list[Role | None]) -> bool:
    order = list(Role)
    return any(one is not None and order.index(one) >= order.index(role) for one in own)
