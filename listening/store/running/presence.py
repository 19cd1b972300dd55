"""Which processes are up: each says so every few seconds, and takes its leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete
from sqlmodel import Session, col, select

from listening.health import UNSEEN
from listening.store.bulk import upsert
from listening.store.tables import Presence
from listening.store.tables.types import now

EVERY = 5.0  # seconds between two signs of life


def be_seen(
    session: Session,
    name: str,
    *,
    kind: str,
    host: str,
    pid: int,
    queues: Sequence[str] = (),
    doing: str | None = None,
    memory: int | None = None,
) -> None:
    """Say that a process is up.

    Args:
        session: inside a unit of work.
        name: of the process, like no other's.
        kind: web, worker or beat.
        host: the machine.
        pid: on it.
        queues: that it consumes.
        doing: the task it is at; None: none.
        memory: resident bytes; None: unknown.
    """
    row = {
        "name": name,
        "kind": kind,
        "host": host,
        "pid": pid,
        "queues": list(queues),
        "started_at": now(),
        "seen_at": now(),
        "doing": doing,
        "memory": memory,
    }
    upsert(session, Presence, [row], key=("name",), update=("seen_at", "doing", "memory", "queues"))


def leave(session: Session, name: str) -> None:
    """Take a process off the list, which ended in order."""
    session.connection().execute(delete(Presence).where(col(Presence.name) == name))


def present(session: Session, *, kind: str | None = None) -> list[Presence]:
    """Processes seen within the last minute, by name; those of one kind where it is given."""
    moment = now()
    statement = select(Presence).where(
        # One seen in the future was so before the clock stepped back, and not since.
        col(Presence.seen_at).between(moment - UNSEEN, moment + UNSEEN)
    )
    if kind is not None:
        statement = statement.where(Presence.kind == kind)
    return list(session.exec(statement.order_by(Presence.name)))


def resident_memory() -> int | None:
    """Resident bytes of this process; None where the system does not tell (not Linux)."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return None
