"""A brand's segments with their map, and one segment's page: its persona."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.web import queries
from api.web.acting import actor_of, brand_of, need
from api.web.keeping import kept_count, kept_everyone, kept_map, kept_persona
from api.web.paging import PAGE_SIZE, page_of
from api.web.people import Number, PageNumber, chosen_brand
from api.web.site import render, site_of
from listening.access import Actor, Permission
from listening.errors import NotFoundError
from listening.store.brands.brands import brand_id, list_brands
from listening.store.segments.lineage import lineage_of, lineage_of_run, segment_history
from listening.store.segments.moves import count_moved, flows_of_run, moved_authors
from listening.store.segments.personas import segment_persona
from listening.store.segments.segments import current_segmentation, merged_segments, run_id_of
from listening.store.segments.views import SegmentView, segment_views
from listening.store.tables import Brand, Segment, Segmentation

# Members of one page.
MEMBERS = 25
# Runs and events of a segment's past that its page tells.
MOST_PAST = 30
# Ways from one segment to another that the page of changes tells.
MOST_FLOWS = 30

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """Segments of the current run with what their shares are shares of.

    Attributes:
        run: None where nobody was segmented yet.
        people: authors of the selection who took part, noise too.
        unsegmented: of these the noise.
        groups: the coarse groups by number.
        hidden: segments that people hid, which are not among the rows unless they were asked for.
    """

    run: Segmentation | None
    rows: list[SegmentView]
    people: int
    unsegmented: int
    hidden: int = 0

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
    every = segment_views(session, brand_id=brand, hidden=True)
    rows = [v for v in every if hidden or not v.segment.hidden]
    noise = sum(v.nearest for v in rows)
    people = sum(v.authors for v in rows) + noise
    return SegmentRows(
        current_segmentation(session), rows, people, noise, sum(v.segment.hidden for v in every)
    )


def may_edit(actor: Actor) -> bool:
    """Whether this one may rename, merge, pin and hide: all brands share segments."""
    return actor.may(Permission.REVIEW, None)


@router.get("/brands/{slug:path}/segments", dependencies=[need(Permission.READ)])
def segments_page(
    request: Request, slug: str, page: PageNumber = 1, hidden: bool = False
) -> Response:
    """Every segment with the brand's figures, and all of them on the map."""
    site, brand = site_of(request), brand_of(request)
    with site.reading() as session:
        segments = segment_rows(session, brand_id(brand), hidden=hidden)
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
            all=hidden,
            edits=may_edit(actor_of(request)),
        )


@router.get("/brands/{slug:path}/segments/map.json", dependencies=[need(Permission.READ)])
def map_dots(request: Request, slug: str) -> Response:
    """The dots of a map that are too many for its page."""
    site, brand = site_of(request), brand_of(request)
    with site.reading() as session:
        rows = segment_views(session, brand_id=brand_id(brand))
        found = kept_map(site, session, rows)
    regions = found.regions if found is not None else ()
    return JSONResponse(
        {
            "regions": [
                {"segment_id": r.segment_id, "members": r.members, "noise": r.noise}
                for r in regions
            ]
        }
    )


@router.get("/brands/{slug:path}/segments/changes", dependencies=[need(Permission.READ)])
def changes_page(request: Request, slug: str, page: PageNumber = 1) -> Response:
    """What became of segments since the last run, and which of the brand's authors moved."""
    brand, site = brand_of(request), site_of(request)
    with site.reading() as session:
        run = current_segmentation(session)
        run_id, number = run_id_of(run) if run is not None else 0, brand_id(brand)
        moved = kept_count(
            site, session, ("moved", run_id, number), lambda: count_moved(session, run_id, number)
        )
        return render(
            request,
            "segments_changes.html",
            title=f"Segments of {brand.name}: what changed",
            brands=list_brands(session),
            brand=brand,
            tab="segments",
            run=run,
            events=lineage_of_run(session, run_id),
            flows=kept_count(
                site,
                session,
                ("flows", run_id),
                lambda: flows_of_run(session, run_id, limit=MOST_FLOWS),
            ),
            here=queries.current_segments(session),
            page=page_of(
                moved,
                page,
                lambda limit, offset: moved_authors(
                    session, run_id, number, limit=limit, offset=offset
                ),
            ),
        )


@router.get("/segments/{segment_id}", dependencies=[need(Permission.READ, "somewhere")])
def segment_page(
    request: Request,
    segment_id: Number,
    brand: Annotated[str | None, Query(max_length=500)] = None,
    page: PageNumber = 1,
) -> Response:
    """One segment: what is known of it and why, its past, its members."""
    with site_of(request).reading() as session:
        chosen = chosen_brand(session, brand) if brand else None
        actor = actor_of(request)
        if chosen is not None:
            actor.require(Permission.READ, brand_id(chosen))
        elif actor.visible() is not None:
            return _of_own(session, actor, segment_id)
        segments = segment_rows(session, brand_id(chosen) if chosen else None, hidden=True)
        view = next((v for v in segments.rows if v.segment.id == segment_id), None)
        if view is None or segments.run is None:
            return _elsewhere(request, session, segment_id, chosen)
        return _shown(request, session, segments, view, chosen, page)


def _of_own(session: Session, actor: Actor, segment_id: int) -> Response:
    """On to the segment among those who mention the first brand that one may see."""
    visible = actor.visible() or frozenset()
    own = next((b for b in list_brands(session) if b.id in visible), None)
    if own is None:
        raise NotFoundError(f"No segment {segment_id}, or it is not yours to see.")
    return RedirectResponse(f"/segments/{segment_id}?brand={quote(own.slug, safe='')}", 307)


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
        MEMBERS,
    )
    return render(
        request,
        "segment.html" if page == 1 else "segment_members.html",
        title=f"Segment {view.segment.name}",
        brands=list_brands(session),
        brand=brand,
        tab="segments",
        view=view,
        page=members,
        edits=may_edit(actor_of(request)),
        **(_facts(request, session, segments, view, number) if page == 1 else {}),
    )


def _facts(
    request: Request,
    session: Session,
    segments: SegmentRows,
    view: SegmentView,
    brand: int | None,
) -> Mapping[str, Any]:
    """What is known of a segment beside who its members are."""
    segment_id = int(view.segment.id or 0)
    found = segment_persona(
        session,
        segment_id,
        brand_id=brand,
        everyone=kept_everyone(site_of(request), session),
        own=kept_persona(session, segment_id, brand),
    )
    found = queries.seen_persona(found, actor_of(request).visible())
    return {
        "segments": segments,
        "persona": found,
        "quotes": queries.persona_quotes(session, found),
        "exemplars": queries.exemplar_views(
            session, view.state.exemplars[:PAGE_SIZE], actor_of(request).visible()
        ),
        "parts": _merged_into(session, segment_id),
        "here": queries.current_segments(session),
        **_past(session, segment_id),
    }


def _merged_into(session: Session, segment_id: int) -> list[Segment]:
    """The segments that people made parts of one."""
    parts = [i for i, end in merged_segments(session).items() if end == segment_id]
    return [s for i in parts if (s := session.get(Segment, i)) is not None]


def _past(session: Session, segment_id: int) -> Mapping[str, Any]:
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
