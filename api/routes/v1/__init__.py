"""The API, version 1: what the pages show and do, for programs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from api.routes.v1 import (
    accounts,
    audit,
    authors,
    brands,
    canned,
    cases,
    channels,
    events,
    keys,
    me,
    mentions,
    overview,
    reports,
    segments,
    sources,
    views,
    watches,
)
from api.web.acting import open_to_all

PREFIX = "/api/v1"
_ABOUT = """
Everything that the pages show and do. Programs send `Authorization: Bearer KEY`.

Lists come in pages: send `next_cursor` as `cursor` for what comes next. Filters have a twin that
begins with `x` and leaves out. A write may carry an `Idempotency-Key`: sent again within a day it
gets the first answer and does nothing. Things that several people change have a `version`, which a
write names in its body or as `If-Match`; where somebody was first, the answer is 409. Whatever is
refused is `application/problem+json` (RFC 9457).
"""
# One line a part; the order is that of the reference.
_PARTS = (
    me,
    accounts,
    keys,
    audit,
    cases,
    canned,
    events,
    brands,
    watches,
    sources,
    channels,
    mentions,
    views,
    overview,
    reports,
    segments,
    authors,
)

router = APIRouter(prefix=PREFIX)
for part in _PARTS:
    router.include_router(part.router)


@router.get("/openapi.json", include_in_schema=False, dependencies=[open_to_all()])
def schema(request: Request) -> JSONResponse:
    """The API in the words of OpenAPI."""
    return JSONResponse(openapi(request.app))


def openapi(app: FastAPI) -> dict[str, Any]:
    """The schema of an application, made once."""
    if app.openapi_schema is None:
        found = get_openapi(title="Listening", version="1", description=_ABOUT, routes=app.routes)
        schemes = {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}}
        found.setdefault("components", {})["securitySchemes"] = schemes
        found["security"] = [{"key": []}]
        _refusals_are_problems(found)
        app.openapi_schema = found
    return app.openapi_schema


def _refusals_are_problems(schema: dict[str, Any]) -> None:
    """Say of every refusal that it is problem details, which the framework takes for plain JSON."""
    for path in schema["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {})
                if status >= "400" and content:  # a stream's and a file's refusals too
                    answer["content"] = {"application/problem+json": next(iter(content.values()))}
