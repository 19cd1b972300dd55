"""A watch that is told to listen for something else while it is being swept."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session

from listening.access import COMMAND_LINE
from listening.sources import registry
from listening.sources.base import Batch, SourceSetting, SourceSpec
from listening.store.session import Store
from listening.store.tables import SweepStatus
from listening.store.tables.types import now
from listening.store.watches.edits import edit_watch
from listening.store.watches.watches import ask_backfill, get_watch, open_backfills
from tests.factories import brand
from tests.workers.listed import Listed, ids, make_due, stored, sweep, swept, watch
from workers.jobs import pulling
from workers.jobs.pulling import Bounds

WINDOW = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


class Told(Listed):
    """A list that is told which posts, and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Any]] = []

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return SourceSpec(
            name="listed", help="Posts out of a list.", backfill=True, goes_on_with=("slowly",),
            settings=(SourceSetting(name="query", help="what"),
                      SourceSetting(name="slowly", help="how", kind="flag", default=False)),
        )  # fmt: skip

    def pull(
        self, params: Mapping[str, Any], cursor: Mapping[str, Any] | None, *more: Any
    ) -> Iterator[Batch]:
        """Give the next steps."""
        self.asked.append((params["query"], cursor))
        yield from super().pull(params, cursor, *more)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    source = Told()
    monkeypatch.setitem(registry.REGISTRY, "listed", source)
    return source


@pytest.fixture
def one(store: Store, told: Told) -> int:
    brand(store, "JetBlue")
    return watch(store, query="bags")


def edit(store: Store, watch_id: int, **params: object) -> None:
    with store.work() as session:
        edit_watch(session, COMMAND_LINE, watch_id, params=params)


def between(told: Told, act: Any, step: int = 2) -> None:
    """Do something after a step of the next pull."""
    real = told.pull

    def pull(*words: Any) -> Iterator[Batch]:
        for batch in real(*words):
            yield batch
            if batch.cursor["step"] == step:
                told.pull = real  # type: ignore[method-assign]
                act()

    told.pull = pull  # type: ignore[method-assign]


def test_the_next_sweep_begins_anew_and_stores_once_what_is_stored(
    store: Store, one: int, told: Told
) -> None:
    sweep(store, one)
    make_due(store, one, read_until=now(), failures=2, last_error="x", warning="y")
    edit(store, one, query="seats")
    found = stored(store, one)
    assert (found.params, found.params_key) == ({"query": "seats"}, '{"query":"seats"}')
    assert (found.cursor, found.read_until, found.failures) == (None, None, 0)
    assert (found.last_error, found.warning, found.version) == (None, None, 2)
    assert sweep(store, one).counts.posts_same == 12
    assert told.asked == [("bags", None), ("seats", None)]
    assert ids(store) == [f"p{n}" for n in range(12)]


def test_what_leaves_the_cursor_what_it_was_goes_on(store: Store, one: int, told: Told) -> None:
    sweep(store, one, bounds=Bounds(posts=5, seconds=60.0))
    edit(store, one, query="bags", slowly="yes")
    assert stored(store, one).params == {"query": "bags", "slowly": True}
    assert sweep(store, one).counts.posts_new == 6
    assert told.asked == [("bags", None), ("bags", {"step": 2})]


def test_windows_of_the_past_begin_anew_too(store: Store, one: int, told: Told) -> None:
    with store.work() as session:
        ask_backfill(session, get_watch(session, one), *WINDOW)
    sweep(store, one, bounds=Bounds(posts=18, seconds=60.0))
    with store.session() as session:
        assert [b.cursor for b in open_backfills(session, one)] == [{"step": 2}]
    edit(store, one, query="seats")
    with store.session() as session:
        assert [b.cursor for b in open_backfills(session, one)] == [None]


@pytest.mark.parametrize("step", [2, 4], ids=["half way", "at its end"])
def test_a_sweep_that_is_running_does_not_bring_its_cursor_back(
    store: Store, one: int, told: Told, step: int
) -> None:
    between(told, lambda: edit(store, one, query="seats"), step)
    report = sweep(store, one)
    assert report.counts.posts_new == step * 3
    found = stored(store, one)
    assert (found.cursor, found.params) == (None, {"query": "seats"})
    (entry,) = swept(store, one)
    assert entry.status is SweepStatus.LOST
    assert entry.error == "What its source is told was changed; what it had stored stands."
    # Not at its next time: the watch is due, and its lease is free.
    again = sweep(store, one)
    assert (again.skipped, again.counts.rows) == (None, 12)
    assert told.asked == [("bags", None), ("seats", None)]
    assert len(ids(store)) == 12


def test_told_back_again_a_sweep_of_before_is_still_over(
    store: Store, one: int, told: Told
) -> None:
    def there_and_back() -> None:
        edit(store, one, query="seats")
        edit(store, one, query="bags")

    between(told, there_and_back)
    sweep(store, one)
    assert stored(store, one).cursor is None


def test_what_is_told_as_it_was_disturbs_no_sweep(store: Store, one: int, told: Told) -> None:
    between(told, lambda: edit(store, one, query=" bags".strip(), slowly="no"))
    assert sweep(store, one).counts.posts_new == 12
    found = stored(store, one)
    assert (found.cursor, found.version) == ({"step": 4}, 1)


def test_a_sweep_begins_before_a_change_or_after_it(store: Store, one: int, told: Told) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.work() as session:
            edit_watch(session, COMMAND_LINE, one, params={"query": "seats"})
            running = pool.submit(sweep, store, one)
            with pytest.raises(TimeoutError):
                running.result(timeout=1.0)
        assert running.result(timeout=60).counts.posts_new == 12
    assert told.asked == [("seats", None)], "the watch was read before it was changed"
    assert stored(store, one).cursor == {"step": 4}


def test_a_batch_on_its_way_into_the_store_comes_before_a_change(
    store: Store, one: int, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, editing = threading.Event(), threading.Event()
    real = pulling.set_cursor

    def slow(session: Session, *words: Any) -> bool:
        kept = real(session, *words)
        writing.set()
        editing.wait(30)
        threading.Event().wait(0.5)  # the change is asked for, and waits for this batch
        return kept

    monkeypatch.setattr(pulling, "set_cursor", slow)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sweep, store, one)
        assert writing.wait(30)
        editing.set()
        edit(store, one, query="seats")
        running.result(timeout=60)
    # SQLite's writer may be the sweep once more before it is the change; never after it.
    assert stored(store, one).cursor is None
    sweep(store, one)
    assert told.asked == [("bags", None), ("seats", None)]
