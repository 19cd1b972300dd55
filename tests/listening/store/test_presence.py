"""Which processes are up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.store.running import presence
from listening.store.running.presence import be_seen, leave, present, resident_memory
from listening.store.session import Store
from listening.store.tables.types import now


def seen(store: Store, name: str, kind: str = "worker", **more: object) -> None:
    with store.work() as session:
        be_seen(session, name, kind=kind, host="here", pid=1, **more)  # type: ignore[arg-type]


def names(store: Store, kind: str | None = None) -> list[str]:
    with store.session() as session:
        return [p.name for p in present(session, kind=kind)]


def test_who_is_up(store: Store) -> None:
    seen(store, "worker@here:1", queues=["sweep"], doing="sweep.watch", memory=100)
    seen(store, "beat@here:2", "beat")
    assert names(store) == ["beat@here:2", "worker@here:1"]
    assert names(store, "beat") == ["beat@here:2"]
    with store.session() as session:
        first = present(session, kind="worker")[0]
    seen(store, "worker@here:1", queues=["sweep"], doing=None, memory=120)
    with store.session() as session:
        (second,) = present(session, kind="worker")
    assert (first.doing, first.memory) == ("sweep.watch", 100)
    assert (second.doing, second.memory, second.queues) == (None, 120, ["sweep"])
    assert second.started_at == first.started_at
    assert second.seen_at > first.seen_at
    with store.work() as session:
        leave(session, "beat@here:2")
    assert names(store) == ["worker@here:1"]


@pytest.mark.parametrize(("seconds", "up"), [(59, True), (61, False), (-59, True), (-3600, False)])
def test_one_that_was_silent_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: int, up: bool
) -> None:
    seen(store, "worker@here:1")
    monkeypatch.setattr(presence, "now", lambda: now() + timedelta(seconds=seconds))
    assert (names(store) == ["worker@here:1"]) is up


def test_memory_is_in_bytes() -> None:
    before = resident_memory()
    if before is None:
        pytest.skip("the system does not tell")
    block = bytearray(b"x" * (64 << 20))
    after = resident_memory()
    assert after is not None
    assert 60 << 20 < after - before < 80 << 20
    del block
