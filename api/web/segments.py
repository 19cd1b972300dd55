"""A brand's segments and one segment's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api.web import queries
from api.web.paging import PAGE_SIZE, page_of
from api.web.people import Number, PageNumber, chosen_brand
from api.web.site import render, site_of
from listening.errors import NotFoundError
from listening.store.brands import brand_id, list_brands
from listening.store.segments import SegmentView, current_segmentation, segment_views
from listening.store.tables import Segmentation

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """Segments of the current run with what their shares are shares of.

    Attributes:
        run: None where nobody was segmented yet.
        people: authors of the selection who took part, noise too.
        unsegmented: of these the noise.
    """

    run: Segmentation | None
    rows: list[SegmentView]
    people: int
    unsegmented: int


def segment_rows(session: Session, brand: int | None) -> SegmentRows:
    """Segments as a brand's authors fall into them, or everybody."""
    rows = segment_views(session, brand_id=brand)
    noise = sum(v.nearest for v in rows)
    return SegmentRows(
        current_segmentation(session), rows, sum(v.authors for v in rows) + noise, noise
    )


@router.get("/brands/{slug:path}/segments")
def segments_page(request: Request, slug: str, page: PageNumber = 1) -> Response:
    """Every segment with the brand's figures."""
    with site_of(request).reading() as session:
        brand = chosen_brand(session, slug)
        segments = segment_rows(session, brand_id(brand))
        found = page_of(
            len(segments.rows),
            page,
            lambda limit, offset: segments.rows[offset : offset + limit],
        )
        return render(
            request,
            "segments.html",
            title=f"Segments of {brand.name}",
            brands=list_brands(session),
            brand=brand,
            tab="segments",
            segments=segments,
            page=found,
        )


@router.get("/segments/{segment_id}")
def segment_page(
    request: Request,
    segment_id: Number,
    brand: Annotated[str | None, Query(max_length=500)] = None,
    page: PageNumber = 1,
) -> Response:
    """One segment: its words, its exemplars, its members; of a brand or of everybody."""
    with site_of(request).reading() as session:
        chosen = chosen_brand(session, brand) if brand else None
        number = brand_id(chosen) if chosen else None
        segments = segment_rows(session, number)
        view = next((v for v in segments.rows if v.segment.id == segment_id), None)
        run = segments.run
        if view is None or run is None:
            raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
        members = page_of(
            view.authors,
            page,
            lambda limit, offset: queries.member_views(
                session, run, segment_id, number, limit=limit, offset=offset
            ),
        )
        return render(
            request,
            "segment.html",
            title=f"Segment {view.segment.name}",
            brands=list_brands(session),
            brand=chosen,
            tab="segments",
            view=view,
            segments=segments,
            exemplars=queries.exemplar_views(session, view.state.exemplars[:PAGE_SIZE]),
            page=members,
        )
