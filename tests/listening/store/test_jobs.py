"""Long jobs: their pace, how they end, and asking one to stop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.errors import ConflictError, NotFoundError
from listening.store.running.jobs import (
    Pace,
    ask_cancel,
    beat_job,
    begin_job,
    end_job,
    get_job,
    latest_jobs,
    pace,
    pace_of,
    settle_lost_jobs,
)
from listening.store.session import Store
from listening.store.tables import Job, JobStatus
from listening.store.tables.types import now
from tests.factories import at


def begin(store: Store, label: str = "posts.csv") -> int:
    with store.work() as session:
        return begin_job(session, "import", label, holder="h", correlation="c1")


def beat(store: Store, job_id: int, done: int = 0) -> bool:
    with store.work() as session:
        return beat_job(session, job_id, stage="Importing", done=done, total=100, stage_at=now())


def job(store: Store, job_id: int) -> Job:
    with store.session() as session:
        return get_job(session, job_id)


@pytest.mark.parametrize(
    ("done", "total", "seconds", "expected"),
    [
        (50, 200, 10.0, Pace(5.0, 30.0)),
        (50, None, 10.0, Pace(5.0, None)),
        (200, 200, 10.0, Pace(20.0, 0.0)),
        (250, 200, 10.0, Pace(25.0, 0.0)),  # more came in meanwhile
        (0, 200, 10.0, Pace(None, None)),
        (50, 200, 0.0, Pace(None, None)),
        (50, 200, -3600.0, Pace(None, None)),
    ],
)
def test_rate_and_time_left(done: int, total: int | None, seconds: float, expected: Pace) -> None:
    assert pace(done, total, seconds) == expected


def test_the_pace_of_a_job_is_as_of_what_it_said_last() -> None:
    began, said = at("2026-09-01T10:00Z"), at("2026-09-01T10:01Z")
    own = Job(kind="import", label="x", holder="h", done=120, total=360, stage_at=began)
    own.heartbeat_at, own.status = said, JobStatus.RUNNING
    assert pace_of(own) == Pace(2.0, 120.0)
    own.status = JobStatus.CANCELLED
    assert pace_of(own) == Pace(2.0, None)


def test_a_job_from_its_first_beat_to_its_end(store: Store) -> None:
    number = begin(store)
    assert beat(store, number, 40) is False
    own = job(store, number)
    assert (own.status, own.stage, own.done, own.total) == ("running", "Importing", 40, 100)
    assert (own.kind, own.label, own.holder, own.correlation) == ("import", "posts.csv", "h", "c1")
    with store.work() as session:
        end_job(session, number, JobStatus.FAILED, "no such file")
    own = job(store, number)
    assert (own.status, own.error, own.finished_at == own.heartbeat_at) == (
        "failed", "no such file", True,
    )  # fmt: skip


def test_a_running_job_is_asked_to_stop(store: Store) -> None:
    number = begin(store)
    with store.work() as session:
        assert ask_cancel(session, number).label == "posts.csv"
    assert beat(store, number) is True
    with store.work() as session:
        end_job(session, number, JobStatus.CANCELLED)
    with pytest.raises(ConflictError, match=r"^Job 1 \(posts.csv\) is not running: cancelled\.$"):
        ask_again(store, number)
    with pytest.raises(NotFoundError, match=r"^No job 7; `listening job list` shows"):
        ask_again(store, 7)


def ask_again(store: Store, number: int) -> None:
    with store.work() as session:
        ask_cancel(session, number)


def test_the_latest_come_first(store: Store) -> None:
    first, second, third = (begin(store, label) for label in "abc")
    with store.work() as session:
        end_job(session, second, JobStatus.DONE)
    with store.session() as session:
        assert [own.id for own in latest_jobs(session)] == [third, second, first]
        assert [own.id for own in latest_jobs(session, 1)] == [third]
        assert [own.id for own in latest_jobs(session, running=True)] == [third, first]


def test_a_job_whose_process_is_silent_is_lost_until_it_beats_again(store: Store) -> None:
    silent, ahead, alive = (begin(store, label) for label in "abc")
    moment = now()
    with store.work() as session:
        get_job(session, silent).heartbeat_at = moment - timedelta(seconds=121)
        get_job(session, ahead).heartbeat_at = moment + timedelta(hours=1)
    with store.work() as session:
        assert settle_lost_jobs(session, moment) == 2
    assert [job(store, n).status for n in (silent, ahead, alive)] == ["lost", "lost", "running"]
    assert job(store, silent).error == "its process died"
    beat(store, silent)
    own = job(store, silent)
    assert (own.status, own.error, own.finished_at) == ("running", None, None)
    with store.work() as session:
        assert settle_lost_jobs(session, moment) == 0
