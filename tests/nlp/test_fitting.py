"""Segments found by agreement: planted groups, strays, threads, landmarks, the map, bytes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nlp import fitting
from nlp.cluster import NOISE, grid, majority, with_nearest
from nlp.errors import ModelError
from nlp.fitting import Before, Fit, fit, from_bytes, one, place, to_bytes
from nlp.types import Floats, Ints

# UMAP says so when it is imported; its neural form is not used.
pytestmark = pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")

DIMENSIONS = 24
SIZES = (30, 24, 18)
TRUTH = np.repeat(np.arange(3), SIZES)


def rows(middles: Floats, truth: Ints, *, spread: float = 0.06, seed: int = 5) -> Floats:
    """A unit row for each, near the middle of its group."""
    random = np.random.default_rng(seed)
    found = middles[truth] + random.normal(scale=spread, size=(len(truth), middles.shape[1]))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def middles(count: int) -> Floats:
    """Directions at right angles."""
    random = np.random.default_rng(1)
    return np.linalg.qr(random.normal(size=(DIMENSIONS, count)))[0].T.astype(np.float32)


def same(one: Fit, other: Fit) -> bool:
    """To the last bit."""
    names = ("landmarks", "places", "labels", "strengths", "best", "shares", "coarse", "xy")
    more = ("stability", "tentative", "reach")
    arrays = all(np.array_equal(getattr(one, n), getattr(other, n)) for n in names + more)
    return arrays and (one.agreement, one.params) == (other.agreement, other.params)


@pytest.fixture(scope="module")
def planted() -> tuple[Floats, Fit]:
    """Three groups of falling size, and a stray that is like none of them."""
    own = middles(4)
    space = np.vstack([rows(own[:3], TRUTH), own[3:]])
    return space, fit(space, seed=42)


def test_planted_groups_are_found_by_falling_size(planted: tuple[Floats, Fit]) -> None:
    space, found = planted
    assert place(found, space[:-1]).labels.tolist() == TRUTH.tolist()
    member = found.labels[:-1] != NOISE
    assert found.labels[:-1][member].tolist() == TRUTH[member].tolist()
    assert member.mean() > 0.9
    assert found.count == 3
    assert found.note is None
    assert found.tentative.tolist() == [False] * 3
    assert found.stability.min() > 0.9
    assert found.agreement > 0.9
    assert found.params["noise"] < 0.2


def test_one_who_is_like_nobody_belongs_nowhere(planted: tuple[Floats, Fit]) -> None:
    space, found = planted
    assert found.labels[-1] == NOISE
    placed = place(found, space[-1:])
    assert placed.noise.tolist() == [True]
    assert placed.labels[0] in {0, 1, 2}, "and is nearest to somebody all the same"


def test_a_landmark_is_given_what_the_fit_gave_it(planted: tuple[Floats, Fit]) -> None:
    space, found = planted
    placed = place(found, space)
    assert placed.noise.tolist() == (found.labels == NOISE).tolist()
    assert placed.labels[:-1].tolist() == TRUTH.tolist()
    assert np.array_equal(placed.xy, found.xy)
    assert placed.strengths.min() >= 0
    assert placed.strengths.max() <= 1
    assert (np.diff(placed.strengths, axis=1) <= 1e-6).all(), "the best first"


def test_somebody_new_comes_to_their_group_whoever_else_is_placed(
    planted: tuple[Floats, Fit],
) -> None:
    _, found = planted
    new = rows(middles(4)[:3], TRUTH, seed=9)
    placed = place(found, new)
    assert placed.labels.tolist() == TRUTH.tolist()
    assert placed.noise.mean() < 0.2
    for n in (0, 40, 71):
        alone = place(found, new[n : n + 1])
        for name in ("labels", "noise", "best", "strengths", "xy"):
            assert np.array_equal(getattr(alone, name)[0], getattr(placed, name)[n])


def test_the_same_on_one_thread_and_on_two(planted: tuple[Floats, Fit]) -> None:
    space, found = planted
    for threads in (1, 2):
        with threadpool_limits(threads):
            assert same(fit(space, seed=42), found)


def test_the_map_stays_where_it_was_and_labels_do_not_hear_of_it(
    planted: tuple[Floats, Fit],
) -> None:
    space, found = planted
    turned = np.stack([-found.xy[:, 1], found.xy[:, 0]], axis=1) + 7
    again = fit(space, seed=42, before=Before(space, turned))
    assert again.labels.tolist() == found.labels.tolist()
    for group in range(3):
        own = group == TRUTH
        there, then = again.xy[:-1][own].mean(axis=0), turned[:-1][own].mean(axis=0)
        others = turned[:-1][~own].mean(axis=0)
        assert np.linalg.norm(there - then) < np.linalg.norm(there - others) / 2


def test_where_nothing_holds_together_there_is_one_segment() -> None:
    random = np.random.default_rng(3)
    space = random.normal(size=(60, DIMENSIONS)).astype(np.float32)
    found = fit(space / np.linalg.norm(space, axis=1, keepdims=True), seed=42)
    assert found.count == 1
    assert found.note == "60 authors show no structure: one segment was made"
    assert found.labels.tolist() == [0] * 60


def test_segments_that_resemble_are_of_one_coarse_group() -> None:
    own = middles(2)
    side = middles(8)[4:]
    pairs = np.stack([own[0] + side[0], own[0] + side[1], own[1] + side[2], own[1] + side[3]])
    pairs /= np.linalg.norm(pairs, axis=1, keepdims=True)
    truth = np.repeat(np.arange(4), 25)
    found = fit(rows(pairs, truth, spread=0.04), seed=42)
    assert found.count == 4
    by_group = [int(found.coarse[found.labels[25 * n]]) for n in range(4)]
    assert by_group[0] == by_group[1] != by_group[2] == by_group[3]


def test_many_are_segmented_by_a_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "LANDMARKS", 90)
    truth = np.repeat(np.arange(3), (200, 180, 60))
    space = rows(middles(3), truth)
    found = fit(space, seed=42)
    assert len(found.places) == len(found.landmarks) == 90
    assert Counter(truth[found.places].tolist())[2] >= 12, "its share"
    placed = place(found, space)
    assert placed.labels.tolist() == truth.tolist()


def test_too_few_to_cluster() -> None:
    with pytest.raises(ValueError, match="29 authors are too few to cluster: 30 are needed"):
        fit(np.eye(29, DIMENSIONS, dtype=np.float32), seed=42)


def test_everybody_in_one(planted: tuple[Floats, Fit]) -> None:
    found = one(planted[0][:5], note="too few")
    assert (found.count, found.note, found.labels.tolist()) == (1, "too few", [0] * 5)
    assert place(found, planted[0][:7]).labels.tolist() == [0] * 7


def test_bytes_and_back(planted: tuple[Floats, Fit]) -> None:
    space, found = planted
    again = from_bytes(to_bytes(found))
    assert same(again, found)
    assert np.array_equal(place(again, space).strengths, place(found, space).strengths)


@pytest.mark.parametrize("data", [b"", b"nothing of ours", bytes(64)])
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        from_bytes(data)


def test_rows_of_another_length_are_refused(planted: tuple[Floats, Fit]) -> None:
    with pytest.raises(ValueError, match="rows of 23 numbers, not the fit's 24"):
        place(planted[1], planted[0][:, :-1])


def blobs(sizes: list[int], spread: float = 0.05) -> Floats:
    """Groups ten apart in the plane."""
    random = np.random.default_rng(7)
    return np.vstack(
        [random.normal(10 * i, spread, (size, 2)) for i, size in enumerate(sizes)]
    ).astype(np.float32)


def test_the_grid_grows_with_the_square_root() -> None:
    small, large = grid(900), grid(90_000)
    assert len(small) == len(large) == 15
    assert {own.min_cluster_size for own in small} == {10, 15, 21}
    assert {own.min_cluster_size for own in large} == {100, 150, 214}
    assert {own.max_cluster_size for own in small} == {72, 108, 180, 315, 0}


def test_noise_has_the_cluster_of_most_of_its_nearest() -> None:
    points = np.vstack([blobs([20, 20]), [[4.0, 4.0]]]).astype(np.float32)
    labels = np.array([0] * 20 + [1] * 20 + [NOISE])
    assert with_nearest(points, labels).tolist() == [0] * 20 + [1] * 20 + [0]
    assert with_nearest(points, np.full(41, NOISE)).tolist() == [0] * 41
    assert majority(np.array([[2, 1, 2], [1, 0, 2]])).tolist() == [2, 0]
