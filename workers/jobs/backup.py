"""Back a store up while everything goes on: one file, and a manifest that tells what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import text

from listening.errors import ConflictError, ListeningError, StoreError
from listening.store.keeping.upkeep import row_counts, sqlite_path, standing_tables, table_names
from listening.store.schema import require_current
from listening.store.session import Store
from listening.store.tables.types import now
from workers.postgresql import Programs, failed, programs_for
from workers.progress import Progress, Silent

FORMAT = 1
_PAGES = 4096  # a step of the copy
_ENDINGS = {"sqlite": "db", "postgresql": "dump"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, written beside it: without one a backup was not finished."""

    format: int
    made_at: str
    database: str  # "sqlite" or "postgresql"
    schema: str
    rows: dict[str, int]  # by table
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    path: Path
    manifest: Manifest


def back_up(
    store: Store, to: Path, *, replace: bool = False, progress: Progress | None = None
) -> Made:
    """Copy the store as it is at one moment, check the copy, and write its manifest.

    It appears under its name only when it is whole.

    Args:
        store: migrated; others go on working.
        to: the file; or a folder, where it is named by the time.
        replace: write over a backup of this name.
        progress: told of pages (SQLite).

    Raises:
        ConflictError: a file is there already.
        StoreError: the disk is full, a program is missing or failed, or the copy is not whole.
    """
    progress = progress or Silent()
    require_current(store)
    path = _named(store, to)
    if path.exists() and not replace:
        raise ConflictError(f"{path} is there already: name another file, or say --replace.")
    if store.dialect == "sqlite" and path.resolve() == sqlite_path(store).resolve():
        raise ListeningError(f"{path} is the store itself: name another file.")
    with _beside(path) as part:
        copy = _copy_sqlite if store.dialect == "sqlite" else _copy_postgresql
        rows, schema = copy(store, part, progress)
        manifest = Manifest(
            format=FORMAT,
            made_at=f"{now():%Y-%m-%dT%H:%M:%SZ}",
            database=store.dialect,
            schema=schema,
            rows=rows,
            bytes=part.stat().st_size,
            sha256=digest_of(part),
        )
        _put(part, path, manifest)
    return Made(path, manifest)


def manifest_path(backup: Path) -> Path:
    """Where a backup's manifest lies."""
    return backup.with_name(f"{backup.name}.json")


def digest_of(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_sqlite(path: Path) -> dict[str, int]:
    """Rows by table of an SQLite file that nobody else has open.

    Raises:
        StoreError: it is damaged.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            # One file, without a log beside it.
            connection.execute("PRAGMA journal_mode=DELETE")
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            astray = connection.execute("PRAGMA foreign_key_check").fetchone()
            if found != "ok" or astray is not None:
                raise StoreError(f"{path} is damaged: {found if found != 'ok' else astray}.")
            listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            stands = {name for (name,) in listed}
            return {
                # The names are this code's own.
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
                for name in table_names()
                if name in stands
            }
    except sqlite3.Error as error:
        raise StoreError(f"{path} is damaged: {error}.") from error


def sync(path: Path) -> None:
    """Have a file, or a folder's list of names, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _named(store: Store, to: Path) -> Path:
    if to.is_dir():
        return to / f"listening-{now():%Y%m%dT%H%M%SZ}.{_ENDINGS[store.dialect]}"
    if not to.parent.is_dir():
        raise ListeningError(f"There is no folder {to.parent}: make it first.")
    return to


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A file to write to in the same folder, for this user's eyes only; gone at the end."""
    part = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise ListeningError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        yield part
    finally:
        for leftover in (part, *(part.with_name(part.name + e) for e in ("-journal", "-wal"))):
            leftover.unlink(missing_ok=True)


def _put(part: Path, path: Path, manifest: Manifest) -> None:
    """Give both files their names, the manifest last."""
    beside = manifest_path(path)
    with _beside(beside) as written:
        written.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
        sync(part)
        sync(written)
        # Killed here, a backup without a manifest is left: it counts as unfinished.
        beside.unlink(missing_ok=True)
        part.replace(path)
        written.replace(beside)
        sync(path.parent)


def _copy_sqlite(store: Store, part: Path, progress: Progress) -> tuple[dict[str, int], str]:
    copied = 0

    def step(_status: int, remaining: int, total: int) -> None:
        nonlocal copied
        if not copied:
            progress.begin("Backing up", total)
        progress.advance(total - remaining - copied)
        copied = total - remaining

    try:
        with (
            closing(sqlite3.connect(sqlite_path(store), isolation_level=None)) as source,
            closing(sqlite3.connect(part)) as target,
        ):
            # Held to the end, so that all steps copy the same moment whoever writes meanwhile.
            source.execute("BEGIN")
            (schema,) = source.execute("SELECT version_num FROM alembic_version").fetchone()
            source.backup(target, pages=_PAGES, progress=step)
    except sqlite3.Error as error:
        raise StoreError(f"The store cannot be copied to {part.parent}: {error}.") from error
    progress.end()
    return check_sqlite(part), str(schema)


def _copy_postgresql(store: Store, part: Path, progress: Progress) -> tuple[dict[str, int], str]:
    programs = programs_for(store)
    progress.begin("Backing up")
    with store.session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        snapshot = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        schema = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        rows = row_counts(session)
        tables = [f'--table="{name}"' for name in [*standing_tables(session), "alembic_version"]]
        shape = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
        programs.run(programs.command("pg_dump", *shape, *tables, f"--file={part}"))
    found = count_dumped(programs, part)
    if found != rows:
        raise StoreError(f"The copy in {part.parent} is not whole: {found} rows, not {rows}.")
    progress.end()
    return rows, str(schema)


def count_dumped(programs: Programs, dump: Path) -> dict[str, int]:
    """Rows by table of a dump, read to its end.

    Raises:
        StoreError: it is damaged.
    """
    found: dict[str, int] = {}
    with scripted(programs, dump) as script:
        table = None
        for line in script:
            if table is None and line.startswith(b"COPY "):
                table = line.split(b" ", 2)[1].split(b".")[-1].strip(b'"').decode()
                found[table] = 0
            elif line == b"\\.\n":
                table = None
            elif table is not None:
                found[table] += 1
    return {name: found[name] for name in table_names() if name in found}


@contextmanager
def scripted(programs: Programs, dump: Path) -> Iterator[Iterator[bytes]]:
    """The lines of SQL that a dump stands for.

    Raises:
        StoreError: it is damaged; after the last line.
    """
    command = [str(programs.folder / "pg_restore"), "--no-owner", "--no-privileges", "--file=-"]
    with subprocess.Popen(  # noqa: S603
        [*command, str(dump)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield _lines_of(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def _lines_of(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    if process.stdout is None or process.stderr is None:
        raise ValueError("the process has no pipes")
    yield from process.stdout
    said = process.stderr.read()
    if code := process.wait():
        raise failed("pg_restore", said, code)
