"""The base of every task: the store, retries and the log context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery import Task

from listening.config import get_settings
from listening.errors import StoreError
from listening.store.session import Store


class JobTask(Task):  # type: ignore[misc]
    """A task that may be run again at any time: its job reads from the store what is to do."""

    autoretry_for = (StoreError, ConnectionError)
    retry_backoff = 2
    retry_backoff_max = 300
    retry_jitter = True
    max_retries = 8

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run with the task's name and id in every log line."""
        with structlog.contextvars.bound_contextvars(task=self.name, task_id=self.request.id):
            return super().__call__(*args, **kwargs)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store of this run."""
        store = Store.from_settings(get_settings())
        try:
            yield store
        finally:
            store.close()
