"""How sweeps end: failures, stops, bounds, back-fills, folders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from listening import metrics
from listening.sources import registry
from listening.sources.errors import FormatChangedError, RateLimitError, UnavailableError
from listening.sources.folder import FolderSource
from listening.store.brands.brands import get_brand
from listening.store.session import Store
from listening.store.tables import Brand, SweepStatus
from listening.store.tables.types import now
from listening.store.watches.sweeps import waiting_rows
from listening.store.watches.watches import ask_backfill, get_watch
from tests.factories import brand, mentions
from tests.workers.listed import Listed, counted, ids, make_due, stored, sweep, swept, watch
from workers.jobs.pulling import Bounds
from workers.recording import Cancelled, Recorder

HEADER = "id,author,text,date\n"


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


# Failures


def test_a_failure_is_noted_and_what_was_stored_stands(
    store: Store, one: int, listed: Listed
) -> None:
    listed.fails[2] = UnavailableError("no answer from https://bob:secret@example.org")
    report = sweep(store, one)
    assert report.error == "no answer from https://bob:***@example.org"
    found = stored(store, one)
    assert (found.failures, found.last_error, found.cursor) == (1, report.error, {"step": 2})
    assert [(s.status, s.error) for s in swept(store, one)] == [(SweepStatus.FAILED, report.error)]
    assert sweep(store, one).skipped == "it is not due"
    make_due(store, one)
    assert sweep(store, one).counts.posts_new == 6
    assert stored(store, one).last_error is None
    assert counted(store)[metrics.FAILURES] == 1.0


def test_a_source_that_asks_for_a_pause_gets_it(store: Store, one: int, listed: Listed) -> None:
    listed.fails[1] = RateLimitError("60 requests an hour", retry_after=7200)
    assert sweep(store, one).error == "60 requests an hour"
    found = stored(store, one)
    assert (found.failures, found.last_error) == (0, "60 requests an hour")
    assert found.next_due_at is not None
    assert found.next_due_at > now() + timedelta(seconds=7000)
    assert sweep(store, one).skipped == "it is not due"


def test_an_answer_that_is_not_understood_is_kept(store: Store, one: int, listed: Listed) -> None:
    listed.fails[0] = FormatChangedError("no field 'hits'", raw='{"found": []}')
    sweep(store, one)
    with store.session() as session:
        (row,) = waiting_rows(session)
    assert (row.file, row.reason, row.raw) == (
        "JetBlue at listed: its names", "no field 'hits'", '{"found": []}',
    )  # fmt: skip


def test_a_mistake_of_ours_is_raised_and_the_watch_backs_off(
    store: Store, one: int, listed: Listed
) -> None:
    listed.fails[1] = ZeroDivisionError("division by zero")
    with pytest.raises(ZeroDivisionError):
        sweep(store, one)
    assert (stored(store, one).failures, len(ids(store))) == (1, 3)


def test_a_query_that_cannot_be_read_is_told(store: Store, one: int) -> None:
    with store.work() as session:
        broken = get_brand(session, "JetBlue")
        broken.query = "(("
        session.add(broken)
    assert "The query of 'JetBlue' cannot be read" in (sweep(store, one).error or "")
    assert stored(store, one).failures == 1


def test_one_told_to_stop_is_no_failure(store: Store, one: int, listed: Listed) -> None:
    listed.fails[2] = SystemExit(0)
    with pytest.raises(SystemExit):
        sweep(store, one)
    assert (stored(store, one).failures, ids(store)[-1]) == (0, "p5")
    assert sweep(store, one).counts.posts_new == 6


def test_cancelled_after_a_batch_it_waits_for_its_next_time(store: Store, one: int) -> None:
    class Asked(Recorder):
        """Somebody cancels at once."""

        def advance(self, by: int = 1) -> None:
            raise Cancelled("Somebody asked.")

    recorder = Asked(store, "sweep", "x", holder="x")
    with pytest.raises(Cancelled):
        sweep(store, one, recorder=recorder)
    assert (ids(store), stored(store, one).failures) == (["p0", "p1", "p2"], 0)
    assert sweep(store, one).skipped == "it is not due"


# Bounds, back-fills, folders


def test_one_that_has_had_its_share_goes_on_at_once(store: Store, one: int) -> None:
    bounds = Bounds(posts=5, seconds=60.0)
    reports = [sweep(store, one, bounds=bounds) for _ in range(3)]
    assert [(r.counts.rows, r.more, r.skipped) for r in reports] == [
        (6, True, None), (6, True, None), (0, False, None),
    ]  # fmt: skip
    assert sweep(store, one).skipped == "it is not due"
    assert sweep(store, watch(store, n="2"), bounds=Bounds(100, 0.0)).counts.rows == 3


def test_a_back_fill_is_done_after_what_is_new_with_a_cursor_of_its_own(
    store: Store, one: int, listed: Listed
) -> None:
    window = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    with store.work() as session:
        asked = ask_backfill(session, get_watch(session, one), *window)
    bounds = Bounds(posts=15, seconds=60.0)
    assert sweep(store, one, bounds=bounds).counts.rows == 15
    assert ids(store)[-1] == "p102"
    assert sweep(store, one, bounds=bounds).counts.rows == 9
    assert stored(store, one).cursor == {"step": 4}
    assert [step for step, past in listed.pulled if past] == [0, 1, 2, 3]
    with store.session() as session:
        assert session.get_one(type(asked), asked.id).finished_at is not None
    assert sweep(store, one).skipped == "it is not due"


def test_a_back_fill_that_fails_is_no_failure_of_the_watch(
    store: Store, one: int, listed: Listed
) -> None:
    sweep(store, one)
    with store.work() as session:
        asked = ask_backfill(session, get_watch(session, one), now() - timedelta(1), now())
    listed.fails[2] = UnavailableError("gone")
    assert sweep(store, one).error is None
    with store.session() as session:
        found = session.get_one(type(asked), asked.id)
    assert (found.failures, found.error, found.cursor) == (1, "gone", {"step": 2})
    assert stored(store, one).failures == 0
    make_due(store, one)
    assert sweep(store, one).counts.rows == 6


def test_a_folder_from_file_to_mention(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brand(store, "JetBlue")
    brand(store, "Delta")
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "p1,ann,lovely Delta,2024-09-01\np2,bob,,2024-09-01\n")
    monkeypatch.setitem(registry.REGISTRY, "folder", FolderSource(settled=0.0))
    one = watch(store, "folder", path=str(tmp_path), all_mentions=True)
    report = sweep(store, one)
    assert (report.counts.mentions_new, report.quarantined) == (2, 1)
    assert list(mentions(store, 1)) == ["p1"]
    with store.session() as session:
        assert [(r.file, r.line) for r in waiting_rows(session)] == [(str(path), 3)]
        assert session.get_one(Brand, 1).name == "JetBlue"
    path.write_text(
        HEADER + "p1,ann,lovely Delta,2024-09-01\np2,bob,better now,2024-09-01\n"
        "p1,cay,another's id,2024-09-02\n"
    )
    make_due(store, one)
    assert sweep(store, one).counts.posts_new == 1
    with store.session() as session:
        ((line, field),) = [(r.line, r.field) for r in waiting_rows(session)]
    assert (line, field) == (4, "id")
