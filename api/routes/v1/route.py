"""What every route of the API does besides its own work.

Requests are counted, writes with an `Idempotency-Key` are done once, answers carry an ETag, and
whatever is refused is a problem (RFC 9457).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api.routes.problems import Problem
from api.routes.v1.limits import admit
from api.schemas.base import ProblemBody
from api.web.acting import Need, identify, unauthorised
from api.web.site import Site, site_of
from listening.access import Actor
from listening.errors import InvalidError
from listening.store.access.repeats import Again, begin_repeat, end_repeat, forget_repeat
from listening.store.tables.types import now

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TOLD_AGAIN = ("etag", "location")
_REFUSALS = {
    401: "Nobody is signed in, and no valid key was sent.",
    403: "Whoever asks may not do this.",
    404: "It does not exist, or is not theirs to see.",
    409: "It was changed by somebody else meanwhile, or exists already.",
    422: "What was sent does not fit: names the field.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "The store does not answer; Retry-After says when to ask again.",
}

_NOT_AGAIN = Problem(
    409,
    "Told once",
    "This was done already; the secret in its answer is told once and kept nowhere. Make another.",
)

Answer = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiRoute(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Answer:
        """The handler of the route, with what all share around it."""
        handle = super().get_route_handler()
        needs = (d.dependency for d in self.dependencies)
        asks = next((one for one in needs if isinstance(one, Need)), None)

        async def answer(request: Request) -> Response:
            if b"%00" in request.scope.get("query_string", b""):
                raise Problem(422, "Does not fit", "An address holds no NUL character.")
            actor = await identify(request)
            headers = admit(request, actor)
            if actor is None:
                raise unauthorised()
            key = request.headers.get("idempotency-key")
            reads = asks is not None and asks.reads
            if request.method in _WRITES and key is not None and not reads:
                if asks is not None:
                    await asks(request)  # before an answer that is kept is given again
                response = await _once(request, _owner(actor), key, handle)
            else:
                response = await handle(request)
            response = _tagged(request, response)
            response.headers.update(headers)
            return response

        return answer


def told_once(request: Request) -> None:
    """The answer holds a secret: it is not kept to be given again."""
    request.state.told_once = True


def expected_version(request: Request, sent: int | None = None) -> int | None:
    """The version that a write is meant for: of its body, or of `If-Match: "N"`.

    Raises:
        InvalidError: `If-Match` names none.
    """
    header = request.headers.get("if-match")
    if header is None:
        return sent
    found = re.fullmatch(r'(?:W/)?"(\d{1,18})"', header.strip())
    if found is None:
        raise InvalidError('If-Match holds a version in quotes, such as "3".', field="If-Match")
    return int(found.group(1))


def _tagged(request: Request, response: Response) -> Response:
    """The answer with its ETag; without its body where the asker has it."""
    if request.method != "GET" or response.status_code != 200:
        return response
    json_like = response.headers.get("content-type", "").startswith("application/json")
    if not json_like or not hasattr(response, "body"):  # a stream is not read twice
        return response
    tag = response.headers.get("etag")
    if tag is None:
        tag = f'"{hashlib.sha256(bytes(response.body)).hexdigest()[:32]}"'
        response.headers["ETag"] = tag
    known = request.headers.get("if-none-match", "")
    if tag in {one.strip().removeprefix("W/") for one in known.split(",")}:
        return Response(status_code=304, headers={"ETag": tag})
    return response


def _owner(actor: Actor) -> str:
    """Whose an idempotency key is: an account's, whichever of its API keys it comes with.

    What this one may do was checked before.
    """
    return f"account {actor.account_id}"


async def _once(request: Request, actor: str, key: str, handle: Answer) -> Response:
    if not _KEY.fullmatch(key):
        raise Problem(
            422, "Does not fit", "Idempotency-Key: 1 to 200 visible ASCII characters, no spaces."
        )
    body = await request.body()
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    digest = hashlib.sha256(asked).hexdigest()
    site = site_of(request)
    again = await run_in_threadpool(_begin, site, actor, key, digest)
    if again is not None:
        return _repeated(again, digest)
    try:
        response = await handle(request)
        body = bytes(response.body) if hasattr(response, "body") else b""
        kept = response.status_code < 500 and len(body) <= 1_000_000
        once = getattr(request.state, "told_once", False) and response.status_code < 300
    except BaseException:
        # Nothing was done: a unit of work is whole or not at all.
        await run_in_threadpool(_forget, site, actor, key)
        raise
    keep = _NOT_AGAIN.answer() if once else response
    await run_in_threadpool(_end if kept else _forget, site, actor, key, keep)
    return response


def _begin(site: Site, actor: str, key: str, digest: str) -> Again | None:
    try:
        with site.store.work() as session:
            return begin_repeat(session, actor, key, digest, now())
    except IntegrityError:  # the same key, just now
        return Again(digest, None, {}, "")


def _end(site: Site, actor: str, key: str, response: Response) -> None:
    headers = {k: v for k, v in response.headers.items() if k in _TOLD_AGAIN}
    headers["content-type"] = response.headers.get("content-type", "application/json")
    with site.store.work() as session:
        end_repeat(
            session, actor, key, response.status_code, headers, bytes(response.body).decode()
        )


def _forget(site: Site, actor: str, key: str, _response: Response | None = None) -> None:
    with site.store.work() as session:
        forget_repeat(session, actor, key)


def _repeated(again: Again, digest: str) -> Response:
    if again.request_hash != digest:
        raise Problem(
            422,
            "Idempotency key used",
            "This Idempotency-Key came with another request before: use a new one for each.",
        )
    if again.status is None:
        raise Problem(
            409,
            "Being worked on",
            "The first request with this Idempotency-Key is not answered yet: ask again.",
            {"Retry-After": "1"},
        )
    headers = {**again.headers, "Idempotency-Replayed": "true"}
    if not again.body:
        return Response(status_code=again.status, headers=headers)
    return JSONResponse(json.loads(again.body), again.status, headers)


def api_router(tag: str) -> APIRouter:
    """A router of the API; its routes are told under a heading."""
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": ProblemBody, "description": text} for status, text in _REFUSALS.items()
    }
    return APIRouter(
        route_class=ApiRoute,
        tags=[tag],
        responses=refusals,
        # What a generated client calls it: heading and function.
        generate_unique_id_function=lambda route: f"{tag}_{route.name}",
    )
