"""/settings/sources: what can be listened to, and the credentials that it takes (write-only)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need
from api.web.flash import redirect
from api.web.forms import text_of
from api.web.settings.doing import MENDABLE, done, told
from api.web.settingsframe import render_settings
from api.web.site import site_of
from listening.access import Permission
from listening.errors import ListeningError
from listening.keyring import Keyring
from listening.sources.registry import REGISTRY
from listening.store.watches.credentials import (
    delete_credential,
    set_credential,
    standing_credentials,
)

router = APIRouter(include_in_schema=False)
ADMIN = [need(Permission.ADMINISTER, "everywhere")]
PATH = "/settings/sources"


@router.get(PATH, dependencies=[need(Permission.CONFIGURE, "somewhere")])
def sources_page(request: Request) -> Response:
    """Every source, and whether its credentials are set."""
    return _list(request)


@router.post(PATH + "/credentials/{name}", dependencies=ADMIN)
async def set_one(request: Request, name: str) -> Response:
    """Keep a value; it is never shown again."""
    form = await form_of(request)
    keyring = Keyring.of(site_of(request).settings)
    try:
        value = text_of(form, "value", 10_000)
        await done(request, lambda s, actor: set_credential(s, actor, keyring, name, value))
    except MENDABLE as error:
        return await run_in_threadpool(_list, request, error=error, name=name)
    return redirect(request, PATH, f"{name} is kept, encrypted. It is used from now on.")


@router.post(PATH + "/credentials/{name}/delete", dependencies=ADMIN)
async def delete_one(request: Request, name: str) -> Response:
    """Forget a value."""
    await done(request, lambda s, actor: delete_credential(s, actor, name))
    return redirect(request, PATH, f"{name} is forgotten.")


def _list(
    request: Request, *, error: ListeningError | None = None, name: str | None = None
) -> Response:
    with site_of(request).reading() as session:
        standing = standing_credentials(session)
    rows = [
        (source.spec, [one for one in standing if one.source == source.spec.name])
        for source in REGISTRY.values()
    ]
    return render_settings(
        request,
        "settings/sources.html",
        title="Sources",
        rows=rows,
        may_set=actor_of(request).may(Permission.ADMINISTER, None),
        wrong=name,
        **told(error),
    )
