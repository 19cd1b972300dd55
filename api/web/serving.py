"""Serving the application, so that it ends when it is told to.

A server that is told to end waits for the answers it is giving. Those that last as long as
somebody listens are let go first.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from types import FrameType

import uvicorn

from api.web.app import create_app


class Server(uvicorn.Server):
    """A server that lets its listeners go when it is told to end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        self.config.app.state.live.end()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def serve(host: str, port: int) -> None:
    """Serve the pages and the API until told to end."""
    server = Server(uvicorn.Config(create_app(), host=host, port=port, log_level="warning"))
    # What is loaded by now stays: looking through it for garbage takes an eighth of a page's time.
    gc.collect()
    gc.freeze()
    with suppress(KeyboardInterrupt):  # as Ctrl-C is told once everything has ended
        server.run()
    if not server.started:
        sys.exit(3)
