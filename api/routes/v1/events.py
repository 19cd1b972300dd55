"""Changes as they happen, as server-sent events."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.routes.paging import Id
from api.routes.problems import Problem
from api.routes.v1.route import api_router
from api.web.acting import actor_of, look_again, need
from api.web.live import (
    Changed,
    Listener,
    Live,
    TooManyListenersError,
    changes_since,
    latest_change,
)
from api.web.site import Site, site_of
from listening.access import Permission

BEAT = 15.0  # seconds after which something is sent, and whether one may still listen is asked
_EXAMPLE = (
    "retry: 2000\nid: 41\nevent: ready\ndata: {}\n\n"
    'id: 42\nevent: change\ndata: {"noun": "case", "id": 7, "version": 3, "by": "rita"}\n\n'
)

router = api_router("events")


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"

    def __init__(
        self,
        live: Live,
        place: Listener,
        told: AsyncIterator[str],
        headers: dict[str, str],
        status_code: int = 200,  # the schema of the API is made from it
    ) -> None:
        super().__init__(told, status_code, headers)
        self._live, self._place = live, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and give the place back even where nothing of the stream was ever read."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.leave(self._place)


@router.get(
    "/brands/{brand_id}/events",
    dependencies=[need(Permission.READ)],
    response_class=EventStream,
    responses={
        200: {
            "description": (
                "`change`: something of the brand is not what you know: its noun, its id (null: "
                "many at once, look again) and its version. `reset`: more changed than is told "
                "of, look at everything again. The stream ends when the sign-in or the key does."
            ),
            "content": {"text/event-stream": {"example": _EXAMPLE}},
        }
    },
)
async def events(
    request: Request,
    brand_id: Id,
    after: Annotated[
        int | None,
        Query(ge=0, lt=10**18, description="To begin after an event; `Last-Event-ID` outdoes it."),
    ] = None,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^\d{1,18}$", description="To go on after an event.")
    ] = None,
) -> StreamingResponse:
    """Changes to cases, flags and mentions of a brand as they happen."""
    live: Live = request.app.state.live
    actor = actor_of(request)
    try:
        place = live.join(brand_id, (actor.account_id, actor.key_id))
    except TooManyListenersError as error:
        raise Problem(
            429 if error.own else 503, "Too many listeners", str(error), {"Retry-After": "30"}
        ) from None
    if last_event_id is not None:  # a browser that comes back says where it was
        after = int(last_event_id)
    headers = {"X-Accel-Buffering": "no"}  # a proxy in front passes on what it gets
    return EventStream(live, place, _stream(request, live, place, after), headers)


async def _stream(
    request: Request, live: Live, place: Listener, after: int | None
) -> AsyncIterator[str]:
    """What is sent, for as long as whoever listens may."""
    site, brand_id = site_of(request), place.brand_id
    looked_at = time.monotonic()
    first = True
    async with aclosing(live.listen(place, beat=BEAT)) as told:
        async for one in told:
            if first:
                first = False
                latest, missed = await run_in_threadpool(_missed, site, brand_id, after)
                for change in missed or []:
                    yield _event(change)
                if missed is None:
                    yield f"id: {latest}\nevent: reset\ndata: {{}}\n\n"
                yield f"retry: 2000\nid: {latest}\nevent: ready\ndata: {{}}\n\n"
                continue
            if time.monotonic() - looked_at >= BEAT:
                actor = await run_in_threadpool(look_again, request)
                looked_at = time.monotonic()
                if actor is None or not actor.may(Permission.READ, brand_id):
                    yield "event: over\ndata: {}\n\n"
                    return
            yield _event(one) if one is not None else ": beat\n\n"


def _missed(site: Site, brand_id: int, after: int | None) -> tuple[int, list[Changed] | None]:
    with site.reading() as session:
        latest = latest_change(session)
        if after is not None and after > latest:
            return latest, None  # of a store that was restored, or whose numbers began anew
        return latest, [] if after is None else changes_since(session, brand_id, after)


def _event(one: Changed) -> str:
    return f"id: {one.id}\nevent: change\ndata: {json.dumps(one.as_json())}\n\n"
