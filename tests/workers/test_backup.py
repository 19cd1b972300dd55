"""Backups of both databases, while others write."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from listening.errors import ConflictError, ListeningError, StoreError
from listening.store.schema import newest_version
from listening.store.session import Store
from tests.conftest import NewStore, PostgreSQLServer, SQLiteFiles
from tests.factories import brand, load, post
from tests.wholestore import content_of, fill_every_table, rows_of_every_table
from workers import postgresql as programs
from workers.jobs.backup import Made, back_up, check_sqlite
from workers.jobs.restoring import restore


def backed_up(store: Store, folder: Path) -> Made:
    return back_up(store, folder / "kept.backup")


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


def test_what_is_restored_is_what_was_backed_up(
    store: Store, new_store: NewStore, tmp_path: Path
) -> None:
    fill_every_table(store)
    before = content_of(store)
    made = backed_up(store, tmp_path)
    assert made.manifest.rows == rows_of_every_table(store)
    assert made.manifest.schema == newest_version()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.backup", "kept.backup.json"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    other = new_store(migrated=False)
    done = restore(other, made.path)
    # A backup signs nobody in, and opens nobody's door.
    rows = made.manifest.rows | {"sign_in": 0, "one_time_link": 0}
    assert (done.rows, done.schema, done.erased) == (rows, newest_version(), 0)
    assert content_of(other) == before | {"sign_in": [], "one_time_link": []}
    # And it can be worked with: ids go on where they were.
    assert load(other, post(id="next", author="u-0815", source="twitter")).posts_new == 1
    assert content_of(store) == before


def test_a_folder_gets_a_file_named_by_the_time(store: Store, tmp_path: Path) -> None:
    made = back_up(store, tmp_path)
    ending = {"sqlite": "db", "postgresql": "dump"}[store.dialect]
    assert made.path.match(f"listening-20[0-9][0-9]*T*Z.{ending}")
    assert made.path.parent == tmp_path


def test_a_backup_is_one_moment_whoever_writes(
    store: Store, new_store: NewStore, tmp_path: Path
) -> None:
    brand(store, "JetBlue")
    stop = threading.Event()
    failures = []

    def write() -> None:
        n = 0
        try:
            while not stop.is_set():
                load(store, *(post("x" * 500, id=f"{n}-{i}", author=f"{n}") for i in range(50)))
                n += 1
        except BaseException as error:
            failures.append(error)

    load(store, *(post("y" * 2000, id=f"first{n}", author="a") for n in range(4000)))
    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [back_up(store, tmp_path / f"{n}") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    assert failures == []
    for one in made:
        # Fifty posts by one author are one unit of work: none is there by half.
        assert (one.manifest.rows["post"] - 4000) % 50 == 0
        assert one.manifest.rows["author"] == 1 + (one.manifest.rows["post"] - 4000) // 50
    assert made[0].manifest.rows["post"] < rows_of_every_table(store)["post"]
    other = new_store(migrated=False)
    assert restore(other, made[-1].path).rows == made[-1].manifest.rows


def test_a_backup_is_not_written_over_unasked(store: Store, tmp_path: Path) -> None:
    made = backed_up(store, tmp_path)
    with pytest.raises(ConflictError, match="is there already"):
        backed_up(store, tmp_path)
    brand(store, "JetBlue")
    again = back_up(store, made.path, replace=True)
    assert (made.manifest.rows["brand"], again.manifest.rows["brand"]) == (0, 1)
    with pytest.raises(ListeningError, match="There is no folder"):
        back_up(store, tmp_path / "no" / "file")


def test_the_store_is_no_place_for_its_backup(file_store: Store) -> None:
    with pytest.raises(ListeningError, match="is the store itself"):
        back_up(file_store, Path(str(file_store.engine.url.database)), replace=True)


def test_a_full_disk_leaves_no_backup(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("workers.jobs.backup.sync", full)
    with pytest.raises(OSError, match="No space left"):
        backed_up(store, tmp_path)
    assert list(tmp_path.iterdir()) == []


# PostgreSQL's programs


def test_the_password_is_never_on_the_command_line() -> None:
    url = "postgresql+psycopg://me:s3cret@db.example:5433/listening?sslmode=require&password=s3cret"
    conninfo, environment = programs._address(url)
    assert "s3cret" not in conninfo
    assert environment["PGPASSWORD"] == "s3cret"
    assert conninfo == "host=db.example port=5433 user=me dbname=listening sslmode=require"


@pytest.mark.server
def test_missing_programs_are_named(server_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_folders", list)
    with pytest.raises(StoreError, match=r"install postgresql-client-\d+, or put them on the PATH"):
        programs.programs_for(server_store)
    monkeypatch.setattr(programs, "_folders", lambda: [Path("/old")])
    monkeypatch.setattr(programs, "_major", lambda _: 9)
    with pytest.raises(StoreError, match="version 9 is too old"):
        programs.programs_for(server_store)


def test_a_file_that_is_none_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"x\.db is damaged: file is not a database"):
        check_sqlite(tmp_path / "x.db")
