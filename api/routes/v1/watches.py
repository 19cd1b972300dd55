"""Watches with their sweeps, and the rows that could not be read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from api.routes.paging import Cursor, Id, Limit, decode_cursor, encode_cursor
from api.routes.v1.route import api_router, expected_version, told_once
from api.schemas.base import Page
from api.schemas.watches import (
    BackfillSent,
    NewWatch,
    PushSecret,
    RowChange,
    RowShown,
    SampleShown,
    SweepShown,
    WatchChange,
    WatchShown,
    WatchToTry,
)
from api.web.acting import actor_of, need
from api.web.site import site_of
from listening.access import Permission
from listening.errors import InvalidError
from listening.pushing import address_of
from listening.store.tables import QuarantineStatus
from listening.store.tables.types import now
from listening.store.watches import edits as watchedits
from listening.store.watches.edits import own_watch, schedule_from
from listening.store.watches.healthviews import (
    RowView,
    WatchView,
    row_views,
    settle_row,
    sweeps_page,
    watch_views,
)
from listening.store.watches.tasting import try_source

router = api_router("watches")
SEE = [need(Permission.READ, "somewhere")]
SET_UP = [need(Permission.CONFIGURE, "somewhere")]
Number = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/watches", dependencies=SEE)
def watches(request: Request, brand_id: Number = None) -> Page[WatchShown]:
    """The watches of the brands that one may see, with how they do."""
    with site_of(request).reading() as session:
        found = watch_views(session, actor_of(request), brand=brand_id)
        return Page(items=[_shown(view) for view in found])


@router.post(
    "/brands/{brand_id}/watches", status_code=201, dependencies=[need(Permission.CONFIGURE)]
)
def add_watch(request: Request, brand_id: Id, sent: NewWatch, response: Response) -> WatchShown:
    """Listen for a brand at a source."""
    with site_of(request).store.work() as session:
        watch = watchedits.add_watch(
            session,
            actor_of(request),
            brand_id,
            source=sent.source,
            params=sent.params,
            schedule=schedule_from(sent.schedule.given()),
        )
        session.flush()
        response.headers["Location"] = f"/api/v1/watches/{watch.id}"
        (view,) = watch_views(session, actor_of(request), watch_id=watch.id)
        return _shown(view)


@router.post("/brands/{brand_id}/watches/try", dependencies=[need(Permission.CONFIGURE)])
def try_watch(request: Request, brand_id: Id, sent: WatchToTry) -> SampleShown:
    """Ask a source once what a watch would find; nothing is stored. It may take a minute."""
    store = site_of(request).store
    actor = actor_of(request)
    found = try_source(store, actor, brand_id, source=sent.source, params=sent.params)
    return SampleShown(**found, rejected=len(found.get("bad_rows", ())))


@router.get("/watches/{watch_id}", dependencies=SEE)
def watch(request: Request, watch_id: Id) -> WatchShown:
    """One watch, with how it does."""
    return _one(request, watch_id)


@router.patch("/watches/{watch_id}", dependencies=SET_UP)
def change_watch(request: Request, watch_id: Id, sent: WatchChange) -> WatchShown:
    """Sweep it at other times, or listen for something else at its source."""
    schedule = schedule_from(sent.schedule.given()) if sent.schedule is not None else None
    with site_of(request).store.work() as session:
        version = expected_version(request, sent.version)
        watchedits.edit_watch(
            session, actor_of(request), watch_id, schedule=schedule, params=sent.params,
            version=version,
        )  # fmt: skip
    return _one(request, watch_id)


@router.delete("/watches/{watch_id}", status_code=204, dependencies=SET_UP)
def remove_watch(request: Request, watch_id: Id) -> None:
    """Remove it with how far it has read; its posts and mentions stay."""
    with site_of(request).store.work() as session:
        watchedits.remove_watch(session, actor_of(request), watch_id)


@router.post("/watches/{watch_id}/pause", dependencies=SET_UP)
def pause_watch(request: Request, watch_id: Id) -> WatchShown:
    """Sweep it no more until it is resumed."""
    return _paused(request, watch_id, True)


@router.post("/watches/{watch_id}/resume", dependencies=SET_UP)
def resume_watch(request: Request, watch_id: Id) -> WatchShown:
    """Sweep it again."""
    return _paused(request, watch_id, False)


@router.post("/watches/{watch_id}/run", dependencies=SET_UP)
def run_watch(request: Request, watch_id: Id) -> WatchShown:
    """Have it swept within seconds, whatever its schedule says."""
    with site_of(request).store.work() as session:
        watchedits.run_watch(session, actor_of(request), watch_id)
    return _one(request, watch_id)


@router.post("/watches/{watch_id}/backfill", status_code=202, dependencies=SET_UP)
def backfill_watch(request: Request, watch_id: Id, sent: BackfillSent) -> WatchShown:
    """Have a window of the past fetched by its next sweep, which is due at once."""
    if sent.since.tzinfo is None or (sent.until is not None and sent.until.tzinfo is None):
        raise InvalidError("Write times with their zone, such as 2026-01-01T00:00:00Z.",
                           field="since")  # fmt: skip
    with site_of(request).store.work() as session:
        until = sent.until or now()
        watchedits.backfill_watch(session, actor_of(request), watch_id, sent.since, until)
    return _one(request, watch_id)


@router.post("/watches/{watch_id}/secret", dependencies=SET_UP)
def new_secret(request: Request, watch_id: Id) -> PushSecret:
    """Another secret for whoever pushes to it; the last one is refused from now on."""
    told_once(request)
    with site_of(request).store.work() as session:
        made = watchedits.new_push_secret(session, actor_of(request), watch_id)
    return PushSecret(secret=made, path=address_of(watch_id))


@router.get("/watches/{watch_id}/sweeps", dependencies=SEE)
def sweeps(
    request: Request, watch_id: Id, cursor: Cursor = None, limit: Limit = 50
) -> Page[SweepShown]:
    """Its pulls with their counts, the latest first."""
    with site_of(request).reading() as session:
        own_watch(session, actor_of(request), watch_id, Permission.READ)
        found = sweeps_page(session, watch_id, before=_before(cursor), limit=limit + 1)
    items = [SweepShown.model_validate(sweep) for sweep in found[:limit]]
    return Page(items=items, next_cursor=_next(items, len(found) > limit))


@router.get("/quarantine", dependencies=SET_UP)
def quarantine(
    request: Request,
    status: QuarantineStatus | None = QuarantineStatus.WAITING,
    watch_id: Number = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RowShown]:
    """Rows that could not be read, as they came, with the reason; the latest first."""
    with site_of(request).reading() as session:
        found = row_views(
            session, actor_of(request), status=status, watch_id=watch_id,
            before=_before(cursor), limit=limit + 1,
        )  # fmt: skip
    items = [_row(view) for view in found[:limit]]
    return Page(items=items, next_cursor=_next(items, len(found) > limit))


@router.patch("/quarantine/{row_id}", dependencies=SET_UP)
def change_row(request: Request, row_id: Id, sent: RowChange) -> RowShown:
    """Say that a row is resolved, need not be read, or waits after all."""
    with site_of(request).store.work() as session:
        return _row(settle_row(session, actor_of(request), row_id, sent.status))


def _paused(request: Request, watch_id: int, paused: bool) -> WatchShown:
    with site_of(request).store.work() as session:
        version = expected_version(request)
        watchedits.pause_watch(session, actor_of(request), watch_id, paused=paused, version=version)
    return _one(request, watch_id)


def _one(request: Request, watch_id: int) -> WatchShown:
    with site_of(request).reading() as session:
        own_watch(session, actor_of(request), watch_id, Permission.READ)
        (view,) = watch_views(session, actor_of(request), watch_id=watch_id)
        return _shown(view)


def _shown(view: WatchView) -> WatchShown:
    watch = view.watch
    return WatchShown(
        id=int(watch.id or 0),
        brand_id=watch.brand_id,
        source=watch.source,
        params=watch.params,
        schedule=view.schedule,
        state=view.state,
        failures=watch.failures,
        last_error=watch.last_error,
        warning=watch.warning,
        next_due_at=watch.next_due_at,
        pushed=view.pushed,
        lag_seconds=view.lag.total_seconds() if view.lag is not None else None,
        waiting_rows=view.waiting,
        version=watch.version,
    )


def _row(view: RowView) -> RowShown:
    row = view.row
    return RowShown(
        id=int(row.id or 0),
        file=row.file,
        line=row.line,
        field=row.field,
        reason=row.reason,
        raw=row.raw,
        status=row.status,
        created_at=row.created_at,
        sweep_id=row.sweep_id,
        brand_id=view.brand.id if view.brand is not None else None,
    )


def _before(cursor: str | None) -> int | None:
    found = decode_cursor(cursor, [int])
    return found[0] if found else None


def _next(items: list[SweepShown] | list[RowShown], more: bool) -> str | None:
    return encode_cursor([items[-1].id]) if more else None
