"""Filters of the lists as addresses have them."""

from __future__ import annotations

from datetime import date

import pytest

from listening.errors import InvalidError
from listening.flagfilter import FlagFilter, filter_of, read_filter


def test_blanks_and_what_others_mean_are_left_out() -> None:
    assert read_filter({"status": "", "segment": " ", "page": "3"}) == FlagFilter()
    assert FlagFilter(sort="reach").plain
    assert not FlagFilter(reach="known").plain


def test_everything_at_once_comes_back_as_it_went() -> None:
    words = {
        "status": "confirmed,back", "xstatus": "new", "segment": "3,4", "xsegment": "5",
        "source": "x", "xsource": "bluesky", "reach": "known", "reach_from": "500",
        "reach_to": "10000", "since": "2026-09-01", "until": "2026-09-30",
        "turned_since": "2026-09-07", "assignee": "ann", "coordinated": "yes",
        "discount": "bot", "sort": "trend",
    }  # fmt: skip
    found = read_filter(words)
    assert found.params() == words
    assert (found.segment, found.since, found.coordinated) == ((3, 4), date(2026, 9, 1), True)


def test_a_day_is_whole() -> None:
    found = FlagFilter(since=date(2026, 9, 1), until=date(2026, 9, 1))
    assert found.after is not None
    assert found.before is not None
    assert (found.before - found.after).total_seconds() == 86_400


def test_several_values_of_one_filter() -> None:
    assert filter_of([("source", "x"), ("source", "bluesky"), ("reach", "known")]) == FlagFilter(
        source=("x", "bluesky"), reach="known"
    )
    # Where one alone makes sense the last counts.
    assert filter_of([("reach_from", "1"), ("reach_from", "2")]).reach_from == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "gone"), ("segment", "one"), ("segment", "-1"), ("reach", "far"),
        ("reach_from", "1.5"), ("reach_from", "1" * 16), ("since", "2026-13-01"),
        ("coordinated", "perhaps"), ("discount", "friend"), ("sort", "name"),
        ("assignee", "a" * 201),
    ],
)  # fmt: skip
def test_what_makes_no_sense_names_its_field(name: str, value: str) -> None:
    with pytest.raises(InvalidError) as told:
        read_filter({name: value})
    assert told.value.field == name
