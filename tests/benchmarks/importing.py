"""Rows a second and memory of importing and matching a file, on SQLite and on PostgreSQL.

Six brands; the file is generated (`tests.benchmarks.flooding`). Each import is a process of
its own, so that its memory is its own: what is told is the most it ever held. ROWS in the
environment: how many (1,000,000 is what the goal is about). PostgreSQL: the server that
LISTENING_BENCHMARK_URL names, with an empty database; without it only SQLite is measured.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.flooding import QUERIES, write

ROWS = 100_000


def run(data: Path) -> None:
    """Print rows/s and the most memory, a database each."""
    rows = int(os.environ.get("ROWS", ROWS))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flood.csv"
        write(file, data, rows)
        print(f"{rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB, {len(QUERIES)} brands")
        urls = {"SQLite": f"sqlite:///{folder}/flood.db"}
        if named := os.environ.get("LISTENING_BENCHMARK_URL"):
            urls["PostgreSQL"] = named
        for name, url in urls.items():
            command = [sys.executable, "-m", "tests.benchmarks.importing", url, str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            print(f"  {name:10} {done.stdout.strip()}", flush=True)


def once(url: str, file: Path) -> None:
    """Import a file into an empty store and say how it went."""
    from listening.importing.whole import open_file
    from listening.store.brands.brands import add_brand
    from listening.store.schema import migrate
    from listening.store.session import Store
    from workers.jobs.importing import import_table

    store = Store(url)
    migrate(store)
    with store.work() as session:
        for name, query in QUERIES.items():
            add_brand(session, name, query=query)
    start, busy = time.perf_counter(), time.process_time()
    report = import_table(store, open_file(file))
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = report.counts
    print(
        f"{counts.rows / seconds:8,.0f} rows/s  {seconds:7.1f} s  "
        f"({busy:.1f} s of its own)  {memory:6.0f} MB  "
        f"{counts.posts_new:,} posts, {counts.mentions_new:,} mentions, "
        f"{report.quarantined:,} in quarantine"
    )


if __name__ == "__main__":
    once(sys.argv[1], Path(sys.argv[2]))
