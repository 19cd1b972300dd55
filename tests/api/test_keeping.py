"""What pages keep: until somebody changes something, and only what takes long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.web.keeping import kept_count
from api.web.site import Site
from listening.config import Settings
from listening.store.access.audit import changed
from listening.store.session import Store


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    found = Site(Settings(database_url=SecretStr(store.url), data_dir=tmp_path, _env_file=None))  # type: ignore[call-arg]
    yield found
    found.close()


def test_what_took_long_is_read_again_when_something_changed(store: Store, site: Site) -> None:
    read: list[int] = []

    def count() -> int:
        read.append(1)
        return len(read)

    def shown() -> int:
        with store.session() as session:
            return kept_count(site, session, "how many", count, dear=0.0)

    assert (shown(), shown()) == (1, 1)
    with store.work() as session:
        changed(session, "case", 1)
    assert (shown(), shown()) == (2, 2)


def test_what_comes_quickly_is_read_every_time(store: Store, site: Site) -> None:
    answers = [1, 2]
    with store.session() as session:
        assert [kept_count(site, session, "now", answers.pop, dear=60) for _ in range(2)] == [2, 1]
