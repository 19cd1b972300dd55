"""Leases: who may do what only one may do at a time. The holder renews; whoever died runs out.

Each function is one statement, so that of many that ask at once exactly one gets it. The name
says the lease (`beat`, `segment`, `watch:7`), the holder a process, or a run of a task.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from listening.store.tables import Lease
from listening.store.tables.types import now

_BLOCK = 60.0  # seconds; given up before anybody sees it


def take(session: Session, name: str, holder: str, seconds: float) -> bool:
    """Take a lease that is free or ran out, or renew one's own.

    An end further ahead than twice `seconds` was set before the clock stepped back, and counts
    as run out: whoever asks for the same thing asks for the same time. Twice, since the clocks
    of two machines are never quite the same.

    Args:
        session: inside a unit of work.
        name: of the lease.
        holder: who asks.
        seconds: from now, above 0; renew well before.

    Returns:
        Whether `holder` has it now.
    """
    moment, length = now(), timedelta(seconds=seconds)
    postgres = session.get_bind().dialect.name == "postgresql"
    insert: Any = postgresql.insert if postgres else sqlite.insert
    values = {"holder": holder, "until": moment + length, "taken_at": moment}
    until = col(Lease.until)
    statement = insert(Lease).values(name=name, **values)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_=values,
        where=or_(col(Lease.holder) == holder, until <= moment, until > moment + _longest(length)),
    ).returning(col(Lease.name))
    return session.connection().execute(statement).first() is not None


def give_up(session: Session, name: str, holder: str) -> None:
    """Let go of a lease; nothing where another holds it by now."""
    session.connection().execute(
        delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder)
    )


def block(session: Session, name: str) -> None:
    """Whoever holds a lease or asks for it waits until this unit of work ends.

    What the holder does in units of work that begin with renewing it is done before, or after.
    """
    own = f"block:{secrets.token_hex(8)}"
    # Taken or not, its row is locked: where another holds it, by looking whether it ran out.
    if take(session, name, own, _BLOCK):
        give_up(session, name, own)


def holder_of(session: Session, name: str) -> str | None:
    """Who holds a lease now; None: nobody, or it ran out."""
    statement = select(col(Lease.holder), col(Lease.until), col(Lease.taken_at)).where(
        col(Lease.name) == name
    )
    found = session.connection().execute(statement).first()
    if found is None:
        return None
    moment = now()
    runs = moment < found.until <= moment + _longest(found.until - found.taken_at)
    return str(found.holder) if runs else None


def _longest(length: timedelta) -> timedelta:
    """How far ahead a lease of this length may end as this machine's clock has it."""
    return 2 * length
