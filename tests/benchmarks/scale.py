"""Segments of very many authors: time, memory and agreement, beside all of them at once.

Rows are mixtures of a few real authors of one newsgroup or subreddit with a little noise, so that
their space is as uneven as a real one and the truth is known. Each count runs in a process of its
own, since memory is measured as its peak.
"""

from __future__ import annotations

import importlib.util
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from nlp.cluster import grid, with_nearest
from nlp.engine import Engine
from nlp.fitting import fit, place
from nlp.types import Floats, Ints
from tests.benchmarks.newsgroups import newsgroup_posts
from tests.benchmarks.segments import author_space_of
from tests.benchmarks.vectors import reddit_posts
from workers.models import Models

COUNTS = (100_000, 200_000, 1_000_000)
BESIDE = 200_000
_PARENTS, _NOISE = 3, 0.012
_JUDGED = 50_000  # authors that agreement is measured on


def run(data: Path) -> None:
    """Print each way at each count."""
    models = Models(Engine())
    spaces, groups = [], []
    for name, loaded in (("n", newsgroup_posts(data)), ("r", reddit_posts(data))):
        space, truth = author_space_of(loaded, models)
        spaces.append(space)
        groups += [f"{name}/{group}" for group in truth]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "authors.npz"
        numbers = np.unique(groups, return_inverse=True)[1]
        np.savez(file, space=np.vstack(spaces), groups=numbers)
        print(f"mixtures of {len(groups)} real authors of {numbers.max() + 1} groups", flush=True)
        for way, count in [("ours", count) for count in COUNTS] + [
            (way, BESIDE) for way in WAYS if way != "ours"
        ]:
            subprocess.run([sys.executable, "-m", __name__, way, str(count), file], check=True)


def mixtures(space: Floats, groups: Ints, count: int) -> tuple[Floats, Ints]:
    """(count, d) rows between real ones of the same group, and the group of each."""
    random = np.random.default_rng(0)
    sizes = random.dirichlet(np.full(groups.max() + 1, 2.0))
    truth = random.choice(len(sizes), count, p=sizes)
    counts = np.bincount(groups)
    starts, order = np.cumsum(counts) - counts, np.argsort(groups, kind="stable")
    found = np.empty((count, space.shape[1]), np.float32)
    for start in range(0, count, 50_000):
        own = truth[start : start + 50_000]
        parts = random.dirichlet(np.ones(_PARENTS), len(own)).astype(np.float32)
        drawn = random.random((len(own), _PARENTS)) * counts[own][:, None]
        parents = order[starts[own][:, None] + drawn.astype(np.int64)]
        rows = (parts[:, :, None] * space[parents]).sum(axis=1)
        interests = rows[:, :-3] + random.normal(0, _NOISE, (len(own), rows.shape[1] - 3))
        rows[:, :-3] = interests / np.linalg.norm(interests, axis=1, keepdims=True)
        found[start : start + len(own)] = np.round(rows, 3)
    return found, truth


def ours(space: Floats) -> tuple[Ints, float]:
    """The product: everybody's segment, their nearest where they have none; share of noise."""
    found = fit(space, seed=42)
    placed = place(found, space)
    return placed.labels, float(placed.noise.mean())


def everybody(space: Floats) -> tuple[Ints, float]:
    """UMAP and HDBSCAN on all rows, on all cores, by the same rule of sizes."""
    from hdbscan import HDBSCAN

    return _hard(HDBSCAN, space)


def fast(space: Floats) -> tuple[Ints, float]:
    """UMAP and fast_hdbscan on all rows."""
    from fast_hdbscan import HDBSCAN

    return _hard(HDBSCAN, space)


def _hard(clusterer: Callable[..., Any], space: Floats) -> tuple[Ints, float]:
    import umap

    own = grid(len(space))[5]
    found = np.asarray(umap.UMAP(n_components=5, min_dist=0.0).fit_transform(space), np.float64)
    model = clusterer(min_cluster_size=own.min_cluster_size, min_samples=own.min_samples)
    labels = model.fit(found).labels_.astype(np.int64)
    return with_nearest(found, labels), float((labels < 0).mean())


def evoc(space: Floats) -> tuple[Ints, float]:
    """EVoC on all rows, noise as one more group."""
    from evoc import EVoC

    labels = EVoC(base_min_cluster_size=grid(len(space))[5].min_cluster_size).fit_predict(space)
    return np.asarray(labels, np.int64) + 1, float((labels < 0).mean())


WAYS = {"ours": ours, "umap + hdbscan": everybody, "umap + fast_hdbscan": fast, "evoc": evoc}
_NEEDS = {"umap + fast_hdbscan": "fast_hdbscan", "evoc": "evoc"}


def _one(way: str, count: int, file: Path) -> None:
    """One way at one count, in a process of its own."""
    if way in _NEEDS and importlib.util.find_spec(_NEEDS[way]) is None:
        print(f"  {way}: {_NEEDS[way]} is not installed; skipped")
        return
    warnings.simplefilter("ignore")
    stored = np.load(file)
    space, truth = mixtures(stored["space"], stored["groups"], count)
    before = _peak()
    WAYS[way](space[:2000])  # what is compiled at the first call
    began = time.perf_counter()
    labels, noise = WAYS[way](space)
    seconds = time.perf_counter() - began
    some = np.random.default_rng(1).choice(count, min(count, _JUDGED), replace=False)
    print(
        f"  {way}, {count:,} x {space.shape[1]}: {seconds:.1f} s, peak {_peak():,} MiB (rows made: "
        f"{before:,}), {len(np.unique(labels))} segments, {noise:.1%} noise, AMI "
        f"{adjusted_mutual_info_score(truth[some], labels[some]):.3f}, ARI "
        f"{adjusted_rand_score(truth[some], labels[some]):.3f}",
        flush=True,
    )


def _peak() -> int:
    """MiB of memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    _one(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
