"""Profiles: sums of posts that more are added to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.profile import Sums, added, author_space, interests_of, later, nothing, opinions_of

EYE = np.eye(3, dtype=np.float32)
ONE = np.ones(1, np.float32)
NOW = np.zeros(1)


def shown(sums: Sums) -> tuple[list[float], list[float]]:
    return (
        interests_of(sums.interests[None])[0].tolist(),
        opinions_of(sums.opinions[None])[0].tolist(),
    )


def test_a_post_one_half_life_old_counts_half() -> None:
    sums = added(
        nothing(),
        EYE[:2],
        np.array([[0.9, 0.1, 0.0], [0.0, 0.4, 0.6]], np.float32),
        np.array([0.0, 30.0]),
        np.ones(2, np.float32),
        half_life_days=30,
    )
    assert sums.interests.tolist() == [1.0, 0.5, 0.0]
    assert sums.opinions == pytest.approx([0.9, 0.3, 0.3, 1.5])
    assert sums.posts == 2
    interests, opinions = shown(sums)
    # (1, 0.5) scaled to length 1.
    assert interests == pytest.approx([0.8944, 0.4472, 0.0], abs=1e-4)
    assert opinions == pytest.approx([0.6, 0.2, 0.2])


def test_a_lighter_post_says_less_about_interests_and_as_much_about_opinion() -> None:
    sums = added(
        nothing(),
        EYE[:2],
        np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], np.float32),
        np.zeros(2),
        np.array([0.5, 1.0], np.float32),
        half_life_days=30,
    )
    interests, opinions = shown(sums)
    assert interests == pytest.approx([0.4472, 0.8944, 0.0], abs=1e-4)
    assert opinions == pytest.approx([0.5, 0.0, 0.5])


def test_without_a_scored_post_opinions_are_even() -> None:
    unscored = np.full((1, 3), np.nan, np.float32)
    sums = added(nothing(), EYE[:1], unscored, NOW, ONE, half_life_days=30)
    assert shown(sums)[1] == pytest.approx([1 / 3] * 3)
    assert shown(sums)[0] == [1.0, 0.0, 0.0]


def test_the_same_posts_later_weigh_less_and_say_the_same() -> None:
    sums = Sums(np.array([3.0, 4.0]), np.array([1.0, 0.0, 3.0, 4.0]), 5)
    after = later(sums, 60, half_life_days=30)
    assert after.interests.tolist() == [0.75, 1.0]
    assert after.opinions.tolist() == [0.25, 0.0, 0.75, 1.0]
    assert after.posts == 5
    assert shown(after) == shown(sums)


def test_what_is_far_in_the_past_still_points_somewhere() -> None:
    sums = Sums(np.array([3.0, 4.0]), np.array([1.0, 0.0, 3.0, 4.0]), 5)
    # 2 to the power of -900: its square is too small to be a number.
    assert shown(later(sums, 900, half_life_days=1)) == shown(sums)


def test_sums_of_nothing_point_nowhere() -> None:
    assert interests_of(np.zeros((1, 2))).tolist() == [[0.0, 0.0]]
    assert interests_of(np.zeros((0, 2))).shape == (0, 2)


@given(st.permutations(range(12)), st.sets(st.integers(1, 11)))
def test_any_order_and_any_split_is_as_from_scratch(order: list[int], cuts: set[int]) -> None:
    draw = np.random.default_rng(3)
    vectors = draw.normal(size=(12, 8)).astype(np.float32)
    sentiment = draw.dirichlet(np.ones(3), 12).astype(np.float32)
    sentiment[4] = np.nan
    days, weights = draw.uniform(0, 2000, 12), draw.choice([0.3, 1.0], 12)

    def together(rows: list[int], sums: Sums, as_of: float) -> Sums:
        return added(
            sums, vectors[rows], sentiment[rows], as_of - days[rows], weights[rows],
            half_life_days=180,
        )  # fmt: skip

    scratch = together(list(range(12)), nothing(), float(days.max()))
    sums, as_of = nothing(), -1.0
    edges = [0, *sorted(cuts), 12]
    for start, end in pairwise(edges):
        part = order[start:end]
        newest = max(as_of, float(days[part].max()))
        if sums.posts:
            sums = later(sums, newest - as_of, half_life_days=180)
        sums, as_of = together(part, sums, newest), newest
    assert sums.posts == 12
    for one, other in (
        (sums.interests, scratch.interests),
        (sums.opinions[:3] / sums.opinions[3], scratch.opinions[:3] / scratch.opinions[3]),
    ):
        apart = one / np.linalg.norm(one) - other / np.linalg.norm(other)
        assert np.abs(apart).max() < 1e-9


def test_the_author_space_scales_and_rounds() -> None:
    space = author_space(
        np.array([[0.60004, 0.8]], np.float32),
        np.array([[1.0, 0.0, 0.0]], np.float32),
        opinion_weight=0.2,
    )
    assert space.tolist()[0] == pytest.approx([0.6, 0.8, 0.2, 0.0, 0.0])
