"""Scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.evaluate import average_precision, expected_calibration_error, macro_recall


def test_macro_recall_is_the_mean_over_classes() -> None:
    # Class 0: 3 of 4, class 1: 1 of 2, class 2: 0 of 1.
    assert macro_recall([0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 0, 1]) == pytest.approx(1.25 / 3)


def test_average_precision() -> None:
    # Hits at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert average_precision([True, False, True], [0.9, 0.8, 0.7]) == pytest.approx(5 / 6)
    assert average_precision([False], [1.0]) == 0.0


def test_calibration_error() -> None:
    p = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2]], np.float32)
    # Says 0.8, is right 3 times of 4.
    assert expected_calibration_error([0, 0, 0, 1], p) == pytest.approx(0.05, abs=1e-6)
