"""Errors as pages: what is wrong and what to do about it, in the frame of the others."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.web.security import HEADERS
from api.web.site import render
from listening.errors import ListeningError, NotFoundError, StoreError
from listening.tracing import report

_log = logging.getLogger(__name__)
_HEADINGS = {
    404: "Not found",
    405: "Not possible here",
    422: "This address cannot be read",
    500: "Something went wrong",
    503: "The store is not ready",
}


def install(app: FastAPI) -> None:
    """Let the application answer errors with pages."""

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return _page(request, 404, f"There is no page at {request.url.path}.")
        return _page(request, error.status_code, str(error.detail))

    @app.exception_handler(NotFoundError)
    def not_found(request: Request, error: NotFoundError) -> Response:
        return _page(request, 404, str(error))

    @app.exception_handler(StoreError)
    def store_error(request: Request, error: StoreError) -> Response:
        return _page(request, 503, str(error))

    @app.exception_handler(SQLAlchemyError)
    def database_error(request: Request, error: SQLAlchemyError) -> Response:
        # The message of the driver may quote what people wrote: it goes to the log alone.
        _log.exception("the store failed at %s", request.url.path, exc_info=error)
        return _page(
            request,
            503,
            "The store cannot be read; the server's log says more. Run `listening doctor`.",
        )

    @app.exception_handler(ListeningError)
    def listening_error(request: Request, error: ListeningError) -> Response:
        return _page(request, 500, str(error))

    @app.exception_handler(RequestValidationError)
    def bad_address(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = first["loc"]
        if where[0] == "path":
            return _page(request, 404, f"There is no page at {request.url.path}.")
        return _page(request, 422, f"{where[-1]}: {first['msg']}.")

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        report(error)
        answer = _page(request, 500, "The page could not be made; the server's log says why.")
        # This one is answered outside of the middleware that sets them otherwise.
        answer.headers.update(HEADERS)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _page(request: Request, status: int, message: str) -> Response:
    heading = _HEADINGS.get(status, "Not possible")
    answer = render(
        request, "error.html", title=heading, status=status, heading=heading, message=message
    )
    if status == 503:
        answer.headers["Retry-After"] = "30"
    return answer
