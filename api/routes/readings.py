"""Readings of the whole state that many may ask for and few pay for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from api.web.site import Site
from listening.errors import ListeningError
from listening.health import Health
from listening.store.running.counters import Counted, read
from listening.store.running.health import health

KEPT = 5.0  # seconds
# A reading that cost a second is kept for twenty: asking never takes more than 5 % of a core.
_KEPT_TIMES_COST = 20.0
_PATIENCE = 8.0  # of one who asks while another reads; below Prometheus' ten seconds


@dataclass(frozen=True, slots=True)
class Reading:
    """The state and the counters at one moment; why not, where the store does not answer."""

    health: Health | None
    counters: Sequence[Counted]
    seconds: float
    at: float  # Unix time
    why: str | None = None


class Readings:
    """Reads at most once in a while, and one at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = Lock()
        self._last: Reading | None = None
        self._until = 0.0

    def take(self) -> Reading:
        """A reading a few seconds old at most; older where one costs much."""
        if not self._lock.acquire(timeout=_PATIENCE):
            # The store hangs: what was last known, or that nothing is.
            return self._last or Reading(None, (), 0.0, time.time(), "The store does not answer.")
        try:
            if self._last is None or time.monotonic() >= self._until:
                self._last = self._read()
                cost = self._last.seconds
                self._until = time.monotonic() + max(KEPT, _KEPT_TIMES_COST * cost)
            return self._last
        finally:
            self._lock.release()

    def _read(self) -> Reading:
        began, at = time.perf_counter(), time.time()
        try:
            with self._site.reading() as session:
                found = health(session, self._site.settings)
                counted = read(session)
        except ListeningError as error:
            return Reading(None, (), 0.0, at, str(error))
        return Reading(found, counted, time.perf_counter() - began, at)
