"""A watch whose source is told something else: what becomes of how far it had read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from listening.schedule import first_due
from listening.sources.base import SourceSpec
from listening.sources.registry import params_key
from listening.store.tables import Watch
from listening.store.tables.types import now
from listening.store.watches.sweeps import lose_sweeps
from listening.store.watches.watches import open_backfills, schedule_of, watch_id_of

_STOPPED = "What its source is told was changed; what it had stored stands."


def retell(session: Session, watch: Watch, spec: SourceSpec, params: Mapping[str, Any]) -> None:
    """Have the next sweep, due as that of a new watch, ask for something else.

    Where the cursor means nothing any more it is forgotten, those of windows that are still to
    be fetched too: what was read for the old parameters says nothing of posts of the new ones.
    What a sweep that is running had read is not stored: it is the old parameters'.

    Args:
        session: inside a unit of work, in which `hold_sweeps` was called before `watch` was read.
        watch: stored.
        spec: of its source.
        params: as `listening.sources.registry.settle` gives them.
    """
    lose_sweeps(session, watch_id_of(watch), why=_STOPPED)
    if begins_anew(spec, watch.params, params):
        watch.cursor = watch.read_until = None
        for window in open_backfills(session, watch_id_of(watch)):
            window.cursor, window.failures, window.error = None, 0, None
            session.add(window)
    watch.params, watch.params_key = dict(params), params_key(params)
    watch.failures, watch.last_error, watch.warning = 0, None, None
    watch.next_due_at = first_due(schedule_of(watch), now())
    session.add(watch)


def begins_anew(spec: SourceSpec, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a cursor of some parameters means nothing for others."""
    names = {*before, *after} - {*spec.goes_on_with}
    return any(before.get(name) != after.get(name) for name in names)
