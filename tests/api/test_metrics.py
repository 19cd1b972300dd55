"""`/metrics` as Prometheus reads it, and `/readyz` with its details."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.routes.metrics import families
from api.routes.readings import Reading
from api.web.app import create_app
from listening import metrics
from listening.access import Role
from listening.config import Settings
from listening.health import (
    Amounts,
    Health,
    Queues,
    SweepState,
    WatchState,
    WorkerState,
)
from listening.store.running.counters import Counted, add, took
from listening.store.session import Store
from tests.conftest import NewStore
from tests.factories import analyse, at, brand, load, opinion, post
from tests.signed import key_for

Client = Callable[[Store], TestClient]
NOON = at("2026-09-01T12:00Z")
UNIX_NOON = 1788264000.0


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def samples(text: str) -> dict[str, float]:
    """Every sample by its name and labels, as a scrape reads them."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            name = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert name not in found
            found[name] = sample.value
    return found


def shown(reading: Reading) -> dict[str, float]:
    class Of(Collector):
        def collect(self) -> list[Metric]:
            return list(families(reading))

    registry = CollectorRegistry()
    registry.register(Of())
    return samples(generate_latest(registry).decode())


def watch(id: int, **more: Any) -> WatchState:
    return WatchState(id=id, brand="JetBlue", **{"source": "folder", **more})


def sweep(status: str = "done", ended: float | None = 50, **more: Any) -> SweepState:
    finished = None if ended is None else ago(ended)
    return SweepState(id=1, status=status, started_at=ago(60), finished_at=finished, **more)


def worker(kind: str, pid: int, *queues: str, seen: float = 1, memory: int | None = None) -> Any:
    return WorkerState(
        name=str(pid), kind=kind, host="host", pid=pid, queues=queues, started_at=ago(600),
        seen_at=ago(seen), memory=memory,
    )  # fmt: skip


def test_every_figure_of_a_reading() -> None:
    health = Health(
        at=NOON,
        schema="0003",
        amounts=Amounts(
            posts=10, mentions=12, authors=4, analysed=7, pending=2, poisoned=1,
            oldest_pending_at=ago(90), newest_analysed_at=ago(5),
        ),
        watches=[
            watch(1, due_at=ago(-60), last=sweep(), read_until=ago(45)),
            watch(2, due_at=ago(30), failures=1, last=sweep("failed")),
            watch(3, due_at=ago(300), last=sweep(ended=20)),
            watch(4, due_at=ago(999), paused_at=ago(9), failures=9, read_until=ago(9), warning="x"),
            watch(
                5, due_at=ago(999), source="rss", last=sweep("running", None), read_until=ago(-1),
                warning="its format may have changed",
            ),
        ],
        workers=[
            worker("worker", 1, "nlp", "sweep", memory=1000), worker("worker", 2, "sweep"),
            worker("beat", 3, seen=100), worker("web", 4, memory=2000),
        ],
        queues=Queues({"nlp": 3, "sweep": None}),
        jobs_by_status={"running": 2, "done": 5},
        quarantined=6,
        store_bytes=4096,
        disk_free=1 << 40,
        disk_total=1 << 41,
    )  # fmt: skip
    counters = [
        Counted(metrics.FAILURES, {"task": "sweep.watch", "source": "folder"}, 2.0),
        Counted(metrics.POSTS_ANALYSED, {}, 7.0),
        Counted(metrics.STAGE_SECONDS_COUNT, {"stage": "analyse"}, 2.0),
        Counted(metrics.STAGE_SECONDS_SUM, {"stage": "analyse"}, 3.5),
        Counted("listening_of_a_newer_release_total", {}, 1.0),
    ]
    found = shown(Reading(health, counters, 0.25, UNIX_NOON))
    build = next(name for name in found if name.startswith("listening_build_info"))
    assert build.startswith("listening_build_info{schema=0003,version=")
    del found[build]
    assert found == {
        "listening_store_up": 1.0,
        "listening_reading_seconds": 0.25,
        "listening_reading_timestamp_seconds": UNIX_NOON,
        "listening_posts": 10.0,
        "listening_mentions": 12.0,
        "listening_authors": 4.0,
        "listening_posts_pending": 2.0,
        "listening_posts_poisoned": 1.0,
        "listening_lag_seconds": 90.0,
        "listening_last_analysed_timestamp_seconds": UNIX_NOON - 5,
        "listening_quarantine_waiting": 6.0,
        "listening_watches": 5.0,
        "listening_watches_due": 2.0,
        "listening_watches_overdue": 1.0,
        "listening_watches_failing": 1.0,
        "listening_watches_paused": 1.0,
        "listening_watches_warned": 1.0,
        "listening_source_lag_seconds{source=folder,watch=1}": 45.0,
        "listening_source_lag_seconds{source=rss,watch=5}": 0.0,
        "listening_watch_overdue_seconds": 300.0,
        "listening_sweeps_running{source=rss}": 1.0,
        "listening_last_good_sweep_timestamp_seconds{source=folder}": UNIX_NOON - 20,
        "listening_broker_up": 1.0,
        "listening_queue_depth{queue=nlp}": 3.0,
        "listening_queue_consumers{queue=nlp}": 1.0,
        "listening_queue_consumers{queue=sweep}": 2.0,
        "listening_workers{kind=beat}": 0.0,
        "listening_workers{kind=web}": 1.0,
        "listening_workers{kind=worker}": 2.0,
        "listening_worker_memory_bytes{host=host,kind=web,pid=4}": 2000.0,
        "listening_worker_memory_bytes{host=host,kind=worker,pid=1}": 1000.0,
        "listening_last_seen_timestamp_seconds{kind=beat}": UNIX_NOON - 100,
        "listening_last_seen_timestamp_seconds{kind=web}": UNIX_NOON - 1,
        "listening_last_seen_timestamp_seconds{kind=worker}": UNIX_NOON - 1,
        "listening_jobs{status=done}": 5.0,
        "listening_jobs{status=running}": 2.0,
        "listening_store_size_bytes": 4096.0,
        "listening_disk_free_bytes": float(1 << 40),
        "listening_disk_size_bytes": float(1 << 41),
        "listening_problems": 3.0,  # the beat is gone, watch 3 is late, watch 5 has a warning
        "listening_failures_total{source=folder,task=sweep.watch}": 2.0,
        "listening_posts_analysed_total": 7.0,
        "listening_mentions_read_total": 0.0,
        "listening_posts_given_up_total": 0.0,
        "listening_stage_seconds_count{stage=analyse}": 2.0,
        "listening_stage_seconds_sum{stage=analyse}": 3.5,
    }


