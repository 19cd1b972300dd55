"""How a case goes (pure): its states, its timer, what is raised when it is late.

    open     waits for an answer
    pending  was answered, or is being seen to; waits for somebody
    snoozed  comes back by itself at a time
    closed   is done

Every state leads to every other one, but a closed case is only opened again. The timer runs
from opening to the due time, through pending and snoozed; closing stops it, and whether that
was in time then stands for good. Reopening starts a new timer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from listening.triage import due_at

OPEN, PENDING, SNOOZED, CLOSED = "open", "pending", "snoozed", "closed"
STATES = (OPEN, PENDING, SNOOZED, CLOSED)
PRIORITIES = ("high", "medium", "low")
# A snooze is for later today to some weeks; what waits longer is closed.
LONGEST_SNOOZE = timedelta(days=90)

_ALLOWED = {
    OPEN: frozenset({PENDING, SNOOZED, CLOSED}),
    PENDING: frozenset({OPEN, SNOOZED, CLOSED}),
    SNOOZED: frozenset({OPEN, PENDING, SNOOZED, CLOSED}),
    CLOSED: frozenset({OPEN}),
}
# The first of these that a case reaches is its first answer.
_ANSWERED = frozenset({PENDING, CLOSED})
_PLACE = {"high": 20.0, "medium": 10.0, "low": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What of a case the flow changes.

    Attributes:
        timed_from: when the timer began.
        in_time: whether the first closing met the due time; None: not closed yet.
        answered_at: the first answer.
    """

    status: str
    priority: str
    timed_from: datetime
    due_at: datetime | None = None
    escalated_at: datetime | None = None
    in_time: bool | None = None
    snoozed_until: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None


def allowed(status: str, to: str) -> bool:
    """Whether a case of one state may be brought to another."""
    return to in _ALLOWED[status]


def moved(
    case: Course, to: str, *, at: datetime, until: datetime | None = None
) -> dict[str, object]:
    """What changes when a case is brought to another state.

    Args:
        case: as it stands.
        to: the state; from a closed one only "open".
        at: this moment.
        until: when a snoozed case comes back.

    Raises:
        ValueError: from this state one does not get there.
    """
    if not allowed(case.status, to):
        raise ValueError(f"a {case.status} case is not brought to {to}")
    changes: dict[str, object] = {"status": to, "snoozed_until": until if to == SNOOZED else None}
    if case.answered_at is None and to in _ANSWERED:
        changes["answered_at"] = at
    if to == CLOSED:
        changes["closed_at"] = at
        if case.in_time is None:
            changes["in_time"] = case.due_at is None or at <= case.due_at
    if case.status == CLOSED:
        changes |= {
            "closed_at": None,
            "timed_from": at,
            "due_at": due_at(case.priority, at),
            "escalated_at": None,
        }
    return changes


def prioritised(case: Course, priority: str) -> dict[str, object]:
    """What changes when a case gets another priority: the due time, while the timer runs."""
    if case.status == CLOSED:
        return {"priority": priority}
    return {"priority": priority, "due_at": due_at(priority, case.timed_from)}


def overdue(status: str, due: datetime | None, at: datetime) -> bool:
    """Whether the due time of a case that is not closed has passed."""
    return status != CLOSED and due is not None and due < at


def raised(priority: str) -> str:
    """The next higher priority."""
    return PRIORITIES[max(PRIORITIES.index(priority) - 1, 0)]


def rank(priority: str, urgency: float) -> float:
    """What a queue is ordered by: the priority first, then the urgency."""
    return round(_PLACE[priority] + urgency, 4)


def ranks_of(priority: str) -> tuple[float, float]:
    """The lowest rank of a priority, and the first above."""
    return _PLACE[priority], _PLACE[priority] + 10.0


def snooze_choices(at: datetime) -> list[tuple[str, datetime]]:
    """What a snooze is usually for, in UTC: some hours, tomorrow, Monday, a week."""
    morning = at.replace(hour=8, minute=0, second=0, microsecond=0)
    to_monday = 7 - at.weekday()
    return [
        ("for 1 hour", at + timedelta(hours=1)),
        ("for 4 hours", at + timedelta(hours=4)),
        ("until tomorrow, 8:00", morning + timedelta(days=1)),
        ("until Monday, 8:00", morning + timedelta(days=to_monday)),
        ("for a week", at + timedelta(days=7)),
    ]


@dataclass(frozen=True, slots=True)
class Week:
    """How long it took in one ISO week, with what the figure stands on.

    Attributes:
        monday: the first day of the week.
        hours: the median; None where there was none.
        cases: the denominator.
    """

    monday: date
    hours: float | None
    cases: int


def weekly(spans: Iterable[tuple[datetime, datetime]], *, last: datetime, weeks: int) -> list[Week]:
    """Median hours from a start to an end, by the ISO week of the end, oldest first.

    Args:
        spans: pairs of start and end.
        last: a moment in the latest week told.
        weeks: how many are told; a week without any is told as such.
    """
    found: dict[date, list[float]] = {}
    for start, end in spans:
        found.setdefault(_monday(end), []).append((end - start).total_seconds() / 3600)
    mondays = [_monday(last) - timedelta(weeks=n) for n in reversed(range(weeks))]
    return [_week(monday, found.get(monday, [])) for monday in mondays]


def _week(monday: date, hours: Sequence[float]) -> Week:
    return Week(monday, round(median(hours), 2) if hours else None, len(hours))


def _monday(moment: datetime) -> date:
    return (moment - timedelta(days=moment.weekday())).date()


def filled(template: str, *, author: str, brand: str) -> str:
    """A canned note with {author} and {brand} filled in; other braces stay as they are."""
    return template.replace("{brand}", brand).replace("{author}", author)
