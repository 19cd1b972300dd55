"""Tasks as spans and their errors as reports, where settings ask for it.

Celery's own instrumentations are not used: they send arguments and messages of errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery.exceptions import Ignore, Reject, Retry
from celery.signals import (
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
)

from listening import tracing
from listening.config import Settings
from listening.errors import ListeningError


@contextmanager
def traced(task: str) -> Iterator[None]:
    """A run of a task as a span; an error that nobody can mend by a setting is reported."""
    try:
        with tracing.span(task):
            yield
    except (ListeningError, Retry, Reject, Ignore):  # told in words, or no error at all
        raise
    except Exception as error:
        tracing.report(error, task=task)
        raise


def install(settings: Settings) -> None:
    """Have workers report once they have started.

    Raises:
        SettingsError: as `listening.tracing.require`.
    """
    tracing.require(settings)
    if tracing.secret(settings) is None and not settings.otel_endpoint:
        return

    def begin(**_: Any) -> None:
        tracing.start(settings, "worker")

    for signal in (worker_init, worker_process_init):
        signal.connect(begin, weak=False)
    for signal in (worker_process_shutdown, worker_shutdown):
        signal.connect(lambda **_: tracing.stop(), weak=False)
