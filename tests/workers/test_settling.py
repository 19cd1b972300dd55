"""What died with its process is found, and what was to follow is sent."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from listening.config import Settings
from listening.store.running.jobs import get_job
from listening.store.session import Store
from listening.store.tables import Job, JobStatus
from listening.store.tables.types import now
from tests.workers.conftest import Waiting
from workers.app import make_app
from workers.base import JobTask
from workers.holder import this_holder
from workers.jobs.settling import settle_all_lost
from workers.tasks import settle_task

ROOT = Path(__file__).resolve().parents[2]


def begin(store: Store, holder: str, *, minutes: int = 0, kind: str = "analyse") -> int:
    moment = now() - timedelta(minutes=minutes)
    with store.work() as session:
        job = Job(kind=kind, label="Pending posts", holder=holder)
        job.started_at = job.heartbeat_at = moment
        session.add(job)
        session.flush()
        return int(job.id or 0)


def status(store: Store, job: int) -> JobStatus:
    with store.session() as session:
        return get_job(session, job).status


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_of_a_dead_process_here_at_once(store: Store) -> None:
    code = "from workers.holder import this_holder; print(this_holder())"
    dead = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    theirs, ours = begin(store, dead), begin(store, this_holder())
    elsewhere, silent = begin(store, "another/x/1/1/1"), begin(store, "another/x/2/2/2", minutes=5)
    settled = settle_all_lost(store)
    assert (settled.sweeps, settled.jobs) == (0, 2)
    assert [status(store, job) for job in (theirs, ours, elsewhere, silent)] == [
        JobStatus.LOST, JobStatus.RUNNING, JobStatus.RUNNING, JobStatus.LOST,
    ]  # fmt: skip


def test_what_is_owed_is_sent_once(store: Store, settings: Settings, waiting: Waiting) -> None:
    # The task itself, in an application whose messages go to the test's own folder.
    own = make_app(settings).task(base=JobTask, bind=True, name="keep.settle", shared=False)
    task = own(settle_task.__wrapped__)
    begin(store, "another/x/2/2/2", minutes=5)
    task.apply().get()
    task.apply().get()
    assert [(m["task"], m["queue"]) for m in waiting()] == [
        ("nlp.flag", "nlp"),
        ("nlp.segment", "nlp"),
    ]