def test_a_silent_broker_is_0_and_its_queues_are_absent() -> None:
    silent = Health(at=NOON, queues=Queues({"nlp": None, "sweep": None}, "gone"))
    found = shown(Reading(silent, (), 0.0, UNIX_NOON))
    assert found["listening_broker_up"] == 0.0
    assert [name for name in found if name.startswith("listening_queue_depth")] == []


def test_names_follow_prometheus_and_the_docs_tell_each() -> None:
    told = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text("utf-8")
    counters = {own.name for own in metrics.counters()}
    for own in metrics.all_metrics():
        assert own.name.startswith("listening_")
        assert own.help.endswith(".") or ";" in own.help
        ends = own.name.endswith(("_total", "_sum", "_count"))
        assert ends == (own.name in counters), own.name
        name = own.name.removesuffix("_sum").removesuffix("_count")
        assert f"`{name}`" in told, name


def test_a_scrape_shows_what_the_store_holds(store: Store, client: Client) -> None:
    brand(store, "JetBlue")
    load(store, *(post(f"JetBlue {n}", id=f"p{n}", author=f"a{n}") for n in range(3)))
    analyse(store, {"p0": opinion(0.5)})
    with store.work() as session:
        add(session, metrics.SWEEPS, source='a "b"\\c', status="done")
        took(session, "analyse", 1.25)
    answer = client(store).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.text)
    assert found["listening_store_up"] == 1.0
    assert (found["listening_posts"], found["listening_mentions"]) == (3.0, 3.0)
    assert found["listening_posts_pending"] == 2.0
    assert found["listening_queue_depth{queue=nlp}"] == 0.0
    assert found['listening_sweeps_total{source=a "b"\\c,status=done}'] == 1.0
    assert found["listening_stage_seconds_sum{stage=analyse}"] == 1.25
    assert found["process_resident_memory_bytes"] > 0
    assert found["listening_problems"] == 1.0  # two posts are pending and nobody analyses


