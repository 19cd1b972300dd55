"""Profiles by sums: time of adding posts; and what is given up by placing authors until a run."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from listening.config import Settings
from listening.ingest import ingest
from listening.matching import BrandMatcher
from listening.sources.base import RawPost
from listening.store.posts.analyses import FoundAnalysis, store_analyses
from listening.store.rows import membership_rows
from listening.store.schema import migrate
from listening.store.session import Store
from nlp.engine import Engine
from tests.benchmarks.newsgroups import LEAST_POSTS, newsgroup_posts
from tests.factories import MODEL, NOON, at, posts
from workers.jobs.analysing import analyse_pending
from workers.jobs.drifting import check_drift
from workers.jobs.placing import follow
from workers.jobs.profiling import read_profiles, update_profiles
from workers.jobs.segmenting import segment
from workers.models import Models

AUTHORS, EACH = 5000, 10
STARTS, STEPS = (0.5, 0.8), (0.55, 0.6, 0.7, 0.8, 0.85, 0.9, 1.0)


def run(data: Path) -> None:
    """Both."""
    with tempfile.TemporaryDirectory() as folder:
        _adding(Settings(data_dir=Path(folder)))
    found, main = newsgroup_posts(data)
    models = Models(Engine())
    # One author after another, in an order that says nothing.
    names = np.random.default_rng(1).permutation(sorted(main)).tolist()
    rank = {name: place for place, name in enumerate(names)}
    found.sort(key=lambda post: (rank[post.author_native_id], post.published_at, post.native_id))
    for start in STARTS:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data_dir=Path(folder), segment_min_posts=LEAST_POSTS)
            _drifting(settings, models, found, main, start)


def _adding(settings: Settings) -> None:
    store = Store.from_settings(settings)
    migrate(store)
    draw = np.random.default_rng(1)
    print(f"{AUTHORS:,} authors with {EACH} posts each, vectors of 384, SQLite")
    _say(store, draw, np.arange(AUTHORS * EACH) % AUTHORS)
    _timed("all posts", lambda: update_profiles(store, settings, model=MODEL))
    for count in (1000, 10_000):
        _say(store, draw, draw.integers(AUTHORS, size=count))
        _timed(f"{count:,} posts more", lambda: update_profiles(store, settings, model=MODEL))
    with store.session() as session:
        _timed("read all profiles", lambda: len(read_profiles(session, settings, MODEL).ids))
    short = settings.model_copy(update={"interest_half_life_days": 90.0})
    _timed("all anew", lambda: update_profiles(store, short, model=MODEL))
    store.close()


def _timed(what: str, work: Callable[[], object]) -> None:
    began = time.perf_counter()
    done = work()
    print(f"  {what}: {time.perf_counter() - began:.2f} s, {done}", flush=True)


def _say(store: Store, draw: np.random.Generator, authors: np.ndarray) -> None:
    """Posts by the authors of these numbers, analysed."""
    run_of = int(draw.integers(2**40))
    for start in range(0, len(authors), 5000):
        part = authors[start : start + 5000]
        raw = [
            RawPost(
                source="file", native_id=f"{run_of}-{start + n}", author_native_id=f"a{author}",
                text="words",
                published_at=at(NOON) - timedelta(minutes=int(draw.integers(400_000))),
            )
            for n, author in enumerate(part)
        ]  # fmt: skip
        vectors = draw.normal(size=(len(part), 384)).astype(np.float16)
        with store.work() as session:
            ingest(session, raw, BrandMatcher([]), brand_ids=[])
            stored = posts(session, [post.native_id for post in raw])
            store_analyses(
                session,
                [
                    FoundAnalysis(
                        post_id=int(one.id or 0), text_hash=one.text_hash, language="en",
                        not_scored=None, negative=0.2, neutral=0.3, positive=0.5, anger=None,
                        joy=None, optimism=None, sadness=None, ironic=None, offensive=None,
                        recommends=False, warns=False, spam=False, copy_key=one.native_id,
                        vector=vector.tobytes(), dimensions=384,
                    )
                    for one, vector in zip(stored, vectors, strict=True)
                ],
                MODEL,
            )  # fmt: skip


def _drifting(
    settings: Settings,
    models: Models,
    found: list[RawPost],
    main: dict[str, str],
    start: float,
) -> None:
    """Segment a part of the posts, place whoever comes with the rest, and compare."""
    store = Store.from_settings(settings)
    migrate(store)
    done = _more(store, models, found, 0, start)
    segment(store, settings, model=models.revision)
    print(f"segmented with {start:.0%} of the posts: AMI {_ami(store, main)}", flush=True)
    for share in (step for step in STEPS if step > start):
        done = _more(store, models, found, done, share)
        follow(store, settings, model=models.revision)
        drift = check_drift(store, settings)
        placed, anew = _ami(store, main), _anew(settings, models, main)
        print(
            f"  {share:.0%}: drift {drift.moved / drift.authors:.2f}, AMI placed {placed:.3f}, "
            f"segmented anew {anew:.3f}, given up {anew - placed:+.3f}",
            flush=True,
        )
    store.close()


def _more(store: Store, models: Models, found: list[RawPost], done: int, share: float) -> int:
    until = int(share * len(found))
    for at_once in range(done, until, 1000):
        with store.work() as session:
            ingest(session, found[at_once : min(at_once + 1000, until)], BrandMatcher([]),
                   brand_ids=[])  # fmt: skip
    analyse_pending(store, models)
    return until


def _ami(store: Store, main: dict[str, str]) -> float:
    """Everybody's segment, their nearest where they have none, against their main newsgroup."""
    with store.session() as session:
        rows = [
            (row["segment_id"], main[row["author_native_id"]]) for row in membership_rows(session)
        ]
    return round(float(adjusted_mutual_info_score([m for _, m in rows], [s for s, _ in rows])), 3)


def _anew(settings: Settings, models: Models, main: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        other = settings.model_copy(update={"data_dir": Path(folder)})
        with sqlite3.connect(settings.data_dir / "listening.db") as connection:
            connection.execute("VACUUM INTO ?", [str(Path(folder) / "listening.db")])
        store = Store.from_settings(other)
        segment(store, other, model=models.revision)
        ami = _ami(store, main)
        store.close()
    return ami
