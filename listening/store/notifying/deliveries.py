"""Deliveries as a worker works them off: which are due, claimed, sent, tried again, given up.

Claiming is one statement that sets the time ahead: of many workers one has it, and where that
one dies another takes it once the time is over. So a delivery arrives at least once, and
carries an id by which the receiver knows it again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, update
from sqlmodel import Session, col, select

from listening.errors import ConflictError, NotFoundError
from listening.logs import masked
from listening.store.tables import Channel, Delivery, DeliveryStatus
from listening.store.tables.types import now

CLAIMED = timedelta(minutes=3)  # longer than any sending takes
TRIES = 8
# Seconds until the next try, after the first, the second ...; about eleven hours in all.
PAUSES = (30, 120, 600, 1800, 3600, 10_800, 21_600)
LONGEST_ANSWER = 300  # characters


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send until the claim is over."""

    delivery: Delivery
    channel: Channel
    until: datetime


def delivery_is_due(session: Session, moment: datetime) -> bool:
    """Whether one waits to be sent."""
    return session.exec(_due(moment).limit(1)).first() is not None


def claim_due(session: Session, moment: datetime, limit: int) -> list[Claimed]:
    """Take deliveries that are due, the longest due first; one of them nobody else has now.

    Args:
        session: inside a unit of work.
        moment: now.
        limit: at most so many.
    """
    found = []
    for delivery_id, due_at in session.exec(_due(moment).limit(limit)).all():
        until = moment + CLAIMED
        taken = session.execute(
            update(Delivery)
            .where(
                col(Delivery.id) == delivery_id,
                col(Delivery.status) == DeliveryStatus.WAITING,
                col(Delivery.due_at) == due_at,
            )
            .values(due_at=until, attempts=col(Delivery.attempts) + 1)
            .execution_options(synchronize_session=False)
        )
        if not cast("CursorResult[Any]", taken).rowcount:
            continue
        delivery = session.get_one(Delivery, delivery_id, populate_existing=True)
        channel = session.get_one(Channel, delivery.channel_id, populate_existing=True)
        found.append(Claimed(delivery, channel, until))
    return found


def _due(moment: datetime) -> Any:
    """Of channels that are paused nothing is due: it goes out once they are resumed."""
    return (
        select(Delivery.id, Delivery.due_at)
        .join(Channel, col(Channel.id) == col(Delivery.channel_id))
        .where(
            Delivery.status == DeliveryStatus.WAITING,
            Delivery.due_at <= moment,
            col(Channel.paused_at).is_(None),
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
    )


def record_sent(session: Session, claimed: Claimed, answer: str | None) -> bool:
    """It arrived; False where another has it by now, and will send it again."""
    return _close(session, claimed, DeliveryStatus.SENT, answer)


def record_failure(
    session: Session,
    claimed: Claimed,
    reason: str,
    *,
    hopeless: bool = False,
    wait: float | None = None,
) -> bool:
    """It did not arrive: it is tried again later, or given up.

    Args:
        session: inside a unit of work.
        claimed: as it was taken.
        reason: for a person to read.
        hopeless: another try would go the same way.
        wait: seconds that the receiver asked for.
    """
    tried = claimed.delivery.attempts
    if hopeless or tried >= TRIES:
        times = f" (given up after {tried} tries)" if tried > 1 else " (given up)"
        return _close(session, claimed, DeliveryStatus.FAILED, reason, times)
    pause = PAUSES[min(tried, len(PAUSES)) - 1] * (1 + random.random() / 4)  # noqa: S311  no secret
    due = now() + timedelta(seconds=max(pause, min(wait or 0.0, 86_400.0)))
    return _set(session, claimed, due_at=due, answer=_short(reason))


def _close(
    session: Session, claimed: Claimed, status: DeliveryStatus, answer: str | None, more: str = ""
) -> bool:
    told = None if answer is None else _short(answer) + more
    return _set(session, claimed, status=status, finished_at=now(), answer=told)


def _set(session: Session, claimed: Claimed, **values: Any) -> bool:
    """Write where the claim still holds: whoever was too slow changes nothing."""
    held = session.execute(
        update(Delivery)
        .where(
            col(Delivery.id) == claimed.delivery.id,
            col(Delivery.status) == DeliveryStatus.WAITING,
            col(Delivery.due_at) == claimed.until,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", held).rowcount)


def _short(text: str) -> str:
    return " ".join(masked(text).split())[:LONGEST_ANSWER]


def send_again(session: Session, delivery: Delivery) -> None:
    """Send one again at once, under the same id: who has it already knows it.

    Raises:
        ConflictError: it waits anyway.
    """
    if delivery.status is DeliveryStatus.WAITING:
        raise ConflictError(f"Delivery {delivery.id} waits to be sent; it is tried by itself.")
    delivery.status, delivery.due_at = DeliveryStatus.WAITING, now()
    delivery.attempts, delivery.finished_at = 0, None
    session.add(delivery)
    session.flush()


def get_delivery(session: Session, delivery_id: int) -> Delivery:
    """A delivery by its number.

    Raises:
        NotFoundError: none.
    """
    delivery = session.get(Delivery, delivery_id) if 0 < delivery_id < 2**31 else None
    if delivery is None:
        raise NotFoundError(f"There is no delivery {delivery_id}; old ones are forgotten.")
    return delivery


def list_deliveries(
    session: Session,
    channels: Sequence[int] | None = None,
    *,
    channel_id: int | None = None,
    status: DeliveryStatus | None = None,
    event: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[tuple[Delivery, Channel]]:
    """Deliveries with their channels, the latest first.

    Args:
        session: to read with.
        channels: only to these; None: to all.
        channel_id, status, event: only those.
        before: only with a lower number.
        limit: at most so many.
    """
    statement = select(Delivery, Channel).join(Channel, col(Channel.id) == col(Delivery.channel_id))
    for column, value in (
        (Delivery.channel_id, channel_id),
        (Delivery.status, status),
        (Delivery.event, event),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if channels is not None:
        statement = statement.where(col(Delivery.channel_id).in_(channels))
    if before is not None:
        statement = statement.where(col(Delivery.id) < before)
    found = session.exec(statement.order_by(col(Delivery.id).desc()).limit(limit))
    return [(delivery, channel) for delivery, channel in found]


def drop_deliveries(session: Session, before: datetime, limit: int) -> int:
    """Forget deliveries that ended before a moment; how many."""
    over = select(Delivery.id).where(
        Delivery.status != DeliveryStatus.WAITING, col(Delivery.created_at) < before
    )
    ids: Sequence[int | None] = session.exec(over.order_by(col(Delivery.id)).limit(limit)).all()
    session.execute(delete(Delivery).where(col(Delivery.id).in_(list(ids))))
    return len(ids)
