"""A brand's segments with their map, and one segment's page: its persona."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.web import queries
from api.web.acting import need
from api.web.keeping import kept_everyone, kept_map
from api.web.paging import PAGE_SIZE, page_of
from api.web.people import Number, PageNumber, chosen_brand
from api.web.site import render, site_of
from listening.access import Permission
from listening.errors import NotFoundError
from listening.store.brands import brand_id, list_brands
from listening.store.lineage import lineage_of, segment_history
from listening.store.personas import segment_persona
from listening.store.segments import current_segmentation, merged_segments
from listening.store.segmentviews import SegmentView, segment_views
from listening.store.tables import Brand, Segment, Segmentation

# Runs and events of a segment's past that its page tells.
MOST_PAST = 30

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """Segments of the current run with what their shares are shares of.

    Attributes:
        run: None where nobody was segmented yet.
        people: authors of the selection who took part, noise too.
        unsegmented: of these the noise.
        groups: the coarse groups by number.
    """

    run: Segmentation | None
    rows: list[SegmentView]
    people: int
    unsegmented: int

    def group_of(self, view: SegmentView) -> dict[str, object] | None:
        """The coarse group that a segment is part of, where it has other parts."""
        groups = self.run.groups if self.run is not None else []
        found = (g for g in groups if g.get("number") == view.state.coarse)
        return next(found, None) if self.parts_of(view) else None

    def parts_of(self, view: SegmentView) -> list[SegmentView]:
        """The other segments of the same coarse group."""
        if view.state.coarse is None:
            return []
        same = (v for v in self.rows if v.state.coarse == view.state.coarse)
        return [v for v in same if v.segment.id != view.segment.id]


def segment_rows(session: Session, brand: int | None, *, hidden: bool = False) -> SegmentRows:
    """Segments as a brand's authors fall into them, or everybody."""
    rows = segment_views(session, brand_id=brand, hidden=hidden)
    noise = sum(v.nearest for v in rows)
    return SegmentRows(
        current_segmentation(session), rows, sum(v.authors for v in rows) + noise, noise
    )


@router.get("/brands/{slug:path}/segments", dependencies=[need(Permission.READ)])
def segments_page(request: Request, slug: str, page: PageNumber = 1) -> Response:
    """Every segment with the brand's figures, and all of them on the map."""
    site = site_of(request)
    with site.reading() as session:
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
            map=kept_map(site, session, segments.rows),
            page=found,
        )


@router.get("/segments/{segment_id}", dependencies=[need(Permission.READ, "somewhere")])
def segment_page(
    request: Request,
    segment_id: Number,
    brand: Annotated[str | None, Query(max_length=500)] = None,
    page: PageNumber = 1,
) -> Response:
    """One segment: what is known of it and why, its past, its members."""
    site = site_of(request)
    with site.reading() as session:
        chosen = chosen_brand(session, brand) if brand else None
        segments = segment_rows(session, brand_id(chosen) if chosen else None, hidden=True)
        view = next((v for v in segments.rows if v.segment.id == segment_id), None)
        if view is None or segments.run is None:
            return _elsewhere(request, session, segment_id, chosen)
        return _shown(request, session, segments, view, chosen, page)


def _shown(
    request: Request,
    session: Session,
    segments: SegmentRows,
    view: SegmentView,
    brand: Brand | None,
    page: int,
) -> Response:
    run, segment_id = segments.run, int(view.segment.id or 0)
    number = brand_id(brand) if brand else None
    if run is None:
        raise NotFoundError("Nobody was segmented yet.")
    members = page_of(
        view.authors,
        page,
        lambda limit, offset: queries.member_views(
            session, run, segment_id, number, limit=limit, offset=offset
        ),
    )
    everyone = kept_everyone(site_of(request), session)
    found = segment_persona(session, segment_id, brand_id=number, everyone=everyone)
    return render(
        request,
        "segment.html",
        title=f"Segment {view.segment.name}",
        brands=list_brands(session),
        brand=brand,
        tab="segments",
        view=view,
        segments=segments,
        persona=found,
        quotes=queries.persona_quotes(session, found),
        exemplars=queries.exemplar_views(session, view.state.exemplars[:PAGE_SIZE]),
        page=members,
        **_past(session, segment_id),
        here=queries.current_segments(session),
    )


def _past(session: Session, segment_id: int) -> dict[str, Any]:
    history, events = segment_history(session, segment_id), lineage_of(session, segment_id)
    return {
        "history": history[:MOST_PAST],
        "events": events[:MOST_PAST],
        "untold": max(len(history) - MOST_PAST, 0),
    }


def _elsewhere(
    request: Request, session: Session, segment_id: int, brand: Brand | None
) -> Response:
    """A segment that the current run does not have: where it went, and its past.

    Raises:
        NotFoundError: there never was one.
    """
    into = merged_segments(session).get(segment_id)
    if into is not None:
        keep = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/segments/{into}{keep}", 307)
    segment = session.get(Segment, segment_id)
    past = _past(session, segment_id)
    if segment is None or not past["history"]:
        raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
    return render(
        request,
        "segment_past.html",
        title=f"Segment {segment.name}",
        brands=list_brands(session),
        brand=brand,
        tab="segments",
        segment=segment,
        here=queries.current_segments(session),
        **past,
    )
