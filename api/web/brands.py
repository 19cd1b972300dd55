"""The list of brands."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from api.web.acting import actor_of, need
from api.web.keeping import kept_count
from api.web.site import render, site_of
from listening.access import Permission
from listening.store.brands.brands import list_brands
from listening.store.counts.summaries import brand_summaries
from listening.store.tables import Brand

router = APIRouter(include_in_schema=False)


def visible_brands(request: Request, session: Session) -> list[Brand]:
    """The brands that whoever asks may see, by name."""
    only = actor_of(request).visible()
    return [b for b in list_brands(session) if only is None or b.id in only]


@router.get("/", dependencies=[need(Permission.READ, "somewhere")])
def brands_page(request: Request) -> Response:
    """Every brand that one may see, with its figures."""
    site, visible = site_of(request), actor_of(request).visible()
    with site.reading() as session:
        brands = visible_brands(request, session)
        summaries = kept_count(
            site, session, ("brands", visible), lambda: brand_summaries(session, visible), dear=0.04
        )
    return render(request, "brands.html", title="Brands", brands=brands, summaries=summaries)
