"""Jobs as they stand in the store: done, failed, cancelled, and such as found nothing to do."""

from __future__ import annotations

import time

import pytest

from listening.errors import StoreError
from listening.logs import correlated
from listening.store.running.jobs import ask_cancel, latest_jobs
from listening.store.session import Store
from listening.store.tables import Job
from workers.holder import this_holder
from workers.recording import Cancelled, recorded

SOON = 0.01  # seconds


class Watched:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, what: str, total: int | None = None) -> None:
        self.told.append((what, total))

    def advance(self, by: int = 1) -> None:
        self.told.append(by)

    def end(self) -> None:
        self.told.append("end")


def jobs(store: Store) -> list[Job]:
    with store.session() as session:
        return latest_jobs(session)


def test_a_job_that_ends_well(store: Store) -> None:
    shown = Watched()
    with correlated("c7"), recorded(store, "import", "posts.csv", shown=shown) as told:
        told.begin("Reading", 10)
        told.advance(4)
        told.end()
        told.begin("Writing", 5)
        told.advance()
        told.advance(4)
        told.end()
    (job,) = jobs(store)
    assert (job.id, job.kind, job.label, job.status) == (1, "import", "posts.csv", "done")
    assert (job.stage, job.done, job.total, job.error) == ("Writing", 5, 5, None)
    assert (job.holder, job.correlation) == (this_holder(), "c7")
    assert shown.told == [("Reading", 10), 4, "end", ("Writing", 5), 1, 4, "end"]


def test_a_job_is_seen_while_it_runs(store: Store) -> None:
    with recorded(store, "import", "posts.csv", holder="h", every=SOON) as told:
        told.begin("Reading", 10)
        told.advance(4)
        while (found := jobs(store)[0]).done != 4:
            time.sleep(SOON)
        assert (found.status, found.stage, found.total) == ("running", "Reading", 10)
        first = found.heartbeat_at
        while jobs(store)[0].heartbeat_at == first:  # it lives, though nothing moves
            time.sleep(SOON)


def test_what_finds_nothing_to_do_leaves_no_job(store: Store) -> None:
    with recorded(store, "analyse", "Pending posts"):
        pass
    assert jobs(store) == []


@pytest.mark.parametrize("begun", [True, False])
def test_a_job_that_fails_says_why(store: Store, begun: bool) -> None:
    with pytest.raises(ValueError, match="a bad row"), recorded(store, "import", "x") as told:
        if begun:
            told.begin("Reading", 10)
        raise ValueError("a bad row")
    (job,) = jobs(store)
    assert (job.status, job.error, job.finished_at is not None) == ("failed", "a bad row", True)


def test_a_job_that_is_interrupted_was_cancelled(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), recorded(store, "import", "x") as told:
        told.begin("Reading", 10)
        raise KeyboardInterrupt
    assert (jobs(store)[0].status, jobs(store)[0].error) == ("cancelled", None)


def test_a_job_that_is_asked_to_stop_stops(store: Store) -> None:
    def work() -> None:
        with recorded(store, "import", "x", every=SOON) as told:
            told.begin("Reading", 10)
            with store.work() as session:
                ask_cancel(session, told.job_id or 0)
            while True:
                told.advance(0)
                time.sleep(SOON)

    with pytest.raises(Cancelled, match=r"^Job 1 was cancelled; what it has done is kept"):
        work()
    assert (jobs(store)[0].status, jobs(store)[0].done) == ("cancelled", 0)


def test_a_store_that_fails_is_told_and_not_what_could_not_be_recorded(store: Store) -> None:
    def work() -> None:
        with recorded(store, "import", "x") as told:
            told.begin("Reading", 10)
            with store.work() as session:
                session.connection().exec_driver_sql("ALTER TABLE job RENAME TO gone")
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match=r"^the disk is full$"):
        work()
