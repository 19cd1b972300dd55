"""Saved views of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api.routes.paging import Id
from api.routes.v1.route import api_router
from api.schemas.base import Page
from api.schemas.views import Page as ListPage
from api.schemas.views import View, ViewToChange, ViewToSave
from api.web.acting import actor_of, need
from api.web.site import site_of
from listening.access import Actor, Permission
from listening.errors import NotFoundError
from listening.store.access import views

router = api_router("views")
_PATH = "/brands/{brand_id}/views"


@router.get(_PATH, dependencies=[need(Permission.READ)])
def list_views(
    request: Request,
    brand_id: Id,
    page: Annotated[ListPage | None, Query(description="Of this list alone.")] = None,
) -> Page[View]:
    """One's own views of a brand, then those that others share."""
    with site_of(request).reading() as session:
        found = views.list_views(session, actor_of(request), brand_id, page)
        return Page(items=[View.of(named) for named in found])


@router.post(_PATH, status_code=201, dependencies=[need(Permission.READ)])
def save_view(request: Request, brand_id: Id, sent: ViewToSave) -> View:
    """Keep filters under a name."""
    actor = actor_of(request)
    with site_of(request).store.work() as session:
        view = views.save_view(
            session,
            actor,
            brand_id,
            page=sent.page,
            name=sent.name,
            params=_packed(sent.filters),
            shared=sent.shared,
        )
        return View.of(views.find_view(session, actor, int(view.id or 0)))


@router.get(_PATH + "/{view_id}", dependencies=[need(Permission.READ)])
def view(request: Request, brand_id: Id, view_id: Id) -> View:
    """One view."""
    with site_of(request).reading() as session:
        return View.of(_of_brand(session, actor_of(request), brand_id, view_id))


@router.patch(_PATH + "/{view_id}", dependencies=[need(Permission.READ)])
def change_view(request: Request, brand_id: Id, view_id: Id, sent: ViewToChange) -> View:
    """Rename one's view, give it other filters, share it or no longer."""
    actor = actor_of(request)
    with site_of(request).store.work() as session:
        _of_brand(session, actor, brand_id, view_id)
        views.change_view(
            session,
            actor,
            view_id,
            name=sent.name,
            params=None if sent.filters is None else _packed(sent.filters),
            shared=sent.shared,
        )
        return View.of(views.find_view(session, actor, view_id))


@router.delete(_PATH + "/{view_id}", status_code=204, dependencies=[need(Permission.READ)])
def delete_view(request: Request, brand_id: Id, view_id: Id) -> Response:
    """Delete one's view."""
    actor = actor_of(request)
    with site_of(request).store.work() as session:
        _of_brand(session, actor, brand_id, view_id)
        views.delete_view(session, actor, view_id)
    return Response(status_code=204)


def _packed(filters: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return views.packed((name, value) for name, own in filters.items() for value in own)


def _of_brand(session: Session, actor: Actor, brand_id: int, view_id: int) -> views.NamedView:
    found = views.find_view(session, actor, view_id)
    if found.view.brand_id != brand_id:
        raise NotFoundError("There is no such view, or it is not yours to see.")
    return found
