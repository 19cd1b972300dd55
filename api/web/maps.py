"""The map of segments as marks of an SVG (pure): points, hulls, labels that do not overlap.

Points and hulls are in the units of the drawing, which is stretched to the page; labels are
placed in percent of it, so that their text is never scaled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, hypot, inf, sqrt
from statistics import median

from listening.store.segments.maps import MapPoints, Point, thinning

WIDTH, HEIGHT = 2000, 1400
COLOURS = 10
CROWD = 4000
# Dots that stand in the page itself; more are loaded after it.
IN_PAGE = 4000
_MARGIN = 90
# Of a segment's members, those nearest to its middle that the hull is drawn around, and how many
# times as far off as half of them somebody may be.
_CORE, _FAR = 0.9, 4.0
# Width of the drawing in pixels on a desk and on a phone, and of one letter; a label's height.
_DESK, _PHONE, _LETTER, _LINE = 1000.0, 340.0, 6.9, 17.0

Place = tuple[float, float]
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """A segment's name at its middle, in percent.

    Attributes:
        wide, narrow: (x, text) on a desk and on a phone; None where there is no room.
    """

    y: float
    wide: tuple[float, str] | None
    narrow: tuple[float, str] | None


@dataclass(frozen=True, slots=True)
class Region:
    """A segment on the map.

    Attributes:
        colour: from 0, one of `COLOURS`; neighbours differ.
        hull, members, noise: path data; the members as dots, and the noise nearest to them.
        few_members, few_noise: of the same a part, where all of them are too many for the page
            itself and are loaded after it.
    """

    segment_id: int
    name: str
    colour: int
    drawn: int
    hull: str
    members: str
    noise: str
    few_members: str
    few_noise: str
    label: Label


@dataclass(frozen=True, slots=True)
class SegmentMap:
    """What is drawn, and how many of how many authors that are."""

    regions: tuple[Region, ...]
    drawn: int
    total: int
    few: int

    @property
    def crowded(self) -> bool:
        """Whether dots must be small to be told apart."""
        return self.drawn > CROWD

    def colour_of(self, segment_id: int) -> int | None:
        """The colour of a segment; None where nobody of it is drawn."""
        found = (r.colour for r in self.regions if r.segment_id == segment_id)
        return next(found, None)


def segment_map(found: MapPoints, names: Mapping[int, str]) -> SegmentMap | None:
    """The map of the segments that have a name; None where nobody has a place.

    Args:
        found: authors with places.
        names: segment id to name, the most important first.
    """
    points = [p for p in found.points if p.segment_id in names]
    if not points:
        return None
    fit = _fitted(points)
    own: dict[int, list[Place]] = {number: [] for number in names}
    noise: dict[int, list[Place]] = {number: [] for number in names}
    for point, place in zip(points, fit, strict=True):
        (noise if point.noise else own)[point.segment_id].append(place)
    shown = [number for number in names if own[number] or noise[number]]
    middles = {number: _middle(own[number] or noise[number]) for number in shown}
    colours, labels = _colours(middles), _labels(middles, names)
    some = _some([len(places[i]) for i in shown for places in (own, noise)])
    few_own = {i: _thinned(own[i], some) for i in shown}
    few_noise = {i: _thinned(noise[i], some) for i in shown}
    regions = tuple(
        Region(
            segment_id=number,
            name=names[number],
            colour=colours[number],
            drawn=len(own[number]),
            hull=_outline(hull(_core(own[number], middles[number]))),
            members=dots(own[number]),
            noise=dots(noise[number]),
            few_members=dots(few_own[number]),
            few_noise=dots(few_noise[number]),
            label=labels[number],
        )
        for number in shown
    )
    few = sum(len(few_own[i]) + len(few_noise[i]) for i in shown)
    return SegmentMap(regions, len(points), found.total, few)


def _some(counts: Sequence[int]) -> float:
    """How thin the dots of a page are, as `thinning` says it; endless where all fit."""
    return inf if sum(counts) <= IN_PAGE else thinning(list(counts), IN_PAGE)


def _thinned(places: Sequence[Place], share: float) -> Sequence[Place]:
    """Every so many of the places, in an order that says nothing."""
    if share == inf or not places:
        return places
    step = len(places) / min(len(places), ceil(share * sqrt(len(places))))
    return [places[int(n * step)] for n in range(int(len(places) / step + 0.5))]


def _fitted(points: Sequence[Point]) -> list[Place]:
    """Places in the drawing: in the middle, the same scale along both sides, y upwards."""
    xs, ys = [p.x for p in points], [p.y for p in points]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    room = (WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN)
    scale = min(
        room[0] / (right - left) if right > left else room[1],
        room[1] / (high - low) if high > low else room[0],
    )
    return [
        (
            WIDTH / 2 + (x - (left + right) / 2) * scale,
            HEIGHT / 2 - (y - (low + high) / 2) * scale,
        )
        for x, y in zip(xs, ys, strict=True)
    ]


def _middle(places: Sequence[Place]) -> Place:
    return median(p[0] for p in places), median(p[1] for p in places)


def _core(places: Sequence[Place], middle: Place) -> list[Place]:
    """Those that an outline is drawn around: not who stands alone far off."""
    if not places:
        return []
    near = sorted((hypot(p[0] - middle[0], p[1] - middle[1]), p) for p in places)
    most = _FAR * median(away for away, _ in near)
    return [p for away, p in near[: max(1, round(len(near) * _CORE))] if away <= most]


def hull(places: Sequence[Place]) -> list[Place]:
    """The convex hull, counter-clockwise from the leftmost (Andrew's monotone chain, 1979)."""
    chain = sorted(set(places))
    if len(chain) < 3:
        return chain

    def half(ordered: Sequence[Place]) -> list[Place]:
        line: list[Place] = []
        for p in ordered:
            while len(line) > 1 and _turn(line[-2], line[-1], p) <= 0:
                line.pop()
            line.append(p)
        return line[:-1]

    return half(chain) + half(chain[::-1])


def _turn(a: Place, b: Place, c: Place) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _outline(places: Sequence[Place]) -> str:
    return "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in places) + "Z" if places else ""


def dots(places: Sequence[Place]) -> str:
    """Path data of dots: lines without a length, which round ends make visible.

    Each is told by its distance from the last, and dots on one place are one.
    """
    parts: list[str] = []
    at = (0, 0)
    for place in sorted({(round(x), round(y)) for x, y in places}):
        dx, dy = place[0] - at[0], place[1] - at[1]
        parts.append(f"m{dx}{'' if dy < 0 else ' '}{dy}h0")
        at = place
    return "".join(parts)


def _colours(middles: Mapping[int, Place]) -> dict[int, int]:
    """A colour each: the one whose nearest bearer is farthest away."""
    found: dict[int, int] = {}
    for number, place in middles.items():
        nearest = {colour: float("inf") for colour in range(COLOURS)}
        for other, colour in found.items():
            away = hypot(place[0] - middles[other][0], place[1] - middles[other][1])
            nearest[colour] = min(nearest[colour], away)
        found[number] = max(nearest, key=lambda colour: (nearest[colour], -colour))
    return found


def _labels(middles: Mapping[int, Place], names: Mapping[int, str]) -> dict[int, Label]:
    """Names where there is room, in the order given: who comes first has the place."""
    desk: list[_Box] = []
    phone: list[_Box] = []
    found = {}
    for number, (x, y) in middles.items():
        share = (x / WIDTH, y / HEIGHT)
        whole, first = names[number], names[number].partition(" · ")[0]
        found[number] = Label(
            round(100 * share[1], 2),
            _fitting(share, _cut(whole, 30), _DESK, desk)
            or _fitting(share, _cut(first, 20), _DESK, desk),
            _fitting(share, _cut(first, 16), _PHONE, phone),
        )
    return found


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip(" ·") + "…"


def _fitting(share: Place, text: str, width: float, taken: list[_Box]) -> tuple[float, str] | None:
    """Where a label stands, inside of the drawing; None where it would overlap one before."""
    half = len(text) * _LETTER / 2
    x = min(max(share[0] * width, half), width - half)
    y = share[1] * width * HEIGHT / WIDTH
    box = (x - half, y - _LINE / 2, x + half, y + _LINE / 2)
    if any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        for other in taken
    ):
        return None
    taken.append(box)
    return round(100 * x / width, 2), text
