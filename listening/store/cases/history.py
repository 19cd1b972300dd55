"""What was done to a case, and how long a brand's cases took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.caseflow import Week, weekly
from listening.store.tables import Case, CaseEvent

WEEKS = 8
_MOST_EVENTS = 200


def history(session: Session, case_id: int) -> list[CaseEvent]:
    """The latest things that were done to a case, oldest first."""
    statement = select(CaseEvent).where(CaseEvent.case_id == case_id)
    latest = session.exec(statement.order_by(col(CaseEvent.id).desc()).limit(_MOST_EVENTS))
    return list(reversed(latest.all()))


@dataclass(frozen=True, slots=True)
class Pace:
    """How long it took a brand's support, a week at a time, oldest first."""

    answer: list[Week]
    close: list[Week]


def pace(session: Session, brand_id: int, last: datetime, *, weeks: int = WEEKS) -> Pace:
    """Median hours from opening to the first answer and to closing, by the week they fell in.

    Reads every case answered or closed in these weeks: whoever shows it keeps it a while.

    Args:
        session: to read with.
        brand_id: whose.
        last: a moment in the latest week.
        weeks: how many.
    """

    def spans(ended: Any) -> list[tuple[datetime, datetime]]:
        statement = select_columns(col(Case.opened_at), ended).where(
            col(Case.brand_id) == brand_id, ended >= last - timedelta(weeks=weeks)
        )
        return [(opened, end) for opened, end in session.execute(statement)]

    return Pace(
        weekly(spans(col(Case.answered_at)), last=last, weeks=weeks),
        weekly(spans(col(Case.closed_at)), last=last, weeks=weeks),
    )
