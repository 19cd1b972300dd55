"""UMAP: the author space in few dimensions, where density can be seen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from nlp.types import Floats


@dataclass(frozen=True, slots=True)
class ReduceParams:
    """UMAP's parameters (McInnes et al., 2018)."""

    neighbours: int = 15
    dimensions: int = 5
    seed: int = 42


def reduce(space: Floats, params: ReduceParams) -> Floats:
    """(n, d) author space to (n, k) coordinates.

    The same rows in the same order give the same coordinates: the seed is fixed and
    UMAP then keeps to one thread. Callers order rows by a natural key.

    Args:
        space: (n, d), n of at least 10.
        params: neighbours and dimensions are lowered where n is small.
    """
    from umap import UMAP

    with warnings.catch_warnings():
        # UMAP tells that a seed means one thread, which is what is wanted.
        warnings.filterwarnings("ignore", message="n_jobs value")
        warnings.filterwarnings("ignore", category=FutureWarning)
        reducer = UMAP(
            n_neighbors=min(params.neighbours, len(space) - 1),
            n_components=min(params.dimensions, len(space) - 2),
            min_dist=0.0,
            metric="euclidean",
            random_state=params.seed,
            n_jobs=1,
            # The spectral start is computed with a solver whose last bits hang on threads.
            init="pca",
        )
        return np.asarray(reducer.fit_transform(space), dtype=np.float32)
