"""Units of work, and what a person is told when the store fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from sqlmodel import Session, select

from listening.config import Settings
from listening.errors import StoreError
from listening.store.session import Store
from listening.store.tables import Brand
from tests.conftest import NewStore


def names(store: Store) -> list[str]:
    with store.session() as session:
        return sorted(session.exec(select(Brand.name)))


def add(session: Session, name: str) -> None:
    session.add(Brand(name=name, slug=name, query=name))
    session.flush()


def test_work_that_ends_well_is_kept(store: Store) -> None:
    with store.work() as session:
        add(session, "a")
    assert names(store) == ["a"]


def test_work_that_raises_leaves_nothing(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.work() as session:
        add(session, "a")
        raise KeyboardInterrupt
    assert names(store) == []


def test_what_a_reading_session_writes_is_thrown_away(store: Store) -> None:
    with store.session() as session:
        add(session, "a")
    assert names(store) == []


def test_rows_can_be_read_after_their_work_is_done(store: Store) -> None:
    with store.work() as session:
        brand = Brand(name="a", slug="a", query="a")
        session.add(brand)
    assert (brand.name, isinstance(brand.id, int)) == ("a", True)


def test_two_that_read_and_then_write_both_succeed(store: Store) -> None:
    def other() -> None:
        with store.work() as session:
            session.exec(select(Brand)).all()
            add(session, "other")

    thread = Thread(target=other)
    with store.work() as session:
        session.exec(select(Brand)).all()
        thread.start()
        thread.join(timeout=0.5)  # either it is done by now, or it waits for this one
        add(session, "this")
    thread.join()
    assert names(store) == ["other", "this"]


# What goes wrong


@pytest.fixture
def empty(new_store: NewStore) -> Iterator[Store]:
    return new_store(migrated=False)


def test_a_store_without_tables_names_the_command(empty: Store) -> None:
    with pytest.raises(StoreError, match="run `listening migrate`"):
        names(empty)


def told(url: str) -> str:
    """All that is shown of a store that cannot be opened, traceback included."""
    with pytest.raises(StoreError) as caught:
        names(Store(url))
    return str(caught.value) + "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://ann:hunter2@127.0.0.1:1/shop", "127.0.0.1:1/shop does not answer"),
        ("postgresql://ann@127.0.0.1:1/shop?password=hunter2", "does not answer"),
        ("postgresql://ann:hunter2@127.0.0.1:1/shop?nonsense=1", "invalid connection option"),
        ("postgresql+psycopg2://ann:hunter2@127.0.0.1:1/shop", "psycopg2"),
        ("postgresql://ann:hunter2@127.0.0.1:port/shop", "cannot be read"),
        ("mysql://ann:hunter2@127.0.0.1/shop", "speaks SQLite and PostgreSQL, not mysql"),
        ("ann:hunter2@127.0.0.1/shop", "cannot be read"),
        ("postgresql+nothing://ann:hunter2@127.0.0.1/shop", "cannot be read"),
    ],
)
def test_the_password_is_never_told(url: str, message: str) -> None:
    found = told(url)
    assert message in found
    assert "hunter2" not in found


def test_the_shown_address_hides_the_password() -> None:
    assert Store("postgres://ann:hunter2@db/shop").shown_url == (
        "postgresql+psycopg://ann:***@db/shop"
    )


@pytest.mark.server
def test_a_database_that_is_not_there_is_not_called_empty(postgresql) -> None:
    message = told(postgresql.address("nowhere"))
    assert "does not answer" in message
    assert "migrate" not in message


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "does not answer: unable to open" in told(f"sqlite:///{tmp_path}/no/store.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,author,text\n" * 1000)
    assert f"{path} does not answer: file is not a database" in told(f"sqlite:///{path}")


def test_the_embedded_store_makes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "here"
    store = Store.from_settings(Settings(data_dir=folder, database_url=None))
    with store.session() as session:
        session.connection()
    store.close()
    assert (folder / "listening.db").exists()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StoreError, match="data cannot be made"):
        Store.from_settings(Settings(data_dir=tmp_path / "data", database_url=None))


def test_a_configured_address_is_used(tmp_path: Path) -> None:
    store = Store.from_settings(
        Settings(data_dir=tmp_path / "data", database_url="postgresql://ann:hunter2@db/shop")
    )
    assert (store.dialect, (tmp_path / "data").exists()) == ("postgresql", False)
