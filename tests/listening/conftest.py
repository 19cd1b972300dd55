"""Clients for servers on loopback."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from listening.config import get_settings
from tests.listening.sources.rawserver import Make, Quick


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    made: list[Quick] = []

    def new(**more: Any) -> Quick:
        made.append(Quick(**more))
        return made[-1]

    yield new
    for one in made:
        one.close()
    get_settings.cache_clear()


@pytest.fixture
def client(make: Make) -> Quick:
    return make()


@pytest.fixture
def bounded() -> Iterator[None]:
    """Ends a test that computes for a minute: what should take a second took its square."""

    def end(*_: object) -> None:
        raise AssertionError("it does not end")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, 60)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)
