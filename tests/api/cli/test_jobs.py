"""`listening job`, and long commands as they tell how far they are."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.context import lasting, rate_of
from listening.store.posts.claims import Candidate, claim, give_up
from listening.store.running.jobs import ask_cancel, latest_jobs
from listening.store.schema import migrate
from listening.store.session import Store
from listening.store.tables import Job
from listening.store.watches.sweeps import waiting_rows
from tests.api.cli.conftest import LISTENING, Run
from tests.factories import load, post

POSTS = "id,author,created_at,text\n1,@ann,2026-09-01T10:00:00Z,jetblue lost my bag\n"


@pytest.fixture
def filled(listening: Run, tmp_path: Path) -> Run:
    (tmp_path / "posts.csv").write_text(POSTS)
    listening("import", "posts.csv")
    listening("brand", "add", "JetBlue")
    return listening


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store that the commands of a test work on."""
    (tmp_path / "data").mkdir()
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    migrate(store)
    yield store
    store.close()


def test_long_commands_are_jobs(filled: Run) -> None:
    jobs = json.loads(filled("job", "list", "--json").stdout)
    assert [(j["id"], j["kind"], j["label"], j["status"]) for j in jobs] == [
        (2, "match", "JetBlue", "done"), (1, "import", "posts.csv", "done"),
    ]  # fmt: skip
    assert (jobs[0]["stage"], jobs[0]["done"], jobs[0]["total"]) == ("Matching stored posts", 1, 1)
    assert (jobs[1]["done"], jobs[1]["total"]) == (len(POSTS), len(POSTS))
    assert (jobs[0]["left_seconds"], jobs[0]["error"]) == (None, None)
    assert len(jobs[0]["correlation"]) == 16
    assert jobs[0]["correlation"] != jobs[1]["correlation"]
    told = filled("job", "list").stdout
    assert "import" in told and "match" in told and "1 of 1" in told
    rows = csv.DictReader(io.StringIO(filled("job", "list", "--csv").stdout))
    assert [row["kind"] for row in rows] == ["match", "import"]
    assert filled("job", "list", "--running").stdout.strip() == "No job."


def test_a_job_in_full(filled: Run) -> None:
    told = filled("job", "show", "1").stdout.splitlines()
    assert told[:4] == ["id: 1", "kind: import", "label: posts.csv", "status: done"]
    assert f"done: {len(POSTS)} of {len(POSTS)}" in told
    assert json.loads(filled("job", "show", "1", "--json").stdout)[0]["kind"] == "import"


def test_what_cannot_be_cancelled(filled: Run) -> None:
    ended, none = (filled("job", "cancel", n, check=False) for n in "17")
    assert (ended.returncode, ended.stderr) == (
        1, "Error: Job 1 (posts.csv) is not running: done.\n",
    )  # fmt: skip
    assert (none.returncode, none.stderr) == (
        1, "Error: No job 7; `listening job list` shows those there are.\n",
    )  # fmt: skip


def started(tmp_path: Path, rows: int) -> subprocess.Popen[str]:
    """An import that runs for a while, once it has written a batch."""
    with (tmp_path / "many.csv").open("w") as file:
        file.write("id,author,created_at,text\n")
        for n in range(rows):
            file.write(f"{n},@a{n % 1000},2026-09-01T10:00:00Z,some words about things {n}\n")
    return subprocess.Popen(
        [LISTENING, "import", "many.csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"LISTENING_DATA_DIR": str(tmp_path / "data")},
    )


def running(store: Store) -> Job:
    """The job that runs, once it got somewhere."""
    while True:
        with store.session() as session:
            found = latest_jobs(session, running=True)
        if found and found[0].done:
            return found[0]
        time.sleep(0.02)


def test_a_running_job_is_cancelled_and_goes_on_later(
    listening: Run, store: Store, tmp_path: Path
) -> None:
    process = started(tmp_path, 40_000)
    job = running(store)
    assert (job.kind, job.label, job.stage) == ("import", "many.csv", "Importing many.csv")
    with store.work() as session:
        ask_cancel(session, 1)
    _, errors = process.communicate()
    assert process.returncode == 1, errors
    assert "Job 1 was cancelled; what it has done is kept." in errors
    (told,) = json.loads(listening("job", "list", "--json").stdout)
    assert (told["status"], 0 < told["done"] < told["total"]) == ("cancelled", True)
    again = listening("import", "many.csv").stdout
    assert "40,000 rows: " in again and " 0 edited, 0 known" not in again


def test_ctrl_c_ends_a_job(store: Store, tmp_path: Path) -> None:
    process = started(tmp_path, 40_000)
    running(store)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "Stopped; what was done is kept, run the same command to go on." in errors
    with store.session() as session:
        (job,) = latest_jobs(session)
    assert (job.status, job.error) == ("cancelled", None)


def test_a_post_that_was_given_up_is_tried_again(listening: Run, store: Store) -> None:
    load(store, post("poison", id="p1"))
    with store.work() as session:
        claim(session, [Candidate(1, "h", 6, None)], "r1", "h")
        give_up(session, {1: "RuntimeError: it fell over"}, "r1")
    (row,) = json.loads(listening("quarantine", "list", "--json").stdout)
    assert (row["file"], row["raw"]) == ("post file/p1", "poison")
    told = listening("quarantine", "retry", "post file/p1").stdout
    assert told == "The post file/p1 is analysed again.\n"
    with store.session() as session:
        assert waiting_rows(session) == []
    told = listening("quarantine", "retry", "post file/p1").stdout
    assert told == "The post file/p1 was not given up.\n"


def test_rates_and_spans_are_short() -> None:
    assert [rate_of(rate) for rate in (0.4, 42.4, 9500, 12_345, 1_234_567)] == [
        "0.4/s", "42/s", "9500/s", "12.3k/s", "1.2M/s",
    ]  # fmt: skip
    assert [lasting(seconds) for seconds in (0, 42.4, 180, 5399, 7500)] == [
        "0 s", "42 s", "3 min", "1 h 30 min", "2 h 5 min",
    ]  # fmt: skip
