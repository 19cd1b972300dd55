"""That something changed which figures of segments count: marks that whoever changes it leaves.

They are only ever added, a row a unit of work, so that nobody waits for anybody; whoever
counts takes away those that stood before it began.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert
from sqlmodel import Session, col, func, select

from listening.store.bulk import chunked
from listening.store.tables import FigureDue
from listening.store.tables.types import now

_MARKED = "figures are due"


def mark_figures(session: Session) -> None:
    """Say that figures have changed; once a unit of work, however often it is called."""
    if not session.info.get(_MARKED):
        session.execute(insert(FigureDue).values(at=now()))
        session.info[_MARKED] = True


def due_marks(session: Session) -> list[int]:
    """What says that figures have changed, by id."""
    return [int(i or 0) for i in session.exec(select(FigureDue.id).order_by(col(FigureDue.id)))]


def drop_marks(session: Session, marks: Collection[int]) -> None:
    """What was marked before figures were counted is done."""
    for chunk in chunked(sorted(marks), 5000):
        session.execute(delete(FigureDue).where(col(FigureDue.id).in_(chunk)))


def marked_since(session: Session) -> datetime | None:
    """When the oldest change came that no figure counts; None: there is none."""
    return session.exec(select(func.min(FigureDue.at))).one()
