"""Reading the audit log: who changed what, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, func, select

from listening.store.tables import AuditEntry

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; what is not named is not asked for.

    Attributes:
        by: a login; "API key NAME of LOGIN" and "command line" are whole names too.
        action: noun.verb, or a noun.
        before: an id: entries older than that one, for the next page.
        since, until: moments, the first within, the second not.
    """

    by: str | None = None
    action: str | None = None
    noun_id: str | None = None
    brand_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def audit_entries(session: Session, chosen: AuditFilter, limit: int) -> list[AuditEntry]:
    """Entries that fit, newest first."""
    statement = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if chosen.by:
        statement = statement.where(AuditEntry.by == chosen.by)
    if chosen.action and "." in chosen.action:
        statement = statement.where(AuditEntry.action == chosen.action)
    elif chosen.action:
        statement = statement.where(AuditEntry.noun == chosen.action)
    if chosen.noun_id:
        statement = statement.where(AuditEntry.noun_id == chosen.noun_id)
    if chosen.brand_id is not None:
        statement = statement.where(AuditEntry.brand_id == chosen.brand_id)
    if chosen.since is not None:
        statement = statement.where(AuditEntry.at >= chosen.since)
    if chosen.until is not None:
        statement = statement.where(AuditEntry.at < chosen.until)
    if chosen.before is not None:
        statement = statement.where(col(AuditEntry.id) < chosen.before)
    return list(session.exec(statement))


def all_audit_entries(session: Session, chosen: AuditFilter) -> Iterator[AuditEntry]:
    """Every entry that fits, newest first, read in parts."""
    while part := audit_entries(session, chosen, _CHUNK):
        yield from part
        chosen = replace(chosen, before=part[-1].id)
        session.expunge_all()


def audited_nouns(session: Session) -> list[str]:
    """What there are entries of, to choose from."""
    found: list[str] = []
    while True:  # from one to the next in the index: there may be a million entries of each
        above = select(func.min(AuditEntry.noun)).where(AuditEntry.noun > (found or [""])[-1])
        noun = session.exec(above).one()
        if noun is None:
            return found
        found.append(noun)


def audit_row(entry: AuditEntry) -> dict[str, object]:
    """An entry as a flat row for files."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "by": entry.by,
        "action": entry.action,
        "noun": entry.noun,
        "noun_id": entry.noun_id,
        "brand_id": entry.brand_id,
        "before": entry.before,
        "after": entry.after,
        "correlation": entry.correlation,
    }
