"""What happens to cases by itself: a snooze ends, a due time passes.

Told from the cases alone and in bounded units, so that whoever runs it twice, or dies in the
middle, does no harm: a case that woke is no longer snoozed, and one is escalated once a timer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from listening.access import Actor, Role
from listening.caseflow import raised
from listening.notifying import case_overdue, cases_overdue, page_of_brand
from listening.store.cases.actions import apply, moves
from listening.store.notifying.notifications import notify
from listening.store.tables import Brand, Case, CaseStatus, Priority

TIMETABLE = Actor(name="the timetable", everywhere=Role.ADMIN)
UNIT = 200  # cases a unit of work
_TOLD_ALONE = 5  # more than so many at once are told of together
_RUNNING = (CaseStatus.OPEN, CaseStatus.PENDING, CaseStatus.SNOOZED)


def is_due(session: Session, moment: datetime) -> bool:
    """Whether a case wants waking or escalating."""
    return any(
        session.exec(statement.limit(1)).first() is not None
        for statement in (_asleep(moment), *(_late(status, moment) for status in _RUNNING))
    )


def wake(session: Session, moment: datetime, limit: int = UNIT) -> int:
    """Open the snoozed cases whose time has come; returns how many."""
    statement = _asleep(moment).order_by(col(Case.id)).limit(limit)
    found = session.exec(statement.with_for_update(skip_locked=True)).all()
    for case in found:
        apply(session, TIMETABLE, case, "wake", moves(case, CaseStatus.OPEN, moment))
    return len(found)


def escalate(session: Session, moment: datetime, limit: int = UNIT) -> int:
    """Raise the cases that were due, once, and have it told; returns how many.

    A priority that a person set stays; due times stay, since they were missed.
    """
    late: list[Case] = []
    for status in _RUNNING:
        statement = _late(status, moment).order_by(col(Case.due_at), col(Case.id))
        statement = statement.limit(limit - len(late))
        late += session.exec(statement.with_for_update(skip_locked=True)).all()
        if len(late) == limit:
            break
    for case in sorted(late, key=lambda one: one.id or 0):
        priority = case.priority
        if case.priority_by is None:
            priority = Priority(raised(str(priority)))
        values = {"escalated_at": moment, "priority": priority}
        apply(session, TIMETABLE, case, "escalate", values)
    _tell(session, late)
    return len(late)


def _tell(session: Session, late: Sequence[Case]) -> None:
    by_brand: dict[int, list[Case]] = defaultdict(list)
    for case in late:
        by_brand[case.brand_id].append(case)
    for brand_id, cases in by_brand.items():
        brand = session.get_one(Brand, brand_id)
        if len(cases) > _TOLD_ALONE:
            notify(session, cases_overdue(brand, [int(case.id or 0) for case in cases]))
            continue
        for case in cases:
            notify(
                session,
                case_overdue(
                    brand,
                    int(case.id or 0),
                    due_at=case.due_at or case.opened_at,
                    priority=str(case.priority),
                    owner=case.owner,
                    path=f"{page_of_brand(brand, 'triage')}?case={case.id}",
                ),
            )


def _asleep(moment: datetime) -> Any:
    return select(Case).where(Case.status == CaseStatus.SNOOZED, col(Case.snoozed_until) <= moment)


def _late(status: CaseStatus, moment: datetime) -> Any:
    return select(Case).where(
        Case.status == status, col(Case.escalated_at).is_(None), col(Case.due_at) < moment
    )
