"""Placing authors by a fit of 100,000: what a sweep that brings many new ones waits for."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from nlp.engine import Engine
from nlp.fitting import fit, place
from tests.benchmarks.newsgroups import newsgroup_posts
from tests.benchmarks.scale import mixtures
from tests.benchmarks.segments import author_space_of
from workers.models import Models

FITTED = 100_000


def run(data: Path) -> None:
    """Print the time of each count of new authors."""
    space, truth = author_space_of(newsgroup_posts(data), Models(Engine()))
    rows, _ = mixtures(space, np.unique(truth, return_inverse=True)[1], FITTED + 10_000)
    found = fit(rows[:FITTED], seed=42)
    for count in (1, 1000, 10_000):
        began = time.perf_counter()
        place(found, rows[FITTED : FITTED + count])
        print(f"{count:,} new authors: {time.perf_counter() - began:.3f} s", flush=True)
