"""A platform on loopback: a real HTTP server that answers as its documentation says, and fails.

A connector's own client is used as it is; only the address of each request is turned to the
server, which is told the address that was meant.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from listening.fetching.http import Answer, Client


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the platform got it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in self.lists.items()}

    @property
    def lists(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform answers.

    `cut` sends less than announced, `slow` waits so many seconds before the body.
    """

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    slow: float = 0.0

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()


class Platform:
    """A server with an answering function; faults come first, one a request."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.faults: list[Reply] = []
        self.asked: list[Asked] = []
        self.refusals: list[AssertionError] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def reply(self, asked: Asked) -> Reply:
        if self.faults:
            return self.faults.pop(0)
        try:
            return self.answer(asked)
        except AssertionError as error:  # a request that the documentation does not know
            self.refusals.append(error)
            return Reply({"error": str(error)}, 400)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(platform) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler has a self
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                url = self.headers.get("x-meant") or f"{platform.address}{self.path}"
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, url, headers, self.rfile.read(length))
                platform.asked.append(asked)
                reply = platform.reply(asked)
                content = reply.content
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != 304:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                time.sleep(reply.slow)
                if reply.cut:
                    self.wfile.write(content[: len(content) // 2])
                    self.wfile.flush()
                    self.close_connection = True
                    return
                if reply.status != 304:
                    self.wfile.write(content)

            do_POST = do_GET  # noqa: N815

            def handle(self) -> None:
                with suppress(ConnectionError, TimeoutError):  # a client that gave up waiting
                    super().handle()

            def log_message(self, *_: object) -> None: ...

        return Handler


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Platform]:
    """A platform that answers, until the end of the block."""
    platform = Platform(answer)
    try:
        yield platform
    finally:
        platform.stop()
    if platform.refusals:
        raise platform.refusals[0]


class TurnedClient(Client):
    """The real client, every address turned to a platform on loopback."""

    def __init__(self, platform: Platform, name: str = "test") -> None:
        self.slept: list[float] = []
        super().__init__(f"{name}-{id(self)}", rate="100000/second", sleep=self.slept.append)
        self._platform = platform

    @property
    def timeouts(self) -> dict[str, float]:
        return dict.fromkeys(("connect", "read", "write", "pool"), 0.5)

    def once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        parts = urlsplit(url)
        turned = f"{self._platform.address}{parts.path or '/'}" + (
            f"?{parts.query}" if parts.query else ""
        )
        found = super().once(method, turned, {**headers, "x-meant": url}, content)
        return Answer(found.status, found.headers, found.body, url)
