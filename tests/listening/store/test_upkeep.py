"""How large a store is, and vacuuming it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, text

from listening.store.keeping.upkeep import (
    is_empty,
    row_counts,
    store_bytes,
    table_bytes,
    table_names,
    vacuum,
)
from listening.store.session import Store
from listening.store.tables import Post
from tests.conftest import SQLiteFiles
from tests.factories import brand, load, post


def filled(store: Store) -> None:
    load(store, *(post("x" * 1000, id=f"p{n}", author=f"a{n}") for n in range(2000)))


def test_a_new_store_is_empty_until_something_is_listened_for(store: Store) -> None:
    with store.session() as session:
        assert is_empty(session)
    brand(store, "JetBlue")
    with store.session() as session:
        assert not is_empty(session)


def test_rows_and_bytes_by_table(store: Store) -> None:
    filled(store)
    with store.session() as session:
        counts, sizes = row_counts(session), table_bytes(session)
    assert {name: n for name, n in counts.items() if n} == {
        "author": 2000,
        "post": 2000,
        "post_words": 2000,
    }
    assert list(counts) == list(sizes) == table_names()
    # PostgreSQL compresses long values.
    assert sizes["post"] > (2_000_000 if store.dialect == "sqlite" else 300_000)
    assert store_bytes(store) >= sum(sizes.values())


def test_vacuuming_gives_space_back(store: Store) -> None:
    empty = store_bytes(store)  # tables and indexes take room before anything is in them
    filled(store)
    with store.work() as session:
        session.execute(delete(Post))
    done = vacuum(store)
    assert done.after - empty < (done.before - empty) / 2
    assert done.whole is (store.dialect == "sqlite")
    if store.dialect == "postgresql":
        assert vacuum(store, full=True).whole
    filled(store)


def test_the_planner_knows_the_tables_afterwards(store: Store) -> None:
    filled(store)
    vacuum(store)
    known = {
        "sqlite": "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'post'",
        "postgresql": "SELECT count(*) FROM pg_stats WHERE tablename = 'post'",
    }
    with store.session() as session:
        assert session.execute(text(known[store.dialect])).scalar_one() >= 3


def test_whoever_still_reads_keeps_the_log(sqlite: SQLiteFiles) -> None:
    store = Store(sqlite.create(migrated=True))
    filled(store)
    other = Store(store.url)
    with other.session() as session:
        assert row_counts(session)["post"] == 2000
        with store.engine.connect() as found:
            driver: Any = found.connection.driver_connection
            driver.execute("PRAGMA busy_timeout=100")
        assert not vacuum(store).whole
    other.close()
    assert vacuum(store).whole
    store.close()
    sqlite.drop(store)
