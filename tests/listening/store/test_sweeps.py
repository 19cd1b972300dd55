"""Pulls with their counts, and the rows that they kept aside."""

from __future__ import annotations

import pytest

from listening.errors import NotFoundError
from listening.store.session import Store
from listening.store.tables import SweepStatus
from listening.store.watches.sweeps import (
    begin_sweep,
    count_waiting,
    end_sweep,
    get_sweep,
    latest_sweeps,
    quarantine,
    resolve_rows,
    waiting_rows,
)

ROW = (2, "date", "no date", "1,ann,hi,")


def keep(store: Store, *rows: tuple[int, str | None, str, str], file: str = "a.csv") -> int:
    with store.work() as session:
        return quarantine(session, sweep_id=None, file=file, rows=rows)


def waiting(store: Store, file: str | None = None) -> list[tuple[str, int, str, str]]:
    with store.session() as session:
        return [(r.file, r.line, r.reason, r.raw) for r in waiting_rows(session, file)]


def test_a_sweep_from_its_beginning_to_its_end(store: Store) -> None:
    with store.work() as session:
        good, bad = (begin_sweep(session, source="file", label=x) for x in ("a", "b"))
        running = get_sweep(session, good.id)
        assert (running.status, running.finished_at) == (SweepStatus.RUNNING, None)
        end_sweep(session, good)
        end_sweep(session, bad, error="cut short")
    with store.session() as session:
        assert [(s.label, s.status, s.error) for s in latest_sweeps(session)] == [
            ("b", SweepStatus.FAILED, "cut short"),
            ("a", SweepStatus.DONE, None),
        ]
        assert [s.label for s in latest_sweeps(session, limit=1)] == ["b"]
        with pytest.raises(NotFoundError, match="No sweep 99"):
            get_sweep(session, 99)


def test_a_row_is_kept_once_with_its_latest_reason(store: Store) -> None:
    assert keep(store, ROW, ROW) == 1
    keep(store, (2, "date", "still no date", "1,ann,hi,"))
    assert waiting(store) == [("a.csv", 2, "still no date", "1,ann,hi,")]


def test_rows_wait_by_file_and_line_until_they_are_resolved(store: Store) -> None:
    keep(store, (9, None, "r", "x"), (3, None, "r", "y"))
    keep(store, (1, None, "r", "z"), file="b.csv")
    assert [(file, line) for file, line, *_ in waiting(store)] == [
        ("a.csv", 3), ("a.csv", 9), ("b.csv", 1),
    ]  # fmt: skip
    with store.work() as session:
        assert count_waiting(session) == 3
        resolve_rows(session, "a.csv", [3, 3])
        assert count_waiting(session) == 2
    assert [(file, line) for file, line, *_ in waiting(store, "a.csv")] == [("a.csv", 9)]


def test_a_resolved_row_that_is_bad_again_waits_again(store: Store) -> None:
    keep(store, ROW)
    with store.work() as session:
        resolve_rows(session, "a.csv", [2])
    assert waiting(store) == []
    keep(store, ROW)
    assert len(waiting(store)) == 1


def test_what_no_database_can_hold_is_kept_readable(store: Store) -> None:
    keep(store, (2, None, "r", "a\x00b\ud83d\n💙"))
    assert waiting(store) == [("a.csv", 2, "r", "a\\x00b?\n💙")]
