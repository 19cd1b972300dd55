"""UMAP: the author space in few dimensions, where density can be seen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from nlp.landmarks import nearest
from nlp.types import Floats, Ints

# Near points of every landmark that are kept, so that a resample finds its own among them.
KEPT = 80
_START = 10.0


@dataclass(frozen=True, slots=True)
class ReduceParams:
    """UMAP's parameters (McInnes et al., 2018).

    Fewer epochs and negative samples than is usual for one layout: many are made, and what they
    agree on is the same (docs/decisions/0004-segmentation.md).
    """

    neighbours: int = 15
    dimensions: int = 5
    epochs: int = 60
    negatives: int = 3
    min_dist: float = 0.0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest landmarks of each of m landmarks, itself first.

    Attributes:
        places: (m, k) their numbers.
        distances: (m, k) in units.
    """

    places: Ints
    distances: Floats

    def among(self, chosen: Ints, k: int) -> Neighbours:
        """Those of the chosen landmarks, numbered and found among these alone; at most k."""
        places, order = self._within(chosen, chosen, k)
        return Neighbours(places, np.take_along_axis(self.distances[chosen], order, axis=1))

    def first(self, wanted: Ints, chosen: Ints, k: int) -> Ints:
        """(n, k) numbers within `chosen` of the nearest of them to each wanted; at most k."""
        return self._within(wanted, chosen, k)[0]

    def _within(self, wanted: Ints, chosen: Ints, k: int) -> tuple[Ints, Ints]:
        number = np.full(len(self.places), -1)
        number[chosen] = np.arange(len(chosen))
        own = number[self.places[wanted]]
        there = own >= 0
        k = min(k, int(there.sum(axis=1).min(initial=k)))
        order = np.argsort(~there, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(own, order, axis=1), order


def neighbours_of(points: Floats) -> Neighbours:
    """The exact neighbours of (m, c) points in whole units."""
    count = len(points)
    places, distances = nearest(points, points, min(KEPT, count))
    itself = places == np.arange(count)[:, None]
    missing = ~itself.any(axis=1)
    # Among many equal rows a row may not find itself.
    places[missing, -1], itself[missing, -1] = np.flatnonzero(missing), True
    order = np.argsort(~itself, axis=1, kind="stable")
    distances = np.where(itself, 0, distances).astype(np.float32)
    return Neighbours(
        np.take_along_axis(places, order, axis=1), np.take_along_axis(distances, order, axis=1)
    )


def reduce(
    points: Floats,
    near: Neighbours,
    params: ReduceParams,
    *,
    seed: int,
    start: Floats | None = None,
) -> Floats:
    """(n, c) points to (n, k) coordinates; the same arguments give the same on any thread count.

    Args:
        points: in whole units, their first columns the axes along which they differ most.
        near: of these points.
        params: neighbours and dimensions are lowered where there are few points.
        seed: of the layout.
        start: (n, k) where points are at first; else on their first columns.
    """
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

    count = min(params.neighbours, near.places.shape[1])
    dimensions = min(params.dimensions, points.shape[1]) if start is None else start.shape[1]
    state = np.random.RandomState(seed)
    if start is None:
        start = points[:, :dimensions] * (_START / max(float(np.abs(points).max()), 1.0))
    begin = start + state.normal(scale=1e-4, size=start.shape)
    with warnings.catch_warnings(), _one_thread():
        warnings.simplefilter("ignore")
        graph, _, _ = fuzzy_simplicial_set(
            points,
            count,
            state,
            "euclidean",
            knn_indices=near.places[:, :count].astype(np.int32),
            knn_dists=near.distances[:, :count],
        )
        a, b = find_ab_params(1.0, params.min_dist)
        found, _ = simplicial_set_embedding(
            points,
            graph,
            dimensions,
            1.0,
            a,
            b,
            1.0,
            params.negatives,
            params.epochs,
            begin.astype(np.float32),
            state,
            "euclidean",
            {},
            False,
            {},
            False,
            parallel=False,
        )
    return np.asarray(found, dtype=np.float32)


@contextmanager
def _one_thread() -> Iterator[None]:
    """numba's part of UMAP on one thread: for few points starting more costs more than it saves."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)
