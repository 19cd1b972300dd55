"""Sources that are listened to while people write: a websocket that is read until the present.

One connection at a time, opened again from where it was when it is cut. Every wait has a limit,
and at least every second there is a step, so that whoever reads may store it and stop.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching import guard
from listening.fetching.http import KEPT_BYTES, shown, tls, user_agent
from listening.fetching.pace import retry_after_of
from listening.importing.rows import BadRow
from listening.sources.base import RawPost, SourceSetting
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    SourceError,
    UnavailableError,
)

if TYPE_CHECKING:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import ClientConnection

LISTEN = SourceSetting(
    name="listen",
    help="seconds to go on listening once everything up to now is read",
    default="0",
)
_LONGEST_LISTEN = 3600.0
_MOST = 2000  # frames of a step
_EVERY = 1.0  # seconds of a step
_PRESENT = timedelta(seconds=5)  # what is so far behind now is the present
_OPEN, _CLOSE = 10.0, 2.0  # seconds
_TRIES = 4
_LONGEST = 4000.0  # seconds of one pull, however far behind it is
_UNREADABLE = 50  # frames after which, where none could be read, the format has changed


@dataclass(slots=True)
class Heard:
    """What came in a step.

    Attributes:
        last: where in the stream the last event stands: what it is opened again with.
        until: when that event was.
        stop_at: events of this moment and later are not wanted.
        over: such a one came.
        frames: how many there were.
        posts, bad_rows, deleted, deleted_authors: as in `Batch`.
    """

    last: int | None
    until: datetime | None = None
    stop_at: datetime | None = None
    over: bool = False
    frames: int = 0
    posts: list[RawPost] = field(default_factory=list)
    bad_rows: list[tuple[str, BadRow]] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    deleted_authors: list[tuple[str, str]] = field(default_factory=list)

    def reached(self, last: int, at: datetime | None) -> bool:
        """Note where an event stands, before it is read; whether it is wanted.

        One that came before moves nothing back.
        """
        if self.stop_at is not None and at is not None and at >= self.stop_at:
            self.over = True
        elif self.last is None or last > self.last:
            self.last, self.until = last, at or self.until
        return not self.over

    @property
    def next(self) -> Heard:
        """The step after this one."""
        return Heard(self.last, self.until, self.stop_at, self.over)


class CutError(Exception):
    """A stream is to be opened again: what its reader raises when it is told so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Something to listen to.

    Attributes:
        address: of the stream from an event on, ws or wss; None: nothing is known.
        read: takes a frame into what was heard; `CutError` opens the stream again.
        most: bytes of a frame.
        silence: seconds without a frame after which everything is taken to be read.
        sleep: waits before it is opened again.
    """

    address: Callable[[int | None], str]
    read: Callable[[str | bytes, Heard], None]
    most: int
    silence: float = 5.0
    sleep: Callable[[float], None] = time.sleep


def hear(stream: Stream, heard: Heard, listen: float = 0.0) -> Iterator[Heard]:
    """Read a stream to the present, and as long as is asked for.

    Args:
        stream: what to read.
        heard: where to go on, and where to stop.
        listen: seconds to go on once the present is reached.

    Raises:
        UnavailableError: it does not answer, or is cut again and again.
        FormatChangedError: it sends what is not understood.
        SourceError: it does not let us in, or asks for a pause.
    """
    reading = _Reading(stream, heard, listen)
    failures = 0
    while True:
        before = reading.heard.last
        try:
            yield from reading.connected()
            return
        except (CutError, UnavailableError) as error:
            failures = failures + 1 if reading.heard.last == before else 1
            if failures == _TRIES:
                raise UnavailableError(f"{shown(stream.address(None))}: {error}") from error
            if reading.heard.frames:
                yield reading.step()
        stream.sleep(0.5 * 2**failures * (0.5 + random.random()))  # noqa: S311  no secret


class _Reading:
    """A stream being read, over one connection after the other."""

    def __init__(self, stream: Stream, heard: Heard, listen: float) -> None:
        self.heard = heard
        self._stream, self._listen = stream, listen
        self._ends = time.monotonic() + _LONGEST
        self._good = self._present = False

    def step(self) -> Heard:
        """What was heard, and begin anew."""
        found = self.heard
        self._good = self._good or found.frames > len(found.bad_rows)
        if not self._good and len(found.bad_rows) >= _UNREADABLE:
            raise FormatChangedError(
                f"{shown(self._stream.address(None))} sends nothing that is understood.",
                raw=found.bad_rows[-1][1].raw,
            )
        self.heard = found.next
        return found

    def connected(self) -> Iterator[Heard]:
        """Steps over one connection, until there is no more to read."""
        url = self._stream.address(self.heard.last)
        with ExitStack() as stack:
            with _told(url):
                line = stack.enter_context(_open(url, self._stream.most))
            now = time.monotonic()
            flush, silent = now + _EVERY, now + self._stream.silence
            while True:
                with _told(url):
                    frame = _frame(line, max(min(flush, silent, self._ends) - now, 0.0))
                now = time.monotonic()
                if frame is not None:
                    self.heard.frames += 1
                    self._stream.read(frame, self.heard)
                    silent = now + self._stream.silence
                if not self._present and (now >= silent or self._is_present()):
                    self._present, self._ends = True, min(self._ends, now + self._listen)
                if now >= silent:
                    silent = now + self._stream.silence
                ended = self.heard.over or now >= self._ends
                if ended or now >= flush or self.heard.frames >= _MOST:
                    yield self.step()
                    # What the reader took to store it is no silence.
                    now, before = time.monotonic(), now
                    flush, silent = now + _EVERY, silent + now - before
                if ended:
                    return

    def _is_present(self) -> bool:
        until = self.heard.until
        return until is not None and until >= datetime.now(UTC) - _PRESENT


def _frame(line: ClientConnection, seconds: float) -> str | bytes | None:
    """The next frame; None: none came in time."""
    try:
        return line.recv(timeout=seconds)
    except TimeoutError:
        return None


@contextmanager
def _open(url: str, most: int) -> Iterator[ClientConnection]:
    """A connection, made only where `guard` lets it."""
    from websockets.sync.client import connect

    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    sock = guard.connect(
        parts.hostname or "",
        parts.port or guard.PORTS[parts.scheme],
        allow_private=get_settings().sources_allow_private,
        timeout=_OPEN,
    )
    sock.settimeout(None)  # the limits are those of the connection from here on
    with connect(
        url,
        sock=sock,
        ssl=tls() if secure else None,
        user_agent_header=user_agent(),
        proxy=None,
        open_timeout=_OPEN,
        close_timeout=_CLOSE,
        max_size=most,
    ) as line:
        yield line


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What goes wrong on the way, as the errors of a source."""
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

    where = shown(url)
    try:
        yield
    except InvalidStatus as error:
        raise _refusal(where, error) from None
    except ConnectionClosed as error:
        if error.sent is not None and error.sent.code == 1009:
            raise FormatChangedError(f"{where} sends more at once than is taken.") from error
        raise UnavailableError(f"{where} broke off ({error}).") from error
    # A redirect is a ValueError: it is not followed, as another address would be.
    except (WebSocketException, OSError, EOFError, ValueError) as error:
        raise UnavailableError(f"{where} does not answer ({error}).") from error


