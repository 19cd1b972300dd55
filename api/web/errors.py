"""Errors as pages, and as problems for programs: what is wrong and what to do about it."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from api.routes.problems import Problem
from api.web.acting import API, SignInNeededError, unauthorised
from api.web.security import HEADERS
from api.web.site import render
from listening.errors import (
    ConflictError,
    ForbiddenError,
    ImportFileError,
    InvalidError,
    ListeningError,
    NotFoundError,
    QueryError,
    StoreError,
    TooManyTriesError,
)
from listening.tracing import report

_log = logging.getLogger(__name__)
_HEADINGS = {
    403: "Not yours to do",
    404: "Not found",
    405: "Not possible here",
    409: "Changed meanwhile",
    413: "Too large",
    422: "This does not fit",
    429: "Too many requests",
    500: "Something went wrong",
    503: "The store is not ready",
}


_BEYOND = "A number or a date that was sent is beyond any that is kept."
# The status of each error that a person can mend; a child comes before its parent.
_STATUSES: tuple[tuple[type[ListeningError], int], ...] = (
    (NotFoundError, 404),
    (ForbiddenError, 403),
    (ConflictError, 409),
    (InvalidError, 422),
    (ImportFileError, 422),
    (QueryError, 422),
    (TooManyTriesError, 429),
    (StoreError, 503),
)


def install(app: FastAPI) -> None:
    """Let the application answer errors with pages, and the API's with problems."""

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return _told(request, 404, f"There is no page at {request.url.path}.")
        answer = _told(request, error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Problem)
    def problem(request: Request, error: Problem) -> Response:
        return error.answer()

    @app.exception_handler(SignInNeededError)
    def sign_in_needed(request: Request, error: SignInNeededError) -> Response:
        if _for_program(request):
            return unauthorised().answer()
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = f"?next={quote(asked)}" if request.method == "GET" and asked != "/" else ""
        return RedirectResponse(f"/sign-in{back}", 303)

    @app.exception_handler(ListeningError)
    def listening_error(request: Request, error: ListeningError) -> Response:
        status = next((s for kind, s in _STATUSES if isinstance(error, kind)), 500)
        more = {k: v for k in ("field", "column") if (v := getattr(error, k, None)) is not None}
        answer = _told(request, status, str(error), **more)
        if isinstance(error, TooManyTriesError):
            answer.headers["Retry-After"] = str(error.seconds)
        return answer

    @app.exception_handler(OverflowError)
    def beyond(request: Request, error: OverflowError) -> Response:
        return _told(request, 422, _BEYOND)

    @app.exception_handler(SQLAlchemyError)
    def database_error(request: Request, error: SQLAlchemyError) -> Response:
        origin = getattr(error, "orig", None)
        if isinstance(error, DataError) or isinstance(origin, OverflowError):
            return _told(request, 422, _BEYOND)
        # The message of the driver may quote what people wrote: it goes to the log alone.
        _log.exception("the store failed at %s", request.url.path, exc_info=error)
        return _told(
            request,
            503,
            "The store cannot be read; the server's log says more. Run `listening doctor`.",
        )

    @app.exception_handler(RequestValidationError)
    def does_not_fit(request: Request, error: RequestValidationError) -> Response:
        found = error.errors()
        where = found[0]["loc"]
        if where[0] == "path":
            return _told(request, 404, f"There is no page at {request.url.path}.")
        # What was sent is not sent back: it may be a secret, and is known to whoever sent it.
        fields = [
            {"field": ".".join(str(p) for p in one["loc"][1:]), "message": one["msg"]}
            for one in found[:20]
        ]
        return _told(request, 422, f"{where[-1]}: {found[0]['msg']}.", errors=fields)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        report(error)
        answer = _told(request, 500, "This could not be done; the server's log says why.")
        # This one is answered outside of the middleware that sets them otherwise.
        answer.headers.update(HEADERS)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _for_program(request: Request) -> bool:
    return request.url.path.startswith(API)


def _told(request: Request, status: int, message: str, **more: Any) -> Response:
    heading = _HEADINGS.get(status, "Not possible")
    if _for_program(request):
        retry = {"Retry-After": "30"} if status == 503 else None
        return Problem(status, heading, message, retry, **more).answer()
    return _page(request, status, message)


def _page(request: Request, status: int, message: str) -> Response:
    heading = _HEADINGS.get(status, "Not possible")
    answer = render(
        request, "error.html", title=heading, status=status, heading=heading, message=message
    )
    if status == 503:
        answer.headers["Retry-After"] = "30"
    return answer
