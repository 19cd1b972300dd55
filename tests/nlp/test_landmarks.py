"""Whole-number geometry, axes, nearest points, landmarks."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.landmarks import axes_of, choose, nearest, pool
from tests.nlp.spaces import groups


def test_the_nearest_first_and_of_equals_the_lower_number() -> None:
    points = np.array([[0, 0], [10, 0], [0, 10], [3, 4]], np.float32)
    places, far = nearest(np.array([[0, 0], [10, 10]], np.float32), points, 3)
    assert places.tolist() == [[0, 3, 1], [3, 1, 2]]
    assert far[0].tolist() == [0.0, 5.0, 10.0]


def test_rows_are_counted_in_thousandths() -> None:
    space = np.array([[0.6, 0.8], [-0.0008, 1.0]], np.float32)
    assert axes_of(space).units(space).tolist() == [[600, 800], [-1, 1000]]


def test_a_row_and_its_half_precision_are_the_same() -> None:
    space, _ = groups([40, 40])
    axes = axes_of(space)
    halved = space.astype(np.float16)
    assert (axes.units(halved) == axes.units(space)).all()
    assert (axes.units(space) == np.round(space * 1000)).all()


def test_the_axes_are_those_along_which_rows_differ_most() -> None:
    random = np.random.default_rng(3)
    space = (random.normal(size=(200, 3)) * [0.01, 0.3, 0.1]).astype(np.float32)
    found = np.abs(axes_of(space).axes)
    assert found.argmax(axis=0).tolist() == [1, 2, 0]
    assert found.max(axis=0) == pytest.approx([1000, 1000, 1000], abs=5)


def test_distances_are_kept_but_for_what_the_axes_leave_out() -> None:
    space, _ = groups([20, 20, 20])
    points = axes_of(space).project(space)
    for i, j in ((0, 1), (0, 25), (30, 50)):
        whole = np.linalg.norm(space[i] - space[j]) * 1000
        assert np.linalg.norm(points[i] - points[j]) == pytest.approx(whole, abs=8)


def test_a_projection_hangs_on_nothing_but_the_row() -> None:
    space, _ = groups([100, 100], dimensions=387)
    axes = axes_of(space)
    whole = axes.project(space)
    assert (axes.project(space[7:8]) == whole[7:8]).all()
    assert (axes.project(space[::-3]) == whole[::-3]).all()


def test_long_rows_are_counted_in_coarser_units() -> None:
    space = np.array([[30.0, 0.0], [0.0, 40.0], [1.0, 1.0]], np.float32)
    axes = axes_of(space)
    assert axes.scale == 35.0
    assert axes.units(space).tolist() == [[1050, 0], [0, 1400], [35, 35]]


def test_equal_rows_have_no_axes_and_one_place() -> None:
    space = np.ones((5, 4), np.float32)
    assert (axes_of(space).project(space) == 0).all()


def test_landmarks_are_as_many_as_asked_for_and_each_once() -> None:
    space, _ = groups([900, 90, 10])
    points = axes_of(space).project(space)
    chosen = choose(points, 300, seed=1)
    assert len(chosen) == 300
    assert len(set(chosen.tolist())) == 300
    assert (np.diff(chosen) > 0).all()
    assert (choose(points, 300, seed=1) == chosen).all()
    assert (choose(points, 300, seed=2) != chosen).any()


def test_a_rare_region_keeps_more_than_its_share() -> None:
    space, truth = groups([20_000, 20], dimensions=20)
    points = axes_of(space).project(space)
    kept = [int((truth[choose(points, 1000, seed=n)] == 1).sum()) for n in range(5)]
    # An even draw would keep one of the twenty each time.
    assert sum(kept) >= 10


def test_the_nearest_among_many() -> None:
    random = np.random.default_rng(4)
    points = random.integers(-900, 900, (1003, 6)).astype(np.float32)
    rows = points[::7] + 1
    places, far = nearest(rows, points, 4)
    plain = np.sqrt(((rows[:, None] - points[None]) ** 2).sum(axis=2))
    assert (far == np.sort(plain, axis=1)[:, :4]).all()
    assert (np.take_along_axis(plain, places, axis=1) == far).all()


def test_landmarks_of_equal_rows() -> None:
    assert len(choose(np.zeros((50, 3), np.float32), 20, seed=1)) == 20


def test_a_pool_is_everybody_where_they_are_few() -> None:
    assert pool(5, 1).tolist() == [0, 1, 2, 3, 4]
    assert len(pool(50_000, 1)) == 20_000
