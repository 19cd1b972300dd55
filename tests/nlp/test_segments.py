"""Clusters, nearest segments, names, identity."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.assign import nearest_cluster
from nlp.cluster import NOISE, ClusterParams, cluster, cluster_opened, params_for
from nlp.group import similar_groups
from nlp.keywords import c_tf_idf, keywords, name_of

EYE = np.eye(3, dtype=np.float32)


def blobs(sizes: list[int], spread: float = 0.05) -> np.ndarray:
    random = np.random.default_rng(7)
    return np.vstack(
        [random.normal(10 * i, spread, (size, 2)) for i, size in enumerate(sizes)]
    ).astype(np.float32)


def test_clusters_are_numbered_by_falling_size() -> None:
    found = cluster(blobs([20, 40, 30]), ClusterParams(5, 3, 100))
    assert found.count == 3
    assert [int((found.labels == n).sum()) for n in range(3)] == [40, 30, 20]
    assert found.labels[:20].tolist() == [2] * 20


def test_one_who_belongs_nowhere_is_noise_with_a_nearest_cluster() -> None:
    points = np.vstack([blobs([40, 40]), [[-60.0, -60.0]]]).astype(np.float32)
    found = cluster(points, ClusterParams(5, 3, 100))
    assert found.labels[-1] == NOISE
    assert found.strengths[-1] == 0.0
    near = nearest_cluster(points, found.labels, found.strengths)
    assert near.labels[-1] == found.labels[0]
    assert 0 < near.strengths[-1] < 0.5
    assert near.labels[:-1].tolist() == found.labels[:-1].tolist()


def test_a_cluster_above_the_largest_share_is_opened() -> None:
    random = np.random.default_rng(7)
    touching = [random.normal(middle, 0.5, (60, 2)) for middle in (0, 1.5)]
    points = np.vstack([*touching, random.normal(60, 0.5, (60, 2))]).astype(np.float32)
    assert cluster(points, ClusterParams(20, 3, 180)).count == 2
    assert cluster(points, ClusterParams(20, 3, 100)).count == 3


def test_few_large_groups_are_not_shattered() -> None:
    found = cluster_opened(blobs([60, 60], spread=0.5), ClusterParams(6, 3, 0))
    assert found.count == 2
    assert found.params.max_cluster_size == 0


def test_many_groups_are_limited_to_a_fifth() -> None:
    found = cluster_opened(blobs([20] * 6), ClusterParams(6, 3, 0))
    assert found.count == 6
    assert found.params.max_cluster_size == 24


def test_sizes_grow_with_the_square_root() -> None:
    assert params_for(100).min_cluster_size == 5
    assert params_for(900).min_cluster_size == 15
    assert params_for(10_000).min_cluster_size == 50


def test_nobody_to_be_near_to() -> None:
    with pytest.raises(ValueError, match="no cluster"):
        nearest_cluster(blobs([3]), np.full(3, NOISE), np.zeros(3, np.float32))


def test_c_tf_idf_by_hand() -> None:
    weights = c_tf_idf(np.array([[2.0, 2.0, 0.0], [0.0, 2.0, 2.0]], np.float32))
    # Four words a class; a word of one: sqrt(0.5) * log(1 + 4 / 2), of both: ... log(1 + 4 / 4).
    assert weights[0] == pytest.approx([0.7768, 0.4901, 0.0], abs=1e-4)
    assert weights[1] == pytest.approx([0.0, 0.4901, 0.7768], abs=1e-4)


def test_keywords_tell_classes_apart() -> None:
    found = keywords(
        [
            ["my sourdough starter and the brew", "sourdough crumb, brew", "crumb of rye, brew"],
            ["gravel bike and brew", "the bike lane and gravel, brew"],
        ],
        leave_out=["brew"],
    )
    assert found[0][:2] == ["crumb", "sourdough"]
    assert sorted(found[1]) == ["bike", "gravel"]


def test_a_refrain_of_one_author_is_no_keyword() -> None:
    assert keywords([["zorp zorp zorp zorp bread", "bread"], ["tea", "tea"]]) == [
        ["bread"],
        ["tea"],
    ]


def test_no_common_word_is_said() -> None:
    assert keywords([["one"], ["other"]]) == [[], []]
    assert name_of([]) == "no common words"
    assert name_of(["bike", "gravel", "lane", "tyre"]) == "bike · gravel · lane"


def test_alike_complaints_are_grouped_under_the_first() -> None:
    near = np.array([0.9, np.sqrt(1 - 0.81), 0.0], np.float32)
    assert similar_groups(np.vstack([EYE[0], EYE[1], near]), threshold=0.8) == [0, 1, 0]
    assert similar_groups(np.zeros((0, 3), np.float32)) == []
