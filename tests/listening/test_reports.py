"""Figures with their denominators."""

from __future__ import annotations

from datetime import date

import pytest

from listening.reports import BrandSummary, Day, every_day, net_sentiment, share_of_voice


def summary(negative: int, neutral: int, positive: int) -> BrandSummary:
    return BrandSummary(
        name="A", slug="a", mentions=100, authors=1, negative=negative, neutral=neutral,
        positive=positive, reach_total=0, reach_unique=0, reach_known=0, share_of_voice=None,
        advocates=0, detractors=0, open_cases=0, first=None, last=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((1, 2, 5), 0.5), ((3, 0, 0), -1.0), ((0, 4, 0), 0.0), ((0, 0, 0), None)],
)
def test_net_sentiment_is_over_all_that_is_scored(
    counts: tuple[int, int, int], expected: float | None
) -> None:
    assert net_sentiment(counts) == expected
    assert summary(*counts).net_sentiment == expected


@pytest.mark.parametrize(
    ("counts", "expected"), [((1, 2, 3), 0.5), ((0, 4, 0), None), ((0, 9, 2), 1.0)]
)
def test_the_polar_form_leaves_neutral_out(
    counts: tuple[int, int, int], expected: float | None
) -> None:
    assert summary(*counts).net_sentiment_polar == expected


def test_unscored_mentions_are_in_no_denominator() -> None:
    assert (summary(1, 1, 2).scored, summary(1, 1, 2).mentions) == (4, 100)


def test_share_of_voice() -> None:
    assert share_of_voice(3, 4) == 0.75
    assert share_of_voice(0, 4) == 0.0
    assert share_of_voice(0, 0) is None


def test_days_without_mentions_are_filled_in() -> None:
    first, last = Day(date(2026, 2, 27), 3, 1, 1, 1), Day(date(2026, 3, 1), 1, 0, 0, 1)
    assert every_day([last, first]) == (first, Day(date(2026, 2, 28), 0, 0, 0, 0), last)
    assert every_day([first]) == (first,)
    assert every_day([]) == ()
