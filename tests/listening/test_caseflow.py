"""States, timer, escalation and weekly medians, by hand-checked values."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from listening.caseflow import (
    CLOSED,
    OPEN,
    PENDING,
    SNOOZED,
    STATES,
    Course,
    Week,
    allowed,
    filled,
    moved,
    overdue,
    prioritised,
    raised,
    rank,
    ranks_of,
    snooze_choices,
    weekly,
)
from tests.factories import at

NINE, TEN, NOON = (at(f"2026-09-01T{hour}:00Z") for hour in ("09", "10", "12"))
FRESH = Course(status=OPEN, priority="high", timed_from=NINE, due_at=at("2026-09-01T13:00Z"))


def changed(case: Course, **fields: object) -> Course:
    from dataclasses import replace

    return replace(case, **fields)  # type: ignore[arg-type]


def test_every_state_leads_to_every_other_but_a_closed_case_is_only_opened() -> None:
    ways = {(a, b) for a in STATES for b in STATES if allowed(a, b)}
    assert ways == {
        (OPEN, PENDING), (OPEN, SNOOZED), (OPEN, CLOSED),
        (PENDING, OPEN), (PENDING, SNOOZED), (PENDING, CLOSED),
        (SNOOZED, OPEN), (SNOOZED, PENDING), (SNOOZED, SNOOZED), (SNOOZED, CLOSED),
        (CLOSED, OPEN),
    }  # fmt: skip
    with pytest.raises(ValueError, match="a closed case is not brought to pending"):
        moved(changed(FRESH, status=CLOSED), PENDING, at=TEN)


def test_closing_stops_the_timer_and_tells_whether_it_was_in_time() -> None:
    assert moved(FRESH, CLOSED, at=TEN) == {
        "status": CLOSED, "snoozed_until": None, "answered_at": TEN, "closed_at": TEN,
        "in_time": True,
    }  # fmt: skip
    late = moved(FRESH, CLOSED, at=at("2026-09-01T13:00:01Z"))
    assert late["in_time"] is False
    assert not overdue(CLOSED, FRESH.due_at, at("2026-10-01T00:00Z"))
    assert overdue(OPEN, FRESH.due_at, at("2026-09-01T13:00:01Z"))
    assert not overdue(OPEN, FRESH.due_at, at("2026-09-01T13:00Z"))
    assert not overdue(OPEN, None, at("2026-10-01T00:00Z"))


def test_a_case_that_was_met_stays_met_when_it_is_opened_again() -> None:
    met = changed(FRESH, **moved(FRESH, CLOSED, at=TEN))
    later = at("2026-09-05T12:00Z")
    again = changed(met, **moved(met, OPEN, at=later))
    assert (again.status, again.closed_at, again.in_time) == (OPEN, None, True)
    # A new timer, and the first answer stays the first.
    assert (again.timed_from, again.due_at) == (later, later + timedelta(hours=4))
    assert again.answered_at == TEN
    much_later = at("2026-09-09T12:00Z")
    assert "in_time" not in moved(again, CLOSED, at=much_later)


def test_the_first_answer_is_told_once() -> None:
    assert moved(FRESH, PENDING, at=TEN)["answered_at"] == TEN
    pending = changed(FRESH, status=PENDING, answered_at=TEN)
    assert "answered_at" not in moved(pending, CLOSED, at=NOON)
    assert "answered_at" not in moved(FRESH, SNOOZED, at=TEN, until=NOON)


def test_a_snooze_has_an_end_and_loses_it() -> None:
    assert moved(FRESH, SNOOZED, at=TEN, until=NOON) == {"status": SNOOZED, "snoozed_until": NOON}
    asleep = changed(FRESH, status=SNOOZED, snoozed_until=NOON)
    assert moved(asleep, OPEN, at=NOON) == {"status": OPEN, "snoozed_until": None}


def test_another_priority_is_another_due_time_while_the_timer_runs() -> None:
    assert prioritised(FRESH, "low") == {"priority": "low", "due_at": NINE + timedelta(hours=72)}
    assert prioritised(changed(FRESH, status=CLOSED), "low") == {"priority": "low"}
    assert [raised(p) for p in ("low", "medium", "high")] == ["medium", "high", "high"]


def test_a_queue_is_ordered_by_priority_before_urgency() -> None:
    assert rank("low", 0.9) < rank("medium", 0.1) < rank("medium", 0.4001) < rank("high", 0.0)
    assert rank("high", 0.6612) == 20.6612
    low, above = ranks_of("medium")
    assert low <= rank("medium", 0.0) < rank("medium", 1.0) < above <= rank("high", 0.0)


def test_snoozes_end_in_the_future_on_the_day_they_name() -> None:
    friday = at("2026-09-04T15:30Z")
    choices = dict(snooze_choices(friday))
    assert choices["until tomorrow, 8:00"] == at("2026-09-05T08:00Z")
    assert choices["until Monday, 8:00"] == at("2026-09-07T08:00Z")
    monday = dict(snooze_choices(at("2026-09-07T07:00Z")))
    assert monday["until Monday, 8:00"] == at("2026-09-14T08:00Z")


def test_medians_by_iso_week_with_their_denominator() -> None:
    spans = [
        (NINE, TEN),  # Tuesday: 1 h
        (NINE, NOON),  # 3 h
        (NINE, at("2026-09-06T23:00Z")),  # Sunday of the same week: 134 h
        (at("2026-09-07T00:00Z"), at("2026-09-07T00:30Z")),  # Monday: the next week
        (NINE, at("2026-08-01T00:00Z")),  # before what is told
    ]
    assert weekly(spans, last=at("2026-09-14T10:00Z"), weeks=3) == [
        Week(date(2026, 8, 31), 3.0, 3),
        Week(date(2026, 9, 7), 0.5, 1),
        Week(date(2026, 9, 14), None, 0),
    ]


def test_canned_notes_are_filled_and_other_braces_stay() -> None:
    said = filled("Sorry {author}, {brand} {here}", author="{brand}", brand="JetBlue")
    assert said == "Sorry {brand}, JetBlue {here}"
