"""Writes that are sent twice and done once: the answer is kept for a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from listening.store.tables import Repeat

KEPT = timedelta(days=1)
# A process that was killed in between answers nobody: its key may be used again.
ABANDONED = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Again:
    """What came of the first request; `status` is None while it is being worked on."""

    request_hash: str
    status: int | None
    headers: Mapping[str, str]
    body: str


def begin_repeat(
    session: Session, actor: str, key: str, request_hash: str, moment: datetime
) -> Again | None:
    """Take a key; None: it is new, and the request is to be worked on."""
    found = session.get(Repeat, (actor, key), with_for_update=True)
    if found is not None:
        age = moment - found.created_at
        if age < (KEPT if found.status is not None else ABANDONED):
            return Again(found.request_hash, found.status, found.headers, found.body)
        session.delete(found)
        session.flush()
    session.add(Repeat(actor=actor, key=key, request_hash=request_hash, created_at=moment))
    return None


def end_repeat(
    session: Session, actor: str, key: str, status: int, headers: Mapping[str, str], body: str
) -> None:
    """Keep the answer."""
    found = session.get(Repeat, (actor, key))
    if found is not None:
        found.status, found.headers, found.body = status, dict(headers), body
        session.add(found)


def forget_repeat(session: Session, actor: str, key: str) -> None:
    """Nothing was done: the key is as good as new."""
    found = session.get(Repeat, (actor, key))
    if found is not None:
        session.delete(found)


def forget_old_repeats(session: Session, moment: datetime) -> int:
    """Take out answers that are older than a day."""
    gone = session.execute(delete(Repeat).where(col(Repeat.created_at) < moment - KEPT))
    return int(getattr(gone, "rowcount", 0))
