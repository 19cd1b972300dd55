"""A backup takes a store's place whole or not at all, and whoever was erased stays so."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text
from sqlmodel import select

from listening.config import Settings
from listening.errors import ConflictError, StoreError
from listening.store.keeping.tombstones import store_salt
from listening.store.keeping.upkeep import row_counts
from listening.store.schema import alembic_config, current_version, migrate, newest_version
from listening.store.session import Store
from listening.store.tables import Presence, StoreFact
from tests.conftest import NewStore, PostgreSQLServer, SQLiteFiles
from tests.factories import author_id, brand, load, post
from tests.wholestore import HERS, content_of, fill_every_table, places_of, rows_of_every_table
from workers.jobs import restoring
from workers.jobs.backup import Made, back_up, manifest_path
from workers.jobs.erasing import erase, find_people
from workers.jobs.keeping import keep_house
from workers.jobs.restoring import restore


def backed_up(store: Store, folder: Path) -> Made:
    return back_up(store, folder / "kept.backup")


def rewritten(made: Made, **changes: object) -> None:
    """The manifest, changed."""
    path = manifest_path(made.path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def file_store(sqlite: SQLiteFiles) -> Iterator[Store]:
    """A migrated store in a file."""
    store = Store(sqlite.create(migrated=True))
    yield store
    store.close()
    sqlite.drop(store)


@pytest.fixture
def server_store(postgresql: PostgreSQLServer) -> Iterator[Store]:
    """A migrated store on PostgreSQL."""
    store = Store(postgresql.create(migrated=True))
    yield store
    store.close()
    postgresql.drop(store)


def test_a_store_that_holds_something_is_given_up_only_when_told(
    store: Store, tmp_path: Path
) -> None:
    made = backed_up(store, tmp_path)
    brand(store, "JetBlue")
    before = content_of(store)
    with pytest.raises(ConflictError, match="is not empty: say --replace"):
        restore(store, made.path)
    assert content_of(store) == before
    assert restore(store, made.path, replace=True).rows["brand"] == 0


def test_a_store_in_use_is_not_replaced(store: Store, tmp_path: Path) -> None:
    made = backed_up(store, tmp_path)
    with store.work() as session:
        session.add(Presence(name="host worker 7", kind="worker", host="host", pid=7))
    with pytest.raises(ConflictError, match="in use by host worker 7: stop them first"):
        restore(store, made.path, replace=True)


def test_an_open_file_is_not_replaced(file_store: Store, tmp_path: Path) -> None:
    made = backed_up(file_store, tmp_path)
    other = Store(file_store.url)
    with other.session() as session:
        assert row_counts(session)["brand"] == 0
        with pytest.raises(ConflictError, match="is in use: stop `listening up`"):
            restore(file_store, made.path)
    other.close()
    assert restore(file_store, made.path).rows["brand"] == 0


@pytest.mark.parametrize("harm", ["cut", "flipped", "longer"])
def test_a_damaged_backup_is_refused(
    store: Store, new_store: NewStore, tmp_path: Path, harm: str
) -> None:
    fill_every_table(store)
    made = backed_up(store, tmp_path)
    data = bytearray(made.path.read_bytes())
    if harm == "cut":
        data = data[: len(data) // 2]
    elif harm == "flipped":
        data[len(data) // 2] ^= 0xFF
    else:
        data += b"\0"
    made.path.write_bytes(data)
    before = content_of(store)
    with pytest.raises(StoreError, match=r"kept\.backup is damaged"):
        restore(store, made.path, replace=True)
    assert content_of(store) == before


def test_damage_that_the_digest_does_not_show_changes_nothing(
    store: Store, new_store: NewStore, tmp_path: Path
) -> None:
    """Fewer rows than promised: found after copying, before anything is replaced."""
    fill_every_table(store)
    made = backed_up(store, tmp_path)
    rewritten(made, rows=made.manifest.rows | {"post": 99})
    before = content_of(store)
    with pytest.raises(StoreError, match=r"is not whole: .*99"):
        restore(store, made.path, replace=True)
    assert content_of(store) == before
    assert load(store, post(id="next", author="u-0815", source="twitter")).posts_new == 1


@pytest.mark.server
def test_a_dump_cut_short_leaves_the_store_as_it_was(
    server_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = server_store
    fill_every_table(store)
    made = backed_up(store, tmp_path)
    made.path.write_bytes(made.path.read_bytes()[:-200])
    before = content_of(store)
    monkeypatch.setattr(restoring, "read_manifest", lambda _: made.manifest)
    with pytest.raises(StoreError, match=r"pg_restore failed|psql failed"):
        restore(store, made.path, replace=True)
    assert content_of(store) == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "of a newer release than this one"),
        ({"schema": "9999"}, "schema version 9999, of a newer release"),
        ({"database": "oracle"}, "is of oracle, the store"),
        ({"rows": None, "sha256": "0"}, "is damaged"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(
    store: Store, tmp_path: Path, change: dict[str, object], told: str
) -> None:
    made = backed_up(store, tmp_path)
    rewritten(made, **change)
    with pytest.raises(StoreError, match=told):
        restore(store, made.path)


def test_a_backup_without_its_manifest_was_not_finished(store: Store, tmp_path: Path) -> None:
    made = backed_up(store, tmp_path)
    manifest_path(made.path).write_text("{}")
    with pytest.raises(StoreError, match="it is no manifest"):
        restore(store, made.path)
    manifest_path(made.path).unlink()
    with pytest.raises(StoreError, match="is missing: the backup was not finished"):
        restore(store, made.path)
    with pytest.raises(StoreError, match="There is no backup"):
        restore(store, tmp_path / "other")


def test_an_older_backup_is_brought_to_this_version(
    new_store: NewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, store = new_store(migrated=False), new_store()
    command.upgrade(alembic_config(old), "0002")
    with old.work() as session:
        added = "INSERT INTO author (id, source, native_id) VALUES (1, 'file', 'a1')"
        session.connection().exec_driver_sql(added)
    monkeypatch.setattr("workers.jobs.backup.require_current", lambda _: None)
    made = backed_up(old, tmp_path)
    assert (made.manifest.schema, "job" in made.manifest.rows) == ("0002", False)
    brand(store, "JetBlue")
    done = restore(store, made.path, replace=True)
    assert (done.schema, done.rows["author"], done.rows["brand"]) == (newest_version(), 1, 0)
    assert current_version(store) == newest_version()


# Who was erased stays erased


def test_an_older_backup_brings_nobody_back(store: Store, tmp_path: Path) -> None:
    fill_every_table(store)
    made = backed_up(store, tmp_path)
    erase(store, find_people(store, "twitter", ["u-4711"]))
    without = rows_of_every_table(store)
    assert restore(store, made.path, replace=True).erased == 1
    assert places_of(store, *HERS) == []
    assert rows_of_every_table(store) == without | {"sign_in": 0, "one_time_link": 0}
    assert load(store, post(id="n", author="u-4711", source="twitter")).refused == 1
    if store.dialect == "sqlite":
        path = Path(str(store.engine.url.database))
        assert [n for n in HERS if n.encode() in path.read_bytes().lower()] == []


def test_tombstones_of_another_salt_count_on(
    store: Store, new_store: NewStore, tmp_path: Path
) -> None:
    """The backup is of another store: neither one's tombstones may be lost."""
    other = new_store()
    load(other, post(id="p1", author="ours"), post(id="p2", author="theirs"), post(id="p3"))
    erase(other, find_people(other, "file", ["theirs"]))
    made = backed_up(other, tmp_path)
    load(store, post(id="p9", author="ours"))
    erase(store, find_people(store, "file", ["ours", "never-seen"]))
    with store.session() as session:
        before = store_salt(session)
    assert restore(store, made.path, replace=True).erased == 1
    gone = [post(id=f"n-{who}", author=who) for who in ("ours", "theirs", "never-seen")]
    assert load(store, *gone).refused == 3
    with store.session() as session:
        salts = sorted(f.value for f in session.exec(select(StoreFact)))
    with other.session() as session:
        assert salts == sorted([before, store_salt(session)])


