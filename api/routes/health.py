"""Whether this server is alive, and whether it can answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from api.routes.readings import Readings
from api.web.acting import open_to_all
from listening.errors import StoreError
from listening.health import Health, problems
from listening.store.schema import current_version, newest_version

router = APIRouter(include_in_schema=False)


@router.api_route("/healthz", methods=["GET", "HEAD"], dependencies=[open_to_all()])
def healthz() -> JSONResponse:
    """The process answers; nothing else is looked at."""
    return JSONResponse({"status": "alive"})


@router.api_route("/readyz", methods=["GET", "HEAD"], dependencies=[open_to_all()])
def readyz(request: Request, details: bool = False) -> JSONResponse:
    """The store is there and at the schema version of this code.

    `?details=1` adds figures of the whole service: they never make this server less ready, and
    name nothing and nobody.
    """
    wanted = newest_version()
    try:
        found = current_version(request.app.state.site.store)
    except StoreError as error:
        return _not_ready(str(error), wanted)
    if found != wanted:
        return _not_ready("Run `listening migrate`.", wanted, found)
    answer: dict[str, Any] = {"status": "ready", "schema": found}
    if details:
        readings: Readings = request.app.state.readings
        reading = readings.take()
        answer["service"] = None if reading.health is None else figures(reading.health)
    return JSONResponse(answer)


def figures(health: Health) -> dict[str, Any]:
    """What may be told to anybody who asks."""
    kinds = sorted({worker.kind for worker in health.alive()})
    known = any(depth is not None for depth in health.queues.depth.values())
    return {
        "at": health.at.isoformat(),
        "problems": len(problems(health)),
        "posts": health.amounts.posts,
        "pending": health.amounts.pending,
        "lag_seconds": health.lag.total_seconds(),
        "watches": len(health.watches),
        "running": {k: sum(w.kind == k for w in health.alive()) for k in kinds},
        "queues": dict(health.queues.depth),
        "broker": "silent" if health.queues.error else "answers" if known else "unknown",
    }


def _not_ready(why: str, wanted: str, found: str | None = None) -> JSONResponse:
    return JSONResponse({"status": "not ready", "schema": found, "wanted": wanted, "why": why}, 503)
