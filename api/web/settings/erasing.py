"""/settings/erasing: an author who asks to be forgotten."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import form_of, need
from api.web.flash import redirect
from api.web.forms import text_of
from api.web.settings.doing import MENDABLE, done, sent_of, told
from api.web.settingsframe import render_settings
from api.web.site import site_of
from listening.access import Permission
from listening.errors import ForbiddenError, InvalidError, ListeningError, StoreError
from listening.store.keeping.erasing import Person, find_person, would_go
from listening.store.keeping.wishes import ask_erasure, latest_erasures

router = APIRouter(include_in_schema=False)
ADMIN = [need(Permission.ADMINISTER, "everywhere")]
PATH = "/settings/erasing"


@router.get(PATH, dependencies=ADMIN)
def erasing_page(request: Request) -> Response:
    """What was asked for, and a form."""
    return _page(request)


@router.post(PATH + "/look", dependencies=ADMIN)
async def look(request: Request) -> Response:
    """Show what would go; nothing is changed."""
    form = await form_of(request)
    try:
        source, who = text_of(form, "source", 200), text_of(form, "who", 500)
        person, goes = await run_in_threadpool(_found, request, source, who)
    except ListeningError as error:
        return await run_in_threadpool(_page, request, error=_named(error), form=form)
    return await run_in_threadpool(_page, request, form=form, person=person, goes=goes)


@router.post(PATH, dependencies=ADMIN)
async def erase(request: Request) -> Response:
    """Have an author erased for good."""
    form = await form_of(request)
    try:
        source, who = text_of(form, "source", 200), text_of(form, "who", 500)
        typed = text_of(form, "typed", 500)
        await done(request, lambda s, actor: ask_erasure(s, actor, source, who, typed=typed))
    except (*MENDABLE, ListeningError) as error:
        return await run_in_threadpool(_page, request, error=_named(error), form=form)
    return redirect(request, PATH, "They are erased within seconds, and never come back in.")


def _named(error: ListeningError) -> ListeningError:
    """What is wrong with whom, by its field; a store that does not answer is nobody's mistake."""
    if isinstance(error, StoreError | ForbiddenError):
        raise error
    return error if isinstance(error, MENDABLE) else InvalidError(str(error), field="who")


def _found(request: Request, source: str, who: str) -> tuple[Person, dict[str, int]]:
    with site_of(request).reading() as session:
        person = find_person(session, source, who)
        return person, {name: count for name, count in would_go(session, person).items() if count}


def _page(
    request: Request,
    *,
    error: ListeningError | None = None,
    form: FormData | None = None,
    person: Person | None = None,
    goes: dict[str, int] | None = None,
) -> Response:
    with site_of(request).reading() as session:
        asked = latest_erasures(session)
    return render_settings(
        request,
        "settings/erasing.html",
        title="Erase an author",
        asked=asked,
        person=person,
        goes=goes,
        sent=sent_of(form),
        **told(error),
    )
