"""Bringing a store to the schema version of this code (Alembic, without an ini file)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from listening.errors import StoreError
from listening.store.session import Store

_MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(store: Store) -> Config:
    """Alembic's configuration for a store; the engine travels beside the settings."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = store.engine
    return config


def newest_version() -> str:
    """The schema version of this code."""
    script = ScriptDirectory(str(_MIGRATIONS))
    return script.get_current_head() or ""


def known_versions() -> set[str]:
    """Every schema version that this code can bring to its own."""
    return {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}


def current_version(store: Store) -> str | None:
    """The schema version of the store; None: no tables yet."""
    with store.session() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def migrate(store: Store) -> None:
    """Make or update every table. Running it again changes nothing.

    Raises:
        StoreError: the store was made by a newer release.
    """
    found = current_version(store)
    if found == newest_version():
        return
    if found is not None and found not in known_versions():
        raise StoreError(
            f"The store {store.shown_url} is at schema version {found}, of a newer release than "
            "this one: update `listening`."
        )
    command.upgrade(alembic_config(store), "head")


def require_current(store: Store) -> None:
    """Refuse a store at another schema version, before anything is read from it.

    Raises:
        StoreError: says which version it is at and what to run.
    """
    found, wanted = current_version(store), newest_version()
    if found != wanted:
        raise StoreError(
            f"The store {store.shown_url} is at schema version {found or 'none'}, this code needs "
            f"{wanted}: run `listening migrate`."
        )
