"""A stream on loopback: a real websocket server that plays what a test gives it, and fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

Frame = str | bytes


class Played:
    """A server that sends frames, and then waits for more until the listener goes.

    Attributes:
        frames: what it sends to one that asks with this query; asserts what it must ask.
        cuts: after how many frames each connection in turn is cut; then none is.
        refusals: statuses with headers that it answers first, one a connection.
        asked: the query of each connection, in turn.
        agents: who asked.
    """

    def __init__(self, frames: Callable[[dict[str, str]], list[Frame]]) -> None:
        self.frames = frames
        self.cuts: list[int] = []
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.asked: list[dict[str, str]] = []
        self.agents: list[str] = []
        self.wrong: list[AssertionError] = []
        self._later = threading.Event()
        self._server: Server = serve(
            self._play, "127.0.0.1", 0, process_request=self._answer, close_timeout=0.5
        )
        self.address = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        query = parse_qs(urlsplit(request.path).query, strict_parsing=False)
        self.asked.append({name: values[-1] for name, values in query.items()})
        self.agents.append(request.headers["User-Agent"])
        if not self.refusals:
            return None
        status, headers = self.refusals.pop(0)
        return Response(status, HTTPStatus(status).phrase, Headers(headers), b"no")

    def _play(self, connection: ServerConnection) -> None:
        cut = self.cuts.pop(0) if self.cuts else None
        sent = 0
        with suppress(ConnectionClosed):
            try:
                frames = self.frames(self.asked[-1])
            except AssertionError as error:
                self.wrong.append(error)
                return
            while True:
                for frame in frames[sent:]:
                    if sent == cut:
                        connection.socket.close()  # as a cable that is pulled
                        return
                    connection.send(frame)
                    sent += 1
                if sent == cut:
                    connection.socket.close()
                    return
                with suppress(TimeoutError):
                    connection.recv(timeout=0.02)  # nothing ever comes; raises once it is closed
                frames = self.frames(self.asked[-1])


@contextmanager
def playing(frames: Callable[[dict[str, str]], list[Any]]) -> Iterator[Played]:
    """A stream, until the end of the block."""
    played = Played(frames)
    try:
        yield played
    finally:
        played.stop()
    if played.wrong:
        raise played.wrong[0]
