"""Sweeps, quarantined rows and tombstones."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from listening.errors import NotFoundError
from listening.store.bulk import chunked, upsert
from listening.store.tables import (
    QuarantinedRow,
    QuarantineStatus,
    StoreFact,
    Sweep,
    SweepStatus,
    Tombstone,
)
from listening.store.tables.types import now

_SALT = "salt"


def begin_sweep(session: Session, *, source: str, label: str, watch_id: int | None = None) -> Sweep:
    """Note the start of a pull."""
    sweep = Sweep(source=source, label=label, watch_id=watch_id)
    session.add(sweep)
    session.flush()
    return sweep


def end_sweep(session: Session, sweep: Sweep, *, error: str | None = None) -> None:
    """Note its end."""
    sweep.finished_at = now()
    sweep.status = SweepStatus.FAILED if error else SweepStatus.DONE
    sweep.error = error
    session.add(sweep)


def latest_sweeps(session: Session, limit: int = 20) -> list[Sweep]:
    """The last pulls, newest first."""
    return list(session.exec(select(Sweep).order_by(col(Sweep.id).desc()).limit(limit)))


def quarantine(
    session: Session,
    *,
    sweep_id: int | None,
    file: str,
    rows: Iterable[tuple[int, str | None, str, str]],
) -> int:
    """Keep rows that could not be read: (line, field, reason, raw). The same row is kept once."""
    kept = {}
    for line, field, reason, raw in rows:
        digest = hashlib.blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        kept[file, line, digest] = {
            "sweep_id": sweep_id,
            "file": file,
            "line": line,
            "field": field,
            "reason": reason,
            # PostgreSQL stores no NUL, and neither store a lone surrogate.
            "raw": raw.encode("utf-8", "replace").decode().replace("\x00", "\\x00"),
            "raw_hash": digest,
            "status": QuarantineStatus.WAITING,
            "created_at": now(),
        }
    upsert(
        session,
        QuarantinedRow,
        list(kept.values()),
        key=("file", "line", "raw_hash"),
        update=("reason", "field", "status", "sweep_id"),
    )
    return len(kept)


def waiting_rows(session: Session, file: str | None = None) -> list[QuarantinedRow]:
    """Rows that still wait, by file and line."""
    statement = select(QuarantinedRow).where(QuarantinedRow.status == QuarantineStatus.WAITING)
    if file is not None:
        statement = statement.where(QuarantinedRow.file == file)
    return list(session.exec(statement.order_by(QuarantinedRow.file, col(QuarantinedRow.line))))


def resolve_rows(session: Session, file: str, lines: Sequence[int]) -> None:
    """Rows of a file that could be read this time."""
    for chunk in chunked(sorted(set(lines)), 5000):
        session.execute(
            update(QuarantinedRow)
            .where(col(QuarantinedRow.file) == file, col(QuarantinedRow.line).in_(chunk))
            .values(status=QuarantineStatus.RESOLVED)
        )


def resolve_older(session: Session, file: str, sweep_id: int) -> None:
    """Rows of a file that a later reading of the whole file no longer rejects."""
    session.execute(
        update(QuarantinedRow)
        .where(
            col(QuarantinedRow.file) == file,
            col(QuarantinedRow.sweep_id).is_distinct_from(sweep_id),
            col(QuarantinedRow.status) == QuarantineStatus.WAITING,
        )
        .values(status=QuarantineStatus.RESOLVED)
    )


def count_waiting(session: Session) -> int:
    """How many rows wait."""
    waiting = QuarantinedRow.status == QuarantineStatus.WAITING
    return session.exec(select(func.count()).select_from(QuarantinedRow).where(waiting)).one()


def get_sweep(session: Session, sweep_id: int) -> Sweep:
    """A sweep by id.

    Raises:
        NotFoundError: none.
    """
    sweep = session.get(Sweep, sweep_id)
    if sweep is None:
        raise NotFoundError(f"No sweep {sweep_id}.")
    return sweep


def erased(session: Session, authors: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of (source, native id) that were erased and must not come back."""
    if session.exec(select(Tombstone).limit(1)).first() is None:
        return set()
    digests = {tombstone_digest(session, *author): author for author in authors}
    found: set[tuple[str, str]] = set()
    for chunk in chunked(sorted(digests), 5000):
        hit = select(Tombstone.digest).where(col(Tombstone.digest).in_(chunk))
        found |= {digests[d] for d in session.exec(hit)}
    return found


def tombstone_digest(session: Session, source: str, native_id: str) -> str:
    """The salted hash that stands for an erased author."""
    text = f"{store_salt(session)}\x1f{source}\x1f{native_id}"
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def store_salt(session: Session) -> str:
    """The secret of this store's hashes, made when first asked for; it is never exported."""
    fact = session.get(StoreFact, _SALT)
    if fact is None:
        # Of two workers that get here at once the first one's salt stands.
        upsert(session, StoreFact, [{"name": _SALT, "value": secrets.token_hex(16)}], key=("name",))
        fact = session.exec(select(StoreFact).where(StoreFact.name == _SALT)).one()
    return fact.value
