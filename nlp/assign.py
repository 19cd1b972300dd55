"""Where authors belong by a fit: the segments of the landmarks nearest to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.cluster import NOISE
from nlp.landmarks import Axes, nearest
from nlp.types import Floats, Ints

NEIGHBOURS = 10
BEST = 3
_BLOCK = 8_192

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fit:
    """What a run found, and all that an author is given their segment by.

    Attributes:
        landmarks: (m, d) float16 rows of the author space; everybody where they are few.
        places: (m,) their row numbers in the space that was fitted.
        labels: (m,) clusters 0, 1, ... by falling size, or NOISE.
        strengths: (m,) membership strength in [0, 1]: the share of the resamples' votes that put
            a landmark with its cluster; 0 for noise.
        best: (m, 3) clusters by falling strength, noise's too; NOISE where there are fewer.
        shares: (m, 3) strengths of `best`.
        coarse: (clusters,) the coarse group that each cluster is a part of.
        xy: (m, 2) places on the map.
        stability: (clusters,) how much of it resampling finds again, in [0, 1].
        tentative: (clusters,) does not survive resampling.
        reach: (clusters,) how far from the landmarks next to it a member may be, in units.
        agreement: of the resamples with the whole run, at most 1.
        axes: along which nearness is measured.
        params: what was chosen, and the values of the criterion.
        note: why there is one cluster with everybody, else None.
    """

    landmarks: NDArray[np.float16]
    places: Ints
    labels: Ints
    strengths: Floats
    best: Ints
    shares: Floats
    coarse: Ints
    xy: Floats
    stability: Floats
    tentative: Bools
    reach: Floats
    agreement: float
    axes: Axes
    params: dict[str, Any] = field(default_factory=dict)
    note: str | None = None

    @property
    def count(self) -> int:
        """How many clusters."""
        return len(self.coarse)


@dataclass(frozen=True, slots=True)
class Placed:
    """The segments of n authors.

    Attributes:
        labels: (n,) the best cluster of everybody.
        noise: (n,) belongs nowhere: the label is only the nearest.
        best: (n, 3) clusters by falling strength, NOISE where there are fewer.
        strengths: (n, 3) in [0, 1], of `best`.
        xy: (n, 2) places on the map.
    """

    labels: Ints
    noise: Bools
    best: Ints
    strengths: Floats
    xy: Floats


def place(fit: Fit, space: Floats) -> Placed:
    """Give each row its clusters by the nearest landmarks.

    A row's outcome hangs on that row alone, whatever others are placed with it; a landmark is
    given what the fit gave it.

    Args:
        fit: of the same space.
        space: (n, d).

    Raises:
        ValueError: rows of another length.
    """
    wanted = fit.landmarks.shape[1]
    if space.shape[1] != wanted:
        raise ValueError(f"rows of {space.shape[1]} numbers, not the fit's {wanted}")
    landmarks = fit.landmarks.astype(np.float32)
    points = fit.axes.project(landmarks)
    parts = [
        _place_block(fit, landmarks, points, space[start : start + _BLOCK])
        for start in range(0, max(len(space), 1), _BLOCK)
    ]
    return Placed(*(np.concatenate([getattr(p, name) for p in parts]) for name in Placed.__slots__))


def _place_block(fit: Fit, landmarks: Floats, points: Floats, space: Floats) -> Placed:
    rows = np.arange(len(space))
    near, far = nearest(fit.axes.project(space), points, min(NEIGHBOURS, len(points)))
    # A unit more, so that one at the very place outweighs the others without dividing by 0.
    weight = 1 / (far.astype(np.float64) + 1)
    weight /= _over_columns(weight)[:, None]
    votes = np.zeros((len(space), fit.count))
    lost = np.zeros(len(space))
    for column in range(near.shape[1]):
        landmark = near[:, column]
        for rank in range(BEST):
            label = fit.best[landmark, rank]
            there = np.flatnonzero(label != NOISE)
            votes[there, label[there]] += weight[there, column] * fit.shares[landmark[there], rank]
        lost += weight[:, column] * (fit.labels[landmark] == NOISE)
    best = np.argsort(-votes, axis=1, kind="stable")[:, :BEST]
    strengths = np.take_along_axis(votes, best, axis=1)
    best, strengths = _padded(np.where(strengths > 0, best, NOISE), strengths)
    # One whom no vote reaches is nearest to the cluster that comes first.
    best[:, 0] = np.maximum(best[:, 0], 0)
    gap = _over_columns(far.astype(np.float64)) / far.shape[1]
    noise = (lost > 0.5) | (gap > fit.reach[best[:, 0]])
    xy = _on_map(fit, near, weight, best[:, 0])
    itself = rows[_equal(fit, landmarks, space, near[:, 0])]
    own = near[itself, 0]
    best[itself], strengths[itself] = fit.best[own], fit.shares[own]
    noise[itself], xy[itself] = fit.labels[own] == NOISE, fit.xy[own]
    return Placed(
        best[:, 0].astype(np.int64), noise, best.astype(np.int64), strengths.astype(np.float32), xy
    )


def _equal(fit: Fit, landmarks: Floats, space: Floats, near: Ints) -> Bools:
    """Which rows are the landmark that is nearest to them."""
    return np.asarray((fit.axes.units(space) == fit.axes.units(landmarks[near])).all(axis=1))


def _over_columns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of rows, added column by column: the same however many rows there are."""
    total = np.zeros(len(values))
    for column in values.T:
        total += column
    return total


def _padded(best: Ints, strengths: NDArray[np.float64]) -> tuple[Ints, NDArray[np.float64]]:
    missing = ((0, 0), (0, BEST - best.shape[1]))
    return (
        np.pad(best, missing, constant_values=NOISE),
        np.minimum(np.pad(strengths, missing), 1.0),
    )


def _on_map(fit: Fit, near: Ints, weight: NDArray[np.float64], label: Ints) -> Floats:
    """Amid the near landmarks of the same cluster, so that nobody is drawn between two."""
    alike = np.where(fit.best[near, 0] == label[:, None], weight, weight * 1e-6)
    total = _over_columns(alike)
    xy = np.zeros((len(near), 2))
    for column in range(near.shape[1]):
        xy += alike[:, column, None] * fit.xy[near[:, column]]
    return np.asarray(xy / total[:, None], np.float32)
