"""How watches, sweeps and rejected rows stand, as pages and API show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ListeningError, NotFoundError
from listening.sources.registry import where
from listening.spans import schedule_words
from listening.store.access.audit import changed, record
from listening.store.brands.brands import brand_id
from listening.store.tables import (
    Backfill,
    Brand,
    QuarantinedRow,
    QuarantineStatus,
    Sweep,
    Watch,
)
from listening.store.tables.types import now
from listening.store.watches.watches import is_pushed, schedule_of, watch_id_of

_MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class WatchView:
    """A watch as it stands.

    Attributes:
        state: paused, failing, warned, well.
        lag: how old what was read last is; None: it cannot be told.
        last: its latest sweep.
        waiting: its rows in quarantine that wait, at most 10,000 are counted.
    """

    watch: Watch
    brand: Brand
    where: str
    schedule: str
    state: str
    pushed: bool
    lag: timedelta | None
    last: Sweep | None
    waiting: int


def watch_views(
    session: Session, actor: Actor, *, brand: int | None = None, watch_id: int | None = None
) -> list[WatchView]:
    """The watches that somebody may see, by number."""
    statement = select(Watch, Brand).join(Brand, col(Brand.id) == col(Watch.brand_id))
    visible = actor.visible()
    if visible is not None:
        statement = statement.where(col(Watch.brand_id).in_(visible))
    if brand is not None:
        statement = statement.where(Watch.brand_id == brand)
    if watch_id is not None:
        statement = statement.where(Watch.id == watch_id)
    rows = session.exec(statement.order_by(col(Watch.id))).all()
    latest = _latest_sweeps(session, [watch_id_of(watch) for watch, _ in rows])
    moment = now()
    return [
        WatchView(
            watch,
            own,
            where(watch.params),
            _schedule(watch),
            state_of(watch),
            is_pushed(watch),
            max(moment - watch.read_until, timedelta(0)) if watch.read_until else None,
            latest.get(watch_id_of(watch)),
            count_rows(session, watch_id_of(watch)),
        )
        for watch, own in rows
    ]


def state_of(watch: Watch) -> str:
    """How a watch stands, in one word."""
    if watch.paused_at is not None:
        return "paused"
    if watch.failures:
        return "failing"
    return "warned" if watch.warning else "well"


def _schedule(watch: Watch) -> str:
    if is_pushed(watch):
        return "when pushed"
    try:
        return schedule_words(schedule_of(watch))
    except ListeningError as error:
        return str(error)


def _latest_sweeps(session: Session, watches: Sequence[int]) -> dict[int, Sweep]:
    last = (
        select(func.max(Sweep.id)).where(col(Sweep.watch_id).in_(watches)).group_by(
            col(Sweep.watch_id)
        )
    )  # fmt: skip
    found = session.exec(select(Sweep).where(col(Sweep.id).in_(last)))
    return {int(sweep.watch_id or 0): sweep for sweep in found}


def count_rows(session: Session, watch_id: int) -> int:
    """Rows of a watch that wait in quarantine; no more than 10,000 are counted."""
    own = (
        select(QuarantinedRow.id)
        .join(Sweep, col(Sweep.id) == col(QuarantinedRow.sweep_id))
        .where(Sweep.watch_id == watch_id, QuarantinedRow.status == QuarantineStatus.WAITING)
        .limit(_MOST_COUNTED)
    )
    return session.exec(select(func.count()).select_from(own.subquery())).one()


@dataclass(frozen=True, slots=True)
class RowView:
    """A row that could not be read, with where it came from; `brand`: None: a file's."""

    row: QuarantinedRow
    sweep: Sweep | None
    brand: Brand | None


def row_views(
    session: Session,
    actor: Actor,
    *,
    status: QuarantineStatus | None = QuarantineStatus.WAITING,
    watch_id: int | None = None,
    sweep_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[RowView]:
    """Quarantined rows that somebody sets up the watches of, the latest first.

    Rows of files that were imported by hand belong to no brand: who sets up every brand sees
    them.
    """
    statement = _rows(actor)
    for column, value in (
        (QuarantinedRow.status, status),
        (Sweep.watch_id, watch_id),
        (QuarantinedRow.sweep_id, sweep_id),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if before is not None:
        statement = statement.where(col(QuarantinedRow.id) < before)
    found = session.execute(statement.order_by(col(QuarantinedRow.id).desc()).limit(limit))
    return [RowView(*row) for row in found]


def _rows(actor: Actor) -> Any:
    statement = (
        select(QuarantinedRow, Sweep, Brand)
        .outerjoin(Sweep, col(Sweep.id) == col(QuarantinedRow.sweep_id))
        .outerjoin(Watch, col(Watch.id) == col(Sweep.watch_id))
        .outerjoin(Brand, col(Brand.id) == col(Watch.brand_id))
    )
    if not actor.may(Permission.CONFIGURE, None):
        own = [one for one in actor.visible() or () if actor.may(Permission.CONFIGURE, one)]
        statement = statement.where(col(Brand.id).in_(own))
    return statement


def settle_row(session: Session, actor: Actor, row_id: int, status: QuarantineStatus) -> RowView:
    """Say what became of a row: it is resolved, need not be read, or waits after all.

    Raises:
        NotFoundError: none, or not theirs to see.
    """
    found = session.execute(_rows(actor).where(col(QuarantinedRow.id) == row_id)).first()
    if found is None:
        raise NotFoundError("There is no such row, or it is not yours to see.")
    view = RowView(*found)
    brand = brand_id(view.brand) if view.brand is not None else None
    actor.require(Permission.CONFIGURE, brand, "row")
    before = view.row.status
    if before is status:
        return view
    session.execute(
        update(QuarantinedRow)
        .where(col(QuarantinedRow.id) == row_id)
        .values(status=status)
        .execution_options(synchronize_session=False)
    )
    view.row.status = status
    record(
        session, actor, f"row.{status.value}", noun="row", noun_id=row_id, brand_id=brand,
        before={"status": before.value}, after={"status": status.value},
    )  # fmt: skip
    changed(session, "row", row_id, brand_id=brand, by=actor.name)
    return view


def sweeps_page(
    session: Session, watch_id: int, *, before: int | None = None, limit: int = 20
) -> list[Sweep]:
    """Sweeps of a watch, the latest first."""
    own = select(Sweep).where(Sweep.watch_id == watch_id)
    if before is not None:
        own = own.where(col(Sweep.id) < before)
    return list(session.exec(own.order_by(col(Sweep.id).desc()).limit(limit)))


def backfills_of(session: Session, watch_id: int, limit: int = 20) -> list[Backfill]:
    """Windows of the past that were asked for, the latest first."""
    own = select(Backfill).where(Backfill.watch_id == watch_id)
    return list(session.exec(own.order_by(col(Backfill.id).desc()).limit(limit)))
