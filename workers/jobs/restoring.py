"""Put a backup in the place of a store: whole, checked, or not at all.

Whom the present store has tombstones for stays erased: they are taken over together with the
salt they were made with, and applied to what the backup brings back.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

from sqlalchemy import inspect
from sqlmodel import Session, col, select

from listening.errors import ConflictError, ListeningError, StoreError
from listening.store.access.signins import sign_everybody_out
from listening.store.bulk import upsert
from listening.store.keeping.tombstones import OLDER_SALT, RESTORED, SALT
from listening.store.keeping.upkeep import (
    VERSION_TABLE,
    is_empty,
    row_counts,
    sqlite_path,
    standing_tables,
    vacuum,
)
from listening.store.schema import current_version, known_versions, migrate
from listening.store.session import Store
from listening.store.tables import Presence, StoreFact, Tombstone
from listening.store.tables.types import now
from workers.jobs.backup import (
    FORMAT,
    Manifest,
    check_sqlite,
    digest_of,
    manifest_path,
    scripted,
    sync,
)
from workers.jobs.erasing import erase_again
from workers.postgresql import Programs, failed, programs_for
from workers.progress import Progress, Silent

_ALIVE = timedelta(seconds=60)
_TOLD_WAIT = "60s"


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in the store now; `erased`: authors who were erased again."""

    rows: dict[str, int]
    schema: str
    erased: int


@dataclass(frozen=True, slots=True)
class _Graves:
    """Tombstones of the store that is replaced, and the salts they were made with."""

    tombstones: list[dict[str, object]]
    salts: list[str]


def restore(
    store: Store, backup: Path, *, replace: bool = False, progress: Progress | None = None
) -> Restored:
    """Put a backup in the place of a store; killed in between, the store is as it was.

    Args:
        store: any version, or none yet; nobody else may be working with it.
        backup: of `back_up`, with its manifest beside it.
        replace: give up what the store holds.
        progress: told of stages.

    Raises:
        ConflictError: the store is not empty, or in use.
        StoreError: the backup is damaged, of a newer release or of another database.
    """
    progress = progress or Silent()
    progress.begin("Checking the backup")
    manifest = read_manifest(backup)
    _fits(store, backup, manifest)
    _may_go(store, replace)
    progress.end()
    put = _restore_sqlite if store.dialect == "sqlite" else _restore_postgresql
    erased = put(store, backup, manifest, progress)
    with store.session() as session:
        return Restored(row_counts(session), current_version(store) or "", erased)


