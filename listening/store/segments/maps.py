"""Where the authors of a run stand on the map, as many as a page can draw."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isqrt, sqrt
from typing import Any

from sqlalchemy import Integer, cast, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from listening.store.segments.artefacts import MAP, artefact, put_artefact
from listening.store.segments.segments import run_id_of, segments_by_label
from listening.store.tables import Membership, Segmentation

MOST_POINTS = 50_000
# Cells along each side of the map, in which density is counted; no more in all than points.
_CELLS = 200
# Knuth's multiplicative hash, below 2**32.
_FACTOR, _RANGE = 2_654_435_761, 2**32


@dataclass(frozen=True, slots=True)
class Point:
    """An author on the map."""

    segment_id: int
    noise: bool
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class MapPoints:
    """Authors on the map.

    Attributes:
        points: in an order that is always the same.
        total: authors who have a place, drawn or not.
    """

    points: list[Point]
    total: int


@dataclass(frozen=True, slots=True)
class LabelPoints:
    """The same before what people merged is one: (cluster, noise, x, y) each."""

    points: list[tuple[int, bool, float, float]]
    total: int


def kept_points(session: Session, run: Segmentation) -> MapPoints | None:
    """The map as it was last drawn, what people merged by now being one; None: it never was."""
    kept = artefact(session, run_id_of(run), MAP)
    if kept is None:
        return None
    by_label, flat = segments_by_label(session, run), kept["points"]
    return MapPoints(
        [
            Point(by_label[label], bool(noise), x, y)
            for label, noise, x, y in zip(
                flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True
            )
            if label in by_label
        ],
        kept["total"],
    )


def keep_points(session: Session, run: Segmentation, found: LabelPoints, seconds: float) -> None:
    """Keep a map as it is drawn now."""
    flat = [value for point in found.points for value in point]
    put_artefact(session, run_id_of(run), MAP, {"total": found.total, "points": flat}, seconds)


def map_points(session: Session, run: Segmentation, *, most: int = MOST_POINTS) -> MapPoints:
    """The authors of a run with a place on the map, read now."""
    by_label = segments_by_label(session, run)
    found = label_points(session, run, most=most)
    points = [Point(by_label[i], noise, x, y) for i, noise, x, y in found.points if i in by_label]
    return MapPoints(points, found.total)


def label_points(session: Session, run: Segmentation, *, most: int = MOST_POINTS) -> LabelPoints:
    """Cluster, whether noise, and place of the authors of a run who have one.

    Where they are more than `most`, each cell of a grid gives of its n authors about
    c * sqrt(n), with the largest c that fits: crowds are thinned, and whoever stands alone
    is drawn. Which ones hangs on a hash of their ids alone.
    """
    x, y = col(Membership.x), col(Membership.y)
    placed = (col(Membership.segmentation_id) == run.id, x.is_not(None), y.is_not(None))
    bounds: Any = select_columns(
        func.count(), func.min(x), func.max(x), func.min(y), func.max(y)
    ).where(*placed)
    total, left, right, low, high = session.execute(bounds).one()
    columns: Any = (col(Membership.label), col(Membership.noise), x, y)
    if total <= most:
        rows = session.execute(
            select_columns(*columns).where(*placed).order_by(col(Membership.author_id))
        )
        return LabelPoints([(i, noise, x, y) for i, noise, x, y in rows], total)
    # A draw gives a few more or less than its share.
    target = most - 4 * isqrt(most)
    side = max(1, min(_CELLS, isqrt(target)))
    cells = (_cell(x, left, right, side), _cell(y, low, high, side))
    counted: Any = select_columns(*cells, func.count()).where(*placed).group_by(*cells)
    counts = {(across, up): int(n) for across, up, n in session.execute(counted)}
    share = thinning(list(counts.values()), target)
    odds = {cell: ceil(share * sqrt(n)) / n for cell, n in counts.items()}
    drawn: Any = (
        select_columns(col(Membership.author_id), *cells, *columns)
        .where(*placed)
        .order_by(col(Membership.author_id))
        .execution_options(yield_per=20_000)
    )
    points = [
        (label, noise, x, y)
        for author, across, up, label, noise, x, y in session.execute(drawn)
        if author * _FACTOR % _RANGE < odds.get((across, up), 1.0) * _RANGE
    ]
    return LabelPoints(points[:most], total)


def thinning(counts: list[int], most: int) -> float:
    """The largest c for which cells of n authors give min(n, ceil(c * sqrt(n))) <= most in all."""
    low, high = 0.0, sqrt(max(counts, default=1))
    for _ in range(40):
        middle = (low + high) / 2
        given = sum(min(n, ceil(middle * sqrt(n))) for n in counts)
        low, high = (middle, high) if given <= most else (low, middle)
    return low


def _cell(value: Any, low: float, high: float, side: int) -> Any:
    scale = (side - 1) / (high - low) if high > low else 0.0
    return cast((value - low) * scale, Integer)
