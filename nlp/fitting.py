"""A segmentation of authors: found on landmarks, given to everybody by the nearest of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.cluster import NOISE, cluster_opened, params_for
from nlp.errors import ModelError
from nlp.reduce import ReduceParams, reduce
from nlp.types import Floats, Ints

# Fewer authors than this have no structure to find: they are one segment, said so.
MIN_AUTHORS = 30
NEIGHBOURS = 15
BEST = 3
FORMAT = "listening-segments-1"
_BLOCK = 256

Bools = NDArray[np.bool_]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Before:
    """The last run's landmarks and where they are on its map.

    Attributes:
        space: (m, d) their rows of the author space.
        xy: (m, 2) their places on the map.
    """

    space: Floats
    xy: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """What a run found, and all that an author is given their segment by.

    Attributes:
        landmarks: (m, d) float16 rows of the author space; everybody where they are few.
        places: (m,) their row numbers in the space that was fitted.
        labels: (m,) clusters 0, 1, ... by falling size, or NOISE.
        strengths: (m,) membership strength in [0, 1]; 0 for noise.
        coarse: (clusters,) the coarse group that each cluster is a part of.
        xy: (m, 2) places on the map.
        stability: (clusters,) how much of it resampling finds again, in [0, 1].
        tentative: (clusters,) does not survive resampling.
        agreement: of the whole run with its resamples, in [0, 1].
        params: what was chosen, and the values of the criterion.
        note: why there is one cluster with everybody, else None.
    """

    landmarks: NDArray[np.float16]
    places: Ints
    labels: Ints
    strengths: Floats
    coarse: Ints
    xy: Floats
    stability: Floats
    tentative: Bools
    agreement: float
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


def fit(
    space: Floats, *, seed: int, before: Before | None = None, progress: Tell | None = None
) -> Fit:
    """Find the clusters of an author space.

    Args:
        space: (n, d), rows in a natural order, n of at least `MIN_AUTHORS`.
        seed: of all that is drawn.
        before: keeps the map where it was; never changes a label.
        progress: is told each step.
    """
    if len(space) < MIN_AUTHORS:
        raise ValueError(f"{len(space)} authors are too few to cluster: {MIN_AUTHORS} are needed")
    tell = progress or (lambda step: None)
    tell("reducing")
    coordinates = reduce(space, ReduceParams(seed=seed))
    tell("clustering")
    found = cluster_opened(coordinates, params_for(len(space)))
    xy = coordinates[:, :2].copy()
    if found.count < 2:
        return one(
            space, xy=xy, note=f"{len(space)} authors show no structure: one segment was made"
        )
    return Fit(
        landmarks=space.astype(np.float16),
        places=np.arange(len(space)),
        labels=found.labels,
        strengths=found.strengths,
        coarse=np.arange(found.count),
        xy=xy,
        stability=np.ones(found.count, np.float32),
        tentative=np.zeros(found.count, bool),
        agreement=1.0,
        params={"min_cluster_size": found.params.min_cluster_size},
    )


def one(space: Floats, *, xy: Floats | None = None, note: str) -> Fit:
    """One cluster with everybody."""
    count = len(space)
    return Fit(
        landmarks=space.astype(np.float16),
        places=np.arange(count),
        labels=np.zeros(count, np.int64),
        strengths=np.ones(count, np.float32),
        coarse=np.zeros(1, np.int64),
        xy=np.zeros((count, 2), np.float32) if xy is None else xy,
        stability=np.ones(1, np.float32),
        tentative=np.zeros(1, bool),
        agreement=1.0,
        note=note,
    )


def place(fit: Fit, space: Floats) -> Placed:
    """Give each row its clusters by the nearest landmarks.

    A row's outcome hangs on that row alone. A landmark is given what the fit gave it.

    Args:
        fit: of the same space.
        space: (n, d).
    """
    parts = [_place_block(fit, space[i : i + _BLOCK]) for i in range(0, len(space), _BLOCK)]
    if not parts:
        parts = [_place_block(fit, np.zeros((0, fit.landmarks.shape[1]), np.float32))]
    return Placed(*(np.concatenate([getattr(p, name) for p in parts]) for name in Placed.__slots__))


def _place_block(fit: Fit, rows: Floats) -> Placed:
    count = len(rows)
    rows = rows.astype(np.float16).astype(np.float32)
    landmarks = fit.landmarks.astype(np.float32)
    padded = np.zeros((_BLOCK, landmarks.shape[1]), np.float32)
    padded[:count] = rows
    distances = (padded**2).sum(1)[:, None] - 2 * padded @ landmarks.T + (landmarks**2).sum(1)
    near = np.argsort(distances[:count], axis=1, kind="stable")[:, :NEIGHBOURS]
    far = np.sqrt(np.maximum(np.take_along_axis(distances[:count], near, axis=1), 0))
    closeness = 1 / (1 + far)
    votes = np.zeros((count, fit.count), np.float32)
    for column in range(near.shape[1]):
        own = fit.labels[near[:, column]]
        member = np.flatnonzero(own != NOISE)
        np.add.at(votes, (member, own[member]), closeness[member, column])
    shares = votes / closeness.sum(axis=1, keepdims=True)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :BEST]
    best = np.full((count, BEST), NOISE, np.int64)
    strengths = np.zeros((count, BEST), np.float32)
    best[:, : order.shape[1]] = order
    strengths[:, : order.shape[1]] = np.take_along_axis(shares, order, axis=1)
    itself = (landmarks[near[:, 0]] == rows).all(axis=1)
    noise = np.where(itself, fit.labels[near[:, 0]] == NOISE, strengths[:, 0] < 0.5)
    for i in np.flatnonzero(itself & (fit.labels[near[:, 0]] != NOISE)):
        own = fit.labels[near[i, 0]]
        rest = [(b, s) for b, s in zip(best[i], strengths[i], strict=True) if b not in (own, NOISE)]
        own_strength = fit.strengths[near[i, 0]]
        best[i] = ([own] + [b for b, _ in rest] + [NOISE] * BEST)[:BEST]
        strengths[i] = ([own_strength] + [min(s, own_strength) for _, s in rest] + [0.0] * BEST)[
            :BEST
        ]
    best[strengths == 0] = np.where(np.arange(BEST) == 0, best, NOISE)[strengths == 0]
    weights = closeness / closeness.sum(axis=1, keepdims=True)
    xy = (fit.xy[near] * weights[:, :, None]).sum(axis=1).astype(np.float32)
    xy[itself] = fit.xy[near[itself, 0]]
    return Placed(best[:, 0].copy(), noise, best, strengths, xy)


_ARRAYS = ("landmarks", "places", "labels", "strengths", "coarse", "xy", "stability", "tentative")


def to_bytes(fit: Fit) -> bytes:
    """As a safetensors file."""
    from safetensors.numpy import save

    about = {"agreement": fit.agreement, "params": fit.params, "note": fit.note}
    return save(
        {name: np.ascontiguousarray(getattr(fit, name)) for name in _ARRAYS},
        metadata={"format": FORMAT, "about": json.dumps(about, sort_keys=True)},
    )


def from_bytes(data: bytes) -> Fit:
    """What `to_bytes` wrote.

    Raises:
        ModelError: it is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        length = int.from_bytes(data[:8], "little")
        about = json.loads(data[8 : 8 + length])["__metadata__"]
        if about["format"] != FORMAT:
            raise KeyError(about["format"])
        told = json.loads(about["about"])
        arrays = load(data)
        return Fit(**{name: arrays[name] for name in _ARRAYS}, **told)
    except (SafetensorError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(
            f"the stored fit of a segmentation cannot be read ({error}): segment anew"
        ) from error
