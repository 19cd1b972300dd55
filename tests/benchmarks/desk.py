"""The desk at its size: a store of a million mentions, and how its pages stand up to a team.

`python -m tests.benchmarks desk --folder DIR --mentions 1000000` makes DIR/listening.db, or goes
on making it; with `--postgresql` it is a database of a server of its own in that folder, which
runs as long as the benchmark does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from listening.store.session import Store
from tests.benchmarks.bigstore import Size, build
from tests.conftest import PostgreSQLServer, server_binaries

# As somebody would set it up on a machine of this size; everything else as it comes.
PLAIN = "-c shared_buffers=512MB -c effective_cache_size=2GB -c random_page_cost=1.1"


def run(folder: Path, mentions: int, *, postgresql: bool) -> None:
    """Make the store where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with _database(folder, postgresql=postgresql) as url:
        made(folder, mentions, url).close()


@contextmanager
def _database(folder: Path, *, postgresql: bool) -> Iterator[str]:
    if not postgresql:
        yield f"sqlite:///{folder.resolve()}/listening.db"
        return
    own, binaries = folder.resolve() / "postgresql", server_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL is not installed.")
    own.mkdir(exist_ok=True)
    server = PostgreSQLServer(binaries, own, PLAIN)
    server.start()
    try:
        yield server.address("postgres")
    finally:
        server.stop()


def made(folder: Path, mentions: int, url: str) -> Store:
    """The store of this size."""
    store = Store(url)
    began = time.perf_counter()
    build(store, Size(mentions, max(mentions // 5, 1), _end(folder)), _say)
    print(f"  made in {time.perf_counter() - began:.0f} s: {store.shown_url}", flush=True)
    return store


def _end(folder: Path) -> datetime:
    """The day that the first making of this folder was on."""
    note = folder / "end.txt"
    if not note.exists():
        note.write_text(f"{datetime.now(UTC):%Y-%m-%d}", "utf-8")
    return datetime.fromisoformat(note.read_text("utf-8")).replace(tzinfo=UTC)


def _say(line: str) -> None:
    print(line, flush=True)
