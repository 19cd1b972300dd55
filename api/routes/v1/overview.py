"""Brands and their figures over time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from api.routes.paging import Id
from api.routes.v1.route import api_router
from api.schemas.base import Page
from api.schemas.overview import (
    BrandFiguresShown,
    BucketShown,
    CountsShown,
    DayShown,
    IncidentShown,
    IncidentsShown,
    ListeningShown,
    OverviewShown,
    PartShown,
    PeopleShown,
    SentenceShown,
    SeriesShown,
    ShareShown,
    ThemesShown,
    VoiceShown,
    WindowShown,
)
from api.web.acting import actor_of, brand_of, need
from api.web.brands import visible_brands
from api.web.site import site_of
from listening.access import Permission
from listening.reports import net_sentiment
from listening.series import Counts
from listening.store.brands.brands import brand_id
from listening.store.counts.overviews import Asked, Overview, Part, overview
from listening.store.counts.summaries import brand_summaries
from listening.voice import Bucket

router = api_router("overview")
_READ = [need(Permission.READ)]


def _asked(
    window: Annotated[
        str | None,
        Query(description="7, 28, 90 (days up to today) or all; 28 without.", max_length=10),
    ] = None,
    startDate: Annotated[date | None, Query(description="First day, UTC.")] = None,  # noqa: N803
    endDate: Annotated[date | None, Query(description="Last day, UTC.")] = None,  # noqa: N803
    compare: Annotated[
        str, Query(description="before, none, or the slug of a brand.", max_length=300)
    ] = "before",
    against: Annotated[
        list[str] | None,
        Query(description="Slugs that shares of voice are among; none: all.", max_length=20),
    ] = None,
    k: Annotated[
        float, Query(ge=1, le=10, description="Standard deviations of an incident.")
    ] = 2.0,
) -> Asked:
    """What is asked for."""
    return Asked(
        window=window, since=startDate, until=endDate, compare=compare,
        against=tuple(against or ()), k=k,
    )  # fmt: skip


Wanted = Annotated[Asked, Depends(_asked)]


def _overview(request: Request, asked: Asked) -> Overview:
    with site_of(request).reading() as session:
        return overview(session, brand_of(request), visible_brands(request, session), asked)


@router.get("/overview", dependencies=[need(Permission.READ, "somewhere")])
def overviews(request: Request) -> Page[BrandFiguresShown]:
    """The brands that you may see, with their figures over everything stored."""
    with site_of(request).reading() as session:
        found = visible_brands(request, session)
        summaries = brand_summaries(session, actor_of(request).visible())
    return Page(
        items=[
            BrandFiguresShown.model_validate(_of_summary(summary) | {"id": brand_id(brand)})
            for brand, summary in zip(found, summaries, strict=True)
        ],
        next_cursor=None,
    )


def _of_summary(summary: Any) -> dict[str, Any]:
    return {name: getattr(summary, name) for name in BrandFiguresShown.model_fields if name != "id"}


@router.get("/brands/{brand_id}/overview", dependencies=_READ)
def brand_overview(request: Request, brand_id: Id, asked: Wanted) -> OverviewShown:
    """Figures of a window, what it is compared with, and what changed."""
    found = _overview(request, asked)
    h = found.listening
    return OverviewShown(
        part=_part(found.part),
        other=_part(found.other) if found.other is not None else None,
        share_of_voice=found.voice.whole.shares[0] if found.voice is not None else None,
        incidents=[IncidentShown.model_validate(one) for one in found.incidents],
        sentences=[SentenceShown(**asdict(one)) for one in found.sentences],
        listening=ListeningShown(
            watches=h.watches, paused=h.paused, failing=h.failing, warned=h.warned,
            swept_at=h.swept_at, lag_seconds=h.lag.total_seconds() if h.lag else None,
            waiting=h.waiting,
        ),
        as_of=found.as_of,
    )  # fmt: skip


@router.get("/brands/{brand_id}/series", dependencies=_READ)
def brand_series(request: Request, brand_id: Id, asked: Wanted) -> SeriesShown:
    """Every day of a window: volume and sentiment."""
    found = _overview(request, asked)
    return SeriesShown(
        window=_window(found.part),
        items=[
            DayShown(
                day=d.day, mentions=d.mentions, negative=d.negative, neutral=d.neutral,
                positive=d.positive,
                net_sentiment=net_sentiment((d.negative, d.neutral, d.positive)),
            )
            for d in found.part.days
        ],
        as_of=found.as_of,
    )  # fmt: skip


@router.get("/brands/{brand_id}/share-of-voice", dependencies=_READ)
def brand_voice(request: Request, brand_id: Id, asked: Wanted) -> VoiceShown:
    """A brand's mentions beside those of others, over time; a post about two counts for both."""
    found = _overview(request, asked)
    names = found.voice.names if found.voice is not None else ()
    return VoiceShown(
        window=_window(found.part),
        whole=_bucket(names, found.voice.whole) if found.voice is not None else None,
        buckets=[_bucket(names, one) for one in (found.voice.buckets if found.voice else ())],
    )


@router.get("/brands/{brand_id}/themes", dependencies=_READ)
def brand_themes(request: Request, brand_id: Id, asked: Wanted) -> ThemesShown:
    """Words of a window beside those of the one before; of the windows of 7, 28 and 90 days."""
    found = _overview(request, asked)
    themes = dict(found.themes or {})
    return ThemesShown.model_validate(
        themes | {"window": _window(found.part), "found": found.themes is not None}
    )


@router.get("/brands/{brand_id}/incidents", dependencies=_READ)
def brand_incidents(request: Request, brand_id: Id, asked: Wanted) -> IncidentsShown:
    """When much more was said than in the seven days before, or much worse."""
    found = _overview(request, asked)
    return IncidentsShown(
        window=_window(found.part),
        k=found.k,
        items=[IncidentShown.model_validate(one) for one in found.incidents],
    )


def _window(part: Part) -> WindowShown:
    return WindowShown.model_validate(part.window)


def _part(part: Part) -> PartShown:
    return PartShown(
        brand_id=brand_id(part.brand),
        brand=part.brand.name,
        window=_window(part),
        counts=_counts(part.counts),
        sources={source: _counts(own) for source, own in part.sources.items()},
        people=PeopleShown.model_validate(part.people) if part.people is not None else None,
    )


def _counts(counts: Counts) -> CountsShown:
    return CountsShown.model_validate(counts)


def _bucket(names: tuple[str, ...], bucket: Bucket) -> BucketShown:
    return BucketShown(
        first=bucket.first,
        last=bucket.last,
        total=bucket.total,
        shares=[
            ShareShown(brand=name, mentions=mentions, share=share)
            for name, mentions, share in zip(names, bucket.mentions, bucket.shares, strict=True)
        ],
    )
