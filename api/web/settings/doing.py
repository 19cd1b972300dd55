"""What the forms below /settings share: doing what was asked in one unit of work, and telling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of
from api.web.flash import redirect
from api.web.site import site_of
from listening.access import Actor
from listening.errors import ConflictError, InvalidError, ListeningError, QueryError

T = TypeVar("T")

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Chosen = Annotated[str, Query(max_length=300)]
# What whoever fills in a form can mend there.
MENDABLE = (InvalidError, QueryError, ConflictError)


async def done(request: Request, act: Callable[[Session, Actor], T]) -> T:
    """Do something in one unit of work, in a thread: a writer may have to wait for another."""

    def work() -> T:
        with site_of(request).store.work() as session:
            return act(session, actor_of(request))

    return await run_in_threadpool(work)


async def done_or_told(
    request: Request,
    act: Callable[[Session, Actor], object],
    page: Callable[..., Response],
    *,
    to: str,
    text: str,
    undo: str | None = None,
) -> Response:
    """Do something and go on; where whoever asked can mend what is wrong, the page says what.

    Args:
        request: of the form.
        act: what was asked, in one unit of work.
        page: the page of the form, shown again with `error`.
        to, text, undo: see `redirect`.
    """
    try:
        await done(request, act)
    except MENDABLE as error:
        return await run_in_threadpool(page, error=error)
    return redirect(request, to, text, undo=undo)


def told(error: ListeningError | None) -> dict[str, Any]:
    """An error as templates show it: in words, with its field, and the status of the page."""
    status = 200 if error is None else 409 if isinstance(error, ConflictError) else 422
    field = "query" if isinstance(error, QueryError) else getattr(error, "field", None)
    return {"error": str(error) if error else None, "field": field, "status": status}


def sent_of(form: FormData | None) -> dict[str, str]:
    """What was typed, to be shown again; never a secret."""
    hidden = ("csrf", "password", "value", "address")
    found = form.multi_items() if form is not None else []
    return {k: v for k, v in found if isinstance(v, str) and k not in hidden}


def lines_of(text: str) -> list[str]:
    """One value a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def chosen_number(text: str) -> int | None:
    """A number of an address, as a filter has it; None: it is blank or none."""
    return int(text) if text.isascii() and text.isdecimal() and int(text) < 2**63 else None


def given(values: Mapping[str, str]) -> dict[str, str]:
    """Filters that are set."""
    return {name: value for name, value in values.items() if value}
