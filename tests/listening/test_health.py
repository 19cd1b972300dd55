"""What is judged of a reading: each sentence, and that all may be well."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from listening.health import (
    Amounts,
    Health,
    JobState,
    Queues,
    SweepState,
    Trouble,
    WatchState,
    WorkerState,
    problems,
)
from tests.factories import at

NOON = at("2026-09-01T12:00Z")


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def worker(kind: str = "worker", *queues: str, seen: float = 5, **more: Any) -> WorkerState:
    return WorkerState(
        name=f"host/{kind}/1", kind=kind, host="host", pid=1, queues=queues, started_at=ago(3600),
        seen_at=ago(seen), **more,
    )  # fmt: skip


def watch(**more: Any) -> WatchState:
    return WatchState(**{"id": 7, "brand": "JetBlue", "source": "folder", **more})


def sweep(**more: Any) -> SweepState:
    return SweepState(**{"id": 1, "status": "done", "started_at": ago(600), **more})


def job(**more: Any) -> JobState:
    return JobState(
        id=12, kind="import", label="a.csv", status="running", started_at=ago(600),
        **{"heartbeat_at": ago(1), **more},
    )  # fmt: skip


UP = (worker("worker", "nlp", "sweep"), worker("beat"), worker("web"))


def health(**more: Any) -> Health:
    return Health(**{"at": NOON, "workers": UP, **more})


def test_a_service_that_works_has_no_problem() -> None:
    busy = health(
        amounts=Amounts(posts=100, analysed=60, pending=40, oldest_pending_at=ago(30)),
        watches=[
            watch(due_at=ago(100), failures=2, error="timed out", last=sweep(rows=9, quarantined=9))
        ],
        jobs=[job(heartbeat_at=ago(119))],
        queues=Queues({"nlp": 9_999, "sweep": None}),
        disk_free=2 << 30,
    )
    assert problems(busy) == []


def test_a_store_where_nothing_runs_and_nothing_waits_has_no_problem() -> None:
    assert problems(Health(at=NOON)) == []


def test_nobody_analyses() -> None:
    idle = health(
        amounts=Amounts(pending=12_000), workers=(worker("worker", "sweep"), worker("beat"))
    )
    assert problems(idle) == [
        "No worker consumes the queue nlp, and 12,000 posts are pending: start one, or run "
        "`listening up`."
    ]


@pytest.mark.parametrize("seen", [61, 3600, -61, -3600])
def test_a_worker_not_seen_lately_or_seen_in_the_future_is_none(seen: float) -> None:
    gone = health(
        amounts=Amounts(pending=1),
        workers=(worker("worker", "nlp", seen=seen), worker("worker", "sweep"), worker("beat")),
    )
    assert problems(gone) == [
        "No worker consumes the queue nlp, and 1 post is pending: start one, or run `listening up`."
    ]


def test_nobody_sweeps_and_no_beat() -> None:
    silent = health(watches=[watch()], workers=(worker("beat", seen=300),))
    assert problems(silent) == [
        "No worker consumes the queue sweep, and 1 watch is to be swept: start one, or run "
        "`listening up`.",
        "The beat was last seen 2026-09-01 11:55:00 UTC: nothing is started on time; start one, "
        "or run `listening up`.",
    ]


def test_a_beat_that_was_never_seen() -> None:
    assert problems(health(workers=(worker("worker", "nlp", "sweep"),))) == [
        "The beat was never seen: nothing is started on time; start one, or run `listening up`."
    ]


def test_a_watch_that_fails_again_and_again() -> None:
    failing = health(
        watches=[watch(failures=3, failing_since=ago(3600), error="HTTP 403 at example.org")]
    )
    assert problems(failing) == [
        "Watch 7 (JetBlue at folder) fails since 2026-09-01 11:00:00 UTC, 3 times in a row: "
        "HTTP 403 at example.org"
    ]


def test_a_watch_that_is_late() -> None:
    assert problems(health(watches=[watch(due_at=ago(121))])) == [
        "Watch 7 (JetBlue at folder) is due since 2026-09-01 11:57:59 UTC and was not swept."
    ]


@pytest.mark.parametrize(
    "excused", [{"paused_at": ago(9)}, {"last": sweep(status="running")}, {"due_at": None}]
)
def test_a_watch_that_is_paused_or_being_swept_is_not_late(excused: dict[str, Any]) -> None:
    assert problems(health(watches=[watch(**{"due_at": ago(9999), **excused})])) == []


def test_a_format_that_changed() -> None:
    changed = health(watches=[watch(last=sweep(rows=1000, quarantined=500))])
    assert problems(changed) == [
        "The format of folder may have changed: 500 of 1,000 rows of the last sweep of watch 7 "
        "(JetBlue at folder) could not be read; `listening quarantine list` shows why."
    ]
    assert problems(health(watches=[watch(last=sweep(rows=1000, quarantined=499))])) == []


def test_a_warning_of_a_watch_is_told_once() -> None:
    warning = "6 of 20 rows could not be read, 0 of 99 before: its format may have changed"
    last = sweep(rows=20, quarantined=20)
    assert problems(health(watches=[watch(warning=warning, last=last)])) == [
        f"Watch 7 (JetBlue at folder): {warning}."
    ]
    assert problems(health(watches=[watch(warning=warning, paused_at=ago(9))])) == []


@pytest.mark.parametrize(
    ("read_until", "lag"),
    [(None, None), (ago(90), timedelta(seconds=90)), (ago(-5), timedelta(0))],
)
def test_the_lag_of_a_watch(read_until: datetime | None, lag: timedelta | None) -> None:
    assert watch(read_until=read_until).lag(NOON) == lag


@pytest.mark.parametrize("heard", [121, -121])
def test_a_job_that_hangs(heard: float) -> None:
    moment = f"{ago(heard):%H:%M:%S}"
    assert problems(health(jobs=[job(heartbeat_at=ago(heard))])) == [
        f"Job 12 (import a.csv) was last heard of 2026-09-01 {moment} UTC: its process died or "
        "hangs."
    ]


def test_a_broker_that_is_silent_and_a_queue_that_grows() -> None:
    assert problems(health(queues=Queues({"nlp": None}, "Error 111 connecting to host"))) == [
        "The broker does not answer: Error 111 connecting to host"
    ]
    assert problems(health(queues=Queues({"nlp": 10_000}))) == [
        "10,000 messages wait in the queue nlp: add workers to it."
    ]


def test_a_disk_that_is_nearly_full() -> None:
    assert problems(health(disk_free=(2 << 30) - 1)) == [
        "The disk is nearly full: 2.0 GiB are free; make room before writing fails."
    ]


def test_lag_is_that_of_the_oldest_and_never_negative() -> None:
    assert health().lag == timedelta(0)
    assert health(amounts=Amounts(oldest_pending_at=ago(90))).lag == timedelta(seconds=90)
    assert health(amounts=Amounts(oldest_pending_at=ago(-90))).lag == timedelta(0)


def test_as_json_times_are_text_and_what_is_judged_is_said() -> None:
    found = health(
        watches=[watch(due_at=ago(300), last=sweep(), read_until=ago(75)), watch(quiet=True)],
        workers=[*UP, replace(worker("web", seen=500), name="old")],
        troubles=[Trouble(ago(60), "sweep 1", "boom")],
        amounts=Amounts(oldest_pending_at=ago(90)),
    ).as_row()
    assert found["at"] == "2026-09-01T12:00:00+00:00"
    assert found["lag_seconds"] == 90.0
    assert found["problems"] == [
        "Watch 7 (JetBlue at folder) is due since 2026-09-01 11:55:00 UTC and was not swept."
    ]
    assert [w["alive"] for w in found["workers"]] == [True, True, True, False]
    assert found["watches"][0]["overdue_seconds"] == 300.0
    assert [w["lag_seconds"] for w in found["watches"]] == [75.0, None]
    assert found["watches"][0]["last"]["started_at"] == "2026-09-01T11:50:00+00:00"
    assert found["troubles"] == [
        {"at": "2026-09-01T11:59:00+00:00", "what": "sweep 1", "text": "boom"}
    ]
