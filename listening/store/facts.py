"""Facts about the store as a whole, by name."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from listening.store.bulk import upsert
from listening.store.tables import StoreFact


def moments(session: Session, prefix: str) -> dict[str, datetime]:
    """Every moment noted under a name that begins so, by what follows; broken ones are left out."""
    found = {}
    for fact in session.exec(select(StoreFact)):
        if fact.name.startswith(prefix):
            try:
                moment = datetime.fromisoformat(fact.value)
            except ValueError:
                continue
            if moment.tzinfo is not None:
                found[fact.name.removeprefix(prefix)] = moment
    return found


def note_moment(session: Session, name: str, moment: datetime) -> None:
    """Note when something was last done."""
    row = {"name": name, "value": moment.isoformat()}
    upsert(session, StoreFact, [row], key=("name",), update=("value",))
