"""Leases: one holder at a time, of however many ask, whatever the clock does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from listening.store.running import leases
from listening.store.session import Store
from listening.store.tables.types import now

ASK = 16


def take(store: Store, name: str, holder: str, seconds: float = 30) -> bool:
    with store.work() as session:
        return leases.take(session, name, holder, seconds)


def holder_of(store: Store, name: str) -> str | None:
    with store.session() as session:
        return leases.holder_of(session, name)


def shift(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    """The clock of leases goes so much ahead (or behind)."""
    monkeypatch.setattr(leases, "now", lambda: now() + timedelta(**by))


def test_one_has_it_until_it_gives_it_up(store: Store) -> None:
    assert holder_of(store, "beat") is None
    assert take(store, "beat", "one") is True
    assert take(store, "beat", "one") is True, "its own is renewed"
    assert take(store, "beat", "two") is False
    assert take(store, "watch:1", "two") is True, "another name is another lease"
    assert holder_of(store, "beat") == "one"
    with store.work() as session:
        leases.give_up(session, "beat", "two")
    assert holder_of(store, "beat") == "one", "what is another's is not given up"
    with store.work() as session:
        leases.give_up(session, "beat", "one")
    assert holder_of(store, "beat") is None
    assert take(store, "beat", "two") is True


def test_one_that_ran_out_is_anybodys(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert take(store, "beat", "one", 30)
    shift(monkeypatch, seconds=29)
    assert take(store, "beat", "two", 30) is False
    shift(monkeypatch, seconds=31)
    assert holder_of(store, "beat") is None
    assert take(store, "beat", "two", 30) is True
    assert take(store, "beat", "one", 30) is False, "who was away finds it taken"


def test_a_renewed_one_runs_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert take(store, "beat", "one", 30)
    shift(monkeypatch, seconds=20)
    assert take(store, "beat", "one", 30)
    shift(monkeypatch, seconds=40)
    assert take(store, "beat", "two", 30) is False
    assert holder_of(store, "beat") == "one"


@pytest.mark.parametrize(("seconds_back", "free"), [(10, False), (29, False), (31, True)])
def test_a_clock_that_steps_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds_back: int, free: bool
) -> None:
    assert take(store, "beat", "one", 30)
    shift(monkeypatch, seconds=-seconds_back)
    assert (holder_of(store, "beat") is None) is free
    assert take(store, "beat", "two", 30) is free


def test_a_clock_that_steps_back_an_hour_blocks_nobody(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert take(store, "segment", "one", 300)
    shift(monkeypatch, hours=-1)
    assert take(store, "segment", "two", 300) is True
    assert holder_of(store, "segment") == "two"


def test_of_many_that_ask_at_once_exactly_one_gets_it(store: Store) -> None:
    for name in ("beat", "watch:1", "watch:2"):
        start = Barrier(ASK)

        def ask(holder: str, name: str = name, start: Barrier = start) -> bool:
            start.wait()
            return take(store, name, holder)

        with ThreadPoolExecutor(ASK) as pool:
            got = list(pool.map(ask, [f"holder {n}" for n in range(ASK)]))
        assert sum(got) == 1
        assert holder_of(store, name) == f"holder {got.index(True)}"


def test_what_is_rolled_back_was_not_taken(store: Store) -> None:
    with pytest.raises(RuntimeError), store.work() as session:
        assert leases.take(session, "beat", "one", 30)
        raise RuntimeError
    assert take(store, "beat", "two") is True
