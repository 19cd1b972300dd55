"""A server that is told to end does, whoever listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from api.web.acting import COOKIE
from api.web.site import Site
from listening.config import Settings
from listening.store.schema import migrate
from listening.store.session import Store
from tests.factories import brand
from tests.signed import cookie_for

pytestmark = pytest.mark.server

SERVE = """
import socket, sys
from api.web.serving import serve
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
print(port, flush=True)
serve("127.0.0.1", port)
"""


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_while_somebody_listens(tmp_path: Path, told: signal.Signals) -> None:
    settings = Settings(data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    store = Store.from_settings(settings)
    migrate(store)
    brand(store, "JetBlue")
    site = Site(settings)
    cookie = cookie_for(site)
    site.close()
    store.close()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "LISTENING_DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        limit = time.monotonic() + 30
        while True:
            try:
                httpx.get(address + "/live")
                break
            except httpx.TransportError:
                assert time.monotonic() < limit, "the server did not start"
                time.sleep(0.1)
        with (
            httpx.Client(timeout=20, cookies={COOKIE: cookie}) as client,
            client.stream("GET", f"{address}/api/v1/brands/1/events") as stream,
        ):
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            process.send_signal(told)
            list(lines)
        assert process.wait(20) in {0, -told}
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
