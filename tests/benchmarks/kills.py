"""20,000 posts of real data while everything is killed 30 times; then the store is compared.

On SQLite with the embedded queue; with LISTENING_KILLS_DATABASE_URL and a redis-server on the
path, on Redis and PostgreSQL too (the database there has to be empty, and is filled). Not a
timing: it says what differs from an undisturbed run.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.functional.killing import Trial
from tests.functional.outcome import Outcome, differences
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
        expected = _timed(Trial(work / "undisturbed", folder, BRANDS))
        cache = work / "undisturbed" / "data" / "cache"
        killed = Trial(
            work / "embedded",
            folder,
            BRANDS,
            posts=len(expected["post"]),
            kills=KILLS,
            between=(0.5, 6.0),
            cache=cache,
            say=lambda line: print(f"  {line}", flush=True),
        )
        _compare(killed, expected)
        url = os.environ.get("LISTENING_KILLS_DATABASE_URL")
        if url is None or missing() is not None:
            print("Redis and PostgreSQL: skipped, LISTENING_KILLS_DATABASE_URL or redis-server")
            return
        broker = work / "redis"
        broker.mkdir()
        server = RedisServer(shutil.which("redis-server") or "", broker)
        server.start()
        try:
            _compare(replace(killed, work=work / "distributed", redis=server, url=url), expected)
        finally:
            server.stop()


def _compare(trial: Trial, expected: Outcome) -> None:
    found = _timed(trial)
    told = differences(expected, found)
    rows = sum(map(len, found.values()))
    print(f"{trial.work.name}: {KILLS} kills, {rows:,} rows compared, {len(told)} differ")
    for line in told[:20]:
        print(f"  {line[:300]}", flush=True)


def _timed(trial: Trial) -> Outcome:
    trial.work.mkdir()
    began = time.monotonic()
    found = trial.outcome()
    posts, took = len(found["post"]), time.monotonic() - began
    print(f"{trial.work.name}: {posts:,} posts done after {took:.0f} s", flush=True)
    return found
