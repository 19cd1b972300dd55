"""The marks of the map, by hand."""

from __future__ import annotations

from itertools import pairwise

from api.web.figures import clock
from api.web.maps import HEIGHT, WIDTH, dots, hull, segment_map
from api.web.site import Kept
from listening.store.segments.maps import MapPoints, Point


def crowd(segment: int, x: float, y: float, count: int = 9, noise: bool = False) -> list[Point]:
    return [Point(segment, noise, x + n % 3, y + n // 3) for n in range(count)]


def test_the_hull_of_a_square_is_its_corners() -> None:
    square = [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1), (1, 0)]
    assert hull(square) == [(0, 0), (2, 0), (2, 2), (0, 2)]
    assert hull([(1, 1), (1, 1)]) == [(1, 1)]
    assert hull([]) == []


def test_dots_are_told_by_their_distance_and_once_a_place() -> None:
    assert dots([(10.2, 5.0), (10.4, 5.0), (12.0, 3.0)]) == "m10 5h0m2-2h0"
    assert dots([]) == ""


def test_everybody_is_inside_and_y_goes_up() -> None:
    found = segment_map(MapPoints(crowd(1, 0, 0) + crowd(2, 50, 90), 18), {1: "low", 2: "high"})
    assert found is not None
    low, high = found.regions
    assert low.label.y > high.label.y
    assert (low.drawn, found.drawn, found.total, found.crowded) == (9, 18, 18, False)
    corners = [p.split() for r in found.regions for p in r.hull.strip("MZ").split("L")]
    assert all(0 < float(x) < WIDTH and 0 < float(y) < HEIGHT for x, y in corners)


def test_who_stands_far_off_does_not_stretch_the_outline() -> None:
    far = [Point(1, False, x, 0.0) for x in (60.0, 61.0)]
    alone = segment_map(MapPoints(crowd(1, 0, 0) + crowd(2, 100, 0), 18), {1: "a", 2: "b"})
    found = segment_map(MapPoints(crowd(1, 0, 0) + far + crowd(2, 100, 0), 20), {1: "a", 2: "b"})
    assert alone is not None
    assert found is not None
    widest = [max(float(p.split()[0]) for p in m.regions[0].hull.strip("MZ").split("L"))
              for m in (alone, found)]  # fmt: skip
    assert widest[1] <= widest[0]
    assert found.regions[0].members.count("h0") == 11


def test_noise_is_drawn_apart_and_makes_no_outline() -> None:
    points = crowd(1, 0, 0) + crowd(1, 80, 0, noise=True) + crowd(2, 40, 0, noise=True)
    found = segment_map(MapPoints(points, 27), {1: "a", 2: "b"})
    assert found is not None
    first, second = found.regions
    assert (first.members.count("h0"), first.noise.count("h0"), first.drawn) == (9, 9, 9)
    assert (second.hull, second.members, second.noise.count("h0")) == ("", "", 9)


def test_a_label_without_room_gives_way_to_the_larger_segment() -> None:
    long = "a very long name of a segment"
    points = crowd(1, 0, 0) + crowd(2, 1, 0) + crowd(3, 0, 300)
    found = segment_map(MapPoints(points, 27), {1: long, 2: long, 3: "x · y"})
    assert found is not None
    first, second, third = (region.label for region in found.regions)
    assert first.wide is not None
    assert first.wide[1] == long
    assert (second.wide, second.narrow) == (None, None)
    assert third.wide is not None
    assert third.wide[1] == "x · y"
    assert third.narrow is not None
    assert third.narrow[1] == "x"


def test_a_segment_that_is_hidden_is_not_drawn() -> None:
    found = segment_map(MapPoints(crowd(1, 0, 0) + crowd(2, 9, 9), 18), {1: "a"})
    assert found is not None
    assert [r.segment_id for r in found.regions] == [1]
    assert (found.drawn, found.total) == (9, 18)
    assert found.colour_of(1) == 0
    assert found.colour_of(2) is None
    assert segment_map(MapPoints([], 0), {1: "a"}) is None


def test_neighbours_have_other_colours() -> None:
    names = {n: f"s{n}" for n in range(1, 24)}
    points = [p for n in names for p in crowd(n, 10.0 * n, 0)]
    found = segment_map(MapPoints(points, len(points)), names)
    assert found is not None
    colours = [region.colour for region in found.regions]
    assert set(colours) == set(range(10))
    assert all(a != b for a, b in pairwise(colours))


def test_one_place_for_all_is_the_middle() -> None:
    found = segment_map(MapPoints([Point(1, False, 3.0, 3.0)] * 4, 4), {1: "a"})
    assert found is not None
    assert found.regions[0].members == "m1000 700h0"


def test_the_fullest_hour_is_the_darkest_and_none_is_empty() -> None:
    hours = [[0] * 24 for _ in range(7)]
    hours[0][3], hours[6][23] = 10, 1
    found = clock(hours)
    assert found is not None
    levels = {(cell.day, cell.hour): cell.level for cell in found.cells}
    assert (levels[0, 3], levels[6, 23], levels[3, 3], len(levels)) == (5, 1, 0, 168)
    assert clock([[0] * 24] * 7) is None


def test_what_was_dear_is_kept_and_what_was_cheap_is_read_anew() -> None:
    dear, cheap = Kept(dear=0.0, most=2), Kept(dear=1e9)
    calls = iter(range(100))
    assert [dear.get("a", lambda: next(calls)) for _ in range(3)] == [0, 0, 0]
    assert [cheap.get("a", lambda: next(calls)) for _ in range(3)] == [1, 2, 3]
    for key in ("b", "c"):
        dear.get(key, lambda: next(calls))
    assert dear.get("a", lambda: next(calls)) == 6
    assert [Kept(dear=0.0, age=0.0).get("a", lambda: next(calls)) for _ in range(2)] == [7, 8]
