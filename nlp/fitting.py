"""A segmentation of authors: found on landmarks, given to everybody by the nearest of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.assign import BEST, NEIGHBOURS, Fit, Placed, place
from nlp.cluster import NOISE, cluster, grid, least_size, majority, with_nearest
from nlp.errors import ModelError
from nlp.landmarks import UNITS, Axes, axes_of, choose, nearest, pool
from nlp.reduce import Neighbours, ReduceParams, neighbours_of, reduce
from nlp.stability import (
    MAJORITY,
    Votes,
    agree,
    coarse_of,
    found_again,
    information,
    left_out,
    together,
    weights,
)
from nlp.types import Floats, Ints

__all__ = [
    "MIN_AUTHORS",
    "Before",
    "Fit",
    "Placed",
    "fit",
    "from_bytes",
    "one",
    "place",
    "to_bytes",
]

# Fewer authors than this have no structure to find: they are one segment, said so.
MIN_AUTHORS = 30
# More authors than this are segmented by so many of them.
LANDMARKS = 10_000
FORMAT = "listening-segments-2"

# Share of the landmarks that a resample has, and how many resamples: the fewer the authors,
# the more a single one of them moves.
RESAMPLED = 0.6
_RESAMPLES = (6, 96)
_RESAMPLED_ROWS = 72_000
_NEAREST = 10  # landmarks of the resample that tell the label of one that is not in it
# Jaccard index below which a cluster is no more than a hint (Hennig, 2007).
TENTATIVE = 0.6
# Agreement of the resamples below which there is no structure.
_LEAST_AGREEMENT = 0.3
_NOISE_VOTES = 0.5
_STRAY = 0.25  # share of the votes below which somebody belongs nowhere
_FENCE = 1.5
_MAP = ReduceParams(dimensions=2, epochs=100, negatives=5, min_dist=0.1)
_MOVED = 5  # landmarks of the last run that tell where one of this run begins on the map

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


def fit(
    space: Floats, *, seed: int, before: Before | None = None, progress: Tell | None = None
) -> Fit:
    """Find the clusters of an author space.

    The same rows in the same order give the same, whatever the number of threads.

    Args:
        space: (n, d), rows in a natural order, n of at least `MIN_AUTHORS`.
        seed: of all that is drawn.
        before: keeps the map where it was; never changes a label.
        progress: is told each step.
    """
    if len(space) < MIN_AUTHORS:
        raise ValueError(f"{len(space)} authors are too few to cluster: {MIN_AUTHORS} are needed")
    tell = progress or (lambda step: None)
    tell("choosing landmarks")
    axes, places = _landmarks(space, seed)
    landmarks = space[places]
    points = axes.project(landmarks)
    near = neighbours_of(points)
    tell("drawing the map")
    xy = _map(points, near, axes, before, seed)
    votes = _vote(points, near, seed, tell)
    tell("agreeing")
    return _agreed(votes, _Found(landmarks, places, axes, points, near, xy), seed)


@dataclass(frozen=True, slots=True)
class _Found:
    landmarks: Floats
    places: Ints
    axes: Axes
    points: Floats
    near: Neighbours
    xy: Floats


def _landmarks(space: Floats, seed: int) -> tuple[Axes, Ints]:
    axes = axes_of(space[pool(len(space), seed)])
    if len(space) <= LANDMARKS:
        return axes, np.arange(len(space))
    return axes, choose(axes.project(space), LANDMARKS, seed)


def _vote(points: Floats, near: Neighbours, seed: int, tell: Tell) -> Votes:
    count = len(points)
    fewest, most = _RESAMPLES
    resamples = max(fewest, min(most, _RESAMPLED_ROWS // count))
    chosen_count = round(RESAMPLED * count)
    settings = grid(chosen_count)
    labels = np.zeros((resamples, len(settings), count), np.int16)
    noise = np.full(labels.shape, -1, np.int8)
    params = ReduceParams()
    for r in range(resamples):
        tell(f"resample {r + 1} of {resamples}")
        random = np.random.default_rng([seed, 2, r])
        chosen = np.sort(random.permutation(count)[:chosen_count])
        rest = np.setdiff1d(np.arange(count), chosen)
        coordinates = reduce(
            points[chosen],
            near.among(chosen, params.neighbours),
            params,
            seed=int(random.integers(2**31)),
        )
        first = near.first(rest, chosen, _NEAREST)
        for g, hard in enumerate(cluster(coordinates, settings)):
            noise[r, g, chosen] = hard == NOISE
            own = with_nearest(coordinates, hard)
            labels[r, g, chosen] = own
            labels[r, g, rest] = majority(own[first])
    return Votes(labels, noise)


def _agreed(votes: Votes, found: _Found, seed: int) -> Fit:
    count = len(found.points)
    told, noise = information(votes)
    weight = weights(told)
    settings = grid(round(RESAMPLED * count))
    params: dict[str, Any] = {
        "seed": seed,
        "landmarks": count,
        "components": found.points.shape[1],
        "resamples": len(votes.labels),
        "resampled": RESAMPLED,
        "majority": MAJORITY,
        "reduce": asdict(ReduceParams()),
        "settings": [
            asdict(own)
            | {"information": round(float(i), 4), "noise": round(float(n), 4)}
            | {"votes": int(w)}
            for own, i, n, w in zip(settings, told, noise, weight, strict=True)
        ],
    }
    nothing = f"{count} authors show no structure: one segment was made"
    if not weight.any():
        return _whole(found, params, nothing)
    pairs = together(votes, weight)
    total = float(weight.sum() * len(votes.labels))
    agreed = agree(pairs, total, least_size(count))
    if agreed.shares.shape[1] < 2:
        return _whole(found, params, nothing)
    stability, agreement = found_again(votes, weight, agreed.labels)
    params["noise"] = round(float(np.average(noise, weights=weight)), 4)
    if agreement < _LEAST_AGREEMENT or (stability < TENTATIVE).all():
        return _whole(found, params | {"agreement": round(agreement, 4)}, nothing)
    strengths = agreed.shares[np.arange(count), agreed.labels]
    reach = _reach(found.near, agreed.labels)
    stray = (
        (left_out(votes, weight) > _NOISE_VOTES)
        | (strengths < _STRAY)
        | (_gaps(found.near) > reach[agreed.labels])
    )
    # Equal rows share their fate.
    same = _first_equal(found.landmarks)
    labels = np.where(stray, NOISE, agreed.labels)[same]
    best, shares = _best(agreed.labels, agreed.shares)
    return Fit(
        landmarks=found.landmarks.astype(np.float16),
        places=found.places,
        labels=labels,
        strengths=np.where(labels == NOISE, 0, strengths[same]).astype(np.float32),
        best=best[same],
        shares=shares[same],
        coarse=coarse_of(pairs, total, agreed.labels, found.points),
        xy=found.xy[same],
        stability=stability,
        tentative=stability < TENTATIVE,
        reach=reach,
        agreement=agreement,
        axes=found.axes,
        params=params,
    )


def _best(labels: Ints, shares: Floats) -> tuple[Ints, Floats]:
    """The own cluster first, then the next by share."""
    rows = np.arange(len(labels))
    ranked = shares.copy()
    ranked[rows, labels] = 2
    best = np.argsort(-ranked, axis=1, kind="stable")[:, :BEST]
    found = np.take_along_axis(shares, best, axis=1)
    found = np.minimum(found, found[:, :1])
    best = np.where((found > 0) | (np.arange(best.shape[1]) == 0), best, NOISE)
    missing = ((0, 0), (0, BEST - best.shape[1]))
    return np.pad(best, missing, constant_values=NOISE), np.pad(found, missing)


def _gaps(near: Neighbours) -> Floats:
    """(m,) how far each landmark is from those next to it, on the mean."""
    return np.asarray(near.distances[:, 1 : NEIGHBOURS + 1].mean(axis=1))


def _reach(near: Neighbours, labels: Ints) -> Floats:
    """(clusters,) the gap beyond which somebody is far out (Tukey's fence)."""
    gap = _gaps(near)
    quartiles = np.array(
        [np.quantile(gap[labels == c], (0.25, 0.75)) for c in range(int(labels.max()) + 1)]
    )
    low, high = quartiles.T
    return np.asarray(high + _FENCE * (high - low), np.float32)


def _first_equal(landmarks: Floats) -> Ints:
    """(m,) the first row that equals each."""
    _, first, inverse = np.unique(
        landmarks.astype(np.float16), axis=0, return_index=True, return_inverse=True
    )
    return np.asarray(first[inverse.reshape(-1)])


def _map(points: Floats, near: Neighbours, axes: Axes, before: Before | None, seed: int) -> Floats:
    start = None
    if before is not None and before.space.shape[1] == len(axes.middle) and len(before.xy):
        then, far = nearest(points, axes.project(before.space), min(_MOVED, len(before.xy)))
        weight = 1 / (far.astype(np.float64) + 1)
        start = (before.xy[then] * weight[:, :, None]).sum(axis=1) / weight.sum(axis=1)[:, None]
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 1)))
    found = reduce(points, near, _MAP, seed=seed, start=start)
    return found if start is None else _laid_over(found, start)


