"""Scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.evaluate import (
    ClassScores,
    Mistake,
    average_precision,
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    f1_of,
    macro_f1,
    macro_recall,
    worst_mistakes,
)

# Class 0: 3 of 4 found, class 1: 1 of 2, class 2: none of 1.
TRUTH, SAID = [0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 0, 1]


def test_macro_recall_is_the_mean_over_classes() -> None:
    assert macro_recall(TRUTH, SAID) == pytest.approx(1.25 / 3)


def test_a_confusion_matrix_has_a_row_for_each_truth() -> None:
    assert confusion_matrix(TRUTH, SAID, 3).tolist() == [[3, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert confusion_matrix([1], [0], 4).sum() == 1


def test_precision_recall_and_f1_of_each_class() -> None:
    assert class_scores(confusion_matrix(TRUTH, SAID, 3)) == [
        ClassScores(0.75, 0.75, 0.75, 4),
        ClassScores(1 / 3, 0.5, 0.4, 2),
        ClassScores(0.0, 0.0, 0.0, 1),
    ]


def test_macro_f1_is_the_mean_over_the_classes_that_are_true() -> None:
    assert macro_f1(TRUTH, SAID) == pytest.approx((0.75 + 0.4 + 0) / 3)
    # Class 2 is said and never true: it costs class 1 its recall, and is no third class.
    assert macro_f1([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx((1 + 2 / 3) / 2)


def test_f1_of_one_class() -> None:
    assert f1_of(TRUTH, SAID, 1) == pytest.approx(0.4)
    assert f1_of([0, 0], [0, 0], 1) == 0.0


def test_the_worst_mistakes_are_the_most_confident_ones() -> None:
    p = np.array([[0.5, 0.25, 0.25], [0.75, 0.25, 0], [0, 1, 0], [0.5, 0.5, 0]], np.float32)
    assert worst_mistakes([1, 1, 1, 2], p) == [
        Mistake(1, 1, 0, 0.75),
        Mistake(0, 1, 0, 0.5),
        Mistake(3, 2, 0, 0.5),
    ]
    assert worst_mistakes([1, 1, 1, 2], p, most=1) == [Mistake(1, 1, 0, 0.75)]
    assert worst_mistakes([0, 0, 1, 0], p) == []


def test_average_precision() -> None:
    # Hits at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert average_precision([True, False, True], [0.9, 0.8, 0.7]) == pytest.approx(5 / 6)
    assert average_precision([False], [1.0]) == 0.0


def test_calibration_error() -> None:
    p = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2]], np.float32)
    # Says 0.8, is right 3 times of 4.
    assert expected_calibration_error([0, 0, 0, 1], p) == pytest.approx(0.05, abs=1e-6)
