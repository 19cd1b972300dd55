"""End to end: import, match, analyse and flag, against the engine alone on the same texts.

On SQLite, and on the empty PostgreSQL database that LISTENING_BENCHMARK_URL names.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from sqlmodel import select

from listening.config import Settings
from listening.importing.whole import open_file
from listening.store.brands.brands import add_brand
from listening.store.schema import migrate
from listening.store.session import Store
from listening.store.tables import Mention, Post
from nlp.engine import Engine
from nlp.text import marked
from tests.benchmarks.airline import BRANDS
from workers.jobs.analysing import analyse_pending
from workers.jobs.flagging import flag
from workers.jobs.importing import import_table
from workers.models import Models

FILES = ("airline", "customer_support", "bluesky_posts")


def run(data: Path) -> None:
    """Print posts/s of each stage, of the whole, and of the engine alone."""
    engine = Engine()
    engine.read(["warm"] * 64)
    urls = {"SQLite": ""}
    if named := os.environ.get("LISTENING_BENCHMARK_URL"):
        urls["PostgreSQL"] = named
    alone = 0.0
    for name, url in urls.items():
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data_dir=Path(folder))
            store = Store(url) if url else Store.from_settings(settings)
            migrate(store)
            seconds = _job(store, settings, engine, data)
            texts, targets = _read(store)
            store.close()
        began = time.perf_counter()
        prepared = [marked(text, own) for text, own in zip(texts, targets, strict=True)]
        engine.read([t for t, _ in prepared], [own for _, own in prepared])
        alone = time.perf_counter() - began
        whole = sum(seconds.values())
        told = ", ".join(f"{stage} {took:.1f} s" for stage, took in seconds.items())
        print(
            f"{name}: {len(texts):,} posts, {told}; whole {len(texts) / whole:,.0f} posts/s; "
            f"engine alone on every text {len(texts) / alone:,.0f}: {alone / whole:.0%} of it",
            flush=True,
        )


def _job(store: Store, settings: Settings, engine: Engine, data: Path) -> dict[str, float]:
    with store.work() as session:
        for name, (handle, words) in BRANDS.items():
            add_brand(session, name, query=f"{handle} OR {words}")
    seconds = {}
    for stage in ("import and match", "analyse", "flag"):
        began = time.perf_counter()
        if stage == "analyse":
            analyse_pending(store, Models(engine))
        elif stage == "flag":
            flag(store, settings)
        else:
            for file in FILES:
                import_table(store, open_file(data / "mentions" / f"{file}.csv.gz"))
        seconds[stage] = time.perf_counter() - began
    return seconds


def _read(store: Store) -> tuple[list[str], list[list[list[tuple[int, int]]]]]:
    """Every stored text once, with the places of its brands."""
    with store.session() as session:
        texts = {int(i or 0): text for i, text in session.exec(select(Post.id, Post.text))}
        places: dict[int, list[list[tuple[int, int]]]] = {i: [] for i in texts}
        for post_id, spans in session.exec(select(Mention.post_id, Mention.spans)):
            places[post_id].append([(start, end) for start, end in spans])
    return list(texts.values()), list(places.values())
