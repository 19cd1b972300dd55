"""Numbers that only grow, added to by every process: what /metrics counts.

What a unit of work adds is written as its last statement, sorted: a counter's row is locked
for a moment only, and two workers that add the same ones never wait for each other in a ring.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from listening import metrics
from listening.store.tables import Counter

_WAITING = "counters"


@dataclass(frozen=True, slots=True)
class Counted:
    """How far a counter is."""

    name: str
    labels: Mapping[str, str]
    value: float


def add(session: Session, name: str, value: float = 1.0, **labels: str) -> None:
    """Add to a counter when this unit of work commits; nothing where it is rolled back.

    Args:
        session: inside a unit of work.
        name: a constant of `listening.metrics`.
        value: not negative; zero makes the counter known.
        labels: exactly those of the counter.

    Raises:
        ValueError: no such counter, other labels than its own, or a negative value.
    """
    wanted = metrics.counter(name).labels
    if set(labels) != set(wanted):
        raise ValueError(f"{name} has the labels {wanted}, not {tuple(labels)}")
    if not value >= 0:
        raise ValueError(f"{name} only grows: {value} cannot be added")
    if _WAITING not in session.info:
        session.info[_WAITING] = {}
        event.listen(session, "before_commit", _write)
        event.listen(session, "after_rollback", _forget)
    key = (name, json.dumps(labels, sort_keys=True, ensure_ascii=False))
    waiting: dict[tuple[str, str], float] = session.info[_WAITING]
    waiting[key] = waiting.get(key, 0.0) + value


def took(session: Session, stage: str, seconds: float, runs: int = 1) -> None:
    """Add the seconds that a stage took to its sum, and its runs to its count."""
    add(session, metrics.STAGE_SECONDS_SUM, max(seconds, 0.0), stage=stage)
    add(session, metrics.STAGE_SECONDS_COUNT, runs, stage=stage)


def read(session: Session) -> list[Counted]:
    """Every counter that was ever added to, by name and labels."""
    rows = session.exec(select(Counter).order_by(col(Counter.name), col(Counter.labels)))
    return [Counted(row.name, json.loads(row.labels), row.value) for row in rows]


def _write(session: Session) -> None:
    waiting: dict[tuple[str, str], float] = session.info[_WAITING]
    if not waiting:
        return
    session.flush()  # everything else is written before the counters' rows are locked
    rows = [{"name": n, "labels": text, "value": v} for (n, text), v in sorted(waiting.items())]
    waiting.clear()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table: Any = inspect(Counter).local_table
    statement = insert(table)
    grown = statement.on_conflict_do_update(
        index_elements=["name", "labels"],
        set_={"value": table.c.value + statement.excluded["value"]},
    )
    session.connection().execute(grown, rows)


def _forget(session: Session) -> None:
    session.info[_WAITING].clear()
