"""`listening demo --brand`: what is heard of a name where no key is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from listening.config import get_settings
from listening.errors import ListeningError
from listening.sources import registry
from listening.sources.base import SourceSpec
from listening.sources.errors import UnavailableError
from listening.sources.hackernews import HackerNews
from listening.store.session import Store
from tests.listening.sources.cases.hackernews import HackerNewsCase
from tests.listening.sources.platform import TurnedClient, serving
from tests.workers.listed import Listed
from workers.jobs.trying import Heard, listen_for, open_sources


class Open(Listed):
    """A list that a name is enough for."""

    @property
    def spec(self) -> SourceSpec:
        return replace(super().spec, try_with={})


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[HackerNews]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    with serving(HackerNewsCase().answer) as server:
        client = TurnedClient(server)
        source = HackerNews(client)
        monkeypatch.setitem(registry.REGISTRY, "hackernews", source)
        yield source
        client.close()
    get_settings.cache_clear()


def test_every_open_source_is_asked_and_one_that_fails_stops_no_other(
    store: Store, platform: HackerNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Open()
    listed.fails[1] = UnavailableError("the list does not answer")
    monkeypatch.setitem(registry.REGISTRY, "listed", listed)
    heard = listen_for(store, "JetBlue", sources=[listed, platform])
    assert heard == [
        Heard("listed", 3, 3, "the list does not answer"),
        Heard("hackernews", 129, 129, None),
    ]
    again = listen_for(store, "jetblue ", sources=[listed, platform])
    assert again == [Heard("listed", 9, 9, None), Heard("hackernews", 0, 0, None)]


def test_sources_that_need_a_key_or_a_place_are_not_open() -> None:
    names = {source.spec.name for source in open_sources()}
    assert "hackernews" in names
    assert not names & {"folder", "feed", "reddit", "youtube", "x", "bluesky", "discourse"}


def test_a_machine_without_network_is_told(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.cli.main import app

    listed = Open()
    listed.fails[0] = UnavailableError("there is no host 'list'")
    monkeypatch.setattr("workers.jobs.trying.open_sources.__defaults__", ({"listed": listed},))
    monkeypatch.setitem(registry.REGISTRY, "listed", listed)
    monkeypatch.setenv("LISTENING_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    done = CliRunner().invoke(app, ["demo", "--brand", "JetBlue", "--no-serve"])
    get_settings.cache_clear()
    assert "listed: there is no host 'list'" in done.stdout
    assert isinstance(done.exception, ListeningError)
    assert str(done.exception).startswith("Nothing was heard of 'JetBlue'.")
