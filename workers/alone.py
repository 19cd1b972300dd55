"""Units of work that delete, while nobody stores posts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from listening.errors import StoreError
from listening.store.keeping.tombstones import hold_gate
from listening.store.session import Store

T = TypeVar("T")

_TRIES = 8
_AGAIN = {"40P01", "40001"}  # two waited for each other, and this one was given up


def alone(store: Store, unit: Callable[[Session], T]) -> T:
    """One unit of work with the gate held; tried again where PostgreSQL gave it up for another.

    Rows that a worker writes at the same time are locked in whatever order it needs them: such
    a deadlock is told within a second, and nothing of the unit stands.
    """
    for attempt in range(_TRIES):
        try:
            with store.work() as session:
                hold_gate(session, alone=True)
                return unit(session)
        except StoreError as error:
            state = getattr(getattr(error.__cause__, "orig", None), "sqlstate", None)
            if state not in _AGAIN or attempt == _TRIES - 1:
                raise
        time.sleep(random.uniform(0.05, 0.2) * (attempt + 1))  # noqa: S311  no secret
    raise AssertionError("unreachable")
