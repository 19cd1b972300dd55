"""Exact arithmetic on the author space, its axes, and the rows that stand for all others.

Rows are counted in whole units (thousandths): sums of their products are whole numbers below
2**24, which float32 holds exactly. Distances are then the same whatever the order of rows, the
size of blocks or the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.types import Floats, Ints

UNITS = 1000
# Longest row in units that leaves room for one half as long again.
_LONGEST = 1400.0
COMPONENTS = 50
# Rows that the axes are found from, and cells that landmarks are drawn from.
_POOL = 20_000
_CELLS = 128
# Part of the landmarks that all cells share alike, so that a rare region keeps some.
_ALIKE = 0.25
_BLOCK = 512
# Points are looked through in runs of so many: the nearest are in the runs with the least minima.
_RUN = 16


@dataclass(frozen=True, slots=True)
class Axes:
    """Principal axes of an author space, in whole numbers.

    Attributes:
        scale: units a length of one has.
        middle: (d,) in units.
        axes: (d, k) directions times `UNITS`.
    """

    scale: float
    middle: Floats
    axes: Floats

    def units(self, space: Floats) -> Floats:
        """(n, d) rows in whole units; a row and its float16 are the same."""
        halved = space.astype(np.float16).astype(np.float32)
        return np.round(halved * np.float32(self.scale))

    def project(self, space: Floats) -> Floats:
        """(n, d) rows to (n, k) coordinates in whole units."""
        found = np.empty((len(space), self.axes.shape[1]), np.float32)
        shift = self.middle @ self.axes
        for start in range(0, len(space), 65_536):
            part = slice(start, start + 65_536)
            found[part] = np.round((self.units(space[part]) @ self.axes - shift) / UNITS)
        return found


def axes_of(space: Floats) -> Axes:
    """The axes of an (n, d) space along which its rows differ most (at most `COMPONENTS`).

    What is left out is mostly noise: neighbours are found more truly without it, and faster.
    """
    from threadpoolctl import threadpool_limits

    longest = float(np.sqrt((space.astype(np.float64) ** 2).sum(axis=1).max(initial=0)))
    scale = min(float(UNITS), _LONGEST / longest) if longest else float(UNITS)
    plain = Axes(scale, np.zeros(0, np.float32), np.zeros((0, 0), np.float32))
    units = plain.units(space).astype(np.float64)
    middle = np.round(units.mean(axis=0))
    units -= middle
    # Whole numbers below 2**53: the same on any number of threads; the solver is kept to one.
    spread = units.T @ units
    with threadpool_limits(1):
        vectors = np.linalg.eigh(spread)[1][:, ::-1]
    vectors = vectors[:, : min(COMPONENTS, *space.shape)]
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return Axes(scale, middle.astype(np.float32), np.round(vectors * UNITS).astype(np.float32))


def pool(count: int, seed: int) -> Ints:
    """Row numbers of an even sample, enough to find axes from."""
    if count <= _POOL:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, 0]).choice(count, _POOL, replace=False))


def nearest(rows: Floats, points: Floats, k: int) -> tuple[Ints, Floats]:
    """The k nearest points of each row by brute force.

    Args:
        rows: (n, c) in whole units.
        points: (m, c) in whole units.
        k: at most m.

    Returns:
        (n, k) numbers of points and their distances in units, nearest first, the lower number
        first where two are as near; of those as near as the last, any.
    """
    found = np.empty((len(rows), k), np.int64)
    far = np.empty((len(rows), k), np.float32)
    # A row's own length is the same for all points: what is compared leaves it out, so that one
    # product gives it whole. Whole numbers all the way, far below 2**24.
    lengths = (points * points).sum(axis=1)
    across = np.concatenate([-2 * points.T, lengths[None]])
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        compared = np.pad(part, ((0, 0), (0, 1)), constant_values=1) @ across
        near = np.sort(_least(compared, k), axis=1)
        squared = np.take_along_axis(compared, near, axis=1) + (part * part).sum(axis=1)[:, None]
        order = np.argsort(squared, axis=1, kind="stable")
        found[start : start + _BLOCK] = np.take_along_axis(near, order, axis=1)
        far[start : start + _BLOCK] = np.sqrt(np.take_along_axis(squared, order, axis=1))
    return found, far


def _least(values: Floats, k: int) -> Ints:
    """(n, k) places of the k least values of each row, in any order."""
    count = values.shape[1]
    if k >= count:
        return np.tile(np.arange(count), (len(values), 1))
    apart = count // _RUN
    whole = apart * _RUN
    if apart <= 4 * k:
        return np.asarray(np.argpartition(values, k - 1, axis=1)[:, :k])
    # A run is every so many columns: its minimum is taken row by row, which is fast.
    minima = values[:, :whole].reshape(len(values), _RUN, apart).min(axis=1)
    runs = np.argpartition(minima, k - 1, axis=1)[:, :k]
    places = (runs[:, :, None] + np.arange(_RUN) * apart).reshape(len(values), -1)
    rest = np.broadcast_to(np.arange(whole, count), (len(values), count - whole))
    places = np.hstack([places, rest])
    chosen = np.argpartition(np.take_along_axis(values, places, axis=1), k - 1, axis=1)[:, :k]
    return np.asarray(np.take_along_axis(places, chosen, axis=1))


def choose(projected: Floats, count: int, seed: int) -> Ints:
    """Landmarks: rows that stand for all, drawn so that rare regions keep some.

    Rows fall into cells round centres that lie far apart (k-means++: Arthur and Vassilvitskii,
    2007). A cell gives landmarks by its size, and a part of them is shared out alike.

    Args:
        projected: (n, c) in whole units.
        count: how many; below n.
        seed: of all that is drawn.

    Returns:
        (count,) row numbers, rising.
    """
    random = np.random.default_rng([seed, 1])
    centres = _centres(projected[pool(len(projected), seed)], random)
    cells = np.concatenate(
        [
            nearest(projected[start : start + 65_536], centres, 1)[0][:, 0]
            for start in range(0, len(projected), 65_536)
        ]
    )
    sizes = np.bincount(cells, minlength=len(centres))
    quotas = _quotas(sizes, count)
    shuffled = random.permutation(len(projected))
    order = shuffled[np.argsort(cells[shuffled], kind="stable")]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    chosen = [order[start : start + own] for start, own in zip(starts, quotas, strict=True)]
    return np.sort(np.concatenate(chosen))


def _centres(points: Floats, random: np.random.Generator) -> Floats:
    chosen = [int(random.integers(len(points)))]
    squared = np.full(len(points), np.inf)
    for _ in range(min(_CELLS, len(points)) - 1):
        gap = points - points[chosen[-1]]
        squared = np.minimum(squared, (gap * gap).sum(axis=1, dtype=np.float64))
        total = np.cumsum(squared)
        if total[-1] == 0:
            break
        chosen.append(int(np.searchsorted(total, random.random() * total[-1], side="right")))
    return points[chosen]


def _quotas(sizes: Ints, count: int) -> Ints:
    """How many landmarks each cell gives: never more than it has, `count` together."""
    there = sizes > 0
    wanted = count * ((1 - _ALIKE) * sizes / sizes.sum() + _ALIKE * there / there.sum())
    quotas: Ints = np.minimum(np.floor(wanted).astype(np.int64), sizes)
    while (missing := count - int(quotas.sum())) > 0:
        room = sizes - quotas
        first = np.argsort(-np.where(room > 0, wanted - quotas, -np.inf), kind="stable")[:missing]
        quotas[first[room[first] > 0]] += 1
    return quotas
