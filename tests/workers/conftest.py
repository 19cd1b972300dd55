"""Settings of a test's own, and the queue in files as somebody else sees it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listening.config import Settings, get_settings
from listening.store.session import Store

Waiting = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def settings(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """What this process's settings are: the test's store, and a queue in files."""
    monkeypatch.setenv("LISTENING_DATABASE_URL", store.url)
    monkeypatch.setenv("LISTENING_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def inside(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Addresses of this machine may be reached."""
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    monkeypatch.setenv("LISTENING_PUBLIC_URL", "https://desk.example/")
    monkeypatch.setenv("LISTENING_SECRET_KEY", "s" * 40)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def waiting(settings: Settings) -> Waiting:
    """The messages that wait, oldest first: queue, task, arguments and headers."""

    def read() -> list[dict[str, Any]]:
        found = []
        for path in sorted(settings.folder("queue/messages").glob("*.msg")):
            message = json.loads(path.read_text())
            arguments, _, _ = json.loads(base64.b64decode(message["body"]))
            headers = message["headers"]
            found.append(
                {
                    "queue": path.name.split(".")[1],
                    "task": headers["task"],
                    "args": arguments,
                    "correlation": headers.get("correlation"),
                    "queued": headers.get("queued"),
                }
            )
        return found

    return read
