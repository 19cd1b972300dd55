"""Platforms that are listened to live."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listening.config import get_settings
from tests.listening.sources.jets import CLOCK, Jet
from tests.listening.sources.streams import playing


@pytest.fixture
def jet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jet]:
    CLOCK.set()
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    found = Jet()
    with playing(found.frames) as played:
        found.listen_at(played)
        yield found
    get_settings.cache_clear()
