"""Sending tasks: after the commit, each kind waiting once at most, and never worth a failure."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from listening.errors import StoreError
from listening.logs import correlation, masked
from listening.store.running.leases import give_up, take
from listening.store.session import Store

# A message sent once is not sent again before it was picked up or this long has passed: then
# it was lost, or nobody consumes its queue.
WAITS = 30.0
# It wakes nobody after this. Longer than clocks of two machines may differ.
EXPIRES = 120.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """A task to send.

    Attributes:
        task: its name.
        args: ids, no more.
        once: at most one of this key waits at a time; None: as many as are sent.
        expires: seconds; None: never.
        correlation: of what set it off.
    """

    task: str
    args: tuple[Any, ...] = ()
    once: str | None = None
    expires: float | None = EXPIRES
    correlation: str | None = field(default_factory=correlation)


def send(app: Celery, store: Store, message: Message) -> bool:
    """Send a task; False where one waits already.

    Raises:
        OperationalError: the broker does not answer; sending again is safe.
        StoreError: the store does not answer.
    """
    headers: dict[str, Any] = {}
    if message.correlation is not None:
        headers["correlation"] = message.correlation
    if message.once is not None:
        name, token = f"queued:{message.once}", secrets.token_hex(8)
        with store.work() as session:
            if not take(session, name, token, WAITS):
                return False
        headers["queued"] = [name, token]
    try:
        app.send_task(
            message.task, message.args, headers=headers, expires=message.expires, retry=False
        )
    except Exception as error:  # every transport fails in its own ways
        if message.once is not None:
            picked_up(store, headers)
        raise OperationalError(masked(str(error))) from error
    return True


def send_or_drop(app: Celery, store: Store, message: Message) -> None:
    """Send a task; what cannot be sent is left to the beat, which reads the store again."""
    try:
        send(app, store, message)
    except (OperationalError, StoreError) as error:
        log.warning("not sent, the beat makes up for it", sent=message.task, error=str(error))


def picked_up(store: Store, headers: dict[str, Any]) -> None:
    """A message sent once has arrived: the next one may be sent."""
    queued = headers.get("queued")
    if isinstance(queued, list) and len(queued) == 2:
        try:
            with store.work() as session:
                give_up(session, str(queued[0]), str(queued[1]))
        except StoreError:  # it runs out by itself
            return
