"""What people changed: the audit log, and the changes that open pages hear of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from listening.access import Actor
from listening.logs import correlation
from listening.store.tables import AuditEntry, Change


def record(
    session: Session,
    actor: Actor,
    action: str,
    *,
    noun: str,
    noun_id: int | str,
    brand_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Note a change in the unit of work that makes it; what is flushed of it has a number.

    Args:
        session: inside of `store.work()`.
        actor: who did it.
        action: noun.verb, such as "case.close".
        noun: what was changed, by the glossary; noun_id: which.
        brand_id: whose it is; None: everybody's.
        before, after: the fields that changed, as JSON: ids and settings, never what authors
            wrote, and no secret.
    """
    entry = AuditEntry(
        by=actor.name,
        account_id=actor.account_id,
        action=action,
        noun=noun,
        noun_id=str(noun_id),
        brand_id=brand_id,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        correlation=correlation(),
    )
    session.add(entry)
    return entry


def changed(
    session: Session,
    noun: str,
    noun_id: int | None = None,
    *,
    brand_id: int | None = None,
    version: int | None = None,
    by: str | None = None,
) -> None:
    """Let open pages know that something is not what they show; None: many at once."""
    session.add(Change(brand_id=brand_id, noun=noun, noun_id=noun_id, version=version, by=by))
