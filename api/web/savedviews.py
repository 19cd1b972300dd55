"""Saved views of lists by forms: any list with filters in its address keeps them so.

A page shows them with `saved_views.html`; what its forms send comes here and goes back to the
list.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, brand_of, form_of, need
from api.web.flash import redirect
from api.web.formats import brand_url
from api.web.people import Number
from api.web.site import site_of
from listening.access import Actor, Permission
from listening.errors import ListeningError, NotFoundError
from listening.store.access.views import (
    PAGES,
    NamedView,
    change_view,
    delete_view,
    find_view,
    list_views,
    packed,
    save_view,
)
from listening.store.brands.brands import brand_id
from listening.store.tables import Brand

router = APIRouter(include_in_schema=False)
Form = Annotated[FormData, Depends(form_of)]
# What an address has beside filters.
_NO_FILTER = ("cursor", "page", "csrf")


def views_for(session: Session, actor: Actor, brand: Brand, page: str) -> list[NamedView]:
    """What `saved_views.html` shows."""
    return list_views(session, actor, brand_id(brand), page)


@router.post("/brands/{slug:path}/views", dependencies=[need(Permission.READ)])
def save(request: Request, slug: str, form: Form) -> Response:
    """Keep the filters of the list that the form stands on."""
    brand, page = brand_of(request), str(form.get("page", ""))
    filters = [
        (name, value)
        for name, value in parse_qsl(str(form.get("filters", "")))
        if name not in _NO_FILTER
    ]
    back = _list(brand, page, str(form.get("filters", "")))
    try:
        with site_of(request).store.work() as session:
            made = save_view(
                session,
                actor_of(request),
                brand_id(brand),
                page=page,
                name=str(form.get("name", "")),
                params=packed(filters),
                shared=form.get("shared") == "1",
            )
    except ListeningError as error:
        return redirect(request, back, str(error), bad=True)
    return redirect(request, back, f"Saved as {made.name}.")


@router.post("/brands/{slug:path}/views/{view_id}/change", dependencies=[need(Permission.READ)])
def change(request: Request, slug: str, view_id: Number, form: Form) -> Response:
    """Rename a view, share it or no longer."""
    brand, actor = brand_of(request), actor_of(request)
    with site_of(request).store.work() as session:
        found = _of(session, actor, brand, view_id)
        back = _list(brand, found.view.page, str(form.get("filters", "")))
        try:
            changed = change_view(
                session,
                actor,
                view_id,
                name=str(form["name"]) if form.get("name") else None,
                shared=form.get("shared") == "1" if "shared" in form else None,
            )
        except ListeningError as error:
            session.rollback()
            return redirect(request, back, str(error), bad=True)
        told = f"{changed.name} is {'shared' if changed.shared else 'yours alone'} now."
    return redirect(request, back, told)


@router.post("/brands/{slug:path}/views/{view_id}/delete", dependencies=[need(Permission.READ)])
def delete(request: Request, slug: str, view_id: Number, form: Form) -> Response:
    """Delete a view."""
    brand, actor = brand_of(request), actor_of(request)
    with site_of(request).store.work() as session:
        found = _of(session, actor, brand, view_id)
        back = _list(brand, found.view.page, str(form.get("filters", "")))
        name = found.view.name
        delete_view(session, actor, view_id)
    return redirect(request, back, f"{name} is deleted.")


def _of(session: Session, actor: Actor, brand: Brand, view_id: int) -> NamedView:
    found = find_view(session, actor, view_id)
    if found.view.brand_id != brand_id(brand):
        raise NotFoundError("There is no such view, or it is not yours to see.")
    return found


def _list(brand: Brand, page: str, filters: str) -> str:
    """The list that a form stands on, as it was."""
    kept = urlencode([pair for pair in parse_qsl(filters) if pair[0] != "csrf"])
    return brand_url(brand.slug, page if page in PAGES else "mentions") + (
        f"?{kept}" if kept else ""
    )
