"""Where watches take what is pushed to them: signed, and stored before it is answered."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import IO, Any

import structlog
from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from api.routes.problems import Problem
from api.web.acting import open_to_all
from api.web.site import Site, site_of
from listening.errors import ConflictError, ImportFileError, NotFoundError, StoreError
from listening.importing import BadRow
from listening.importing.whole import TooLargeError
from listening.logs import correlated, new_correlation
from listening.pushing import (
    MOST_BYTES,
    NoRowError,
    PushReport,
    UnknownFormatError,
    push_watch,
    require_running,
    take_push,
)
from listening.signing import HEADER, SignatureError, digest_over, read_signature
from listening.sources.push import PUSHES_A_MINUTE
from listening.sources.reading import in_settings
from listening.store.tables import Watch
from listening.store.watches.pushkeys import push_secret
from listening.tracing import report

router = APIRouter(include_in_schema=False)
log = structlog.get_logger()

TOLD_ROWS = 20
_AT_ONCE = 2  # pushes that are read at a time; more would only take the pages' share
_PATIENCE = 120.0  # seconds for a body to arrive
_DRAINED, _DRAINING = 4 * MOST_BYTES, 5.0  # bytes and seconds of what is refused
_LEFTOVER = 3600.0  # seconds after which a body belongs to a process that was killed
_SUFFIX = ".push"
_CHALLENGE = {"WWW-Authenticate": HEADER}
_LATER = {"Retry-After": "30"}


class Pushes:
    """What pushes share: the threads that read them, and how many a watch had of late.

    Args:
        most: of a watch within a minute; only signed ones count.
        clock: seconds, never stepping back.
    """

    def __init__(
        self, most: int = PUSHES_A_MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        # Threads of their own: those that serve pages stay free.
        self.threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="push")
        self._most, self._clock, self._lock = most, clock, Lock()
        self._taken: dict[int, deque[float]] = {}

    def admit(self, watch_id: int) -> None:
        """Count a push.

        Raises:
            Problem: it is one too many.
        """
        with self._lock:
            now, taken = self._clock(), self._taken.setdefault(watch_id, deque())
            while taken and taken[0] <= now - 60:
                taken.popleft()
            if len(taken) < self._most:
                taken.append(now)
                return
            wait = max(math.ceil(taken[0] + 60 - now), 1)
        raise Problem(
            429,
            "Too many pushes",
            f"A watch takes {self._most} pushes a minute: send more rows with each, and go on in "
            f"{wait} s.",
            {"Retry-After": str(wait)},
        )

    def close(self) -> None:
        """Let what is being read end."""
        self.threads.shutdown()


@router.post("/api/v1/push/{watch}", dependencies=[open_to_all()])
async def push(request: Request, watch: str) -> Response:
    """Take CSV, JSON lines or JSON, gzip or not, as `listening import` does."""
    body = _Body(request)
    try:
        with correlated(new_correlation()):
            return JSONResponse(_told(await _take(request, watch, body)))
    except Problem as problem:
        log.info("push refused", watch=watch[:20], status=problem.status, why=problem.title)
        await body.drain()
        return problem.answer()
    except ClientDisconnect:
        return Response(status_code=400)  # nobody hears it
    except Exception as error:
        log.exception("push failed", watch=watch)
        report(error)
        return Problem(
            500, "Something went wrong", "The push could not be taken; the server's log says why."
        ).answer()


class _Body:
    """What is sent, as it comes."""

    def __init__(self, request: Request) -> None:
        self._request, self._ended = request, False

    async def read(self, take: Callable[[bytes], None]) -> None:
        """Hand over all of it, piece by piece.

        Raises:
            Problem: it takes too long.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                async for chunk in self._request.stream():
                    take(chunk)
        except TimeoutError:
            self._ended = True
            raise Problem(
                408,
                "Too slow",
                f"The body took longer than {_PATIENCE:.0f} s: send less at a time.",
            ) from None
        self._ended = True

    async def drain(self) -> None:
        """Pass over the rest: whoever still sends hears no answer where the connection ends.

        One who asked first (Expect: 100-continue) has sent nothing yet.
        """
        left = 0 if self._ended or "expect" in self._request.headers else _DRAINED
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAINING):
                while left > 0:
                    message = await self._request.receive()
                    left -= len(message.get("body", b"")) if message.get("more_body") else left
        self._ended = True


