"""A source that gives what a test tells it to, and sweeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from listening.schedule import Schedule
from listening.sources.base import ANYTHING, Batch, SourceSpec, Wanted, Window
from listening.store.brands.brands import get_brand
from listening.store.running import counters
from listening.store.session import Store
from listening.store.tables import Sweep, Watch
from listening.store.watches.sweeps import sweeps_of
from listening.store.watches.watches import add_watch, get_watch
from tests.factories import post, posts
from workers.holder import this_holder
from workers.jobs.sweeping import SweepReport, sweep_watch


class Listed:
    """A source that gives three posts a step, and fails where it is told to."""

    def __init__(self, steps: int = 4) -> None:
        self.steps = steps
        self.fails: dict[int, BaseException] = {}
        self.pulled: list[tuple[int, bool]] = []

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return SourceSpec(name="listed", help="Posts out of a list.", backfill=True)

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Anything goes."""
        return dict(params)

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Give the next steps."""
        for step in range((cursor or {"step": 0})["step"], self.steps):
            self.pulled.append((step, window is not None))
            if error := self.fails.pop(step, None):
                raise error
            own = [post(f"JetBlue {n}", id=f"p{n}", source="listed") for n in _of(step, window)]
            yield Batch(cursor={"step": step + 1}, posts=own)


def _of(step: int, window: Window | None) -> range:
    first = step * 3 + (100 if window else 0)
    return range(first, first + 3)


def watch(store: Store, source: str = "listed", name: str = "JetBlue", **params: object) -> int:
    with store.work() as session:
        found, _ = add_watch(session, get_brand(session, name), source, params, Schedule())
        return int(found.id or 0)


def sweep(store: Store, watch_id: int, **more: Any) -> SweepReport:
    return sweep_watch(store, watch_id, holder=this_holder(), **more)


def stored(store: Store, watch_id: int) -> Watch:
    with store.session() as session:
        return get_watch(session, watch_id)


def swept(store: Store, watch_id: int) -> list[Sweep]:
    with store.session() as session:
        return sweeps_of(session, watch_id)


def ids(store: Store) -> list[str]:
    with store.session() as session:
        return sorted((p.native_id for p in posts(session)), key=lambda native: int(native[1:]))


def make_due(store: Store, watch_id: int, **values: object) -> None:
    with store.work() as session:
        found = get_watch(session, watch_id)
        session.add(found.sqlmodel_update({"next_due_at": None, **values}))


def counted(store: Store) -> dict[str, float]:
    with store.session() as session:
        return {one.name: one.value for one in counters.read(session)}
