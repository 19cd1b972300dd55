"""The outbox: what is told to whom, written in the unit of work of what it tells.

A row of `delivery` is the whole truth: a worker reads which are due (`workers.jobs.delivering`),
and losing every message between processes loses none of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from listening.notifying import MEANINGS, Event, EventKind
from listening.store.bulk import upsert
from listening.store.tables import Channel, Delivery, DeliveryStatus
from listening.store.tables.types import now

HELD_BACK = "not sent: another about the same thing went {minutes} minutes ago or less"


def notify(session: Session, event: Event, *, channels: Collection[int] | None = None) -> int:
    """Have everybody told who asked for it; told again of the same, nothing happens.

    Args:
        session: inside the unit of work in which it happened.
        event: what.
        channels: these and no others, whatever they ask for; None: those that ask for it.

    Returns:
        how many deliveries were written, those that are held back included.
    """
    wanted = [
        channel
        for channel in _open_channels(session, event.brand_id)
        if (event.kind in channel.events if channels is None else channel.id in channels)
    ]
    return sum(write_delivery(session, channel, event) for channel in wanted)


def who_asks(session: Session, kind: EventKind, brand_id: int) -> list[int]:
    """The channels that are told of something where nobody is named; none that is paused."""
    return [int(c.id or 0) for c in _open_channels(session, brand_id) if kind in c.events]


def write_delivery(session: Session, channel: Channel, event: Event) -> int:
    """Have one channel told; 1 where it was not told of this before."""
    moment = now()
    own = int(channel.id or 0)
    dedupe = f"{own}:{event.kind}:{event.key}"
    if session.exec(select(Delivery.id).where(Delivery.dedupe == dedupe)).first() is not None:
        return 0
    minutes = _minutes(channel, event.kind)
    held = minutes > 0 and _told_since(session, own, event, moment - timedelta(minutes=minutes))
    row: dict[str, Any] = {
        "uid": secrets.token_hex(16),
        "dedupe": dedupe,
        "channel_id": own,
        "brand_id": event.brand_id,
        "event": event.kind.value,
        "subject": event.subject,
        "title": event.title,
        "text": event.text,
        "payload": event.payload(moment),
        "attachment": dict(event.attachment) if event.attachment else None,
        "status": DeliveryStatus.HELD if held else DeliveryStatus.WAITING,
        "due_at": moment,
        "attempts": 0,
        "created_at": moment,
        "finished_at": moment if held else None,
        "answer": HELD_BACK.format(minutes=minutes) if held else None,
    }
    # Two that get here at once write it once.
    upsert(session, Delivery, [row], key=("dedupe",))
    return 1


def _open_channels(session: Session, brand_id: int | None) -> Sequence[Channel]:
    statement = select(Channel).where(
        col(Channel.paused_at).is_(None),
        col(Channel.brand_id).is_(None) | (col(Channel.brand_id) == brand_id),
    )
    return list(session.exec(statement.order_by(col(Channel.id))))


def _minutes(channel: Channel, kind: EventKind) -> int:
    """Minutes for which a channel is not told again of the same thing."""
    if kind is EventKind.TEST:
        return 0
    return MEANINGS[kind][1] if channel.quiet_minutes is None else channel.quiet_minutes


def _told_since(session: Session, channel_id: int, event: Event, since: datetime) -> bool:
    lately = select(Delivery.id).where(
        Delivery.channel_id == channel_id,
        Delivery.event == event.kind.value,
        Delivery.subject == event.subject,
        Delivery.status != DeliveryStatus.HELD,
        col(Delivery.created_at) > since,
    )
    return session.exec(lately.limit(1)).first() is not None
