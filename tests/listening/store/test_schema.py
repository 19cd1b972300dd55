"""Migrations bring a store to exactly the tables of the code, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from sqlmodel import select

import listening.store
from listening.errors import StoreError
from listening.store.brands.brands import add_brand
from listening.store.schema import (
    alembic_config,
    current_version,
    migrate,
    newest_version,
    require_current,
)
from listening.store.session import Store
from listening.store.tables import Alias
from tests.conftest import NewStore

VERSIONS = Path(listening.store.__path__[0]) / "migrations" / "versions"


@pytest.fixture
def empty(new_store: NewStore) -> Store:
    return new_store(migrated=False)


def tables(store: Store) -> set[str]:
    return set(sa.inspect(store.engine).get_table_names()) - {"alembic_version"}


def test_from_empty_to_the_tables_of_the_code(empty: Store) -> None:
    assert tables(empty) == set()
    migrate(empty)
    assert {"post", "mention", "support_case"} < tables(empty)
    command.check(alembic_config(empty))  # raises where a migration is missing


def test_migrating_twice_changes_nothing(empty: Store) -> None:
    migrate(empty)
    before = tables(empty)
    migrate(empty)
    assert tables(empty) == before
    assert current_version(empty) == newest_version()


def test_down_to_nothing_and_up_again(empty: Store) -> None:
    migrate(empty)
    before = tables(empty)
    command.downgrade(alembic_config(empty), "base")
    assert tables(empty) == set()
    migrate(empty)
    assert tables(empty) == before


def test_a_store_at_another_version_is_refused(empty: Store) -> None:
    with pytest.raises(StoreError, match="at schema version none, this code needs"):
        require_current(empty)
    migrate(empty)
    require_current(empty)


def test_a_store_of_a_newer_release_is_left_alone(store: Store) -> None:
    with store.work() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"9999.*newer"):
        migrate(store)
    with pytest.raises(StoreError, match="at schema version 9999"):
        require_current(store)


REBUILD = """
from alembic import op

revision, down_revision = "rebuilt", "{newest}"


def upgrade():
    with op.batch_alter_table("brand") as table:
        table.alter_column("query", nullable=True)
"""


def test_rebuilding_a_table_keeps_what_refers_to_it(store: Store, tmp_path: Path) -> None:
    with store.work() as session:
        add_brand(session, "A", query="a", names=["b"])
    (tmp_path / "rebuilt.py").write_text(REBUILD.format(newest=newest_version()))
    config = alembic_config(store)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{VERSIONS}\n{tmp_path}")
    command.upgrade(config, "rebuilt")
    with store.session() as session:
        assert [alias.value for alias in session.exec(select(Alias))] == ["b"]
        assert session.connection().exec_driver_sql("SELECT count(*) FROM brand").scalar_one() == 1
