"""The web application as a real server on loopback, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import SecretStr

from api.web.app import create_app
from listening.config import Settings
from listening.store.session import Store


@contextmanager
def serving(store: Store, folder: Path, **options: Any) -> Iterator[str]:
    """The address of a server over a store; `options` are settings."""
    settings = Settings(
        database_url=SecretStr(store.url), data_dir=folder, _env_file=None, **options
    )
    app = create_app(settings)
    config = uvicorn.Config(app, port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        limit = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive() and time.monotonic() < limit, "the server did not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.live.end()  # who listens would be waited for
        server.should_exit = True
        thread.join(20)
