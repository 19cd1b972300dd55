"""20,000 posts of real data while everything is killed 30 times; then the store is compared.

On SQLite with the embedded queue; with LISTENING_KILLS_DATABASE_URL and a redis-server on the
path, on Redis and PostgreSQL too (the database there has to be empty, and is filled). Not a
timing: it says what differs from an undisturbed run.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

from listening.config import Settings
from listening.store.session import Store
from tests.functional.killing import Service
from tests.functional.outcome import Outcome, differences, outcome
from tests.functional.processes import Processes
from tests.redis_server import RedisServer, missing

KILLS = 30
FILES = ("airline", "customer_support", "bluesky_posts")
BRANDS = [
    ("JetBlue", "jetblue"),
    ("United", "united"),
    ("Delta", "delta"),
    ("Apple", "apple OR applesupport"),
    ("Amazon", "amazon OR amazonhelp"),
]


def run(data: Path) -> None:
    """Print how the runs ended and what differs."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        folder = work / "posts"
        folder.mkdir()
        for name in FILES:
            with (
                gzip.open(data / "mentions" / f"{name}.csv.gz") as packed,
                (folder / f"{name}.csv").open("wb") as file,
            ):
                shutil.copyfileobj(packed, file)
            os.utime(folder / f"{name}.csv", (1_000_000_000, 1_000_000_000))
        posts, expected = _one(work / "undisturbed", folder, 0)
        cache = work / "undisturbed" / "data" / "cache"
        _compare(work / "embedded", folder, posts, expected, cache)
        url = os.environ.get("LISTENING_KILLS_DATABASE_URL")
        if url is None or missing() is not None:
            print("Redis and PostgreSQL: skipped, LISTENING_KILLS_DATABASE_URL or redis-server")
            return
        broker = work / "redis"
        broker.mkdir()
        server = RedisServer(shutil.which("redis-server") or "", broker)
        server.start()
        try:
            _compare(work / "distributed", folder, posts, expected, cache, redis=server, url=url)
        finally:
            server.stop()


def _compare(
    work: Path,
    folder: Path,
    posts: int,
    expected: Outcome,
    cache: Path,
    *,
    redis: RedisServer | None = None,
    url: str | None = None,
) -> None:
    _, found = _one(work, folder, KILLS, posts=posts, cache=cache, redis=redis, url=url)
    told = differences(expected, found)
    rows = sum(map(len, found.values()))
    print(f"{work.name}: {KILLS} kills, {rows:,} rows compared, {len(told)} differ", flush=True)
    for line in told[:20]:
        print(f"  {line[:300]}")


def _one(
    work: Path,
    folder: Path,
    kills: int,
    *,
    posts: int | None = None,
    cache: Path | None = None,
    redis: RedisServer | None = None,
    url: str | None = None,
) -> tuple[int, Outcome]:
    work.mkdir()
    environment = {"LISTENING_DATA_DIR": str(work / "data")}
    if cache is not None:
        shutil.copytree(cache, work / "data" / "cache")
    if redis is not None:
        environment["LISTENING_BROKER_URL"] = redis.url
    if url is not None:
        environment["LISTENING_DATABASE_URL"] = url
    processes = Processes(work, environment)
    processes.run("migrate")
    store = Store(url) if url else Store.from_settings(Settings(data_dir=work / "data"))
    service = Service(processes, store, redis, say=lambda line: print(f"  {line}", flush=True))
    began = time.monotonic()
    try:
        service.listen(folder, BRANDS)
        if posts is None:
            # An undisturbed sweep tells how many posts the files hold.
            processes.run("watch", "run", "1")
            posts = _posts(store)
        service.tend()
        service.torment(kills, random.Random(7), between=(0.5, 6.0))
        service.finish(posts)
        print(f"{work.name}: {posts:,} posts done after {time.monotonic() - began:.0f} s")
        return posts, outcome(store)
    finally:
        processes.end()
        store.close()


def _posts(store: Store) -> int:
    from listening.store.posts import count_posts

    with store.session() as session:
        return count_posts(session)
