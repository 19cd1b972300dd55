"""Windows of days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from listening.errors import InvalidError
from listening.windows import Window, as_filters, chosen, ends_on, preset

END = date(2015, 2, 24)


def test_a_window_and_the_one_before() -> None:
    week = preset("7", END)
    assert (week.first, week.last, week.days) == (date(2015, 2, 18), END, 7)
    assert (week.start, week.end) == (
        datetime(2015, 2, 18, tzinfo=UTC), datetime(2015, 2, 25, tzinfo=UTC),
    )  # fmt: skip
    assert week.before() == Window(date(2015, 2, 11), date(2015, 2, 17), "7 before")


def test_before_everything_there_is_nothing() -> None:
    assert preset("all", END, date(2014, 1, 1)) == Window(date(2014, 1, 1), END, "all")
    assert preset("all", END, date(2016, 1, 1)).first == END
    assert preset("all", END).before() is None
    assert Window(date(1, 1, 2), date(1, 1, 9)).before() is None


@pytest.mark.parametrize(
    ("last", "end"),
    [(None, "2015-03-30"), ("2015-03-29", "2015-03-30"), ("2015-03-02", "2015-03-30"),
     ("2015-03-01", "2015-03-01"), ("2015-04-09", "2015-03-30")],
)  # fmt: skip
def test_windows_of_a_silent_brand_end_with_its_last_mention(last: str | None, end: str) -> None:
    found = ends_on(date.fromisoformat(last) if last else None, date(2015, 3, 30))
    assert found == date.fromisoformat(end)


def test_what_is_asked_for() -> None:
    assert chosen(end=END) == preset("28", END)
    assert chosen(end=END, name="90").days == 90
    since, until = date(2015, 2, 1), date(2015, 2, 10)
    assert chosen(end=END, name="7", since=since, until=until) == Window(since, until)
    assert chosen(end=END, since=since) == Window(since, END)
    assert chosen(end=END, first=date(2015, 1, 5), until=until) == Window(date(2015, 1, 5), until)
    assert chosen(end=END, since=date(2015, 3, 3)).days == 1, "later than the end"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": "8"}, "window"),
        ({"since": date(2015, 2, 2), "until": date(2015, 2, 1)}, "since"),
        ({"since": date(1990, 1, 1)}, "since"),
    ],
)
def test_what_makes_no_sense_names_its_field(asked: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        chosen(end=END, **asked)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_as_an_address_carries_it() -> None:
    assert preset("28", END).as_params() == {}
    assert preset("7", END).as_params() == {"window": "7"}
    own = Window(date(2015, 2, 1), date(2015, 2, 10))
    assert own.as_params() == {"since": "2015-02-01", "until": "2015-02-10"}


def test_moments_as_filters() -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    assert as_filters(since, datetime(2026, 3, 3, tzinfo=UTC)) == {
        "startDate": "2026-03-01", "endDate": "2026-03-02",
    }  # fmt: skip
    assert as_filters(since.replace(hour=7), since.replace(hour=9, second=5)) == {
        "startDate": "2026-03-01T07:00", "endDate": "2026-03-01T09:00:05.000",
    }  # fmt: skip
