"""Sweeps of watches: nothing lost, nothing twice, never two of one watch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from listening import metrics
from listening.errors import StoreError
from listening.sources import registry
from listening.sources.base import Batch
from listening.store.running import leases
from listening.store.session import Store
from listening.store.tables import Author, Mention, Post, Sweep, SweepStatus
from listening.store.tables.types import now
from listening.store.watches.sweeps import sweeps_of
from listening.store.watches.watches import get_watch, remove_watch
from tests.conftest import NewStore
from tests.factories import brand, mentions
from tests.workers.listed import Listed, counted, ids, make_due, stored, sweep, swept, watch
from workers.holder import this_holder
from workers.jobs import sweeping
from workers.jobs.sweeping import settle_lost, sweep_due, sweep_watch

# A process of this machine that is no more: this one's, with another beginning.
DEAD = "/".join([*this_holder().split("/")[:3], "1", "1"])


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Listed:
    source = Listed()
    monkeypatch.setitem(registry.REGISTRY, "listed", source)
    return source


@pytest.fixture
def one(store: Store, listed: Listed) -> int:
    """A watch of the list."""
    brand(store, "JetBlue")
    return watch(store)


def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """All rows but their times."""
    times = {"added_at", "edited_at", "created_at"}
    tables: tuple[type[SQLModel], ...] = (Author, Post, Mention)
    with store.session() as session:
        return {
            table.__name__: sorted(
                (row.model_dump(exclude=times) for row in session.exec(select(table))),
                key=lambda row: row["id"],
            )
            for table in tables
        }


def test_a_sweep_stores_posts_mentions_counts_and_cursor(store: Store, one: int) -> None:
    report = sweep(store, one)
    assert (report.error, report.skipped, report.more) == (None, None, False)
    assert (report.counts.posts_new, report.counts.mentions_new) == (12, 12)
    assert ids(store) == [f"p{n}" for n in range(12)]
    found = stored(store, one)
    assert (found.cursor, found.failures, found.last_error) == ({"step": 4}, 0, None)
    assert found.next_due_at is not None
    assert now() < found.next_due_at <= now() + timedelta(seconds=900)
    (entry,) = swept(store, one)
    assert (entry.status, entry.rows, entry.posts_new, entry.mentions_new) == (
        SweepStatus.DONE, 12, 12, 12,
    )  # fmt: skip
    assert entry.correlation is not None
    assert counted(store) == {
        metrics.POSTS_NEW: 12.0,
        metrics.MENTIONS_NEW: 12.0,
        metrics.SWEEPS: 1.0,
        metrics.STAGE_SECONDS_COUNT: 1.0,
        metrics.STAGE_SECONDS_SUM: counted(store)[metrics.STAGE_SECONDS_SUM],
    }
    with store.session() as session:
        assert leases.holder_of(session, f"watch:{one}") is None


def test_what_is_not_due_or_gone_is_left_alone(store: Store, one: int) -> None:
    sweep(store, one)
    assert sweep(store, one).skipped == "it is not due"
    assert sweep(store, one, asked=True).error is None
    assert sweep(store, 99).skipped == "it was removed"
    make_due(store, one, paused_at=now())
    assert sweep(store, one).skipped == "it is not due"
    assert len(swept(store, one)) == 2


def test_every_watch_that_is_due_is_swept(store: Store, one: int, listed: Listed) -> None:
    other = watch(store, again="yes")
    assert [r.watch_id for r in sweep_due(store, holder="x")] == [one, other]
    assert sweep_due(store, holder="x") == []


class Killed(BaseException):
    """As a process that ends without another word, as far as the store can see."""


@pytest.mark.parametrize("after", [0, 2])
def test_one_killed_between_batches_goes_on_where_it_was(
    new_store: NewStore, listed: Listed, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = new_store(), new_store()
    for store in (whole, cut):
        brand(store, "JetBlue")
    expected = watch(whole)
    sweep(whole, expected)
    one = watch(cut)
    listed.fails[after] = Killed()
    listed.pulled.clear()
    with monkeypatch.context() as dead:
        dead.setattr(sweeping, "_close", lambda *_, **__: None)  # no word reaches the store
        with pytest.raises(Killed):
            sweep_watch(cut, one, holder=DEAD)
    (entry,) = swept(cut, one)
    assert (entry.status, entry.rows) == (SweepStatus.RUNNING, 3 * after)
    assert settle_lost(cut) == 1
    report = sweep(cut, one)
    assert report.counts.rows == 12 - 3 * after
    assert [step for step, _ in listed.pulled] == [*range(after), after, *range(after, 4)]
    assert [s.status for s in swept(cut, one)] == [SweepStatus.DONE, SweepStatus.LOST]
    assert contents(cut) == contents(whole)
    assert counted(cut)[metrics.LOST] == 1.0


def test_a_batch_that_cannot_be_stored_leaves_nothing_of_itself(
    store: Store, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers.jobs import pulling

    real, calls = pulling.set_cursor, []

    def full(session: Session, watch_id: int, cursor: Mapping[str, Any], *more: Any) -> bool:
        calls.append(cursor)
        if len(calls) == 2:
            raise StoreError("database or disk is full")
        return real(session, watch_id, cursor, *more)

    monkeypatch.setattr(pulling, "set_cursor", full)
    with pytest.raises(StoreError):
        sweep(store, one)
    assert (ids(store), stored(store, one).cursor) == (["p0", "p1", "p2"], {"step": 1})
    assert [s.status for s in swept(store, one)] == [SweepStatus.LOST]
    assert sweep(store, one).counts.posts_new == 9  # still due: no failure of the watch
    assert len(ids(store)) == 12


def test_two_sweeps_of_one_watch_never_overlap(store: Store, one: int, listed: Listed) -> None:
    inside, most = 0, []
    lock, real = threading.Lock(), listed.pull

    def pull(*words: Any) -> Iterator[Batch]:
        nonlocal inside
        with lock:
            inside += 1
            most.append(inside)
        yield from real(*words)
        with lock:
            inside -= 1

    listed.pull = pull  # type: ignore[method-assign]
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda _: sweep(store, one), range(16)))
    assert most == [1]
    assert [r.counts.posts_new for r in reports if r.sweep_id] == [12]
    assert {r.skipped for r in reports if not r.sweep_id} <= {
        "it is being swept already",
        "it is not due",
    }
    assert len(swept(store, one)) == 1


def test_ten_watches_at_once_over_the_same_posts(store: Store, listed: Listed) -> None:
    brand(store, "JetBlue")
    watches = [watch(store, n=str(n)) for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        reports = list(pool.map(lambda w: sweep(store, w), watches))
    assert [r.error for r in reports] == [None] * 10
    assert ids(store) == [f"p{n}" for n in range(12)]
    assert len(mentions(store)) == 12


def test_one_that_was_overtaken_writes_no_more(store: Store, one: int, listed: Listed) -> None:
    real = listed.pull

    def pull(*words: Any) -> Iterator[Batch]:
        for batch in real(*words):
            yield batch
            if batch.cursor["step"] == 2:
                listed.pull = real  # type: ignore[method-assign]
                with store.work() as session:  # its lease ran out: the machine was asleep
                    lease = session.get_one(leases.Lease, f"watch:{one}")
                    lease.until = now() - timedelta(seconds=1)
                    session.add(lease)
                assert sweep(store, one).counts.posts_new == 6
                make_due(store, one, cursor={"step": 77})

    listed.pull = pull  # type: ignore[method-assign]
    report = sweep(store, one)
    assert report.error == "another took it over, or the watch was changed or removed"
    assert report.counts.posts_new == 6
    assert stored(store, one).cursor == {"step": 77}
    assert [s.status for s in swept(store, one)] == [SweepStatus.DONE, SweepStatus.LOST]


def test_a_watch_that_is_removed_meanwhile(store: Store, one: int, listed: Listed) -> None:
    real = listed.pull

    def pull(*words: Any) -> Iterator[Batch]:
        for batch in real(*words):
            yield batch
            with store.work() as session:
                remove_watch(session, get_watch(session, one))

    listed.pull = pull  # type: ignore[method-assign]
    assert sweep(store, one).error == "another took it over, or the watch was changed or removed"
    assert ids(store) == ["p0", "p1", "p2"]
    with store.session() as session:
        assert [s.status for s in session.exec(select(Sweep))] == [SweepStatus.LOST]


def test_the_heartbeat_keeps_a_slow_sweep(
    store: Store, one: int, listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BEAT", 0.01)
    real = listed.pull

    def pull(*words: Any) -> Iterator[Batch]:
        past = now() - timedelta(hours=1)
        with store.work() as session:
            (entry,) = sweeps_of(session, one)
            entry.heartbeat_at = past
            session.add(entry)
        for _ in range(1000):
            if swept(store, one)[0].heartbeat_at != past:
                break
            threading.Event().wait(0.01)
        assert settle_lost(store) == 0
        yield from real(*words)

    listed.pull = pull  # type: ignore[method-assign]
    assert sweep(store, one).counts.posts_new == 12
