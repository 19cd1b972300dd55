"""A server on loopback that says exactly what a test tells it to, and a client to ask it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from listening.fetching.http import Client


class Talk:
    """One connection."""

    def __init__(self, server: RawServer, connection: socket.socket, number: int) -> None:
        self._server, self._connection = server, connection
        self.number = number  # of the connection, from 1
        self._left = b""

    def request(self) -> bytes:
        """The next request, head and body; empty where the client is gone."""
        while b"\r\n\r\n" not in self._left:
            part = self._connection.recv(65536)
            if not part:
                return b""
            self._left += part
        head, _, rest = self._left.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(rest) < length:
            rest += self._connection.recv(65536)
        found, self._left = head + b"\r\n\r\n" + rest[:length], rest[length:]
        self._server.asked.append(found)
        return found

    def say(self, *parts: bytes) -> None:
        """Send something."""
        for part in parts:
            self._connection.sendall(part)

    def answer(self, body: bytes = b"", head: str = "", status: str = "200 OK") -> None:
        """A well-formed answer; lines of `head` are parted by line breaks."""
        lines = [f"HTTP/1.1 {status}", *filter(None, head.split("\n"))]
        if "content-length" not in head.lower() and "chunked" not in head:
            lines.append(f"Content-Length: {len(body)}")
        self.say("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def reset(self) -> None:
        """End it rudely."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()

    def gone(self, seconds: float) -> bool:
        """Wait so long at most; whether the test is over or the client has hung up."""
        return self._server.over.wait(seconds)


class RawServer:
    """Hands every connection to a function, in a thread of its own."""

    def __init__(self, talk: Callable[[Talk], None], context: ssl.SSLContext | None) -> None:
        self._talk, self._context = talk, context
        self.asked: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self._open: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(
                target=self._one, args=(connection, self.connections), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _one(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(20)
        with connection, suppress(OSError):
            if self._context is None:
                self._talk(Talk(self, connection, number))
                return
            with self._context.wrap_socket(connection, server_side=True) as wrapped:
                self._talk(Talk(self, wrapped, number))

    def stop(self) -> None:
        self.over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)


@contextmanager
def talking(
    talk: Callable[[Talk], None], context: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """A server, until the end of the block."""
    server = RawServer(talk, context)
    try:
        yield server
    finally:
        server.stop()


def answering(body: bytes = b"", head: str = "", status: str = "200 OK") -> Callable[[Talk], None]:
    """The same answer to every request."""

    def talk(one: Talk) -> None:
        while one.request():
            one.answer(body, head, status)

    return talk


def in_turn(*talks: Callable[[Talk], None]) -> Callable[[Talk], None]:
    """Another behaviour a request, the last one for ever; every connection serves one request."""
    left = list(talks)

    def talk(one: Talk) -> None:
        if one.request():
            (left.pop(0) if len(left) > 1 else left[0])(one)

    return talk


def says(body: bytes = b"", head: str = "", status: str = "200 OK") -> Callable[[Talk], None]:
    return lambda one: one.answer(body, f"Connection: close\n{head}".strip(), status)


def raw(*parts: bytes) -> Callable[[Talk], None]:
    return lambda one: one.say(*parts)


def dripping(first: bytes, drop: bytes) -> Callable[[Talk], None]:
    """Something, then a little more all the time."""

    def talk(one: Talk) -> None:
        one.say(first)
        while not one.gone(0.1):
            one.say(drop)

    return talk


class Quick(Client):
    """Impatient, and notes how long it would have slept."""

    def __init__(self, **more: Any) -> None:
        self.slept: list[float] = []
        super().__init__(f"quick-{id(self)}", rate="100000/second", sleep=self.slept.append, **more)

    @property
    def timeouts(self) -> dict[str, float]:
        return dict.fromkeys(("connect", "read", "write", "pool"), 0.5)


Make = Callable[..., Quick]
