"""How listening for a brand goes: its watches, how far behind they are, what was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.tables import (
    QuarantinedRow,
    QuarantineStatus,
    Sweep,
    SweepStatus,
    Watch,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The state of a brand's watches.

    Attributes:
        swept_at: when the last sweep that ended well began; None: none did.
        lag: how far behind the watch is that is furthest behind; None: it cannot be told.
        waiting: rows of this brand's sweeps that could not be read and wait for somebody.
    """

    watches: int = 0
    paused: int = 0
    failing: int = 0
    warned: int = 0
    swept_at: datetime | None = None
    lag: timedelta | None = None
    waiting: int = 0

    @property
    def well(self) -> bool:
        """Whether nothing wants looking after."""
        return not (self.failing or self.warned or self.waiting)


def listening_of(session: Session, brand_id: int, moment: datetime) -> Listening:
    """How listening for a brand goes."""
    watches = list(session.exec(select(Watch).where(Watch.brand_id == brand_id)))
    ids = [int(watch.id or 0) for watch in watches]
    running = [watch for watch in watches if watch.paused_at is None]
    lags = [moment - watch.read_until for watch in running if watch.read_until is not None]
    swept = select_columns(func.max(col(Sweep.started_at))).where(
        col(Sweep.watch_id).in_(ids), col(Sweep.status) == SweepStatus.DONE
    )
    waiting = (
        select_columns(func.count())
        .select_from(QuarantinedRow)
        .join(Sweep, col(Sweep.id) == col(QuarantinedRow.sweep_id))
        .where(col(QuarantinedRow.status) == QuarantineStatus.WAITING, col(Sweep.watch_id).in_(ids))
    )
    return Listening(
        watches=len(watches),
        paused=len(watches) - len(running),
        failing=sum(watch.failures > 0 for watch in running),
        warned=sum(watch.warning is not None for watch in running),
        swept_at=session.execute(swept).scalar() if ids else None,
        lag=max(*lags, timedelta(0)) if lags else None,
        waiting=int(session.execute(waiting).scalar_one()) if ids else 0,
    )
