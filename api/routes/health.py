"""Whether this server is alive, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from listening.errors import StoreError
from listening.store.schema import current_version, newest_version

router = APIRouter(include_in_schema=False)


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz() -> JSONResponse:
    """The process answers; nothing else is looked at."""
    return JSONResponse({"status": "alive"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
def readyz(request: Request) -> JSONResponse:
    """The store is there and at the schema version of this code."""
    wanted = newest_version()
    try:
        found = current_version(request.app.state.site.store)
    except StoreError as error:
        return _not_ready(str(error), wanted)
    if found != wanted:
        return _not_ready("Run `listening migrate`.", wanted, found)
    return JSONResponse({"status": "ready", "schema": found})


def _not_ready(why: str, wanted: str, found: str | None = None) -> JSONResponse:
    return JSONResponse({"status": "not ready", "schema": found, "wanted": wanted, "why": why}, 503)
