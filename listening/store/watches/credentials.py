"""Credentials of sources that somebody entered: encrypted, used, never shown again.

The environment and .env come first: whoever runs the service can always overrule what stands
here, and sees so on the page. What stands here is encrypted under a key of the service's
secret, which is in no backup of the store.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.config import Settings
from listening.errors import InvalidError, NotFoundError, SettingsError, StoreError
from listening.keyring import Keyring
from listening.logs import keep_secret
from listening.sources import credentials
from listening.sources.base import Credential as Wanted
from listening.sources.registry import REGISTRY
from listening.store.access.audit import record
from listening.store.bulk import upsert
from listening.store.session import Store
from listening.store.tables import Credential
from listening.store.tables.types import now

PURPOSE = "credentials"
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Standing:
    """One credential of one source, and where its value comes from.

    Attributes:
        wanted: its name, what it is, where to get it.
        source: whose.
        from_environment: the environment or .env has it, which comes first.
        set_by, set_at: of the value that is kept; None: none is.
    """

    wanted: Wanted
    source: str
    from_environment: bool
    set_by: str | None
    set_at: datetime | None


def standing_credentials(session: Session) -> list[Standing]:
    """Every credential that a source may want, with whether it is set; never its value."""
    kept = {row.name: row for row in session.exec(select(Credential))}
    found = []
    for source in REGISTRY.values():
        for one in source.spec.credentials:
            row = kept.get(one.name)
            found.append(
                Standing(
                    one,
                    source.spec.name,
                    credentials.in_environment(one.name),
                    row.set_by if row else None,
                    row.set_at if row else None,
                )
            )
    return found


def set_credential(
    session: Session, actor: Actor, keyring: Keyring, name: str, value: str
) -> Credential:
    """Keep a value, in place of the one that is kept.

    Args:
        session: inside a unit of work.
        actor: who does it; administers everything.
        keyring: encrypts it.
        name: as a source has it.
        value: in clear, this once.

    Raises:
        NotFoundError: no source wants one of this name.
        InvalidError: it is blank, too long, or holds what no credential has.
    """
    actor.require(Permission.ADMINISTER, None)
    _wanted(name)
    value = value.strip()
    if not value or len(value) > LONGEST:
        raise InvalidError(f"Write 1 to {LONGEST:,} characters.", field="value")
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in value):
        raise InvalidError(
            "It holds a line break or another character that no credential has; copy it again.",
            field="value",
        )
    keep_secret(value)
    known = session.get(Credential, name) is not None
    row = {
        "name": name,
        "value": keyring.seal(PURPOSE, value),
        "set_by": actor.name,
        "set_at": now(),
    }
    upsert(session, Credential, [row], key=("name",), update=("value", "set_by", "set_at"))
    action = "credential.replace" if known else "credential.set"
    record(session, actor, action, noun="credential", noun_id=name)
    return session.get_one(Credential, name, populate_existing=True)


def delete_credential(session: Session, actor: Actor, name: str) -> None:
    """Forget the value that is kept.

    Raises:
        NotFoundError: none is.
    """
    actor.require(Permission.ADMINISTER, None)
    kept = session.get(Credential, name)
    if kept is None:
        raise NotFoundError(f"No value of {name[:80]!r} is kept here.")
    session.delete(kept)
    session.flush()
    record(session, actor, "credential.delete", noun="credential", noun_id=name)


def serve_credentials(settings: Settings) -> None:
    """Have the sources of this process find what is kept in the store, as it is at the moment."""

    def look_up(names: Collection[str]) -> Mapping[str, str]:
        if settings.database_url is None and not Path(settings.data_dir, "listening.db").exists():
            return {}  # nothing is kept yet, and no store is made for asking
        store = Store(settings.store_url)
        try:
            # A store that does not answer, or is not migrated, is told of by whoever works with it.
            with suppress(StoreError), store.session() as session:
                return read_credentials(session, Keyring.of(settings), names)
            return {}
        finally:
            store.close()

    credentials.look_up_by(look_up)


def read_credentials(session: Session, keyring: Keyring, names: Collection[str]) -> dict[str, str]:
    """The values that are kept of some names, in clear: for a source that is about to ask.

    Raises:
        SettingsError: one was encrypted under another secret of the service; names it.
    """
    kept = session.exec(select(Credential).where(col(Credential.name).in_(list(names))))
    found = {}
    for row in kept:
        try:
            found[row.name] = keyring.open(PURPOSE, row.value)
        except SettingsError as error:
            raise SettingsError(f"{row.name}: {error}") from None
    return found


def _wanted(name: str) -> None:
    known = {one.name for source in REGISTRY.values() for one in source.spec.credentials}
    if name not in known:
        raise NotFoundError(
            f"No source wants a credential {name[:80]!r}: they want {', '.join(sorted(known))}."
        )