async def _take(request: Request, number: str, body: _Body) -> PushReport:
    """One push, from its first byte until it is stored.

    Raises:
        Problem: it is refused, and nothing of it is stored.
    """
    site, pushes = site_of(request), request.app.state.pushes
    try:
        watch, secret = await run_in_threadpool(_watch, site, number)
        watch_id = int(watch.id or 0)
        folder = await run_in_threadpool(_folder, site)
        with NamedTemporaryFile(dir=folder, suffix=_SUFFIX) as file:
            await _receive(request, body, secret, file)
            require_running(watch)
            pushes.admit(watch_id)
            return await asyncio.get_running_loop().run_in_executor(
                pushes.threads, copy_context().run, _stored, site, watch_id, Path(file.name)
            )
    except Problem:
        raise
    except SignatureError as error:
        raise Problem(401, "Not signed", str(error), _CHALLENGE) from None
    except NotFoundError as error:
        raise Problem(404, "No such watch", str(error)) from None
    except ConflictError as error:
        raise Problem(409, "Watch paused", str(error)) from None
    except TooLargeError as error:
        raise Problem(413, "Too large", str(error)) from None
    except UnknownFormatError as error:
        raise Problem(415, "Unknown format", str(error)) from None
    except NoRowError as error:
        raise Problem(422, "Unreadable", str(error), bad_rows=_rows(error.rows)) from None
    except ImportFileError as error:
        raise Problem(422, "Unreadable", str(error)) from None
    except (StoreError, SQLAlchemyError, OSError) as error:
        # Their messages name the server's own places: they go to the log alone.
        log.exception("push not stored", watch=number, error=type(error).__name__)
        raise Problem(
            503, "Not stored", "The store does not answer; push the same again later.", _LATER
        ) from None


def _watch(site: Site, number: str) -> tuple[Watch, str | None]:
    """The watch of a number in the address, and its secret."""
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < 11 else 0
    with site.reading() as session:
        if not known:
            raise NotFoundError(f"There is no watch {number[:20]} that takes pushes.")
        watch = push_watch(session, known)
        return watch, push_secret(session, watch)


async def _receive(request: Request, body: _Body, secret: str | None, file: IO[bytes]) -> None:
    """Keep the body, and make sure of who sent it; what can be told before it comes, first.

    Raises:
        Problem: it is too large, takes too long, or is of a kind that is not known.
        SignatureError: it is not signed by whoever has the secret.
    """
    signature = read_signature(request.headers.get(HEADER), time.time())
    _check_headers(request)
    digest = digest_over(secret or "", signature.at)
    size = 0

    def take(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)
        if size <= MOST_BYTES:
            digest.update(chunk)
            file.write(chunk)
        elif size > MOST_BYTES + _DRAINED:
            raise _too_large()

    await body.read(take)
    if size > MOST_BYTES:
        raise _too_large()
    if secret is None or not signature.fits(digest.hexdigest()):
        raise SignatureError(
            "The signature does not fit: it is HMAC-SHA256 over the time, a dot and the bytes of "
            "the body as they are sent, with the secret of this watch."
        )
    file.flush()


def _check_headers(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise _too_large()
    packed = request.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip"):
        raise Problem(415, "Unknown format", f"{packed[:40]!r} cannot be unpacked: use gzip.")
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith("multipart/"):
        raise Problem(
            415, "Unknown format", "A form was sent: send the file itself (curl --data-binary)."
        )


def _too_large() -> Problem:
    return Problem(
        413, "Too large", f"A push is at most {MOST_BYTES:,} bytes: split it, or pack it with gzip."
    )


def _folder(site: Site) -> Path:
    """Where bodies lie until they are stored; those of a process that was killed are removed."""
    folder = site.settings.folder("pushes")
    for left in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFTOVER:
                left.unlink()
    return folder


def _stored(site: Site, watch_id: int, body: Path) -> PushReport:
    done = take_push(site.store, watch_id, body)
    log.info(
        "push taken",
        watch=watch_id,
        sweep=done.sweep_id,
        posts_new=done.counts.posts_new,
        quarantined=done.quarantined,
    )
    return done


def _told(done: PushReport) -> dict[str, Any]:
    """What became of a push, for whoever sent it."""
    counts = done.counts
    return {
        "sweep": done.sweep_id,
        "rows": counts.rows + done.quarantined,
        "posts_new": counts.posts_new,
        "posts_edited": counts.posts_edited,
        "posts_same": counts.posts_same,
        "mentions_new": counts.mentions_new,
        "refused": counts.refused,
        "quarantined": done.quarantined,
        "bad_rows": _rows(done.rejected),
        "notes": list(done.notes),
    }


def _rows(rows: Sequence[BadRow]) -> list[dict[str, Any]]:
    return [
        {"line": row.line, "field": row.field, "reason": in_settings(row.reason)}
        for row in rows[:TOLD_ROWS]
    ]