def _refusal(where: str, error: InvalidStatus) -> SourceError:
    """Why there was no stream, by the status of the answer."""
    status = error.response.status_code
    if status in (401, 403):
        return AuthenticationError(f"{where} does not let us in ({status}).")
    if status == 429:
        headers = {name.lower(): value for name, value in error.response.headers.raw_items()}
        return RateLimitError(f"{where} asks for a pause.", retry_after=retry_after_of(headers))
    if status >= 500 or status in (404, 408, 410):
        return UnavailableError(f"{where} answers with error {status}.")
    raw = bytes(error.response.body or b"")[:KEPT_BYTES].decode("utf-8", "replace")
    return FormatChangedError(f"{where} refuses what is asked ({status}).", raw=raw)


def place_of(params: Mapping[str, Any], default: str) -> str:
    """The address of a stream that a watch is told, checked; http is taken as ws.

    Raises:
        SettingsError: it is none.
    """
    told = str(params.get("service") or default).strip()
    told = told.replace("https://", "wss://", 1).replace("http://", "ws://", 1)
    parts = urlsplit(told)
    try:
        sound = parts.scheme in ("ws", "wss") and parts.hostname and parts.port != 0
    except ValueError:
        sound = None
    if not sound or "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError(f"service: {shown(told)!r} is no address like {default}")
    return told.rstrip("/")


def listen_of(params: Mapping[str, Any]) -> float:
    """For how long a watch goes on listening.

    Raises:
        SettingsError: it is no number of seconds up to an hour.
    """
    told = str(params.get(LISTEN.name) or "0")
    try:
        seconds = float(told)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_LISTEN:
        raise SettingsError(f"listen: {told!r} is no number of seconds from 0 to 3600.")
    return seconds
