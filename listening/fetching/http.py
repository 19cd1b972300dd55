"""Polite HTTP for sources: who we are, how fast, how much, how long, and where to.

One client a source. It keeps to the source's pace, obeys what the answers say of limits, tries
again what passes by itself, and turns everything else into the four errors of a source.
"""

from __future__ import annotations

import json
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching.addresses import origin_of, shown, wire_address, with_query
from listening.fetching.answers import KEPT_BYTES, Answer, said, short
from listening.fetching.pace import PATIENCE, Pace, pause_of, reset_of, retry_after_of
from listening.fetching.unpacking import PACKINGS, BrokenError, TooLargeError, Unpacker
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)

if TYPE_CHECKING:
    import httpcore2

__all__ = [
    "KEPT_BYTES",
    "MOST_BYTES",
    "Answer",
    "Client",
    "origin_of",
    "shown",
    "tls",
    "user_agent",
    "with_query",
]

MOST_BYTES = 10_000_000
_CONNECT, _READ, _WHOLE = 10.0, 20.0, 60.0  # seconds
_REDIRECTS = 5
_TRIES = 4
_LEAST_PAUSE = 60.0  # seconds, where a platform was asked again and again in vain
_CONNECTIONS, _KEPT_OPEN = 32, 4
# What another host may be told too. Everything else may be secret, whatever it is called.
_OPEN = frozenset(
    "accept accept-language content-type if-modified-since if-none-match user-agent".split()
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Sleep = Callable[[float], None]


class _LastingError(UnavailableError):
    """Another try at once would go the same way."""


class Client:
    """HTTP of one source; several threads may use it at once.

    Args:
        name: the source's; its pace is shared by all of this name.
        rate: requests to one host, such as "60/minute" or "1/second; 300/5 minutes".
        sleep: waits; another one in tests.
        most: bytes of an answer.
        whole: seconds that one answer may take, from the connection to its last byte.
    """

    def __init__(
        self,
        name: str,
        *,
        rate: str = "60/minute",
        sleep: Sleep = time.sleep,
        most: int = MOST_BYTES,
        whole: float = _WHOLE,
    ) -> None:
        self._name, self._sleep, self._most, self._whole = name, sleep, most, whole
        self._pace = Pace(name, rate, sleep=sleep)
        self._pool: httpcore2.ConnectionPool | None = None
        self._opening = threading.Lock()

    def get(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Iterable[int] = (),
    ) -> Answer:
        """Ask for something.

        Args:
            url: http or https; a name and password in it are not sent.
            params: of the query; None is left out.
            headers: beside our own.
            accept: statuses that are answers too, such as 304.

        Raises:
            UnavailableError: it does not answer, or not in time, or is not there.
            RateLimitError: it asks for a pause that is too long to wait for here.
            AuthenticationError: it does not let us in.
            FormatChangedError: it refuses what we ask, or answers too much.
            SettingsError: the address is no such, or inside this network.
        """
        return self.request("GET", url, params=params, headers=headers, accept=accept)

    def post(
        self,
        url: str,
        *,
        form: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form, or JSON; raises as `get` does. It may arrive more than once."""
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        content = (
            urlencode(form, errors="replace") if form is not None else json.dumps(body)
        ).encode()
        return self.request(
            "POST", url, headers={"content-type": kind, **(headers or {})}, content=content
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        accept: Iterable[int] = (),
    ) -> Answer:
        """See `get`."""
        url = wire_address(with_query(url, params))
        taken = set(accept)
        for tried in range(1, _TRIES + 1):
            try:
                answer = self._followed(method, url, dict(headers or {}), content)
            except UnavailableError as error:
                if tried == _TRIES or isinstance(error, _LastingError):
                    raise
                self._back_off(tried)
                continue
            if self._settled(answer, taken, tried):
                return answer
        raise UnavailableError(f"{shown(url)} does not answer.")  # never reached

    def _settled(self, answer: Answer, taken: set[int], tried: int) -> bool:
        """Whether an answer is one; waits where another try is worth it, else raises."""
        status, where = answer.status, shown(answer.url)
        if 200 <= status < 300 or status in taken:
            return True
        asked = retry_after_of(answer.headers)
        if status == 429 or (status in (403, 503) and asked is not None):
            asked = reset_of(answer.headers) if asked is None else asked
            if tried == _TRIES or (asked is not None and asked > PATIENCE):
                least = _LEAST_PAUSE if tried == _TRIES else 0.0
                pause = None if asked is None else max(asked, least)
                self._pace.heed(urlsplit(answer.url).hostname or "", pause)
                raise RateLimitError(f"{where} asks for a pause.", retry_after=pause)
            if asked:
                self._sleep(asked)
            else:
                self._back_off(tried)
            return False
        if status >= 500 or status == 408:
            if tried == _TRIES:
                raise UnavailableError(f"{where} answers with error {status}.")
            self._back_off(tried)
            return False
        if status in (401, 403):
            raise AuthenticationError(f"{where} does not let us in ({status}): {said(answer)}")
        if status in (404, 410):
            raise UnavailableError(f"{where} is not there ({status}).")
        raise answer.changed(f"it refuses the request ({status}): {said(answer)}")

    def _back_off(self, tried: int) -> None:
        """Wait about 1, 2, 4 seconds; each longer than the one before whatever the jitter."""
        self._sleep(0.5 * 2**tried * (0.75 + 0.5 * random.random()))  # noqa: S311  no secret

    def _followed(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None
    ) -> Answer:
        """An answer, redirects followed.

        Another origin is told nothing that may be secret, and nobody who asked by TLS is led
        away from it: an address that is meant to go without can be given so.
        """
        origin = origin_of(url)
        moved, lasting = None, True
        for _ in range(_REDIRECTS + 1):
            host = urlsplit(url).hostname or ""
            self._pace.wait(host)
            answer = self.once(method, url, headers, content)
            self._pace.heed(host, pause_of(answer.headers))
            target = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                return replace(answer, moved=moved)
            url, origin_before = _joined(answer.url, target), origin
            origin = origin_of(url)
            lasting = lasting and answer.status in (301, 308)
            moved = url if lasting else moved
            if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
                method, content = "GET", None
                headers = {n: v for n, v in headers.items() if n.lower() != "content-type"}
            if origin != origin_before:
                if origin_before[0] == "https" and origin[0] != "https":
                    raise _LastingError(
                        f"{shown(answer.url)} leads to {shown(url)}, which is not encrypted."
                    )
                if content is not None:
                    raise _LastingError(
                        f"{shown(answer.url)} leads to {shown(url)}, which is not told what was "
                        "sent."
                    )
                headers = {n: v for n, v in headers.items() if n.lower() in _OPEN}
        raise _LastingError(f"{shown(url)} leads on and on.")

    def once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        """One request on the wire: no redirect followed, no second try, any status an answer."""
        import httpcore2

        from listening.fetching.wire import CALL

        url = wire_address(url)
        sent = _headers({
            "host": urlsplit(url).netloc,
            "user-agent": user_agent(),
            "accept": "*/*",
            "accept-encoding": "gzip",
            **{name.lower(): value for name, value in headers.items()},
        })  # fmt: skip
        where, ends = shown(url), time.monotonic() + self._whole
        while True:
            CALL.begin(ends)
            try:
                return self._asked(method, url, sent, content)
            except httpcore2.TimeoutException as error:
                if time.monotonic() >= ends:
                    raise _LastingError(
                        f"{where} takes longer than {self._whole:.0f} s."
                    ) from error
                raise UnavailableError(f"{where} did not answer in time.") from error
            except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
                if CALL.stale:
                    continue  # the server had closed it after the last answer: no failure
                if isinstance(error, httpcore2.LocalProtocolError):  # may quote a header of ours
                    raise SettingsError(f"{where} cannot be asked like that.") from None
                told = short(error)
                if error.args and isinstance(error.args[0], ssl.SSLCertVerificationError):
                    raise _LastingError(f"{where} is not who it says ({told}).") from error
                raise UnavailableError(f"{where} does not answer ({told}).") from error
            except (httpcore2.UnsupportedProtocol, ValueError) as error:
                if CALL.heard:
                    raise UnavailableError(f"{where} makes no sense ({short(error)}).") from error
                raise SettingsError(f"{where} is no address of the web ({error}).") from error

    def _asked(
        self,
        method: str,
        url: str,
        headers: dict[bytes | str, bytes | str],
        content: bytes | None,
    ) -> Answer:
        with self._connections().stream(
            method, url, headers=headers, content=content, extensions={"timeout": self.timeouts}
        ) as response:
            told = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            status = int(response.status)
            body = self._body(response.iter_stream(), told, url, fine=status < 300)
            return Answer(status, told, body, url)

    @property
    def timeouts(self) -> dict[str, float]:
        """Seconds for each step of a request."""
        return {"connect": _CONNECT, "read": _READ, "write": _READ, "pool": self._whole}

    def _body(
        self, parts: Iterator[bytes], headers: Mapping[str, str], url: str, *, fine: bool
    ) -> bytes:
        """The body; of an answer that is no success as much as can be had, which is for people."""
        packing = headers.get("content-encoding", "").strip().lower()
        packing = "" if packing == "identity" else packing
        if packing and packing not in PACKINGS:
            if not fine:
                return b""
            raise FormatChangedError(
                f"{shown(url)} answers packed as {packing[:40]!r}, which was not asked for."
            )
        unpacker = Unpacker(packing, self._most if fine else min(KEPT_BYTES, self._most))
        try:
            for part in parts:
                unpacker.feed(part)
            return unpacker.end()
        except (TooLargeError, BrokenError) as error:
            if not fine:
                return bytes(unpacker.body)
            if isinstance(error, BrokenError):
                raise UnavailableError(f"{shown(url)} is of no use: {error}.") from None
            raise FormatChangedError(
                f"{shown(url)} answers with more than {self._most / 1e6:,.0f} MB."
            ) from None

    def close(self) -> None:
        """End the connections; the next request opens others."""
        with self._opening:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _connections(self) -> httpcore2.ConnectionPool:
        with self._opening:
            if self._pool is None:
                import httpcore2

                from listening.fetching.wire import Guarded

                self._pool = httpcore2.ConnectionPool(
                    ssl_context=tls(),
                    max_connections=_CONNECTIONS,
                    max_keepalive_connections=_KEPT_OPEN,
                    keepalive_expiry=30,
                    network_backend=Guarded(),
                )
            return self._pool


def tls() -> ssl.SSLContext:
    """Certificates as the system knows them, and those of certifi where it knows none."""
    import certifi

    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context


def user_agent() -> str:
    """Who we are, and how to reach whoever runs this."""
    contact = " ".join((get_settings().contact or "").split())
    return f"listening/{version('listening')}" + (f" (+{contact})" if contact else "")


def _headers(given: Mapping[str, str]) -> dict[bytes | str, bytes | str]:
    """Headers as they go over the wire.

    Raises:
        SettingsError: one would be two, or none.
    """
    sent: dict[bytes | str, bytes | str] = {}
    for name, value in given.items():
        if _CONTROL.search(value):
            raise SettingsError(f"{name}: a line break or the like cannot be sent.")
        sent[name] = value.strip().encode("utf-8", "replace")
    return sent


def _joined(url: str, target: str) -> str:
    """Where a redirect leads.

    Raises:
        UnavailableError: nowhere on the web.
    """
    with suppress(ValueError):
        target = target.encode("latin-1").decode("utf-8")  # as most servers mean it
    try:
        return wire_address(urljoin(url, target))
    except (SettingsError, ValueError):
        raise _LastingError(
            f"{shown(url)} leads to {shown(target)}, which is no web address."
        ) from None
