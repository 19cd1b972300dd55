"""The base of every task: what a run sets off, counts, carries and bears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import Retry

from listening import metrics
from listening.config import Settings
from listening.errors import NotFoundError, StoreError
from listening.logs import correlated, correlation
from listening.store.brands.brands import list_brands
from listening.store.running import counters
from listening.store.running.leases import holder_of, take
from listening.store.session import Store
from listening.store.tables import Brand
from tests.workers.conftest import Waiting
from workers import base
from workers.app import make_app
from workers.base import JobTask
from workers.recording import Cancelled

Body = Callable[[JobTask], Any]


@pytest.fixture
def app(settings: Settings) -> Celery:
    return make_app(settings)


def run(app: Celery, body: Body, **options: Any) -> Any:
    """Run a body as a task of a worker would be run."""
    app.tasks.pop("sweep.tried", None)
    task = app.task(base=JobTask, bind=True, name="sweep.tried", shared=False)(body)
    return task.apply(**options)


def nothing(self: JobTask) -> None:
    """Nothing to do."""


def counted(store: Store) -> dict[str, float]:
    """Tasks by outcome."""
    with store.session() as session:
        return {
            c.labels["outcome"]: c.value
            for c in counters.read(session)
            if c.name == metrics.TASKS and c.labels["task"] == "sweep.tried"
        }


def test_what_it_sets_off_is_sent_after_its_commit(
    app: Celery, store: Store, waiting: Waiting
) -> None:
    seen: list[int] = []

    def body(self: JobTask) -> None:
        with self.store.work() as session:
            self.after("sweep.watch", 7)
            session.add(Brand(name="Brindlecup", slug="brindlecup", query="brindlecup"))
            seen.append(len(waiting()))
        seen.append(len(waiting()))

    run(app, body).get()
    assert seen == [0, 0], "nothing is sent before the body has ended"
    assert [(m["queue"], m["task"], m["args"]) for m in waiting()] == [
        ("sweep", "sweep.watch", [7])
    ]
    with store.session() as session:
        assert [brand.name for brand in list_brands(session)] == ["Brindlecup"]
    assert counted(store) == {"done": 1}


def test_what_fails_sets_nothing_off(app: Celery, store: Store, waiting: Waiting) -> None:
    def body(self: JobTask) -> None:
        self.after("nlp.flag")
        raise NotFoundError("no such brand")

    with pytest.raises(NotFoundError, match="no such brand"):
        run(app, body).get()
    assert waiting() == []
    assert counted(store) == {"failed": 1}


def test_a_cancelled_run_is_no_failure(app: Celery, store: Store, waiting: Waiting) -> None:
    def body(self: JobTask) -> None:
        self.after("nlp.flag")
        raise Cancelled("somebody asked for it")

    run(app, body).get()
    assert counted(store) == {"done": 1}


@pytest.mark.parametrize("trouble", [StoreError("does not answer"), ConnectionResetError("gone")])
def test_a_store_or_network_that_is_away_is_tried_again(
    app: Celery, store: Store, waiting: Waiting, trouble: Exception
) -> None:
    def body(self: JobTask) -> None:
        # A worker's request is not "called directly", which alone lets Celery retry.
        raise trouble

    task = app.task(base=JobTask, bind=True, name="sweep.tried", shared=False)(body)
    task.push_request(
        id="one", called_directly=False, args=(), kwargs={}, retries=0, headers={}, is_eager=False,
        delivery_info={"routing_key": "sweep", "exchange": ""},
    )  # fmt: skip
    try:
        with correlated("abc"), pytest.raises(Retry) as raised:
            task()
    finally:
        task.pop_request()
    assert 0 <= raised.value.when <= 2, "jitter below the first step of two seconds"
    (again,) = waiting()
    assert (again["task"], again["queue"]) == ("sweep.tried", "sweep")
    assert counted(store) == {"retried": 1}


def test_waits_grow_and_end() -> None:
    assert (JobTask.retry_backoff, JobTask.retry_backoff_max, JobTask.max_retries) == (2, 300, 8)
    assert JobTask.retry_jitter is True


def test_the_id_of_what_set_it_off_goes_on(app: Celery, waiting: Waiting) -> None:
    seen: list[str | None] = []

    def body(self: JobTask) -> None:
        seen.append(correlation())
        self.after("nlp.analyse")
        with correlated("a sweep of its own"):
            self.after("sweep.watch", 1)

    run(app, body, headers={"correlation": "from afar"}).get()
    run(app, body).get()
    first, second = seen
    assert first == "from afar"
    assert second is not None
    assert len(second) == 16
    assert [m["correlation"] for m in waiting()] == [
        "from afar", "a sweep of its own", second, "a sweep of its own",
    ]  # fmt: skip


def test_once_is_once_until_it_is_picked_up(app: Celery, store: Store, waiting: Waiting) -> None:
    def body(self: JobTask) -> None:
        self.after("nlp.flag", once="nlp.flag")

    run(app, body).get()
    run(app, body).get()
    (message,) = waiting()
    name, token = message["queued"]
    assert name == "queued:nlp.flag"
    with store.session() as session:
        assert holder_of(session, name) == token

    run(app, nothing, headers={"queued": [name, "another's"]}).get()
    run(app, body).get()
    assert len(waiting()) == 1, "it is not another's to give up"
    run(app, nothing, headers={"queued": [name, token]}).get()
    run(app, body).get()
    assert len(waiting()) == 2


def test_a_broker_that_is_away_fails_no_task(
    app: Celery, settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def body(self: JobTask) -> None:
        self.after("nlp.flag", once="nlp.flag")

    folder = settings.folder("queue/messages")
    folder.rmdir()
    folder.write_text("a file in its place")
    run(app, body).get()
    assert counted(store) == {"done": 1}
    with store.work() as session:
        assert take(session, "queued:nlp.flag", "the beat", 30), "the beat may send it at once"


def test_a_figure_that_cannot_be_written_fails_no_task(
    app: Celery, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base.metrics, "TASKS", "a name that nobody knows")
    assert run(app, nothing).successful()
    monkeypatch.undo()
    assert counted(store) == {}
