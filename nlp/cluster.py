"""HDBSCAN: which authors belong together, and who belongs nowhere."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.types import Floats, Ints

NOISE = -1
# The grid: sizes as parts of the square root of the authors, and the largest share of them that
# a cluster may have. "Nearly everybody" is no segment where all talk of the same trade.
SIZES = (1 / 3, 1 / 2, 1 / 1.4)
LIMITS = (0.08, 0.12, 0.2, 0.35, 1.0)
_SAMPLES = 1 / 12
# Nearest members whose votes tell where noise is nearest to.
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class ClusterParams:
    """HDBSCAN's parameters (Campello, Moulavi and Sander, 2013)."""

    min_cluster_size: int
    min_samples: int
    max_cluster_size: int  # a cluster above this is opened into its parts; 0: no limit


def grid(authors: int) -> list[ClusterParams]:
    """The settings that are tried for so many authors.

    Sizes grow with the square root: a segment is never a handful of many thousands.
    """
    root = math.sqrt(authors)
    samples = max(2, round(root * _SAMPLES))
    return [
        ClusterParams(
            max(5, round(root * size)), samples, round(authors * limit) if limit < 1 else 0
        )
        for size in SIZES
        for limit in LIMITS
    ]


def least_size(authors: int) -> int:
    """Authors of the smallest segment among so many."""
    return max(5, round(math.sqrt(authors) / 2))


def cluster(coordinates: Floats, settings: Sequence[ClusterParams]) -> Ints:
    """Cluster (n, k) coordinates by each setting, from one tree.

    Args:
        coordinates: (n, k).
        settings: that differ in the sizes alone.

    Returns:
        (settings, n) labels 0, 1, ... or NOISE.
    """
    from hdbscan import HDBSCAN
    from hdbscan._hdbscan_tree import compute_stability, condense_tree, get_clusters

    points = coordinates.astype(np.float64)
    (samples,) = {own.min_samples for own in settings}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        found = HDBSCAN(min_cluster_size=5, min_samples=samples, core_dist_n_jobs=1).fit(points)
    tree = found.single_linkage_tree_.to_numpy()
    # What HDBSCAN does with its tree, once for all settings of one size.
    sizes = sorted({own.min_cluster_size for own in settings})
    condensed = {size: condense_tree(tree, size) for size in sizes}
    stable = {size: compute_stability(own) for size, own in condensed.items()}
    labels = [
        get_clusters(
            condensed[own.min_cluster_size],
            dict(stable[own.min_cluster_size]),  # which it writes into
            max_cluster_size=own.max_cluster_size,
        )[0]
        for own in settings
    ]
    return np.stack(labels).astype(np.int64)


def with_nearest(coordinates: Floats, labels: Ints) -> Ints:
    """Labels of (n, k) points in which noise has the cluster of most of its nearest members.

    Without any cluster everybody is in one.
    """
    from scipy.spatial import KDTree

    members, noise = np.flatnonzero(labels != NOISE), np.flatnonzero(labels == NOISE)
    if not len(members):
        return np.zeros_like(labels)
    if not len(noise):
        return labels
    tree = KDTree(coordinates[members])
    count = min(_NEAREST, len(members))
    places = tree.query(coordinates[noise], k=np.arange(1, count + 1))[1]
    found = labels.copy()
    found[noise] = majority(labels[members][places])
    return found


def majority(votes: Ints) -> Ints:
    """(n,) the label that is most frequent in each row of (n, k); the lowest of equals."""
    counts = np.zeros((len(votes), int(votes.max(initial=0)) + 1), np.int64)
    rows = np.arange(len(votes))
    for column in votes.T:
        counts[rows, column] += 1
    return np.asarray(counts.argmax(axis=1))