def _laid_over(xy: Floats, target: NDArray[np.float64]) -> Floats:
    """Turned, mirrored and shifted to lie on the target as well as may be (Procrustes)."""
    middle = xy.mean(axis=0, dtype=np.float64)
    aim = target.mean(axis=0)
    # Not by a product of matrices: its last bits would hang on threads.
    turn = ((xy - middle)[:, :, None] * (target - aim)[:, None, :]).sum(axis=0)
    u, _, v = np.linalg.svd(turn)
    return np.asarray((xy - middle) @ (u @ v) + aim, np.float32)


def one(space: Floats, *, note: str) -> Fit:
    """One cluster with everybody."""
    axes = axes_of(space[pool(len(space), 0)])
    places = np.arange(len(space))
    if len(space) > LANDMARKS:
        places = choose(axes.project(space), LANDMARKS, 0)
    points = axes.project(space[places])
    xy = np.zeros((len(places), 2), np.float32)
    xy[:, : points.shape[1]] = points[:, :2] / UNITS
    return _single(space[places], places, axes, xy, {}, note)


def _whole(found: _Found, params: dict[str, Any], note: str) -> Fit:
    same = _first_equal(found.landmarks)
    return _single(found.landmarks, found.places, found.axes, found.xy[same], params, note)


def _single(
    landmarks: Floats, places: Ints, axes: Axes, xy: Floats, params: dict[str, Any], note: str
) -> Fit:
    count = len(landmarks)
    alone = np.tile(np.array([0, NOISE, NOISE]), (count, 1))
    return Fit(
        landmarks=landmarks.astype(np.float16),
        places=places,
        labels=np.zeros(count, np.int64),
        strengths=np.ones(count, np.float32),
        best=alone,
        shares=(alone == 0).astype(np.float32),
        coarse=np.zeros(1, np.int64),
        xy=xy,
        stability=np.ones(1, np.float32),
        tentative=np.zeros(1, bool),
        reach=np.full(1, np.inf, np.float32),
        agreement=1.0,
        axes=axes,
        params=params,
        note=note,
    )


_ARRAYS = tuple(
    name for name in Fit.__slots__ if name not in ("agreement", "axes", "params", "note")
)


def to_bytes(fit: Fit) -> bytes:
    """As a safetensors file."""
    from safetensors.numpy import save

    about = {
        "agreement": fit.agreement,
        "params": fit.params,
        "note": fit.note,
        "scale": fit.axes.scale,
    }
    arrays = {name: getattr(fit, name) for name in _ARRAYS}
    arrays |= {"middle": fit.axes.middle, "axes": fit.axes.axes}
    return save(
        {name: np.ascontiguousarray(own) for name, own in arrays.items()},
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
            raise ValueError(f"its format is {about['format']}, {FORMAT} is needed")
        told = json.loads(about["about"])
        arrays: dict[str, Any] = load(data)
        axes = Axes(told.pop("scale"), arrays.pop("middle"), arrays.pop("axes"))
        return Fit(**{name: arrays[name] for name in _ARRAYS}, axes=axes, **told)
    except (SafetensorError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(
            f"the stored fit of a segmentation cannot be read ({error}): segment anew"
        ) from error
