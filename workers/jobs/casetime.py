"""Wake cases whose snooze is over, and escalate those that are late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from listening.store.cases.timer import UNIT, escalate, wake
from listening.store.session import Store
from listening.store.tables.types import now


@dataclass(frozen=True, slots=True)
class Timed:
    """How many cases woke, and how many were late."""

    woken: int
    escalated: int


def keep_time(store: Store, moment: datetime | None = None) -> Timed:
    """Do what is due by a moment; None: now. A unit of work for every few hundred cases."""
    moment = moment or now()
    return Timed(_all(store, wake, moment), _all(store, escalate, moment))


def _all(store: Store, unit: Callable[[Session, datetime], int], moment: datetime) -> int:
    total = 0
    while True:
        with store.work() as session:
            done = unit(session, moment)
        total += done
        if done < UNIT:
            return total
