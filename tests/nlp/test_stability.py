"""Votes of resamples: what a setting is worth, who belongs together, what is found again."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.stability import (
    Votes,
    agree,
    by_size,
    coarse_of,
    found_again,
    information,
    left_out,
    together,
    weights,
)

A, B = [0] * 50 + [1] * 50, [1] * 50 + [0] * 50


def votes(labels: list[list[list[int]]]) -> Votes:
    """(resamples, settings, authors), everybody in every resample and nobody noise."""
    found = np.array(labels, np.int16)
    return Votes(found, np.zeros(found.shape, np.int8))


def test_two_even_clusters_found_again_are_worth_a_bit() -> None:
    worth, noise = information(votes([[A], [B]]))
    # log 2, less (2 - 1)(2 - 1) / 200 for chance, squared, over log 2.
    assert worth == pytest.approx([(0.693147 - 0.005) ** 2 / 0.693147], abs=1e-5)
    assert noise.tolist() == [0.0]


def test_what_is_not_found_again_or_one_cluster_is_worth_nothing() -> None:
    across = [0, 1] * 50
    assert information(votes([[A], [across]]))[0].tolist() == [0.0]
    assert information(votes([[[0] * 100], [[0] * 100]]))[0].tolist() == [0.0]


def test_noise_takes_its_share_of_the_worth() -> None:
    noise = np.zeros((2, 1, 100), np.int8)
    noise[:, :, 80:] = -1
    noise[:, :, :20] = 1
    worth, share = information(Votes(np.array([[A], [A]], np.int16), noise))
    assert share.tolist() == [0.25]
    assert worth == pytest.approx(information(votes([[A], [A]]))[0] * 0.75)


def test_a_setting_of_little_worth_has_no_vote() -> None:
    assert weights(np.array([1.0, 0.85, 0.7, 0.2])).tolist() == [100, 50, 0, 0]
    assert weights(np.zeros(2)).tolist() == [0, 0]


def test_pairs_are_counted_by_the_weight_of_the_setting() -> None:
    found = together(votes([[[0, 0, 1], [0, 1, 1]], [[0, 0, 0], [0, 1, 2]]]), np.array([3, 1]))
    assert found.tolist() == [[8, 6, 3], [6, 8, 4], [3, 4, 8]]


def test_the_clusters_that_most_agree_on() -> None:
    one, two = [0] * 6 + [1] * 4, [0] * 5 + [1] * 5
    found = agree(together(votes([[one], [one], [two]]), np.array([1])), 3, least=3)
    assert found.labels.tolist() == one
    # The sixth goes with the first five in two votes of three, and with the others in one.
    assert found.shares[5] == pytest.approx([2 / 3, 1 / 3])
    assert found.shares[0] == pytest.approx([(4 + 2 / 3) / 5, 0])


def test_what_is_too_small_goes_where_it_was_put_most_often() -> None:
    apart, close = [0] * 5 + [1] * 5 + [2], [0] * 5 + [1] * 5 + [1]
    found = agree(together(votes([[apart], [apart], [close]]), np.array([1])), 3, least=3)
    assert (
        found.labels.tolist() == [0] * 5 + [1] * 5 + [1]
        or found.labels.tolist() == [1] * 5 + [0] * 6
    )


def test_no_cluster_of_the_least_size() -> None:
    found = agree(together(votes([[[0, 1, 2, 3]]]), np.array([1])), 1, least=2)
    assert found.labels.tolist() == []
    assert found.shares.shape == (4, 0)


def test_clusters_are_numbered_by_falling_size_then_by_the_first_member() -> None:
    assert by_size(np.array([5, 5, 2, 2, 2, 9, 9])).tolist() == [1, 1, 0, 0, 0, 2, 2]


def test_how_much_is_found_again() -> None:
    labels = np.array([0] * 6 + [1] * 4)
    moved = [0] * 5 + [1] * 5
    stability, agreement = found_again(votes([[labels.tolist()], [moved]]), np.array([1]), labels)
    # Jaccard 1 and 5/6; 1 and 4/5.
    assert stability == pytest.approx([(1 + 5 / 6) / 2, (1 + 4 / 5) / 2])
    # Adjusted Rand 1 and, from the table (5 1; 0 4): (16 - 21*20/45) / (20.5 - 21*20/45).
    assert agreement == pytest.approx((1 + (16 - 420 / 45) / (20.5 - 420 / 45)) / 2)


def test_a_cluster_counts_as_found_by_any_setting_that_votes() -> None:
    labels = np.array([0] * 6 + [1] * 4)
    own = votes([[[0] * 10, labels.tolist(), [0] * 5 + [1] * 5]])
    assert found_again(own, np.array([1, 1, 0]), labels)[0].tolist() == [1.0, 1.0]
    assert found_again(own, np.array([1, 0, 0]), labels)[0] == pytest.approx([0.6, 0.4])


def test_who_is_left_out_counts_where_they_were_asked() -> None:
    noise = np.array([[[1, 0, -1], [1, 0, -1]], [[0, 0, -1], [0, 1, -1]]], np.int8)
    found = left_out(Votes(np.zeros(noise.shape, np.int16), noise), np.array([3, 1]))
    assert found.tolist() == [0.5, 0.125, 0.0]


def test_coarse_groups_are_made_of_what_is_near() -> None:
    labels = np.repeat(np.arange(8), 5)
    middles = np.array([[0, 0], [1, 0], [0, 1], [50, 0], [51, 0], [0, 50], [0, 51], [1, 50]])
    pairs = (labels[:, None] == labels).astype(np.float32)
    found = coarse_of(pairs, 1.0, labels, middles[labels].astype(np.float32))
    assert found.tolist() == [0, 0, 0, 2, 2, 1, 1, 1]


def test_few_clusters_are_their_own_coarse_groups() -> None:
    labels = np.array([0, 1, 2])
    pairs = np.eye(3, dtype=np.float32)
    assert coarse_of(pairs, 1.0, labels, np.eye(3, dtype=np.float32)).tolist() == [0, 1, 2]
