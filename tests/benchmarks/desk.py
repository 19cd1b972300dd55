"""The desk at its size: a store of a million mentions, and how its pages stand up to a team.

`python -m tests.benchmarks desk --folder DIR --mentions 1000000` makes DIR/listening.db, or goes
on making it; with `--postgresql` it is a database of a server of its own in that folder, which
runs as long as the benchmark does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from listening.store.session import Store
from tests.benchmarks import clicking, painting, telling
from tests.benchmarks.bigstore import Size, build
from tests.conftest import PostgreSQLServer, server_binaries

# As somebody would set it up on a machine of this size; everything else as it comes.
SECONDS = 45.0  # of each way of clicking
PLAIN = "-c shared_buffers=512MB -c effective_cache_size=2GB -c random_page_cost=1.1"


def run(folder: Path, mentions: int, *, postgresql: bool) -> None:
    """Make the store where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with _database(folder, postgresql=postgresql) as url:
        store = made(folder, mentions, url)
        routes = clicking.addresses(store)
        store.close()
        for processes in (1, 2):
            _click(url, folder, routes, processes)


def _click(url: str, folder: Path, routes: dict[str, list[str]], processes: int) -> None:
    """Each page alone, then everybody at once: as people do, and as fast as they can."""
    cookie = clicking.signed_in(url, folder)
    with clicking.server(url, folder, processes) as (port, pids):
        print(f"  {processes} server process(es), load of this machine {os.getloadavg()[0]:.1f}")
        routes = _there(port, cookie, routes)
        alone = clicking.alone(port, pids, cookie, routes) if processes == 1 else {}
        thinking = clicking.together(port, cookie, routes, seconds=SECONDS, think=(1.0, 3.0))
        at_once = clicking.together(port, cookie, routes, seconds=SECONDS, think=None)
        print(
            f"  {'route':26} {'CPU ms':>7} {'p50':>6} {'p95':>6}  {'p50':>6} {'p95':>6} "
            f"{'KB':>5}  first byte in ms with {clicking.PEOPLE} people who read 1 to 3 s, and "
            "with as many who never do"
        )
        for name, own in thinking.items():
            print(f"  {name:26} {alone.get(name, 0.0):7.0f} {_shares(own)}  "
                  f"{_shares(at_once[name])} {own.size / 1024:5.0f}"
                  + (f"  {own.failed} failed" if own.failed else ""), flush=True)  # fmt: skip
        for what, times in (("reading", thinking), ("without", at_once)):
            pages = [t for n, one in times.items() if n != clicking.BASELINE for t in one.first]
            print(
                f"  {what}: {len(pages):,} pages, {len(pages) / SECONDS:.1f} a second, p50 "
                f"{clicking.share(pages, 50):.0f} ms, p95 {clicking.share(pages, 95):.0f} ms, "
                f"p99 {clicking.share(pages, 99):.0f} ms"
            )
        if processes == 1:
            first, last, size = painting.painted(port, cookie, routes["segments with the map"][0])
            print(
                f"  the map in Chromium: first paint {first:.0f} ms, all dots {last:.0f} ms, "
                f"page {size / 1024:.0f} KB"
            )
            times, loading = telling.told(url, port, cookie, routes["triage"][0])
            print(
                f"  what another does to a case, seen on an open page: p50 "
                f"{clicking.share(times, 50):.0f} ms, p95 {clicking.share(times, 95):.0f} ms "
                f"(loading the page: {loading:.0f} ms)"
            )


def _there(port: int, cookie: str, routes: dict[str, list[str]]) -> dict[str, list[str]]:
    """The routes that this release answers."""
    found = {}
    for name, paths in routes.items():
        status = clicking.status_of(port, cookie, paths[0])
        if status == 200:
            found[name] = paths
        else:
            print(f"  left out: {name}, {paths[0]} answers {status}")
    return found


def _shares(own: clicking.Times) -> str:
    if not own.first:
        return f"{'-':>6} {'-':>6}"
    return f"{clicking.share(own.first, 50):6.0f} {clicking.share(own.first, 95):6.0f}"


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
