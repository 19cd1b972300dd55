"""Which segment is which, and what became of each: planted, with every count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.align import Event, Kind, lineage, match_segments

EAST, NORTH, UP = np.eye(3, dtype=np.float32)


def people(first: int, last: int) -> set[int]:
    """Authors from the first to the last."""
    return set(range(first, last + 1))


def told(events: list[Event]) -> list[tuple[str, int, int | None]]:
    return [(event.kind.value, event.segment, event.other) for event in events]


def test_a_segment_goes_on_where_most_members_do() -> None:
    before = {7: {1, 2, 3, 4}, 8: {5, 6, 7, 8}}
    after = {0: {5, 6, 7, 99}, 1: {1, 2, 3, 4, 5}, 2: {8, 20, 21, 22}}
    assert match_segments(before, after) == {0: 8, 1: 7}


def test_too_little_overlap_is_another_segment() -> None:
    assert match_segments({1: {1, 2, 3, 4}}, {0: {4, 5, 6, 7}, 1: {1}, 2: {2}, 3: {3}}) == {}
    assert match_segments({}, {0: {1}}) == {}
    assert match_segments({1: {1}}, {}) == {}


def test_pairs_too_unlike_do_not_cost_one_that_is_alike() -> None:
    # 1 and 0 share 10 of 28 authors. 1 and 1 share 9 of 31, and so do 2 and 0: neither pair is
    # the same segment, though both together are more alike than the first.
    before = {1: people(1, 19), 2: people(20, 40), 3: people(41, 92)}
    after = {
        0: people(1, 10) | people(20, 28),
        1: people(11, 19) | people(41, 52),
        2: people(29, 40) | people(53, 92),
    }
    assert match_segments(before, after) == {0: 1, 2: 3}


def test_two_that_share_as_many_are_told_apart_by_where_they_are() -> None:
    before, halves = {5: people(1, 20)}, {0: people(1, 10), 1: people(11, 20)}
    near, far = EAST + 0.1 * NORTH, EAST + 0.5 * NORTH
    assert match_segments(before, halves, {5: EAST}, {0: far, 1: near}) == {1: 5}
    assert match_segments(before, halves, {5: EAST}, {0: near, 1: far}) == {0: 5}


def test_where_nobody_is_in_both_runs_the_nearest_goes_on() -> None:
    before, after = {5: people(1, 9), 6: people(10, 19)}, {0: people(20, 29), 1: people(30, 39)}
    assert match_segments(before, after) == {}
    centres = {5: EAST, 6: NORTH}
    # Cosine 0.995 with 5; 0.707 with either, which is no nearer than any two segments.
    found = {0: EAST + 0.1 * NORTH, 1: EAST + NORTH}
    assert match_segments(before, after, centres, found) == {0: 5}


def test_centres_of_another_space_are_not_compared() -> None:
    before, after = {5: people(1, 9)}, {0: people(10, 19)}
    assert match_segments(before, after, {5: EAST}, {0: np.ones(4, np.float32)}) == {}


def test_one_that_continues_tells_who_joined_left_came_and_went() -> None:
    before, after = {1: people(1, 10), 2: people(11, 20)}, {1: people(3, 12) | {30}, 2: {13, 14}}
    events = lineage(
        before,
        after,
        {1: EAST},
        {1: EAST + NORTH},
        takes_part=people(2, 20) | {30},  # 1 is gone; 2 and 15 to 20 are noise now
    )
    assert told(events) == [("continued", 1, None), ("continued", 2, None)]
    first, second = events
    assert (first.shared, first.joined, first.left, first.came, first.gone) == (8, 2, 1, 1, 1)
    assert first.moved == pytest.approx(1 - 2**-0.5, abs=1e-5)
    assert (second.shared, second.left, second.moved) == (2, 8, None)


def test_a_planted_split() -> None:
    events = lineage({1: people(1, 100)}, {1: people(1, 60), 4: people(61, 100) | {101}})
    assert told(events) == [("continued", 1, None), ("split", 4, 1)]
    assert (events[0].shared, events[0].left) == (60, 40)
    assert (events[1].shared, events[1].came) == (40, 1)


def test_a_planted_merge() -> None:
    events = lineage({1: people(1, 60), 2: people(61, 100)}, {1: people(1, 100)})
    assert told(events) == [("continued", 1, None), ("merged", 1, 2)]
    assert (events[0].shared, events[0].joined) == (60, 40)
    assert (events[1].shared, events[1].left) == (40, 0)


def test_a_planted_birth_and_a_planted_death() -> None:
    before = {1: people(1, 50), 2: people(51, 60)}
    # Of 2 four are spread over 1 and 3, six are noise.
    after = {1: people(1, 50) | {51, 52}, 3: people(101, 130) | {53, 54}}
    everybody = people(1, 60) | people(101, 130)
    events = lineage(before, after, takes_part=everybody)
    assert told(events) == [("continued", 1, None), ("born", 3, None), ("died", 2, None)]
    born, died = events[1:]
    assert (born.joined, born.came, born.shared) == (2, 30, 0)
    assert (died.left, died.gone) == (10, 0)


def test_all_four_at_once() -> None:
    before = {1: people(1, 40), 2: people(41, 60), 3: people(61, 80), 4: people(81, 90)}
    after = {
        1: people(1, 20), 5: people(21, 40),  # 1 is split
        2: people(41, 80),  # 3 went into 2
        6: people(201, 220),  # born; nobody of 4 is anywhere
    }  # fmt: skip
    assert told(lineage(before, after)) == [
        ("continued", 1, None),
        ("continued", 2, None),
        ("split", 5, 1),
        ("merged", 2, 3),
        ("born", 6, None),
        ("died", 4, None),
    ]


def test_one_that_falls_into_new_parts_did_not_just_die() -> None:
    before = {1: people(1, 80)}
    after = {i: people(20 * i - 39, 20 * i - 20) for i in (2, 3, 4, 5)}
    assert told(lineage(before, after)) == [("split", i, 1) for i in (2, 3, 4, 5)]


def test_several_that_make_a_new_one_are_merged_into_it() -> None:
    before = {i: people(20 * i - 19, 20 * i) for i in (1, 2, 3, 4)}
    assert told(lineage(before, {9: people(1, 80)})) == [("merged", 9, i) for i in (1, 2, 3, 4)]


def test_a_new_one_of_newcomers_is_born_whomever_it_took_along() -> None:
    events = lineage({1: people(1, 50)}, {1: people(1, 40), 2: people(41, 50) | people(60, 80)})
    assert told(events) == [("continued", 1, None), ("born", 2, None)]


def test_the_first_run_bears_all_and_one_without_clusters_ends_all() -> None:
    assert told(lineage({}, {1: {1}, 2: {2}})) == [("born", 1, None), ("born", 2, None)]
    assert told(lineage({1: {1}, 2: {2}}, {})) == [("died", 1, None), ("died", 2, None)]
    assert lineage({}, {}) == []


def test_kinds_are_named_as_they_are_stored() -> None:
    assert [kind.value for kind in Kind] == ["continued", "born", "died", "split", "merged"]
