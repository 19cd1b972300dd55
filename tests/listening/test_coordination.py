"""Copied campaigns: who said the same within two days, by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.coordination import Copied, campaigns, may_be_copied
from tests.factories import NOON, at


def copied(
    *hours: float, group: int = 0, authors: int | None = None, first: int = 1
) -> list[Copied]:
    """The same text at these hours, by another author each unless told how many."""
    return [
        Copied(
            first + n,
            (n % authors if authors else n) + 100 * group,
            at(NOON) + timedelta(hours=h),
            group,
        )
        for n, h in enumerate(hours)
    ]


def found(*groups: list[Copied]) -> list[tuple[tuple[int, ...], int]]:
    return [(c.mentions, len(c.authors)) for c in campaigns([c for g in groups for c in g])]


def test_five_authors_within_two_days_are_a_campaign() -> None:
    assert found(copied(0, 12, 24, 36, 48)) == [((1, 2, 3, 4, 5), 5)]


def test_four_are_none_nor_are_five_over_a_longer_time() -> None:
    assert found(copied(0, 1, 2, 3)) == []
    assert found(copied(0, 12, 24, 36, 48.1)) == []


def test_one_author_again_and_again_is_none() -> None:
    assert found(copied(*range(20), authors=4)) == []


def test_what_lies_apart_is_left_out_and_a_later_wave_is_another_campaign() -> None:
    first, later = copied(0, 1, 2, 3, 4, 300), copied(500, 501, 502, 503, 504, first=10)
    assert found(first, later) == [((1, 2, 3, 4, 5), 5), ((10, 11, 12, 13, 14), 5)]


def test_a_campaign_goes_on_while_windows_touch() -> None:
    assert found(copied(*range(0, 200, 10))) == [(tuple(range(1, 21)), 20)]


def test_each_text_on_its_own() -> None:
    assert found(copied(0, 1, 2), copied(0, 1, 2, group=1, first=10)) == []


def test_when_it_began_and_ended() -> None:
    (one,) = campaigns(copied(0, 1, 2, 3, 30))
    assert (one.first_at, one.last_at) == (at(NOON), at(NOON) + timedelta(hours=30))


@pytest.mark.parametrize(
    ("text", "repost", "expected"),
    [
        ("JetBlue ruined my trip, never fly them", False, True),
        ("JetBlue ruined my trip, never fly them", True, False),
        ("RT @a: JetBlue ruined my trip, never fly them", False, False),
        ("thank you so much JetBlue", False, False),
        ("@jetblue @a @b @c @d thank you https://a.example/b", False, False),
    ],
)
def test_what_would_be_telling(text: str, repost: bool, expected: bool) -> None:
    assert may_be_copied(text, repost=repost) is expected
