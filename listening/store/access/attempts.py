"""Failed sign-ins, and how long to wait after them.

A try is noted as failed before the password is looked at and struck off when it was right, so
that a hundred tries at once are a hundred failures.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from listening.errors import TooManyTriesError
from listening.store.tables import FailedAttempt
from listening.throttle import Allowance

_LOCK = 4_211_907_733  # of PostgreSQL; SQLite has one writer anyhow


def counted_under(key: bytes, kind: str, value: str) -> str:
    """What is kept of a login or an address: nobody reads it from the store."""
    return hmac.new(key, f"{kind} {value}".encode(), hashlib.sha256).hexdigest()


def note_try(
    session: Session, counted: Mapping[str, Allowance], moment: datetime
) -> list[FailedAttempt]:
    """Note a try as failed under each of these.

    Raises:
        TooManyTriesError: it comes too early after others; it is not noted then.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    waits = [_wait(session, under, allowed, moment) for under, allowed in counted.items()]
    if (wait := max(waits, default=0.0)) > 0:
        raise TooManyTriesError(wait)
    rows = [FailedAttempt(under=under, at=moment) for under in counted]
    session.add_all(rows)
    session.flush()
    return rows


def strike_off(session: Session, tried: FailedAttempt, *, all_under: bool) -> None:
    """A try was right after all; `all_under`: those before it are forgotten too."""
    own = col(FailedAttempt.id) == tried.id
    chosen = col(FailedAttempt.under) == tried.under if all_under else own
    session.execute(delete(FailedAttempt).where(chosen))


def _wait(session: Session, under: str, allowed: Allowance, moment: datetime) -> float:
    failures, last = session.exec(
        select(func.count(), func.max(FailedAttempt.at)).where(
            FailedAttempt.under == under, FailedAttempt.at > moment - allowed.within
        )
    ).one()
    return allowed.wait(failures, last, moment)
