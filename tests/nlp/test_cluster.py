"""HDBSCAN over a grid of settings, and where its noise is nearest to."""

from __future__ import annotations

import numpy as np

from nlp.cluster import NOISE, ClusterParams, cluster, grid, least_size, majority, with_nearest


def blobs(sizes: list[int], spread: float = 0.05) -> np.ndarray:
    random = np.random.default_rng(7)
    return np.vstack(
        [random.normal(10 * i, spread, (size, 2)) for i, size in enumerate(sizes)]
    ).astype(np.float32)


def test_sizes_grow_with_the_square_root() -> None:
    assert [least_size(n) for n in (30, 100, 900, 10_000)] == [5, 5, 15, 50]
    assert grid(3600)[0] == ClusterParams(20, 5, 288)
    assert grid(3600)[-1] == ClusterParams(43, 5, 0)
    assert len(grid(3600)) == 15


def test_groups_are_clusters() -> None:
    (labels,) = cluster(blobs([20, 40, 30]), [ClusterParams(5, 3, 100)])
    assert len(set(labels.tolist())) == 3
    assert {len(set(labels[part].tolist())) for part in (slice(20), slice(20, 60))} == {1}


def test_a_cluster_above_the_largest_size_is_opened() -> None:
    random = np.random.default_rng(7)
    touching = [random.normal(middle, 0.5, (60, 2)) for middle in (0, 1.5)]
    points = np.vstack([*touching, random.normal(60, 0.5, (60, 2))]).astype(np.float32)
    whole, opened = cluster(points, [ClusterParams(20, 3, 180), ClusterParams(20, 3, 100)])
    assert whole.max() + 1 == 2
    assert opened.max() + 1 == 3


def test_noise_has_the_cluster_of_its_nearest_members() -> None:
    points = np.vstack([blobs([40, 40]), [[-60.0, -60.0]]]).astype(np.float32)
    (labels,) = cluster(points, [ClusterParams(5, 3, 100)])
    assert labels[-1] == NOISE
    near = with_nearest(points, labels)
    assert near[-1] == labels[0]
    assert near[:-1].tolist() == labels[:-1].tolist()


def test_without_a_cluster_everybody_is_in_one() -> None:
    assert with_nearest(blobs([3]), np.full(3, NOISE)).tolist() == [0, 0, 0]


def test_the_most_frequent_label_and_of_equals_the_lowest() -> None:
    assert majority(np.array([[2, 2, 0], [3, 1, 1], [2, 0, 1]])).tolist() == [2, 1, 0]
