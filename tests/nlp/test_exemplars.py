"""Posts that explain a segment."""

from __future__ import annotations

import numpy as np

from nlp.arrays import unit
from nlp.exemplars import exemplars

MIDDLE = np.array([1.0, 0.0, 0.0], np.float32)


def rows(*found: tuple[float, float, float]) -> np.ndarray:
    return unit(np.array(found, np.float32))


def test_the_closest_come_first() -> None:
    vectors = rows((0.2, 1, 0), (1, 0.1, 0), (0.5, 0, 1))
    assert exemplars(vectors, MIDDLE, np.zeros(3), [1, 2, 3]) == [1, 2, 0]


def test_of_two_as_close_the_one_that_people_answered() -> None:
    vectors = rows((1, 0.1, 0), (1, -0.1, 0))
    assert exemplars(vectors, MIDDLE, np.array([0.0, 40.0]), [1, 2], most=1) == [1]
    assert exemplars(vectors, MIDDLE, np.zeros(2), [1, 2], most=1) == [0]


def test_one_that_says_the_same_again_gives_way() -> None:
    vectors = rows((1, 0.3, 0), (1, 0.31, 0), (1, -0.4, 0))
    assert exemplars(vectors, MIDDLE, np.zeros(3), [1, 2, 3], most=2) == [0, 2]


def test_an_author_is_quoted_once() -> None:
    vectors = rows((1, 0, 0), (1, 0.1, 0), (0, 1, 0))
    assert exemplars(vectors, MIDDLE, np.zeros(3), [7, 7, 8]) == [0, 2]


def test_nothing_to_quote() -> None:
    assert exemplars(np.zeros((0, 3), np.float32), MIDDLE, np.zeros(0), []) == []
