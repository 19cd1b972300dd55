"""Beat and worker as processes of their own, on files and on Redis: work goes round."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import func, select

from listening.config import Settings
from listening.store.running.counters import read
from listening.store.running.presence import present
from listening.store.session import Store
from listening.store.tables import Mention, Sweep, SweepStatus
from tests.functional.processes import Processes, wait_for
from tests.redis_server import PASSWORD, QUOTED, RedisServer

pytestmark = pytest.mark.server

ROWS = (
    "id,author,text,date\n1,ann,brindlecup leaks,2026-03-01\n2,ben,a fine brindlecup,2026-03-02\n"
)
Make = Callable[..., tuple[Processes, Store]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Processes on a store of their own, and the store."""
    made: list[tuple[Processes, Store]] = []

    def new(**environment: str) -> tuple[Processes, Store]:
        processes = Processes(
            tmp_path, {"LISTENING_DATA_DIR": str(tmp_path / "data")} | environment
        )
        processes.run("migrate")
        url = environment.get("LISTENING_DATABASE_URL")
        store = Store(url) if url else Store.from_settings(Settings(data_dir=tmp_path / "data"))
        made.append((processes, store))
        return made[-1]

    yield new
    for processes, store in made:
        processes.end()
        store.close()


def listen(processes: Processes, folder: Path) -> None:
    """A brand, and a watch of a folder with two rows that name it."""
    folder.mkdir()
    (folder / "rows.csv").write_text(ROWS)
    # Left alone for long enough to be read.
    os.utime(folder / "rows.csv", (1_000_000_000, 1_000_000_000))
    processes.run("brand", "add", "Brindlecup", "--query", "brindlecup*")
    processes.run("watch", "add", "Brindlecup", "folder", "--set", f"path={folder}")


def mentions(store: Store) -> int:
    with store.session() as session:
        return session.exec(select(func.count()).select_from(Mention)).one()


def done(store: Store, task: str) -> float:
    """Runs of a task that ended well."""
    with store.session() as session:
        return sum(c.value for c in read(session) if c.labels == {"task": task, "outcome": "done"})


def sweeps(store: Store) -> list[Sweep]:
    with store.session() as session:
        return list(session.exec(select(Sweep)))


def goes_round(processes: Processes, store: Store, folder: Path) -> None:
    """From a due watch to mentions in the store, by way of the beat and a worker."""
    listen(processes, folder)
    beat = processes.start("beat")
    worker = processes.start("worker", "--queues", "sweep")
    wait_for(lambda: mentions(store) == 2)
    wait_for(lambda: [s.status for s in sweeps(store)] == [SweepStatus.DONE])
    wait_for(lambda: done(store, "sweep.watch") >= 1)
    wait_for(lambda: done(store, "keep.settle") >= 1)
    assert len(sweeps(store)[0].correlation or "") == 16

    def up() -> dict[str, tuple[int, list[str]]]:
        with store.session() as session:
            return {p.kind: (p.pid, p.queues) for p in present(session)}

    wait_for(lambda: up() == {"beat": (beat.pid, []), "worker": (worker.pid, ["sweep"])})
    with store.session() as session:
        (memory,) = [p.memory for p in present(session, kind="worker")]
    if memory is not None:
        assert memory < 250 << 20, "it sweeps, and holds no model"
    for process in (beat, worker):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(60) for process in (beat, worker)] == [0, 0]
    assert up() == {}, "whoever ends in order takes leave"


def test_on_files(make: Make, tmp_path: Path) -> None:
    processes, store = make()
    goes_round(processes, store, tmp_path / "rows")


def test_on_redis(make: Make, tmp_path: Path, redis: RedisServer) -> None:
    processes, store = make(LISTENING_BROKER_URL=redis.url)
    goes_round(processes, store, tmp_path / "rows")
    assert not (tmp_path / "data" / "queue").exists()


def test_on_redis_over_tls_and_postgresql(
    make: Make, tmp_path: Path, redis: RedisServer, postgresql: object
) -> None:
    url = postgresql.create(migrated=False)  # type: ignore[attr-defined]
    processes, store = make(LISTENING_BROKER_URL=redis.tls_url, LISTENING_DATABASE_URL=url)
    goes_round(processes, store, tmp_path / "rows")
    assert PASSWORD not in processes.said()
    assert QUOTED not in processes.said()
    store.close()
    postgresql.drop(store)  # type: ignore[attr-defined]


def test_a_broker_that_was_killed_is_met_again(
    make: Make, tmp_path: Path, redis: RedisServer
) -> None:
    processes, store = make(LISTENING_BROKER_URL=redis.url)
    processes.start("beat")
    processes.start("worker", "--queues", "sweep")
    wait_for(lambda: done(store, "keep.settle") >= 1)
    redis.kill()
    try:
        wait_for(lambda: "the broker does not answer; trying again" in processes.said())
        listen(processes, tmp_path / "rows")
    finally:
        redis.start()
    wait_for(lambda: mentions(store) == 2)


def test_a_worker_killed_at_its_work_is_made_up_for(make: Make, tmp_path: Path) -> None:
    processes, store = make()
    processes.start("beat")
    first = processes.start("worker", "--queues", "sweep")
    wait_for(lambda: done(store, "keep.settle") >= 1)
    os.kill(first.pid, signal.SIGKILL)
    listen(processes, tmp_path / "rows")
    messages = tmp_path / "data" / "queue" / "messages"
    wait_for(lambda: list(messages.glob("*.sweep.msg")))
    # What waits is lost as well, and what stands there is no message any more.
    for path in messages.glob("*.sweep.msg"):
        path.write_bytes(b"{")
    processes.start("worker", "--queues", "sweep")
    wait_for(lambda: mentions(store) == 2)


def test_of_two_beats_one_leads(make: Make) -> None:
    processes, _store = make()
    first = processes.start("beat")
    wait_for(lambda: "this beat leads" in processes.said())
    processes.start("beat")
    wait_for(lambda: "another beat leads; waiting until it ends" in processes.said())
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: processes.said().count("this beat leads") == 2)
    assert processes.said().count("another beat leads") == 1
