"""Dates as exports write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.importing.dates import DateOrder, date_reader, learn_order

MORNING = datetime(2015, 2, 24, 11, 35, 52, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2015-02-24T11:35:52Z", MORNING),
        ("2015-02-24T11:35:52+00:00", MORNING),
        ("2015-02-24T11:35:52", MORNING),
        ("2015-02-24 11:35:52", MORNING),
        (" 2015-02-24 11:35:52 ", MORNING),
        ("2015-02-24 11:35:52 -0800", datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC)),
        ("2015-02-24 11:35:52 -08:00", datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC)),
        ("2015-02-24 11:35:52 UTC", MORNING),
        ("2015-02-24 06:35:52 EST", MORNING),
        ("2015-02-24T11:35:52.250Z", datetime(2015, 2, 24, 11, 35, 52, 250_000, tzinfo=UTC)),
        ("2015-02-24", datetime(2015, 2, 24, tzinfo=UTC)),
        ("20150224", datetime(2015, 2, 24, tzinfo=UTC)),
        ("20150224113552", MORNING),
        ("2015/02/24 11:35:52", MORNING),
        ("Tue, 24 Feb 2015 12:35:52 +0100", MORNING),
        ("Tue, 24 Feb 2015 11:35:52 GMT", MORNING),
        ("Tue Feb 24 11:35:52 +0000 2015", MORNING),
        ("24-Feb-2015 11:35AM", datetime(2015, 2, 24, 11, 35, tzinfo=UTC)),
        ("24-Feb-2015 12:05AM", datetime(2015, 2, 24, 0, 5, tzinfo=UTC)),
        ("24 February 2015", datetime(2015, 2, 24, tzinfo=UTC)),
        ("Feb 24, 2015 3:04 PM", datetime(2015, 2, 24, 15, 4, tzinfo=UTC)),
        ("February 24, 2015", datetime(2015, 2, 24, tzinfo=UTC)),
        ("2/24/2015 11:35", datetime(2015, 2, 24, 11, 35, tzinfo=UTC)),
        ("02/24/15, 3:04 PM", datetime(2015, 2, 24, 15, 4, tzinfo=UTC)),
        ("1424777752", MORNING),
        ("1424777752.0", MORNING),
        ("1424777752000", MORNING),
        ("1424777752000000", MORNING),
        ("1424777752000000000", MORNING),
    ],
)
def test_dates(value, expected) -> None:
    read = date_reader(DateOrder(day_first=False))(value)
    assert read == expected
    assert read.tzinfo is UTC


def test_day_first() -> None:
    read = date_reader(DateOrder(day_first=True))
    assert read("03/04/2024 08:15") == datetime(2024, 4, 3, 8, 15, tzinfo=UTC)
    assert read("03.04.24") == datetime(2024, 4, 3, tzinfo=UTC)
    with pytest.raises(ValueError, match="has no month 24: dates here are read day first"):
        read("02/24/2015")


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "soon", "10:30", "Jan 5", "2015", "5", "31/31/2015", "2015-02-30",
        "2015-02-24 11:35:52 XYZ", "1" * 70, "13:00PM 2015", "0001-01-01T00:00:00+14:00",
    ],
)  # fmt: skip
def test_no_dates(value) -> None:
    with pytest.raises(ValueError):
        date_reader(DateOrder(day_first=False))(value)


@given(st.text(max_size=80))
def test_any_text_is_a_date_in_utc_or_a_value_error(value: str) -> None:
    with suppress(ValueError):
        assert date_reader(DateOrder(day_first=False))(value).tzinfo is UTC


def test_what_the_first_rows_tell() -> None:
    assert learn_order(["2024-09-01T00:00:00Z"]) == DateOrder(day_first=False)
    assert learn_order(["2024-09-01"]) == DateOrder(day_first=False, zoneless=True)
    assert learn_order(["1725178500", "Tue Feb 24 11:35:52 +0000 2015"]) == DateOrder(
        day_first=False
    )
    assert learn_order(["25/12/2024", "01/02/2024"]).day_first
    assert not learn_order(["12/25/2024", "01/02/2024"]).day_first
    assert learn_order(["01.02.2024"]).day_first
