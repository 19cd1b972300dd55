"""The store as files and tables: how large it is, how much stands in it, and vacuuming it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

import listening.store.tables  # noqa: F401  fills the metadata
from listening.errors import StoreError
from listening.store.session import Store

VERSION_TABLE = "alembic_version"
_TELL_LITTLE = {"store_fact", "presence", "lease", "counter"}  # there as soon as anything runs


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """Bytes before and after.

    Attributes:
        whole: whether nothing of what was deleted is left in the store's files.
    """

    before: int
    after: int
    whole: bool


def table_names() -> list[str]:
    """Every table of the store, in the order in which rows may be written."""
    return [table.name for table in SQLModel.metadata.sorted_tables]


def standing_tables(session: Session) -> list[str]:
    """Those tables that this store has: an older one has fewer."""
    found = set(inspect(session.connection()).get_table_names())
    return [name for name in table_names() if name in found]


def row_counts(session: Session) -> dict[str, int]:
    """Rows of each table that stands."""
    tables = SQLModel.metadata.tables
    return {
        name: session.execute(select(func.count()).select_from(tables[name])).scalar_one()
        for name in standing_tables(session)
    }


def is_empty(session: Session) -> bool:
    """Whether nothing was ever listened for or stored."""
    tables = SQLModel.metadata.tables
    return not any(
        session.execute(select(1).select_from(tables[name]).limit(1)).first()
        for name in standing_tables(session)
        if name not in _TELL_LITTLE
    )


def sqlite_path(store: Store) -> Path:
    """The file of an embedded store.

    Raises:
        StoreError: it is in memory.
    """
    name = store.engine.url.database
    if not name or name == ":memory:":
        raise StoreError("The store is in memory: there is no file to keep.")
    return Path(name)


def store_bytes(store: Store) -> int:
    """Bytes that the store takes on disk: tables, indexes, and what waits to be merged in."""
    if store.dialect == "sqlite":
        path = sqlite_path(store)
        parts = (path, path.with_name(f"{path.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())
    with store.session() as session:
        return sum(table_bytes(session).values())


def table_bytes(session: Session) -> dict[str, int]:
    """Bytes of each table with its indexes and long values."""
    if session.get_bind().dialect.name == "sqlite":
        pages = text(
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s "
            "JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate = 1 GROUP BY m.tbl_name"
        )
        found = {str(row[0]): int(row[1]) for row in session.execute(pages)}
        return {name: found[name] for name in standing_tables(session)}
    size = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
    return {
        name: int(session.execute(size, {"name": f'"{name}"'}).scalar_one())
        for name in standing_tables(session)
    }


def vacuum(store: Store, *, full: bool = False) -> Vacuumed:
    """Give back the space of deleted rows, and let the planner know the tables.

    SQLite is written anew and its log merged in, so that nothing deleted is left in its files.
    PostgreSQL keeps the space for new rows, which in time write over the old ones.

    Args:
        store: the store; others may go on working, but on SQLite wait to write meanwhile.
        full: on PostgreSQL write the tables anew too; they are locked meanwhile.

    Raises:
        StoreError: the disk is full (SQLite needs the store's size once more), or others would
            not let go of the store.
    """
    before = store_bytes(store)
    if store.dialect == "sqlite":
        with _outside(store) as run:
            run("PRAGMA wal_checkpoint(TRUNCATE)")
            if run("SELECT 1 FROM sqlite_master WHERE name = 'fts_post_words'"):
                # Merged into one, the full text index forgets the words that are gone.
                run("INSERT INTO fts_post_words(fts_post_words) VALUES ('optimize')")
            run("VACUUM")
            run("ANALYZE")
            ((busy, *_),) = run("PRAGMA wal_checkpoint(TRUNCATE)")
        return Vacuumed(before, store_bytes(store), whole=not busy)
    with store.session() as session:
        names = ", ".join(f'"{name}"' for name in standing_tables(session))
    with _outside(store) as run:
        run(f"VACUUM ({'FULL, ' if full else ''}ANALYZE) {names}")
    return Vacuumed(before, store_bytes(store), whole=full)


@contextmanager
def _outside(store: Store) -> Iterator[Any]:
    """Run statements outside any unit of work, as vacuuming asks."""
    try:
        with store.engine.connect() as found:
            raw: Any = found.connection.driver_connection
            if store.dialect == "postgresql":
                raw.rollback()
                raw.autocommit = True
            try:

                def run(statement: str) -> list[Any]:
                    cursor = raw.execute(statement)
                    return list(cursor.fetchall()) if cursor.description else []

                yield run
            finally:
                if store.dialect == "postgresql":
                    raw.autocommit = False
    except DBAPIError as error:
        raise StoreError(f"The store {store.shown_url} does not answer: {error.orig}") from error
    except store.engine.dialect.loaded_dbapi.Error as error:
        raise StoreError(
            f"The store {store.shown_url} cannot be vacuumed: {str(error).strip()}. Make room on "
            "its disk, or wait until others have let go of it."
        ) from error
