"""The list of brands and a brand's own page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.web.acting import need
from api.web.figures import day_chart
from api.web.people import chosen_brand
from api.web.queries import count_all_mentions, count_priorities
from api.web.segments import segment_rows
from api.web.site import render, site_of
from listening.access import Permission
from listening.store.brands import brand_id, list_brands
from listening.store.cases import case_views
from listening.store.stances import count_stances, stance_views
from listening.store.summaries import brand_summaries, brand_summary
from listening.store.tables import StanceKind

TOP = 10

router = APIRouter(include_in_schema=False)


@router.get("/", dependencies=[need(Permission.READ, "somewhere")])
def brands_page(request: Request) -> Response:
    """Every brand with its figures."""
    with site_of(request).reading() as session:
        brands, summaries = list_brands(session), brand_summaries(session)
    return render(request, "brands.html", title="Brands", brands=brands, summaries=summaries)


# Last of the routes below /brands/: a slug may hold a slash.
@router.get("/brands/{slug:path}", dependencies=[need(Permission.READ)])
def overview_page(request: Request, slug: str) -> Response:
    """A brand on one page."""
    with site_of(request).reading() as session:
        brand = chosen_brand(session, slug)
        number = brand_id(brand)
        summary = brand_summary(session, brand)
        tops = {
            kind: stance_views(session, brand_id=number, kind=kind, limit=TOP)
            for kind in (StanceKind.ADVOCATE, StanceKind.DETRACTOR)
        }
        return render(
            request,
            "overview.html",
            title=brand.name,
            brands=list_brands(session),
            brand=brand,
            tab="",
            summary=summary,
            all_mentions=count_all_mentions(session),
            chart=day_chart(summary.days),
            stances=count_stances(session, number),
            advocates=tops[StanceKind.ADVOCATE],
            detractors=tops[StanceKind.DETRACTOR],
            cases=case_views(session, brand_id=number, limit=TOP),
            priorities=count_priorities(session, number),
            segments=segment_rows(session, number),
        )
