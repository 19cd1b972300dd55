"""Scores of classifiers and of segmentations, each with its source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp.types import Floats


def macro_recall(labels: Sequence[int], predicted: Sequence[int]) -> float:
    """Mean over the classes of the share found: SemEval's and TweetEval's sentiment score."""
    truth, guess = np.asarray(labels), np.asarray(predicted)
    return float(np.mean([(guess[truth == c] == c).mean() for c in np.unique(truth)]))


def expected_calibration_error(
    labels: Sequence[int], probabilities: Floats, *, bins: int = 15
) -> float:
    """How far stated confidence is from the share that is right (Naeini et al., 2015).

    Args:
        labels: (n,) positions.
        probabilities: (n, c).
        bins: equal widths of confidence.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == b].mean() - right[place == b].mean()) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(sum(gaps))


def average_precision(relevant: Sequence[bool], scores: Sequence[float]) -> float:
    """Mean over the relevant of the precision at their rank; ties keep the order given."""
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    hits = np.asarray(relevant, dtype=bool)[order]
    if not hits.any():
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())
