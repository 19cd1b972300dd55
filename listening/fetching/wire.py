"""Connections of the HTTP client: only where they may lead, and only as long as they may last."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore2

from listening.config import get_settings
from listening.fetching import guard


class Call(threading.local):
    """The request that this thread is at.

    Attributes:
        ends: when it has to be over, by the monotonic clock.
        reused: it went out on a connection that had answered before.
        heard: something of its answer came.
    """

    ends: float = float("inf")
    reused: bool = False
    heard: bool = False

    def begin(self, ends: float) -> None:
        """Another request."""
        self.ends, self.reused, self.heard = ends, False, False

    @property
    def stale(self) -> bool:
        """It failed as it does where the server had closed the connection meanwhile."""
        return self.reused and not self.heard

    def left(self, timeout: float | None) -> float:
        """Seconds that a step may take: a drip must not outlive the request."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("its time is over")
        return left if timeout is None else min(timeout, left)


CALL = Call()


class _Stream(httpcore2.NetworkStream):
    """A connection that minds the time of the request."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner, self._answered = inner, False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, CALL.left(timeout))
        if data:
            CALL.heard = self._answered = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._answered and not CALL.heard:
            CALL.reused = True
        self._inner.write(buffer, CALL.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            seconds = CALL.left(timeout)
            return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds))
        except BaseException:
            self._inner.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Guarded(httpcore2.SyncBackend):
    """Connects only where `guard` lets it."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the very address that was checked."""
        addresses = guard.addresses_of(
            host, port, allow_private=get_settings().sources_allow_private
        )
        failed: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address, seconds in guard.in_turn(addresses, CALL.left(timeout)):
            try:
                return _Stream(super().connect_tcp(address, port, seconds, None, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed
