"""Watches in the store: natural key, due times, what a failure does, back-fills."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from listening.errors import ConflictError, ListeningError, NotFoundError
from listening.schedule import Schedule
from listening.sources import registry
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.folder import FolderSource
from listening.store.brands.brands import get_brand
from listening.store.session import Store
from listening.store.tables import Backfill, Sweep, SweepStatus, Watch
from listening.store.tables.types import now
from listening.store.watches.sweeps import (
    beat_sweep,
    begin_sweep,
    close_sweep,
    get_sweep,
    lose_sweeps,
    sweeping,
)
from listening.store.watches.watches import (
    add_watch,
    ask_backfill,
    due_watches,
    end_backfill,
    get_watch,
    is_watch_due,
    list_watches,
    open_backfills,
    pause_watch,
    record_failure,
    record_success,
    remove_watch,
    resume_watch,
    run_now,
)
from tests.factories import brand

HOUR = timedelta(hours=1)


def watch(store: Store, path: str = "/in", **plan: object) -> int:
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        schedule = Schedule(**plan)  # type: ignore[arg-type]
        found, _ = add_watch(session, own, "folder", {"path": path}, schedule)
        return int(found.id or 0)


def stored(store: Store, watch_id: int) -> Watch:
    with store.session() as session:
        return get_watch(session, watch_id)


def change(store: Store, watch_id: int, **values: object) -> None:
    with store.work() as session:
        session.add(get_watch(session, watch_id).sqlmodel_update(values))


@pytest.fixture
def jetblue(store: Store) -> int:
    return brand(store, "JetBlue")


def due(store: Store, moment: datetime | None = None) -> list[int]:
    with store.session() as session:
        return due_watches(session, moment or now())


@pytest.mark.usefixtures("jetblue")
def test_the_same_watch_again_is_one_with_another_schedule(store: Store) -> None:
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        params = {"path": "/in", "pattern": "*.csv"}
        first, new = add_watch(session, own, "folder", params, Schedule(interval=600))
    assert (new, first.interval_seconds, first.params) == (True, 600, params)
    change(store, int(first.id or 0), cursor={"files": {}}, next_due_at=now() + HOUR)
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        again, new = add_watch(
            session, own, "folder", dict(reversed(params.items())), Schedule(interval=60)
        )
    assert (again.id, new, again.interval_seconds) == (first.id, False, 60)
    found = stored(store, int(first.id or 0))
    assert found.cursor == {"files": {}}
    assert found.next_due_at is not None
    assert found.next_due_at <= now() + timedelta(seconds=60)
    with store.session() as session:
        assert [(w.id, b.name) for w, b in list_watches(session)] == [(first.id, "JetBlue")]


@pytest.mark.usefixtures("jetblue")
def test_a_new_watch_is_due_and_after_a_sweep_no_more(store: Store) -> None:
    one = watch(store)
    assert due(store) == [one]
    with store.work() as session:
        record_success(session, get_watch(session, one))
    assert due(store) == []
    assert due(store, now() + timedelta(seconds=901)) == [one]
    with store.work() as session:
        record_success(session, get_watch(session, one), more=True)
    assert due(store) == [one]


@pytest.mark.usefixtures("jetblue")
def test_the_longest_due_comes_first_and_what_is_paused_or_being_swept_not_at_all(
    store: Store,
) -> None:
    ids = [watch(store, f"/{n}") for n in range(6)]
    for one, minutes in zip(ids, (5, 20, 10, 1, 30, -1), strict=True):
        change(store, one, next_due_at=now() - timedelta(minutes=minutes))
    change(store, ids[3], next_due_at=None)  # asked for
    with store.work() as session:
        pause_watch(session, get_watch(session, ids[4]))
        begin_sweep(session, source="folder", label="x", watch_id=ids[2])
    assert due(store) == [ids[3], ids[1], ids[0]]


@pytest.mark.parametrize(
    ("plan", "ahead", "expected"),
    [
        ({}, timedelta(minutes=14), False),
        ({}, timedelta(minutes=75), True),
        ({"interval": 86400}, timedelta(hours=20), False),
        ({"interval": 86400}, timedelta(hours=26), True),
    ],
)
@pytest.mark.usefixtures("jetblue")
def test_a_clock_that_stepped_back_holds_nothing_up(
    store: Store, plan: dict[str, int], ahead: timedelta, expected: bool
) -> None:
    one = watch(store, **plan)
    change(store, one, next_due_at=now() + ahead)
    assert due(store) == [one] * expected


@pytest.mark.usefixtures("jetblue")
def test_quiet_hours_hold_up_all_but_what_a_person_asks_for(store: Store) -> None:
    one = watch(store, quiet_from="22:00", quiet_until="07:00")
    change(store, one, next_due_at=datetime(2026, 6, 1, 20, tzinfo=UTC))
    night, morning = (datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (23, 7))
    assert (due(store, night), due(store, morning + 24 * HOUR)) == ([], [one])
    with store.work() as session:
        run_now(session, get_watch(session, one))
    assert due(store, night) == [one]


@pytest.mark.usefixtures("jetblue")
def test_pausing_and_resuming(store: Store) -> None:
    one = watch(store)
    with store.work() as session:
        pause_watch(session, get_watch(session, one))
    assert due(store, now() + HOUR) == []
    with store.work() as session, pytest.raises(ConflictError, match="resume it first"):
        run_now(session, get_watch(session, one))
    change(store, one, failures=5, last_error="x", next_due_at=now() + HOUR / 2)
    with store.work() as session:
        resume_watch(session, get_watch(session, one))
    assert (stored(store, one).failures, due(store)) == (0, [one])


@pytest.mark.parametrize(
    ("error", "failures", "least", "most"),
    [
        (UnavailableError("x"), 1, 60, 76),
        (ListeningError("x"), 1, 60, 76),
        (AuthenticationError("x"), 1, 3600, 4501),
        (FormatChangedError("x"), 1, 3600, 4501),
        (RateLimitError("x", retry_after=120), 0, 120, 121),
        (RateLimitError("x"), 0, 3600, 3601),
        (ZeroDivisionError(), 1, 60, 76),
    ],
)
@pytest.mark.usefixtures("jetblue")
def test_how_it_failed_says_when_it_is_tried_again(
    store: Store, error: Exception, failures: int, least: int, most: int
) -> None:
    one = watch(store, interval=5)
    before = now()
    with store.work() as session:
        record_failure(session, get_watch(session, one), error)
    found = stored(store, one)
    assert (found.failures, found.last_error) == (failures, str(error) or "ZeroDivisionError")
    assert found.next_due_at is not None
    waits = (found.next_due_at - before).total_seconds()
    assert least <= waits <= most + 60  # of which the test itself may take one
    assert not is_watch_due(found, before)
    assert is_watch_due(found, found.next_due_at)


@pytest.mark.usefixtures("jetblue")
def test_failures_add_up_until_one_goes_well(store: Store) -> None:
    one = watch(store)
    for _ in range(3):
        with store.work() as session:
            error = UnavailableError("no answer from https://bob:secret@example.org/")
            record_failure(session, get_watch(session, one), error)
    found = stored(store, one)
    assert found.failures == 3
    assert found.last_error == "no answer from https://bob:***@example.org/"
    with store.work() as session:
        record_success(session, get_watch(session, one))
    assert (stored(store, one).failures, stored(store, one).last_error) == (0, None)


@pytest.mark.usefixtures("jetblue")
def test_a_schedule_that_is_none_any_more_does_not_stop_the_others(store: Store) -> None:
    broken, well = watch(store, "/a"), watch(store, "/b")
    change(store, broken, timezone="Mars/Olympus", next_due_at=now() - HOUR)
    assert due(store) == [broken, well]
    with store.work() as session:
        record_failure(session, get_watch(session, broken), ListeningError("no such zone"))
    assert due(store) == [well]


@pytest.mark.usefixtures("jetblue")
def test_a_watch_that_is_removed_takes_its_back_fills_along_but_no_sweep(store: Store) -> None:
    one = watch(store)
    with store.work() as session:
        swept = begin_sweep(session, source="folder", label="x", watch_id=one)
        ask_backfill(session, get_watch(session, one), now() - HOUR, now())
    with store.work() as session:
        remove_watch(session, get_watch(session, one))
    with store.session() as session:
        assert session.get(Backfill, 1) is None
        assert get_sweep(session, int(swept.id or 0)).watch_id is None
        with pytest.raises(NotFoundError, match=f"No watch {one}"):
            get_watch(session, one)


# Back-fills


@pytest.mark.usefixtures("jetblue")
def test_a_window_asked_for_twice_is_one_and_makes_the_watch_due(store: Store) -> None:
    one = watch(store)
    change(store, one, next_due_at=now() + HOUR / 6)
    since, until = now() - 2 * HOUR, now() - HOUR
    for _ in range(2):
        with store.work() as session:
            ask_backfill(session, get_watch(session, one), since, until)
    with store.session() as session:
        (asked,) = open_backfills(session, one)
    assert (asked.since, asked.until) == (since, until)
    assert due(store) == [one]


@pytest.mark.usefixtures("jetblue")
def test_a_window_that_fails_is_given_up_after_five_times(store: Store) -> None:
    one = watch(store)
    with store.work() as session:
        asked = ask_backfill(session, get_watch(session, one), now() - HOUR, now())
    open_after = []
    for error in [RateLimitError("wait")] + [UnavailableError("gone")] * 5:
        with store.work() as session:
            end_backfill(session, int(asked.id or 0), error)
            session.flush()
            open_after.append(len(open_backfills(session, one)))
    assert open_after == [1, 1, 1, 1, 1, 0]
    with store.session() as session:
        found = session.get_one(Backfill, asked.id)
    assert (found.failures, found.error) == (5, "gone")


@pytest.mark.usefixtures("jetblue")
def test_windows_that_cannot_be_fetched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one = watch(store)

    def asked(session: Session, since: datetime, until: datetime) -> None:
        ask_backfill(session, get_watch(session, one), since, until)

    with store.work() as session, pytest.raises(ListeningError, match="before it begins"):
        asked(session, now(), now() - HOUR)

    class Live(FolderSource):
        """Gives only news."""

        @property
        def spec(self) -> registry.SourceSpec:
            """Without back-fills."""
            return replace(super().spec, backfill=False, lacks="")

    monkeypatch.setitem(registry.REGISTRY, "folder", Live())
    with store.work() as session, pytest.raises(ListeningError, match=r"gives only news.*import"):
        asked(session, now() - HOUR, now())


# Sweeps and their heartbeats


@pytest.mark.usefixtures("jetblue")
def test_only_a_running_sweep_may_write(store: Store) -> None:
    one = watch(store)
    with store.work() as session:
        sweep = int(begin_sweep(session, source="folder", label="x", watch_id=one).id or 0)
        assert beat_sweep(session, sweep, rows=2)
        assert beat_sweep(session, sweep, rows=3, posts_new=1)
        assert close_sweep(session, sweep, SweepStatus.DONE)
        assert not beat_sweep(session, sweep, rows=9)
        assert not close_sweep(session, sweep, SweepStatus.FAILED, error="late")
    with store.session() as session:
        found = get_sweep(session, sweep)
        assert (found.rows, found.posts_new, found.status) == (5, 1, SweepStatus.DONE)
        assert found.error is None


@pytest.mark.parametrize(("seconds", "lost"), [(-50, 0), (-61, 1), (50, 0), (3600, 1)])
@pytest.mark.usefixtures("jetblue")
def test_a_sweep_that_is_silent_for_a_minute_is_lost(store: Store, seconds: int, lost: int) -> None:
    one = watch(store)
    with store.work() as session:
        session.add(
            Sweep(
                source="folder",
                label="x",
                watch_id=one,
                heartbeat_at=now() + timedelta(seconds=seconds),
            )
        )
        begin_sweep(session, source="file", label="an import has no heartbeat")
    with store.work() as session:
        assert sweeping(session) == (set() if lost else {one})
        assert lose_sweeps(session) == lost
        assert lose_sweeps(session) == 0
