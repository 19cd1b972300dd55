"""/settings/brands: what is listened for, and a query tried before it is a brand's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session, col, func, select
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.web.acting import actor_of, brand_of, form_of, need
from api.web.flash import redirect
from api.web.formats import plural
from api.web.forms import number_of, text_of
from api.web.settings.doing import MENDABLE, Number, done, lines_of, sent_of, told
from api.web.settingsframe import render_settings
from api.web.site import site_of
from listening.access import Permission
from listening.errors import ListeningError
from listening.store.brands import edits as brandedits
from listening.store.brands.brands import brand_id as id_of
from listening.store.brands.brands import list_brands
from listening.store.brands.edits import facts_of, own_accounts_of
from listening.store.brands.trying import QueryTest, run_query_test
from listening.store.keeping.wishes import matching_of
from listening.store.tables import Brand, Mention
from listening.store.tables.types import now

router = APIRouter(include_in_schema=False)
SOMEWHERE = [need(Permission.CONFIGURE, "somewhere")]
EVERYWHERE = [need(Permission.CONFIGURE, "everywhere")]
OWN = [need(Permission.CONFIGURE)]
ADMIN = [need(Permission.ADMINISTER)]
PATH = "/settings/brands"
_QUERY, _LIST = 30_000, 60_000
_MOST_COUNTED = 100_000


@router.get(PATH, dependencies=SOMEWHERE)
def brands_page(request: Request) -> Response:
    """The brands that one sets up."""
    return _list(request)


@router.post(PATH, dependencies=EVERYWHERE)
async def add_brand(request: Request) -> Response:
    """Add a brand."""
    form = await form_of(request)
    try:
        values = _values(form)
        brand = await done(request, lambda s, actor: brandedits.add_brand(s, actor, **values))
    except MENDABLE as error:
        return await run_in_threadpool(_list, request, error=error, form=form)
    return redirect(
        request, f"{PATH}/{brand.id}",
        f"{brand.name} is added. Stored posts are matched against it within seconds.",
    )  # fmt: skip


@router.post(f"{PATH}/try", dependencies=EVERYWHERE)
async def try_new(request: Request) -> Response:
    """Try the query of a brand to come; nothing is changed."""
    form = await form_of(request)
    try:
        values = _values(form)
        tested = await run_in_threadpool(_tested, request, values["query"], frozenset())
    except MENDABLE as error:
        return await run_in_threadpool(_list, request, error=error, form=form)
    return await run_in_threadpool(_list, request, form=form, tested=tested)


@router.get("/brands/{slug:path}/settings", dependencies=OWN)
def settings_of_brand(request: Request, slug: str) -> Response:
    """On to where the brand is set up."""
    return RedirectResponse(f"{PATH}/{id_of(brand_of(request))}", 303)


@router.get(PATH + "/{brand_id}", dependencies=OWN)
def brand_page(request: Request, brand_id: Number) -> Response:
    """One brand as it is set up."""
    return _one(request, brand_id)


@router.post(PATH + "/{brand_id}", dependencies=OWN)
async def change_brand(request: Request, brand_id: Number) -> Response:
    """Change name, query, aliases and own accounts."""
    form = await form_of(request)
    try:
        values, version = _values(form), number_of(form, "version")
        brand = await done(
            request,
            lambda s, actor: brandedits.edit_brand(s, actor, brand_id, version=version, **values),
        )
    except MENDABLE as error:
        return await run_in_threadpool(_one, request, brand_id, error=error, form=form)
    wanted = brand.match_wanted_at is not None
    more = " Stored posts are matched against it within seconds." if wanted else ""
    return redirect(request, f"{PATH}/{brand_id}", f"Saved.{more}")


@router.post(PATH + "/{brand_id}/try", dependencies=OWN)
async def try_changed(request: Request, brand_id: Number) -> Response:
    """Try the query as it is typed; nothing is changed."""
    form = await form_of(request)
    try:
        values = _values(form)
        tested = await run_in_threadpool(_tested_for, request, values["query"], brand_id)
    except MENDABLE as error:
        return await run_in_threadpool(_one, request, brand_id, error=error, form=form)
    return await run_in_threadpool(_one, request, brand_id, form=form, tested=tested)


@router.post(PATH + "/{brand_id}/retention", dependencies=ADMIN)
async def change_retention(request: Request, brand_id: Number) -> Response:
    """Say how long mentions are kept; first what would go is shown."""
    form = await form_of(request)
    try:
        days, version = number_of(form, "retention_days"), number_of(form, "version")
        if days is not None and not form.get("sure"):
            goes = await run_in_threadpool(_would_go, request, brand_id, days)
            return await run_in_threadpool(_one, request, brand_id, days=days, goes=goes)
        await done(
            request,
            lambda s, actor: brandedits.set_retention(s, actor, brand_id, days, version=version),
        )
    except MENDABLE as error:
        return await run_in_threadpool(_one, request, brand_id, error=error)
    kept = "for good"
    if days is not None:
        kept = f"for {plural(days, 'day')}; what is older goes within the hour"
    return redirect(request, f"{PATH}/{brand_id}", f"Mentions are kept {kept}.")


@router.post(PATH + "/{brand_id}/remove", dependencies=ADMIN)
async def remove_brand(request: Request, brand_id: Number) -> Response:
    """Remove a brand with all that is known about it."""
    form = await form_of(request)
    try:
        typed = text_of(form, "typed", 300)
        await done(
            request, lambda s, actor: brandedits.remove_brand(s, actor, brand_id, typed=typed)
        )
    except MENDABLE as error:
        return await run_in_threadpool(_one, request, brand_id, error=error)
    return redirect(request, PATH, "The brand is removed. Its posts and their authors stay.")


def _values(form: FormData) -> dict[str, Any]:
    return {
        "name": text_of(form, "name", 500),
        "query": text_of(form, "query", _QUERY),
        "names": lines_of(text_of(form, "names", _LIST)),
        "own_accounts": lines_of(text_of(form, "own_accounts", _LIST)),
    }


def _list(
    request: Request,
    *,
    error: ListeningError | None = None,
    form: FormData | None = None,
    tested: QueryTest | None = None,
) -> Response:
    actor = actor_of(request)
    with site_of(request).reading() as session:
        own = [b for b in list_brands(session) if actor.may(Permission.CONFIGURE, id_of(b))]
        rows = [(brand, facts_of(session, brand)) for brand in own]
    return render_settings(
        request,
        "settings/brands.html",
        title="Brands",
        rows=rows,
        may_add=actor.may(Permission.CONFIGURE, None),
        sent=sent_of(form),
        tested=tested,
        **told(error),
    )


def _one(
    request: Request,
    number: int,
    *,
    error: ListeningError | None = None,
    form: FormData | None = None,
    tested: QueryTest | None = None,
    days: int | None = None,
    goes: int | None = None,
) -> Response:
    with site_of(request).reading() as session:
        brand = session.get_one(Brand, number)
        facts, matching = facts_of(session, brand), matching_of(session, brand)
    values = sent_of(form) if form is not None else {
        **facts,
        "names": "\n".join(facts["names"]),
        "own_accounts": "\n".join(facts["own_accounts"]),
        "version": str(brand.version),
    }  # fmt: skip
    return render_settings(
        request,
        "settings/brand.html",
        title=brand.name,
        own=brand,
        matching=matching,
        values=values,
        tested=tested,
        days=days,
        goes=goes,
        most=_MOST_COUNTED,
        may_administer=actor_of(request).may(Permission.ADMINISTER, number),
        **told(error),
    )


def _tested_for(request: Request, query: str, brand: int) -> QueryTest:
    with site_of(request).reading() as session:
        own = own_accounts_of(session, brand)
    return _tested(request, query, own)


def _tested(request: Request, query: str, own: frozenset[str]) -> QueryTest:
    with site_of(request).reading() as session:
        return run_query_test(session, actor_of(request), query, own_accounts=own)


def _would_go(request: Request, brand: int, days: int) -> int:
    """Mentions that are older; beyond 100,000 they are not counted."""
    with site_of(request).reading() as session:
        return _older(session, brand, min(days, 36_500))


def _older(session: Session, brand: int, days: int) -> int:
    before = now() - timedelta(days=days)
    old = select(Mention.id).where(Mention.brand_id == brand, col(Mention.published_at) < before)
    return session.exec(select(func.count()).select_from(old.limit(_MOST_COUNTED).subquery())).one()
