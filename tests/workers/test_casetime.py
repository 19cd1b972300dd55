"""Snoozes that end and due times that pass."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from listening.errors import ConflictError
from listening.notifying import EventKind
from listening.store.cases.actions import Verb
from listening.store.cases.timer import is_due
from listening.store.session import Store
from listening.store.tables import CaseStatus, Channel, ChannelKind, Delivery, Priority
from listening.store.tables.types import now
from tests.caseload import case_of, do, events, number_of, open_cases, person
from tests.factories import at, brand, load, post
from workers.jobs.casetime import Timed, keep_time


@pytest.fixture
def queue(store: Store) -> Store:
    brand(store, "JetBlue")
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(8)))
    open_cases(store, p0=(0.2, "low", "g"), p1=(0.5, "medium", "g"), p2=(0.7, "high", "h"))
    return store


def due(store: Store, moment: object) -> bool:
    with store.session() as session:
        return is_due(session, moment)  # type: ignore[arg-type]


def told(store: Store) -> list[str]:
    with store.session() as session:
        return [d.title for d in session.exec(select(Delivery).order_by(col(Delivery.id)))]


def listen(store: Store) -> None:
    with store.work() as session:
        session.add(
            Channel(
                name="desk", kind=ChannelKind.WEBHOOK, secret="-", shown="-", created_by="ann",
                events=[EventKind.CASE_OVERDUE.value],
            )
        )  # fmt: skip


def test_a_missed_due_time_raises_the_case_once_and_is_told(queue: Store) -> None:
    listen(queue)
    before, after = at("2026-09-01T15:59Z"), at("2026-09-01T16:01Z")
    assert not due(queue, before)
    assert keep_time(queue, before) == Timed(0, 0)
    assert due(queue, after)
    assert keep_time(queue, after) == Timed(0, 1)
    assert keep_time(queue, after) == Timed(0, 0)
    found = case_of(queue, "p2")
    assert (found.priority, found.escalated_at, found.version) == (Priority.HIGH, after, 2)
    assert found.due_at == at("2026-09-01T16:00Z")
    assert [(e.by, e.action) for e in events(queue, "p2")] == [("the timetable", "escalate")]
    assert told(queue) == ["JetBlue: a case of high priority is overdue"]


def test_the_priority_is_raised_by_one_and_not_again(queue: Store) -> None:
    assert keep_time(queue, at("2026-09-05T00:00Z")) == Timed(0, 3)
    found = {native: case_of(queue, native) for native in ("p0", "p1", "p2")}
    assert [c.priority for c in found.values()] == [
        Priority.MEDIUM, Priority.HIGH, Priority.HIGH,
    ]  # fmt: skip
    assert found["p0"].rank == 10.2
    # Computed anew, it stays so.
    open_cases(queue, p0=(0.2, "low", "g"), p1=(0.5, "medium", "g"), p2=(0.7, "high", "h"))
    assert keep_time(queue, at("2026-09-09T00:00Z")) == Timed(0, 0)
    assert case_of(queue, "p0").priority is Priority.MEDIUM


def test_a_persons_priority_is_not_raised(queue: Store) -> None:
    rita = person(queue, "rita")
    do(queue, rita, "p2", Verb.PRIORITY, priority=Priority.LOW)
    assert keep_time(queue, at("2026-09-05T00:00Z")) == Timed(0, 3)
    assert case_of(queue, "p2").priority is Priority.LOW


def test_the_timer_stops_when_closed_and_begins_anew_when_opened_again(queue: Store) -> None:
    rita = person(queue, "rita")
    for native in ("p0", "p1", "p2"):
        do(queue, rita, native, Verb.CLOSE)
    assert keep_time(queue, at("2027-09-05T00:00Z")) == Timed(0, 0)
    again = do(queue, rita, "p2", Verb.OPEN)
    assert again.due_at is not None
    assert keep_time(queue, again.due_at) == Timed(0, 0)
    assert keep_time(queue, again.due_at + timedelta(seconds=1)) == Timed(0, 1)


def test_a_snoozed_case_comes_back_in_its_time(queue: Store) -> None:
    rita = person(queue, "rita")
    until = now() + timedelta(hours=1)
    do(queue, rita, "p0", Verb.SNOOZE, until=until)
    keep_time(queue, until - timedelta(minutes=1))
    assert case_of(queue, "p0").status is CaseStatus.SNOOZED
    assert due(queue, until)
    assert keep_time(queue, until).woken == 1
    found = case_of(queue, "p0")
    assert (found.status, found.snoozed_until) == (CaseStatus.OPEN, None)
    assert events(queue, "p0")[-1].action == "wake"


def test_who_acts_while_the_timetable_does_is_told(queue: Store) -> None:
    rita = person(queue, "rita")
    keep_time(queue, at("2026-09-05T00:00Z"))
    with pytest.raises(ConflictError, match="the timetable raised it: it is overdue"):
        do(queue, rita, "p0", Verb.CLOSE, version=1)


def test_many_that_are_late_at_once_are_told_of_together(queue: Store) -> None:
    listen(queue)
    open_cases(queue, **{f"p{n}": (0.5, "medium", "g") for n in range(8)})
    number_of(queue, "p7")
    assert keep_time(queue, at("2026-09-09T00:00Z")).escalated == 8
    assert told(queue) == ["JetBlue: 8 cases overdue"]
