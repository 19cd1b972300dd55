"""How far segments hold still: authors removed, posts added; on real authors and synthetic ones."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from listening.config import Settings
from listening.ingest import ingest
from listening.matching import BrandMatcher
from listening.sources.base import RawPost
from listening.store.rows import membership_rows
from listening.store.schema import migrate
from listening.store.segments.segments import author_keys
from listening.store.session import Store
from nlp.engine import Engine
from nlp.fitting import Fit, fit, place
from nlp.types import Floats
from tests.benchmarks.newsgroups import LEAST_POSTS, newsgroup_posts
from tests.benchmarks.vectors import reddit_posts
from workers.jobs.analysing import analyse_pending
from workers.jobs.profiling import read_profiles
from workers.jobs.segmenting import author_rows, segment
from workers.models import Models

REMOVED, ADDED = 0.1, 0.05
DRAWS = 4
Loaded = tuple[list[RawPost], dict[str, str]]


def run(data: Path) -> None:
    """Print agreement with the truth and between runs."""
    models = Models(Engine())
    for name, loaded in (
        ("newsgroup authors", newsgroup_posts(data)),
        ("Reddit, synthetic authors", reddit_posts(data)),
    ):
        print(f"{name}:", flush=True)
        space, truth = author_space_of(loaded, models)
        _removing(space, truth)
        kept = [_adding(loaded, models, seed) for seed in range(DRAWS)]
        print(
            f"  {ADDED:.0%} more posts, {DRAWS} draws: {np.mean(kept):.1%} of authors keep the id "
            f"of their segment, worst {min(kept):.1%}",
            flush=True,
        )


def author_space_of(loaded: Loaded, models: Models) -> tuple[Floats, list[str]]:
    """(n, d) rows of the author space, and where each posts most."""
    posts, main = loaded
    with _stored(posts, models) as (store, settings):
        segment(store, settings, model=models.revision)
        with store.session() as session:
            people = read_profiles(session, settings, models.revision)
            keys = author_keys(session)
        return author_rows(people, settings), [main[keys[int(one)][1]] for one in people.ids]


def _removing(space: Floats, truth: list[str]) -> None:
    began = time.perf_counter()
    whole, labels, noise = _segmented(space)
    print(
        f"  {len(space)} authors, {whole.count} segments, {noise:.1%} noise, one fit "
        f"{time.perf_counter() - began:.0f} s: AMI {adjusted_mutual_info_score(truth, labels):.3f},"
        f" ARI {adjusted_rand_score(truth, labels):.3f}"
    )
    agreed = []
    for seed in range(DRAWS):
        left = np.random.default_rng(seed).permutation(len(space))[: round(len(space) * 0.9)]
        left = np.sort(left)
        agreed.append(adjusted_rand_score(labels[left], _segmented(space[left])[1]))
    print(
        f"  {REMOVED:.0%} of authors removed, {DRAWS} draws: ARI on the rest "
        f"{np.mean(agreed):.3f}, worst {min(agreed):.3f}",
        flush=True,
    )


def _segmented(space: Floats) -> tuple[Fit, np.ndarray, float]:
    """Everybody's segment, their nearest where they have none; and the share of those."""
    found = fit(space, seed=42)
    placed = place(found, space)
    return found, placed.labels, float(placed.noise.mean())


def _adding(loaded: Loaded, models: Models, seed: int) -> float:
    """Share of authors whose segment has the id it had before the last posts came."""
    posts, _ = loaded
    late = np.random.default_rng(seed).random(len(posts)) < ADDED
    with _stored([p for p, out in zip(posts, late, strict=True) if not out], models) as found:
        store, settings = found
        segment(store, settings, model=models.revision)
        before = _segment_ids(store)
        _store(store, [p for p, out in zip(posts, late, strict=True) if out], models)
        segment(store, settings, model=models.revision)
        after = _segment_ids(store)
    both = before.keys() & after.keys()
    return float(np.mean([before[author] == after[author] for author in both]))


def _segment_ids(store: Store) -> dict[str, int]:
    with store.session() as session:
        return {row["author_native_id"]: int(row["segment_id"]) for row in membership_rows(session)}


@contextmanager
def _stored(posts: list[RawPost], models: Models) -> Iterator[tuple[Store, Settings]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), segment_min_posts=LEAST_POSTS)
        store = Store.from_settings(settings)
        migrate(store)
        _store(store, posts, models)
        yield store, settings
        store.close()


def _store(store: Store, posts: list[RawPost], models: Models) -> None:
    for start in range(0, len(posts), 1000):
        with store.work() as session:
            ingest(session, posts[start : start + 1000], BrandMatcher([]), brand_ids=[])
    analyse_pending(store, models)
