"""Polite HTTP for sources: who we are, how fast, how much, how long, and where to.

One client a source. It keeps to the source's pace, obeys what the answers say of limits, tries
again what passes by itself, and turns everything else into the four errors of a source.
"""

from __future__ import annotations

import json
import random
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from listening.config import get_settings
from listening.errors import SettingsError
from listening.logs import masked
from listening.sources import guard
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.pace import Pace, pause_of, retry_after_of

if TYPE_CHECKING:
    import httpcore2

MOST_BYTES = 10_000_000
KEPT_BYTES = 100_000  # of an answer that is not understood, for quarantine
_CONNECT, _READ, _WHOLE = 10.0, 20.0, 60.0  # seconds
_REDIRECTS = 5
_TRIES = 4
_PATIENCE = 10.0  # seconds that are waited out within a pull; a longer pause ends it
_SECRETS = ("authorization", "cookie")

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Attributes:
        status: 2xx, or one that the caller said it takes.
        headers: names in lower case.
        body: unpacked, at most `MOST_BYTES`.
        url: where it came from in the end.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            FormatChangedError: it is none; with the answer, for quarantine.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise self.changed(f"no JSON ({error})") from None

    def changed(self, found: str) -> FormatChangedError:
        """The error that says what was found where something else was expected."""
        return FormatChangedError(
            f"{shown(self.url)} answered in a way that is not understood: {found}.",
            raw=self.body[:KEPT_BYTES].decode("utf-8", "replace"),
        )


