"""The reading of the whole state, on both databases."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import Session, col

from listening.config import Settings
from listening.health import Health, Trouble
from listening.store.running.amounts import read_amounts
from listening.store.running.health import health
from listening.store.schema import newest_version
from listening.store.session import Store
from listening.store.tables import (
    Analysis,
    Claim,
    Job,
    JobStatus,
    Post,
    Presence,
    Sweep,
    SweepStatus,
    Watch,
)
from listening.store.watches.sweeps import quarantine
from tests.factories import MODEL, analyse, at, brand, load, opinion, post

NOON = at("2026-09-01T12:00Z")
ANALYSED = at("2026-09-01T11:30Z")


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def arrived(store: Store, **moments: datetime) -> None:
    with store.work() as session:
        for native_id, moment in moments.items():
            own = col(Post.native_id) == native_id
            session.execute(update(Post).where(own).values(added_at=moment))


def read(store: Store, folder: Path, **more: Any) -> Health:
    settings = Settings(data_dir=folder, _env_file=None, **more)  # type: ignore[call-arg]
    with store.session() as session:
        return health(session, settings, at=NOON)


@pytest.fixture
def half_done(store: Store) -> Store:
    """Six posts: two analysed, one edited since, one by another model, one new, one given up."""
    brand(store, "JetBlue")
    load(store, *(post(f"JetBlue {n}", id=f"p{n}", author=f"a{n % 2}") for n in range(6)))
    analyse(store, {f"p{n}": opinion(0.5) for n in (0, 1, 2)})
    analyse(store, {"p3": opinion(0.5)}, model="former-model")
    arrived(store, **{f"p{n}": ago(1000 * (n + 1)) for n in range(6)})
    with store.work() as session:
        session.execute(update(Analysis).values(analysed_at=ANALYSED))
        former = col(Analysis.model) == "former-model"
        session.execute(update(Analysis).where(former).values(analysed_at=ANALYSED - timedelta(1)))
        edited = col(Post.native_id) == "p2"
        session.execute(update(Post).where(edited).values(text_hash="other", edited_at=ago(60)))
        given_up = session.exec(_post("p5")).one()
        session.add(
            Claim(post_id=int(given_up.id or 0), holder="w", until=NOON, attempts=3,
                  text_hash=given_up.text_hash, model=MODEL, error="killed\nthree times")
        )  # fmt: skip
    return store


def _post(native_id: str) -> Any:
    from sqlmodel import select

    return select(Post).where(Post.native_id == native_id)


def test_an_empty_store_has_nothing(store: Store) -> None:
    with store.session() as session:
        found = read_amounts(session)
    assert (found.posts, found.pending, found.model, found.estimated) == (0, 0, None, False)
    with store.session() as session:
        assert read_amounts(session, exact=0) == found


def test_pending_is_what_is_new_edited_or_of_another_model_but_not_given_up(
    half_done: Store,
) -> None:
    with half_done.session() as session:
        found = read_amounts(session)
    assert (found.posts, found.mentions, found.authors, found.analysed) == (6, 6, 2, 4)
    assert (found.pending, found.poisoned, found.model) == (3, 1, MODEL)
    assert found.oldest_pending_at == ago(5000)  # p4, never analysed
    assert found.newest_analysed_at == ANALYSED
    assert not found.estimated


def test_an_edit_waits_from_when_it_was_edited(half_done: Store) -> None:
    analyse(half_done, {"p4": opinion(0.5)})
    with half_done.session() as session:
        assert read_amounts(session).oldest_pending_at == ago(60)


def test_another_model_makes_all_pending_but_nothing_late(half_done: Store) -> None:
    analyse(half_done, {f"p{n}": opinion(0.5) for n in range(6)})
    with half_done.session() as session:
        assert read_amounts(session, model=MODEL).pending == 0
        found = read_amounts(session, model="next-model")
    assert found.pending == 6
    assert found.oldest_pending_at is None


def test_beyond_what_is_counted_the_estimate_of_so_few_is_exact(half_done: Store) -> None:
    with half_done.session() as session:
        counted, found = read_amounts(session), read_amounts(session, exact=5)
    assert found.estimated
    assert (found.posts, found.analysed, found.pending) == (6, 4, counted.pending)
    assert found.oldest_pending_at == ago(5000)
    assert (found.model, found.newest_analysed_at) == (MODEL, ANALYSED)


def watches(store: Store) -> None:
    """One well, one that fails since its second sweep of four, one paused."""
    blue = brand(store, "JetBlue")
    with store.work() as session:
        for number, more in enumerate(
            (
                {"next_due_at": ago(-300), "read_until": ago(400), "warning": "9 of 9 rows"},
                {"next_due_at": ago(10), "failures": 2,
                 "last_error": "cannot reach\nhttps://me:hunter2@x.example"},
                {"next_due_at": ago(99), "paused_at": ago(5)},
            )
        ):  # fmt: skip
            session.add(
                Watch(brand_id=blue, source="folder", params_key=str(number), **more)  # type: ignore[arg-type]
            )
        session.flush()
        for watch, status, began in (
            (1, SweepStatus.DONE, 900), (2, SweepStatus.FAILED, 800), (2, SweepStatus.DONE, 700),
            (2, SweepStatus.LOST, 600), (2, SweepStatus.FAILED, 500), (1, SweepStatus.RUNNING, 9),
        ):  # fmt: skip
            failed = status is SweepStatus.FAILED
            session.add(
                Sweep(watch_id=watch, source="folder", label=f"watch {watch}", status=status,
                      started_at=ago(began), rows=20, quarantined=3, posts_new=17, mentions_new=5,
                      finished_at=None if status is SweepStatus.RUNNING else ago(began - 1),
                      error="redis://:hunter2@host is gone" if failed else None)
            )  # fmt: skip
            session.flush()


def test_watches_with_their_last_sweep_and_since_when_they_fail(
    store: Store, tmp_path: Path
) -> None:
    watches(store)
    failing, well, paused = read(store, tmp_path).watches
    assert (failing.id, failing.brand, failing.failures) == (2, "JetBlue", 2)
    assert failing.failing_since == ago(600)
    assert failing.error == "cannot reach https://me:***@x.example"
    assert failing.last is not None
    assert (failing.last.status, failing.last.rows, failing.last.posts_new) == ("failed", 20, 17)
    assert (well.id, well.running, well.error, well.failing_since) == (1, True, None, None)
    assert (well.warning, well.lag(NOON)) == ("9 of 9 rows", timedelta(seconds=400))
    assert (paused.id, paused.paused_at, paused.last) == (3, ago(5), None)
    assert (paused.warning, paused.lag(NOON)) == (None, None)


def test_last_errors_are_of_sweeps_jobs_and_posts_without_passwords(
    half_done: Store, tmp_path: Path
) -> None:
    watches_of = half_done
    with watches_of.work() as session:
        session.add(_job(JobStatus.FAILED, began=50, ended=40, error="disk full"))
        session.add(_job(JobStatus.LOST, began=8 * 86400, ended=8 * 86400))
        session.add(
            Sweep(source="file", label="a.csv", status=SweepStatus.FAILED, started_at=ago(30),
                  finished_at=ago(20), error="redis://:hunter2@host is gone")
        )  # fmt: skip
    assert read(watches_of, tmp_path).troubles == [
        Trouble(ago(20), "sweep 1 a.csv", "redis://:***@host is gone"),
        Trouble(ago(40), "import a.csv", "disk full"),
        Trouble(None, "post 6", "killed three times"),
    ]


def _job(status: JobStatus, *, began: float, ended: float | None = None, **more: Any) -> Job:
    return Job(
        kind="import", label="a.csv", status=status, started_at=ago(began), stage_at=ago(began),
        finished_at=None if ended is None else ago(ended), holder="host/1",
        **{"heartbeat_at": ago(began), **more},
    )  # fmt: skip


def test_running_jobs_with_rate_and_time_left(store: Store, tmp_path: Path) -> None:
    with store.work() as session:
        session.add(
            _job(JobStatus.RUNNING, began=100, heartbeat_at=NOON, stage="Importing", done=500,
                 total=2000, correlation="c1")
        )  # fmt: skip
        session.add(_job(JobStatus.DONE, began=200, ended=100))
    found = read(store, tmp_path)
    (job,) = found.jobs
    assert (job.stage, job.done, job.total, job.rate, job.left) == ("Importing", 500, 2000, 5, 300)
    assert job.correlation == "c1"
    assert found.jobs_by_status == {"done": 1, "running": 1}


def _presence(session: Session, name: str, kind: str, seen: float, *queues: str) -> None:
    session.add(
        Presence(name=name, kind=kind, host="host", pid=4, queues=list(queues), seen_at=ago(seen),
                 started_at=ago(9000), doing="nlp.analyse", memory=7)
    )  # fmt: skip


def test_processes_and_the_queues_they_consume(store: Store, tmp_path: Path) -> None:
    with store.work() as session:
        _presence(session, "b", "worker", 5, "nlp", "backfill")
        _presence(session, "a", "beat", 3000)
        _presence(session, "c", "web", 86401)
    found = read(store, tmp_path)
    assert [(w.name, w.kind, w.alive(NOON), w.memory) for w in found.workers] == [
        ("a", "beat", False, 7), ("b", "worker", True, 7),
    ]  # fmt: skip
    assert found.consumed() == {"nlp", "backfill"}
    assert found.queues.depth == {"backfill": 0, "nlp": 0, "sweep": 0}


def test_rows_in_quarantine_the_size_and_the_schema(store: Store, tmp_path: Path) -> None:
    with store.work() as session:
        rows = [(1, None, "no text", "x"), (2, None, "no text", "y")]
        quarantine(session, sweep_id=None, file="a.csv", rows=rows)
    found = read(store, tmp_path)
    assert found.quarantined == 2
    assert found.schema == newest_version()
    usage = os.statvfs(tmp_path)
    assert found.disk_total == usage.f_blocks * usage.f_frsize
    assert found.store_bytes is not None
    if store.dialect == "sqlite":
        assert found.store_bytes == Path(str(store.engine.url.database)).stat().st_size
    else:
        assert found.store_bytes > 5_000_000


def test_a_broker_that_is_gone_is_told_without_its_password(store: Store, tmp_path: Path) -> None:
    broker = SecretStr("redis://:hunter2@127.0.0.1:9/0")
    found = read(store, tmp_path, broker_url=broker)
    assert found.queues.depth == {"nlp": None, "sweep": None}
    assert found.queues.error is not None
    assert "hunter2" not in str(found.as_row())
