"""`listening status` as a person types it, and the tables it draws."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from api.cli.board import board, size, span
from listening.health import (
    Amounts,
    Health,
    JobState,
    Queues,
    SweepState,
    Trouble,
    WatchState,
    WorkerState,
)
from listening.store.session import Store
from tests.api.cli.conftest import LISTENING, Run
from tests.factories import at, brand, load, post

NOON = at("2026-09-01T12:00Z")


def drawn(health: Health, rate: float | None = None) -> list[str]:
    console = Console(width=140, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(board(health, "sqlite:///x.db", rate))
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def row(health: Health, words: str) -> str:
    """The drawn line that begins with some words, its gaps closed."""
    (found,) = (line for line in drawn(health) if " ".join(line.split()).startswith(words))
    return " ".join(found.split())


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_an_empty_service() -> None:
    assert drawn(Health(at=NOON, disk_free=3 << 30)) == [
        "2026-09-01 12:00:00 UTC  sqlite:///x.db",
        "0 posts · 0 mentions · 0 authors · store ? · 3.0 GiB free",
        "0 posts pending",
        "Queues:",
        "All is well.",
        "Watches",
        "  No watch.",
        "Processes",
        "  None: `listening up` starts web, worker and beat.",
        "Running jobs",
        "  None.",
        "Last errors",
        "  None within a week.",
    ]


def test_what_is_pending_is_told_with_its_lag_and_rate() -> None:
    amounts = Amounts(
        posts=1_000_000, mentions=900, authors=80, analysed=5, pending=1200, poisoned=2,
        oldest_pending_at=NOON - seconds(3725), newest_analysed_at=NOON - seconds(3),
        estimated=True,
    )  # fmt: skip
    health = Health(
        at=NOON, amounts=amounts, quarantined=7, queues=Queues({"sweep": None, "nlp": 1})
    )
    lines = drawn(health, rate=412.34)
    assert lines[1].startswith("1,000,000 posts · about 900 mentions · about 80 authors · ")
    assert lines[2] == (
        "about 1,200 posts pending · longest for 1 h 2 min · 412.3 analysed a second · last "
        "analysed 3 s ago · 2 given up · 7 rows in quarantine"
    )
    assert lines[3] == "Queues: nlp 1, sweep ?"
    assert lines[4].startswith("! No worker consumes the queue nlp, and 1,200 posts are pending")


def test_watches_processes_jobs_and_errors_are_rows() -> None:
    def watch(id: int, **more: object) -> WatchState:
        return WatchState(id=id, brand="JetBlue", source="folder", **more)  # type: ignore[arg-type]

    swept = SweepState(
        id=1, status="done", started_at=NOON - seconds(65), posts_new=1500, mentions_new=20
    )
    health = Health(
        at=NOON,
        watches=[
            watch(1, due_at=NOON + seconds(61), last=swept),
            watch(
                2, due_at=NOON - seconds(30), failures=1, error="HTTP 503",
                read_until=NOON - seconds(3725),
            ),
            watch(3, due_at=NOON, paused_at=NOON),
        ],
        workers=[
            WorkerState(
                name="w", kind="worker", host="box", pid=42, queues=("nlp", "sweep"),
                started_at=NOON - seconds(90_000), seen_at=NOON - seconds(2), doing="nlp.analyse",
                memory=700 << 20,
            ),
            WorkerState(
                name="b", kind="beat", host="box", pid=43, started_at=NOON - seconds(99),
                seen_at=NOON - seconds(90),
            ),
        ],
        jobs=[
            JobState(
                id=9, kind="import", label="a.csv", status="running", stage="Importing", done=500,
                total=2000, rate=5.0, left=300.0, started_at=NOON, heartbeat_at=NOON,
            )
        ],
        troubles=[Trouble(NOON - seconds(20), "sweep 4 folder", "\x1b[31mboom")],
    )  # fmt: skip
    assert row(health, "1 ") == "1 JetBlue folder in 1 min done 1 min ago 1,500 / 20"
    assert row(health, "2 ") == "2 JetBlue folder late 30 s never 1 h 2 min 1 HTTP 503"
    assert row(health, "3 ") == "3 JetBlue folder paused never"
    assert row(health, "worker ") == (
        "worker box 42 nlp, sweep nlp.analyse 700 MiB 1 d 1 h 2 s ago"
    )
    assert row(health, "beat ") == "beat box 43 ? 1 min gone? 1 min ago"
    assert row(health, "9 ") == "9 import a.csv Importing 500 of 2,000 (25 %) 5.0 5 min 0 s ago"
    assert row(health, "20 s ago") == "20 s ago sweep 4 folder \N{REPLACEMENT CHARACTER}[31mboom"


@pytest.mark.parametrize(
    ("time", "told"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"),
     (86399, "23 h 59 min"), (86400, "1 d"), (90000, "1 d 1 h")],
)  # fmt: skip
def test_times_for_a_person(time: float, told: str) -> None:
    assert span(timedelta(seconds=time)) == told


@pytest.mark.parametrize(
    ("amount", "told"), [(None, "?"), (0, "0 MiB"), (1 << 30, "1.0 GiB"), (700 << 20, "700 MiB")]
)
def test_sizes_for_a_person(amount: int | None, told: str) -> None:
    assert size(amount) == told


def test_a_new_store_is_well_and_a_check_passes(listening: Run) -> None:
    listening("migrate")
    done = listening("status", "--check")
    assert "All is well." in done.stdout
    assert done.stderr == ""


def test_a_check_fails_where_posts_wait_for_nobody_with_everything_down_but_the_store(
    listening: Run, tmp_path: Path
) -> None:
    listening("migrate")
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    brand(store, "JetBlue")
    load(store, post())
    store.close()
    gone = {"LISTENING_BROKER_URL": "redis://:hunter2@127.0.0.1:9/0"}
    done = listening("status", "--check", "--json", check=False, **gone)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    first, second = found["problems"]
    assert first == (
        "No worker consumes the queue nlp, and 1 post is pending: start one, or run `listening up`."
    )
    assert second.startswith("The broker does not answer: ")
    assert (found["amounts"]["posts"], found["queues"]["depth"]["nlp"]) == (1, None)
    assert listening("status", **gone).returncode == 0
    assert "hunter2" not in done.stdout + done.stderr


def test_watching_goes_on_until_told_to_stop_and_bears_a_store_that_breaks(
    listening: Run, tmp_path: Path
) -> None:
    listening("migrate")
    own = {"LISTENING_DATA_DIR": str(tmp_path / "data")}
    watching = subprocess.Popen(
        [LISTENING, "status", "--watch", "--json", "--every", "0.5"], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, env=os.environ | own,
    )  # fmt: skip
    assert watching.stdout is not None
    try:
        first, second = (json.loads(watching.stdout.readline()) for _ in range(2))
        assert (first["posts_per_second"], second["posts_per_second"]) == (None, 0.0)
        store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
        with store.work() as session:
            session.connection().exec_driver_sql("ALTER TABLE presence RENAME TO away")
        while "error" not in (line := json.loads(watching.stdout.readline())):
            pass
        assert "listening migrate" in line["error"]
        with store.work() as session:
            session.connection().exec_driver_sql("ALTER TABLE away RENAME TO presence")
        store.close()
        while "error" in (line := json.loads(watching.stdout.readline())):
            pass
        assert line["problems"] == []
    finally:
        watching.send_signal(signal.SIGINT)
        watching.wait(30)
        watching.stdout.close()
    assert watching.returncode == 130


@pytest.mark.parametrize(
    "words", [("status",), ("brand", "list"), ("backup", "x"), ("job", "list"), ("flag",)]
)
def test_a_folder_without_a_store_is_told_and_left_alone(
    listening: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = listening("--data-dir", "mistyped", *words, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: There is no store in mistyped: name its folder with ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "mistyped").exists()
