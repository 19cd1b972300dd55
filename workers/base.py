"""The base of every task: store, retries, log context, figures, and what it sets off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Task
from celery.exceptions import TaskPredicate

from listening import metrics
from listening.config import get_settings
from listening.errors import ListeningError, StoreError
from listening.logs import correlated, new_correlation
from listening.store.running.counters import add, took
from listening.store.session import Store
from workers.health import doing
from workers.messages import EXPIRES, Message, picked_up, send_or_drop
from workers.recording import Cancelled
from workers.tracing import traced

log = structlog.get_logger()


@dataclass(slots=True)
class _Run:
    """One run of a task: threads of a worker share the task itself."""

    store: Store
    after: list[Message] = field(default_factory=list)


_RUN: ContextVar[_Run] = ContextVar("run")


class JobTask(Task):  # type: ignore[misc]
    """A task that may be run again at any time: its job reads from the store what is to do."""

    autoretry_for = (StoreError, ConnectionError)
    retry_backoff = 2
    retry_backoff_max = 300
    retry_jitter = True
    max_retries = 8
    # Told in one line below; a traceback of what a person can mend helps nobody.
    throws = (ListeningError,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body; what it set off is sent once it ended well."""
        headers = self.request.headers or {}
        context = structlog.contextvars.bound_contextvars(task=self.name, task_id=self.request.id)
        with correlated(headers.get("correlation") or new_correlation()), context, _run() as run:
            picked_up(run.store, headers)
            began, outcome = time.monotonic(), "failed"
            try:
                with doing(self.name), traced(self.name):
                    self.run(*args, **kwargs)
                outcome = "done"
            except Cancelled as error:
                log.info("cancelled", reason=str(error))
                outcome = "done"
            except TaskPredicate as error:  # such as Retry
                outcome = "retried"
                log.warning("tried again later", reason=str(error))
                raise
            except ListeningError as error:
                log.error("failed", error=str(error))
                raise
            finally:
                self._count(run.store, outcome, time.monotonic() - began)
            for message in run.after:
                send_or_drop(self.app, run.store, message)

    @property
    def store(self) -> Store:
        """The store of this run."""
        return _RUN.get().store

    def after(
        self, task: str, *args: Any, once: str | None = None, expires: float | None = EXPIRES
    ) -> None:
        """Send a task when this one ended well, and so after all that it commits.

        Args:
            task: its name.
            args: ids, no more.
            once: at most one of this key waits at a time; None: as many as are sent.
            expires: seconds after which it wakes nobody any more; None: never.
        """
        _RUN.get().after.append(Message(task, args, once, expires))

    def _count(self, store: Store, outcome: str, seconds: float) -> None:
        """A figure that cannot be written never fails the work that it is about."""
        try:
            with store.work() as session:
                add(session, metrics.TASKS, task=self.name, outcome=outcome)
                if outcome == "failed":
                    add(session, metrics.FAILURES, task=self.name, source="")
                took(session, self.name, seconds)
        except Exception as error:  # nor does a mistake in counting
            log.warning("not counted", error=str(error))


@contextmanager
def _run() -> Iterator[_Run]:
    from listening.store.watches.credentials import serve_credentials

    settings = get_settings()
    serve_credentials(settings)
    run = _Run(Store.from_settings(settings))
    token = _RUN.set(run)
    try:
        yield run
    finally:
        _RUN.reset(token)
        run.store.close()