@pytest.mark.server
def test_whoever_died_before_erasing_again_is_caught_up_by_the_beat(
    server_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = server_store  # in a file they are erased before it takes the store's place
    fill_every_table(store)
    made = backed_up(store, tmp_path)
    erase(store, find_people(store, "twitter", ["u-4711"]))

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, "erase_again", killed)
    with pytest.raises(KeyboardInterrupt):
        restore(store, made.path, replace=True)
    assert author_id(store, "u-4711")
    assert keep_house(store, Settings()).erased_again == 1
    assert places_of(store, *HERS) == []
    assert keep_house(store, Settings()).erased_again == 0


# Killed


def test_killed_while_restoring_the_store_is_one_or_the_other(
    store: Store, new_store: NewStore, tmp_path: Path
) -> None:
    brand(store, "Before")
    load(store, *(post("z" * 300, id=f"p{n}", author=f"a{n}") for n in range(1500)))
    source = new_store()
    brand(source, "After")
    load(source, *(post("y" * 300, id=f"q{n}", author=f"a{n}") for n in range(3000)))
    made = backed_up(source, tmp_path)
    code = (
        "import sys; from pathlib import Path; from listening.store.session import Store\n"
        "from workers.jobs.restoring import restore\n"
        "print('go', flush=True)\n"
        "restore(Store(sys.argv[1]), Path(sys.argv[2]), replace=True)\n"
    )
    seen = set()
    for pause in (0.1, 0.4):
        store.close()
        process = subprocess.Popen(
            [sys.executable, "-c", code, store.url, str(made.path)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        counts = _counts_once_free(store)
        seen.add((counts["post"], counts["author"], counts["brand"]))
    assert seen <= {(1500, 1500, 1), (3000, 3000, 1)}
    restore(store, made.path, replace=True)
    assert rows_of_every_table(store)["post"] == 3000


def _counts_once_free(store: Store) -> dict[str, int]:
    """Rows; psql may need a moment to see that nobody feeds it any more."""
    for _ in range(100):
        counts = rows_of_every_table(store)
        if store.dialect == "sqlite" or not _others(store):
            return counts
        time.sleep(0.1)
    raise AssertionError("psql goes on")


def _others(store: Store) -> int:
    mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    with store.session() as session:
        found = session.execute(text(mine + "AND pid <> pg_backend_pid()"))
        return int(found.scalar_one())


def test_a_damaged_store_can_be_restored(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 's.db'}")
    migrate(store)
    brand(store, "JetBlue")
    made = back_up(store, tmp_path / "b.db")
    store.close()
    (tmp_path / "s.db").write_bytes(b"gone" * 5000)
    with pytest.raises(ConflictError, match="not empty"):
        restore(store, made.path)
    assert restore(store, made.path, replace=True).rows["brand"] == 1
    with sqlite3.connect(tmp_path / "s.db") as connection:
        assert connection.execute("SELECT name FROM brand").fetchall() == [("JetBlue",)]
    store.close()