class Client:
    """HTTP of one source.

    Args:
        name: the source's; its pace is shared by all of this name.
        rate: requests to one host, such as "60/minute" or "1/second; 300/5 minutes".
        sleep: waits; another one in tests.
        most: bytes of an answer.
    """

    def __init__(
        self,
        name: str,
        *,
        rate: str = "60/minute",
        sleep: Sleep = time.sleep,
        most: int = MOST_BYTES,
    ) -> None:
        self._name, self._sleep, self._most = name, sleep, most
        self._pace = Pace(name, rate, sleep=sleep)
        self._pool: httpcore2.ConnectionPool | None = None

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
            url: http or https.
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
        """Send a form, or JSON; raises as `get` does."""
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        content = urlencode(form).encode() if form is not None else json.dumps(body).encode()
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
        url = with_query(url, params)
        taken = set(accept)
        for tried in range(1, _TRIES + 1):
            try:
                answer = self._followed(method, url, dict(headers or {}), content)
            except UnavailableError:
                if tried == _TRIES:
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
        if status == 429 or (status == 503 and asked is not None):
            if tried == _TRIES or (asked is not None and asked > _PATIENCE):
                raise RateLimitError(f"{where} asks for a pause.", retry_after=asked)
            if asked is None:
                self._back_off(tried)
            else:
                self._sleep(asked)
            return False
        if status >= 500 or status == 408:
            if tried == _TRIES:
                raise UnavailableError(f"{where} answers with error {status}.")
            self._back_off(tried)
            return False
        if status in (401, 403):
            raise AuthenticationError(f"{where} does not let us in ({status}): {_said(answer)}")
        if status in (404, 410):
            raise UnavailableError(f"{where} is not there ({status}).")
        raise answer.changed(f"it refuses the request ({status}): {_said(answer)}")

    def _back_off(self, tried: int) -> None:
        self._sleep(0.5 * 2**tried * (0.5 + random.random()))  # noqa: S311  no secret

    def _followed(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None
    ) -> Answer:
        """An answer, redirects followed; what is secret is never told to another host."""
        origin = origin_of(url)
        for _ in range(_REDIRECTS + 1):
            self._pace.wait(urlsplit(url).hostname or "")
            answer = self._once(method, url, headers, content)
            self._pace.heed(urlsplit(url).hostname or "", pause_of(answer.headers))
            target = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            url = urljoin(url, target)
            if urlsplit(url).scheme not in ("http", "https"):
                raise UnavailableError(f"{shown(answer.url)} leads to {shown(url)}, which is no "
                                       "web address.")  # fmt: skip
            if origin_of(url) != origin:
                headers = {n: v for n, v in headers.items() if n.lower() not in _SECRETS}
                origin = origin_of(url)
            if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
                method, content = "GET", None
                headers = {n: v for n, v in headers.items() if n.lower() != "content-type"}
        raise UnavailableError(f"{shown(url)} leads on and on.")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        """One request on the wire."""
        import httpcore2

        origin_of(url)  # a web address at all
        sent: dict[bytes | str, bytes | str] = {
            "host": urlsplit(url).netloc.rpartition("@")[2],
            "user-agent": user_agent(),
            "accept": "*/*",
            "accept-encoding": "gzip",
            **{name.lower(): value for name, value in headers.items()},
        }
        ends = time.monotonic() + _WHOLE
        try:
            with self._connections().stream(
                method,
                url,
                headers=sent,
                content=content,
                extensions={"timeout": self.timeouts},
            ) as response:
                told = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                }
                body = self._body(response.iter_stream(), told, url, ends)
                return Answer(int(response.status), told, body, url)
        except httpcore2.TimeoutException as error:
            raise UnavailableError(f"{shown(url)} did not answer in time.") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise UnavailableError(f"{shown(url)} does not answer ({error}).") from error
        except (httpcore2.UnsupportedProtocol, ValueError) as error:
            raise SettingsError(f"{shown(url)} is no address of the web ({error}).") from error

    @property
    def timeouts(self) -> dict[str, float]:
        """Seconds for each step of a request."""
        return {"connect": _CONNECT, "read": _READ, "write": _READ, "pool": _READ}

    def _body(
        self, parts: Iterator[bytes], headers: Mapping[str, str], url: str, ends: float
    ) -> bytes:
        packed = headers.get("content-encoding", "").strip().lower()
        unpack = zlib.decompressobj(wbits=47) if packed in ("gzip", "x-gzip", "deflate") else None
        found = bytearray()
        try:
            for part in parts:
                if unpack is None:
                    found += part
                else:
                    found += unpack.decompress(part, self._most + 1 - len(found))
                if len(found) > self._most or (unpack and unpack.unconsumed_tail):
                    raise FormatChangedError(
                        f"{shown(url)} answers with more than {self._most / 1e6:,.0f} MB."
                    )
                if time.monotonic() > ends:
                    raise UnavailableError(f"{shown(url)} takes longer than {_WHOLE:.0f} s.")
        except zlib.error as error:
            raise UnavailableError(f"{shown(url)} cannot be unpacked ({error}).") from error
        if unpack is not None and found and not unpack.eof:
            raise UnavailableError(f"{shown(url)} broke off.")
        return bytes(found)

    def close(self) -> None:
        """End the connections; the next request opens others."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _connections(self) -> httpcore2.ConnectionPool:
        if self._pool is None:
            import httpcore2

            self._pool = httpcore2.ConnectionPool(
                ssl_context=tls(),
                max_connections=4,
                keepalive_expiry=30,
                network_backend=_guarded(),
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
    contact = get_settings().contact
    return f"listening/{version('listening')}" + (f" (+{contact})" if contact else "")


def with_query(url: str, params: Mapping[str, Any] | None) -> str:
    """An address with parameters added; None is left out, a list is several."""
    if not params:
        return url
    given = {name: value for name, value in params.items() if value is not None}
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(given, doseq=True)]))
    return urlunsplit(parts._replace(query=query))


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a web address.

    Raises:
        SettingsError: it is none.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{url!r} is no web address ({error}).") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"{shown(url)!r} is no web address: it begins with https:// or http://."
        )
    return parts.scheme, parts.hostname, port or guard.PORTS[parts.scheme]


def shown(url: str) -> str:
    """An address as it may be shown: without its query, which may hold a key, or password."""
    parts = urlsplit(masked(url))
    return urlunsplit(parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]))


def _said(answer: Answer) -> str:
    """The beginning of what a refusal says, in one line."""
    return " ".join(masked(answer.text[:300]).split()) or "it does not say why"


def _guarded() -> httpcore2.NetworkBackend:
    """Connects only where `guard` lets it."""
    import httpcore2

    class Guarded(httpcore2.SyncBackend):
        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore2.NetworkStream:
            # The address that was checked is the one that is connected to.
            addresses = guard.addresses_of(
                host, port, allow_private=get_settings().sources_allow_private
            )
            for address in addresses[:-1]:
                with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                    return super().connect_tcp(address, port, timeout, None, socket_options)
            return super().connect_tcp(addresses[-1], port, timeout, None, socket_options)

    return Guarded()
