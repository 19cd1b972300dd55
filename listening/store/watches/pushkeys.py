"""Secrets of watches that take pushes: derived from one key of the store, kept nowhere.

Each is the HMAC of the watch (its number, and the moment it was made, since numbers may be given
again) and of how often its secret was changed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC

from sqlmodel import Session, select

from listening.errors import ListeningError
from listening.logs import keep_secret
from listening.sources.push import NAME
from listening.store.bulk import upsert
from listening.store.tables import StoreFact, Watch

KEY = "push key"
_GENERATION = "push generation:"


def make_push_secret(session: Session, watch: Watch, *, rotate: bool = False) -> str:
    """The secret of a watch; the store's key is made when first asked for.

    Args:
        session: inside a unit of work.
        watch: that takes pushes.
        rotate: another one from now on; pushes signed with the last one are refused.

    Raises:
        ListeningError: its source is another.
    """
    if watch.source != NAME:
        raise ListeningError(
            f"Watch {watch.id} is of {watch.source} and has no secret: `listening watch add BRAND "
            f"{NAME}` makes one that takes pushes."
        )
    if session.get(StoreFact, KEY) is None:
        # Of two that get here at once the first one's key stands.
        upsert(session, StoreFact, [{"name": KEY, "value": secrets.token_hex(32)}], key=("name",))
    if rotate:
        fact = {"name": f"{_GENERATION}{watch.id}", "value": str(_generation(session, watch) + 1)}
        upsert(session, StoreFact, [fact], key=("name",), update=("value",))
    found = push_secret(session, watch)
    if found is None:
        raise ListeningError("The key of this store is gone; try again.")
    return found


def push_secret(session: Session, watch: Watch) -> str | None:
    """The secret of a watch; None: nobody ever asked for one."""
    key = _value(session, KEY)
    if key is None:
        return None
    made = watch.created_at.astimezone(UTC).isoformat()
    text = f"push\x1f{watch.id}\x1f{made}\x1f{_generation(session, watch)}"
    found = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    keep_secret(found)
    return found


def _generation(session: Session, watch: Watch) -> int:
    value = _value(session, f"{_GENERATION}{watch.id}")
    return int(value) if value is not None and value.isdecimal() else 1


def _value(session: Session, name: str) -> str | None:
    return session.exec(select(StoreFact.value).where(StoreFact.name == name)).first()