def read_manifest(backup: Path) -> Manifest:
    """What a backup should hold, its size and digest compared with the file.

    Raises:
        StoreError: it is missing, unfinished, damaged or of a newer release.
    """
    if not backup.is_file():
        raise StoreError(f"There is no backup {backup}.")
    beside = manifest_path(backup)
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
        if found["format"] > FORMAT:
            raise StoreError(f"{beside} is of a newer release than this one: update `listening`.")
        manifest = Manifest(**{field.name: found[field.name] for field in fields(Manifest)})
    except FileNotFoundError:
        raise StoreError(
            f"{beside} is missing: the backup was not finished, or was moved without it."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{beside} cannot be read ({error}): it is no manifest.") from error
    if backup.stat().st_size != manifest.bytes or digest_of(backup) != manifest.sha256:
        raise StoreError(f"{backup} is damaged: it is not the file that {beside.name} describes.")
    return manifest


def _fits(store: Store, backup: Path, manifest: Manifest) -> None:
    if manifest.database != store.dialect:
        raise StoreError(
            f"{backup} is of {manifest.database}, the store {store.shown_url} is "
            f"{store.dialect}: set LISTENING_DATABASE_URL to one of the same kind."
        )
    if manifest.schema not in known_versions():
        raise StoreError(
            f"{backup} is at schema version {manifest.schema}, of a newer release than this one: "
            "update `listening`."
        )


def _may_go(store: Store, replace: bool) -> None:
    """Refuse a store that holds something, or that somebody works with."""
    if store.dialect == "sqlite" and not sqlite_path(store).exists():
        return
    try:
        with store.session() as session:
            empty, alive = is_empty(session), _alive(session)
    except StoreError:
        if store.dialect != "sqlite":
            raise
        empty, alive = False, []  # damaged: what is to be restored
    if not empty and not replace:
        raise ConflictError(
            f"The store {store.shown_url} is not empty: say --replace to give up what it holds."
        )
    if alive:
        raise ConflictError(
            f"The store {store.shown_url} is in use by {', '.join(alive)}: stop them first (who "
            "died is forgotten after a minute)."
        )


def _alive(session: Session) -> list[str]:
    if not inspect(session.connection()).has_table("presence"):
        return []
    moment = now()
    seen = select(Presence.name).where(
        col(Presence.seen_at) > moment - _ALIVE, col(Presence.seen_at) < moment + _ALIVE
    )
    return sorted(session.exec(seen))


def _restore_sqlite(store: Store, backup: Path, manifest: Manifest, progress: Progress) -> int:
    path = sqlite_path(store).resolve()  # a link stays one
    staged = path.with_name(f".{path.name}.restoring")
    store.close()
    progress.begin("Restoring")
    with _held(path, store.shown_url) as graves:
        _remove(staged)
        try:
            _copy(backup, staged, manifest.sha256)
            if (found := check_sqlite(staged)) != manifest.rows:
                raise StoreError(f"{backup} is not whole: {found} rows, not {manifest.rows}.")
            erased = _prepared(staged, graves, progress)
            check_sqlite(staged)  # and one file again
            _owned_alike(path, staged)
            sync(staged)
            # A log of the old file must not be taken for the new one's.
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            staged.replace(path)
            sync(path.parent)
        finally:
            _remove(staged)
    progress.end()
    return erased


@contextmanager
def _held(path: Path, shown: str) -> Iterator[_Graves | None]:
    """Keep everybody else out of a file, with its log merged in; None: nothing to read there."""
    if not path.exists():
        yield None
        return
    with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            graves = _graves_in(connection)
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise ConflictError(
                    f"The store {shown} is in use: stop `listening up` and every worker first."
                ) from error
            raise StoreError(f"The store {shown} cannot be replaced: {error}.") from error
        except sqlite3.DatabaseError:  # damaged: its tombstones are lost with it
            graves = None
        yield graves


def _graves_in(connection: sqlite3.Connection) -> _Graves | None:
    listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if not {("tombstone",), ("store_fact",)} <= set(listed):
        return None
    digests = connection.execute("SELECT digest FROM tombstone ORDER BY digest").fetchall()
    salts = connection.execute(
        "SELECT value FROM store_fact WHERE name = ? OR name LIKE ? ORDER BY name",
        (SALT, f"{OLDER_SALT}%"),
    ).fetchall()
    moment = now()
    return _Graves(
        [{"digest": digest, "created_at": moment} for (digest,) in digests],
        [salt for (salt,) in salts],
    )


def _prepared(staged: Path, graves: _Graves | None, progress: Progress) -> int:
    """Bring a copy to this version and bury again whom it brought back; returns how many."""
    beside = Store(f"sqlite:///{staged}")
    try:
        migrate(beside)
        with beside.work() as session:
            sign_everybody_out(session)
        if graves is None or not graves.tombstones:
            return 0
        with beside.work() as session:
            _bury_again(session, graves)
        erased = erase_again(beside, progress=progress)
        if erased:
            vacuum(beside)
        return erased
    finally:
        beside.close()


def _bury_again(session: Session, graves: _Graves) -> None:
    upsert(session, Tombstone, graves.tombstones, key=("digest",))
    known = set(session.exec(select(StoreFact.value)))
    facts = [
        {"name": older_salt_name(salt), "value": salt} for salt in graves.salts if salt not in known
    ]
    upsert(session, StoreFact, [*facts, {"name": RESTORED, "value": "1"}], key=("name",))


def older_salt_name(salt: str) -> str:
    """The name of the fact that keeps another store's salt."""
    return OLDER_SALT + hashlib.sha256(salt.encode()).hexdigest()[:12]


def _copy(backup: Path, staged: Path, sha256: str) -> None:
    try:
        shutil.copyfile(backup, staged)
        staged.chmod(0o600)
    except OSError as error:
        raise ListeningError(f"{backup} cannot be copied to {staged.parent}: {error}") from error
    if digest_of(staged) != sha256:
        raise StoreError(f"{backup} changed while it was copied: try again.")


def _owned_alike(path: Path, staged: Path) -> None:
    """Whoever could work with the old file can with the new one."""
    if path.exists():
        stands = path.stat()
        shutil.copymode(path, staged)
        with suppress(PermissionError):
            os.chown(staged, stands.st_uid, stands.st_gid)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _restore_postgresql(store: Store, backup: Path, manifest: Manifest, progress: Progress) -> int:
    programs = programs_for(store)
    with store.session() as session:
        standing = standing_tables(session)
    progress.begin("Restoring")
    with scripted(programs, backup) as script:
        _feed(programs, [_before(standing)], script, [_after(standing, manifest.rows)])
    progress.end()
    migrate(store)
    with store.work() as session:
        sign_everybody_out(session)
    erased = erase_again(store, progress=progress)
    vacuum(store)
    return erased


def _feed(
    programs: Programs, before: Sequence[str], script: Iterator[bytes], after: Sequence[str]
) -> None:
    """Run a script in one transaction: whatever ends it early, a kill too, undoes it all."""
    command = programs.command("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
    with subprocess.Popen(  # noqa: S603
        command,
        env=programs.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        if process.stdin is None or process.stderr is None:
            raise ValueError("the process has no pipes")
        try:
            # Notices that nobody reads would fill the pipe.
            process.stdin.write(b"BEGIN;\nSET client_min_messages = warning;\n")
            process.stdin.write("\n".join(before).encode())
            process.stdin.writelines(script)
            process.stdin.write("\n".join([*after, "COMMIT;\n"]).encode())
            process.stdin.close()
        except BrokenPipeError:  # it says why below
            with suppress(BrokenPipeError):
                process.stdin.close()
        except BaseException:
            process.kill()  # without COMMIT nothing stands
            # What is buffered reaches nobody; closed later it would hide what went wrong.
            with suppress(BrokenPipeError):
                process.stdin.close()
            raise
        said = process.stderr.read()
        if code := process.wait():
            raise failed("psql", said, code)


def _before(standing: Sequence[str]) -> str:
    lines = [f"SET LOCAL lock_timeout = '{_TOLD_WAIT}';"]
    if {"tombstone", "store_fact"} <= set(standing):
        lines += [
            "CREATE TEMP TABLE kept_tombstone AS SELECT digest, created_at FROM tombstone;",
            f"CREATE TEMP TABLE kept_salt AS SELECT value FROM store_fact WHERE name = '{SALT}' "  # noqa: S608
            f"OR name LIKE '{OLDER_SALT}%';",
        ]
    tables = ", ".join(f'"{name}"' for name in [*standing, VERSION_TABLE])
    return "\n".join([*lines, f"DROP TABLE IF EXISTS {tables};", ""])


def _after(standing: Sequence[str], rows: dict[str, int]) -> str:
    lines = ["RESET search_path;"]
    for name, count in rows.items():
        wrong = f"RAISE EXCEPTION 'the backup is not whole: {name} should have {count} rows'"
        lines.append(
            f'DO $$ BEGIN IF (SELECT count(*) FROM "{name}") <> {count} THEN {wrong}; '  # noqa: S608
            "END IF; END $$;"
        )
    if {"tombstone", "store_fact"} <= set(standing):
        salt_name = f"'{OLDER_SALT}' || substr(encode(sha256(value::bytea), 'hex'), 1, 12)"
        lines += [
            "INSERT INTO tombstone SELECT digest, created_at FROM pg_temp.kept_tombstone "
            "ON CONFLICT DO NOTHING;",
            f"INSERT INTO store_fact SELECT {salt_name}, value FROM pg_temp.kept_salt "  # noqa: S608
            "WHERE value NOT IN (SELECT value FROM store_fact) ON CONFLICT DO NOTHING;",
            f"INSERT INTO store_fact SELECT '{RESTORED}', '1' "  # noqa: S608
            "WHERE EXISTS (SELECT 1 FROM pg_temp.kept_tombstone) ON CONFLICT DO NOTHING;",
        ]
    return "\n".join([*lines, ""])
