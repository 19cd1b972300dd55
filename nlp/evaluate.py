"""Scores of classifiers and of segmentations, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.types import Floats, Ints


def macro_recall(labels: Sequence[int] | Ints, predicted: Sequence[int] | Ints) -> float:
    """Mean over the classes of the share found: SemEval's and TweetEval's sentiment score."""
    truth, guess = np.asarray(labels), np.asarray(predicted)
    return float(np.mean([(guess[truth == c] == c).mean() for c in np.unique(truth)]))


def confusion_matrix(
    labels: Sequence[int] | Ints, predicted: Sequence[int] | Ints, classes: int
) -> Ints:
    """(c, c) counts: a row is a true class, a column what was said (Stehman, 1997)."""
    found = np.zeros((classes, classes), np.int64)
    np.add.at(found, (np.asarray(labels, np.int64), np.asarray(predicted, np.int64)), 1)
    return found


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of one class.

    Attributes:
        precision: share of what was said to be of the class that is; 0 where nothing was.
        recall: share of the class that was said to be; 0 where there is none.
        f1: their harmonic mean (van Rijsbergen, 1979); 0 where both are 0.
        count: how many texts are of the class.
    """

    precision: float
    recall: float
    f1: float
    count: int


def class_scores(matrix: Ints) -> list[ClassScores]:
    """Precision, recall and F1 of each class of a (c, c) confusion matrix."""
    found = []
    for c, row in enumerate(matrix):
        hits, true, said = int(matrix[c, c]), int(row.sum()), int(matrix[:, c].sum())
        precision = hits / said if said else 0.0
        recall = hits / true if true else 0.0
        f1 = 2 * hits / (true + said) if true + said else 0.0
        found.append(ClassScores(precision, recall, f1, true))
    return found


def f1_of(labels: Sequence[int] | Ints, predicted: Sequence[int] | Ints, one: int) -> float:
    """F1 of one class: TweetEval's score of irony, for its class 1 (Barbieri et al., 2020)."""
    classes = 1 + max(one, *(int(c) for c in (*labels, *predicted)))
    return class_scores(confusion_matrix(labels, predicted, classes))[one].f1


def macro_f1(labels: Sequence[int] | Ints, predicted: Sequence[int] | Ints) -> float:
    """Mean F1 over the classes that the labels have: TweetEval's score of emotion, offensive.

    A class that is said but never true costs the others precision or recall, and has no F1
    of its own.
    """
    classes = 1 + max(int(c) for c in (*labels, *predicted))
    scores = class_scores(confusion_matrix(labels, predicted, classes))
    return float(np.mean([one.f1 for one in scores if one.count]))


@dataclass(frozen=True, slots=True)
class Mistake:
    """A text that was judged wrongly: its position, and the confidence in what was said."""

    position: int
    truth: int
    said: int
    confidence: float


def worst_mistakes(
    labels: Sequence[int] | Ints, probabilities: Floats, *, most: int = 10
) -> list[Mistake]:
    """The most confident of the wrong answers, the most confident first; ties as given.

    Args:
        labels: (n,) positions.
        probabilities: (n, c).
        most: how many at most.
    """
    truth, said = np.asarray(labels), probabilities.argmax(axis=1)
    wrong = np.flatnonzero(said != truth)
    confidence = probabilities[wrong].max(axis=1)
    order = wrong[np.argsort(-confidence, kind="stable")][:most]
    return [
        Mistake(int(i), int(truth[i]), int(said[i]), float(probabilities[i].max())) for i in order
    ]


def expected_calibration_error(
    labels: Sequence[int] | Ints, probabilities: Floats, *, bins: int = 15
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
