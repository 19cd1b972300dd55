"""HDBSCAN: which authors belong together, and who belongs nowhere."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np

from nlp.types import Floats, Ints

NOISE = -1
# Largest share of the authors that a cluster may have, and the most noise it may cost, tried
# in turn: where few large groups are all there is, a limit would only shatter them.
LIMITS = ((0.2, 0.15), (0.35, 0.5), (1.0, 1.0))


@dataclass(frozen=True, slots=True)
class ClusterParams:
    """HDBSCAN's parameters (Campello, Moulavi and Sander, 2013)."""

    min_cluster_size: int
    min_samples: int
    max_cluster_size: int  # a cluster above this is opened into its parts; 0: no limit


@dataclass(frozen=True, slots=True)
class Clusters:
    """The outcome for n authors.

    Attributes:
        labels: (n,) 0, 1, ... by falling size, or NOISE.
        strengths: (n,) membership strength in [0, 1]; 0 for noise.
        params: what produced them.
    """

    labels: Ints
    strengths: Floats
    params: ClusterParams

    @property
    def count(self) -> int:
        """How many clusters."""
        return int(self.labels.max(initial=NOISE)) + 1


def params_for(authors: int) -> ClusterParams:
    """Sizes that grow with the square root: a segment is never a handful of many thousands."""
    return ClusterParams(
        min_cluster_size=max(5, round(math.sqrt(authors) / 2)),
        min_samples=max(2, round(math.sqrt(authors) / 12)),
        max_cluster_size=0,
    )


def cluster(coordinates: Floats, params: ClusterParams) -> Clusters:
    """Cluster (n, k) coordinates."""
    from hdbscan import HDBSCAN

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        found = HDBSCAN(
            min_cluster_size=params.min_cluster_size,
            min_samples=params.min_samples,
            max_cluster_size=params.max_cluster_size,
            core_dist_n_jobs=1,
        ).fit(coordinates.astype(np.float64))
    labels = _by_size(np.asarray(found.labels_, dtype=np.int64))
    strengths = np.where(labels == NOISE, 0.0, found.probabilities_).astype(np.float32)
    return Clusters(labels, strengths, params)


def cluster_opened(coordinates: Floats, params: ClusterParams) -> Clusters:
    """Cluster with the smallest limit on a cluster's size that does not cost too many authors.

    "Nearly everybody" is no segment, and density alone often finds one where all talk of
    the same trade. `LIMITS` are tried in turn; one that leaves more noise than it may is
    passed over.

    Args:
        coordinates: (n, k).
        params: its max_cluster_size is chosen here, see the params of what is returned.
    """
    for share, most_noise in LIMITS:
        limit = max(10, round(len(coordinates) * share)) if share < 1 else 0
        found = cluster(coordinates, replace(params, max_cluster_size=limit))
        if float((found.labels == NOISE).mean()) <= most_noise:
            break
    return found


def _by_size(labels: Ints) -> Ints:
    """Number clusters by falling size, the first member's position deciding a tie."""
    found = [c for c in np.unique(labels) if c != NOISE]
    found.sort(key=lambda c: (-int((labels == c).sum()), int(np.argmax(labels == c))))
    renumbered = np.full_like(labels, NOISE)
    for number, old in enumerate(found):
        renumbered[labels == old] = number
    return renumbered
