"""A brand's overview: figures of a window, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from sqlmodel import Session, col, select
from starlette.responses import Response

from api.web.acting import brand_of, need
from api.web.brands import visible_brands
from api.web.formats import brand_url
from api.web.keeping import kept_count
from api.web.queries import count_priorities
from api.web.segments import segment_rows
from api.web.site import render, site_of
from api.web.timecharts import time_chart, voice_chart
from listening.access import Permission
from listening.errors import InvalidError
from listening.store.brands.brands import brand_id
from listening.store.cases.cases import CaseView, with_similar
from listening.store.counts.overviews import Asked, Overview, overview
from listening.store.flags.stances import count_stances, stance_views
from listening.store.keeping.wishes import matching_of
from listening.store.mentions.mentions import views
from listening.store.tables import Case, CaseStatus, StanceKind
from listening.windows import DEFAULT, PRESETS

TOP = 5

router = APIRouter(include_in_schema=False)


# Last of the routes below /brands/: a slug may hold a slash.
@router.get("/brands/{slug:path}", dependencies=[need(Permission.READ)])
def overview_page(
    request: Request,
    slug: str,
    window: Annotated[str, Query(max_length=10)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    compare: Annotated[str, Query(max_length=300)] = "before",
    against: Annotated[list[str] | None, Query(max_length=20)] = None,
) -> Response:
    """A brand on one page."""
    brand = brand_of(request)
    number = brand_id(brand)
    asked = Asked(
        window=window or None,
        since=_day(since, "since"),
        until=_day(until, "until"),
        compare=compare or "before",
        against=tuple(against or ()),
    )
    site = site_of(request)
    with site.reading() as session:
        brands = visible_brands(request, session)
        seen = tuple(brand_id(one) for one in brands)
        found = kept_count(
            site,
            session,
            ("overview", number, seen, asked),
            lambda: overview(session, brand, brands, asked),
            dear=0.03,
        )
        part, other = found.part, found.other
        return render(
            request,
            "overview.html",
            title=brand.name,
            brands=brands,
            brand=brand,
            tab="",
            o=found,
            matching=matching_of(session, brand),
            asked=asked,
            links=_links(found, asked),
            chart=time_chart(
                part.window, part.days, found.incidents, other.days if other else None
            ),
            voice=voice_chart(found.voice) if found.voice is not None else None,
            stances=kept_count(
                site, session, ("stances", number), lambda: count_stances(session, number)
            ),
            advocates=stance_views(session, brand_id=number, kind=StanceKind.ADVOCATE, limit=TOP),
            detractors=stance_views(session, brand_id=number, kind=StanceKind.DETRACTOR, limit=TOP),
            cases=urgent_cases(session, number, TOP),
            priorities=kept_count(
                site, session, ("priorities", number), lambda: count_priorities(session, number)
            ),
            segments=segment_rows(session, number),
        )


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text.strip() else None
    except ValueError:
        raise InvalidError(
            f"{field}: {text!r} is no day; write it as 2026-11-28.", field=field
        ) from None


def _links(found: Overview, asked: Asked) -> Sequence[tuple[str, str, bool]]:
    """The windows to choose from: what they read as, their address, and whether it is this."""
    slug = found.part.brand.slug
    kept: list[tuple[str, str]] = [("against", one) for one in asked.against]
    kept += [("compare", asked.compare)] if asked.compare != "before" else []
    links = []
    for name in (*PRESETS, "all"):
        params = ([] if name == DEFAULT else [("window", name)]) + kept
        address = brand_url(slug) + (f"?{urlencode(params)}" if params else "")
        reads = "Everything" if name == "all" else f"{name} days"
        links.append((reads, address, found.part.window.name == name))
    return links


def urgent_cases(session: Session, number: int, most: int) -> list[CaseView]:
    """The open cases that come first, as a queue's index has them."""
    chosen = (
        select(Case)
        .where(Case.brand_id == number, Case.status == CaseStatus.OPEN)
        .order_by(col(Case.rank).desc(), col(Case.id))
        .limit(most)
    )
    cases = list(session.exec(chosen))
    by_mention = {
        v.mention.id: v for v in views(session, mention_ids=[case.mention_id for case in cases])
    }
    found = [(case, by_mention[case.mention_id]) for case in cases if case.mention_id in by_mention]
    return with_similar(session, found)