def test_a_scrape_that_asks_for_openmetrics_gets_it(store: Store, client: Client) -> None:
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = client(store).get("/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_store_that_cannot_be_read_is_0_and_nothing_else(
    new_store: NewStore, client: Client
) -> None:
    found = samples(client(new_store(migrated=False)).get("/metrics").text)
    assert found["listening_store_up"] == 0.0
    assert "listening_posts" not in found


def test_a_second_scrape_costs_the_store_nothing(store: Store, client: Client) -> None:
    site = client(store)
    before = samples(site.get("/metrics").text)
    brand(store, "JetBlue")
    load(store, post())
    again = samples(site.get("/metrics").text)
    moment = "listening_reading_timestamp_seconds"
    assert (again["listening_posts"], again[moment]) == (0.0, before[moment])


def test_while_a_reading_hangs_others_are_answered(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.readings._PATIENCE", 0.05)
    readings = client(store).app.state.readings  # type: ignore[attr-defined]
    readings._lock.acquire()
    found: list[Reading] = []
    asking = Thread(target=lambda: found.append(readings.take()))
    asking.start()
    asking.join(30)
    readings._lock.release()
    assert found[0].health is None
    assert found[0].why == "The store does not answer."


def test_details_are_figures_that_name_nobody(store: Store, client: Client) -> None:
    brand(store, "JetBlue")
    load(store, post())
    site = client(store)
    assert set(site.get("/readyz").json()) == {"status", "schema"}
    service = site.get("/readyz?details=1").json()["service"]
    assert service.pop("at")
    assert service.pop("lag_seconds") >= 0
    assert service == {
        "problems": 1,
        "posts": 1,
        "pending": 1,
        "watches": 0,
        "running": {},
        "queues": {"nlp": 0, "sweep": 0},
        "broker": "answers",
    }


def test_a_broker_that_is_gone_makes_the_pages_no_less_ready(store: Store, tmp_path: Path) -> None:
    settings = Settings(
        database_url=SecretStr(store.url),
        data_dir=tmp_path,
        broker_url=SecretStr("redis://:hunter2@127.0.0.1:9/0"),
        _env_file=None,  # type: ignore[call-arg]
    )
    application = create_app(settings)
    site = TestClient(application, base_url="http://localhost")
    answer = site.get("/readyz?details=1")
    application.state.site.close()
    assert answer.status_code == 200
    assert answer.json()["service"]["broker"] == "silent"
    assert "hunter2" not in answer.text


def test_the_web_process_that_answered_scrapes_holds_no_model_and_stays_small(
    tmp_path: Path,
) -> None:
    code = (
        "import sys\n"
        "from starlette.testclient import TestClient\n"
        "from api.web.app import create_app\n"
        "from listening.config import get_settings\n"
        "from listening.store.schema import migrate\n"
        "from listening.store.session import Store\n"
        "store = Store.from_settings(get_settings())\nmigrate(store)\nstore.close()\n"
        "site = TestClient(create_app(), base_url='http://localhost', "
        "client=('127.0.0.1', 5))\n"
        "text = site.get('/metrics').text\n"
        "print(text)\n"
        "print(*sorted({n.partition('.')[0] for n in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        cwd=Path(__file__).parents[2],
        env={"LISTENING_DATA_DIR": str(tmp_path), "LISTENING_BROKER_URL": "redis://127.0.0.1:9"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert samples(done.stdout)["process_resident_memory_bytes"] < 200e6
    heavy = {"torch", "transformers", "numba", "umap", "hdbscan", "sklearn"}
    assert set(done.stderr.split()) & (heavy | {"nlp", "workers", "celery", "kombu"}) == set()


def test_strangers_elsewhere_read_no_metrics(store: Store, client: Client) -> None:
    here = client(store)
    assert here.get("/metrics").status_code == 200
    assert here.get("/metrics", headers={"x-forwarded-for": "192.0.2.9"}).status_code == 401
    away = TestClient(here.app, base_url="http://localhost", client=("192.0.2.9", 5))
    assert away.get("/metrics").status_code == 401
    for role, status in ((Role.BRAND, 401), (Role.ADMIN, 200)):
        key = key_for(store, role, writes=False, login=f"{role}@example.com")
        headers = {"Authorization": f"Bearer {key}"}
        assert away.get("/metrics", headers=headers).status_code == status
    away.app.state.site.settings = Settings(metrics_open=True, _env_file=None)  # type: ignore[call-arg, attr-defined]
    assert away.get("/metrics").status_code == 200
