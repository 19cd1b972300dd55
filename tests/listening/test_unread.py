"""Whether a format may have changed, by literal figures."""

from __future__ import annotations

import pytest

from listening.unread import Rows, compared_with, is_over, jumped, told


@pytest.mark.parametrize(
    ("rows", "aside", "before_rows", "before_aside", "expected"),
    [
        (100, 50, 1000, 0, True),
        (5, 5, 1000, 0, True),
        (4, 4, 1000, 0, False),  # too few to say anything
        (24, 5, 1000, 0, True),
        (25, 5, 1000, 0, False),  # exactly a fifth
        (1000, 201, 1000, 67, False),  # exactly three times: 20.1 % and 6.7 %
        (1000, 202, 1000, 67, True),
        (100, 100, 100, 33, True),
        (100, 100, 100, 34, False),  # nothing is more than three times a third
        (100, 60, 100, 25, False),
        (10, 10, 0, 0, False),  # nothing came before
        (10, 10, 1, 0, True),
        (0, 0, 0, 0, False),
        (0, 0, 100, 0, False),
    ],
)
def test_a_jump(rows: int, aside: int, before_rows: int, before_aside: int, expected: bool) -> None:
    assert jumped(Rows(rows, aside), Rows(before_rows, before_aside)) is expected


@pytest.mark.parametrize(
    ("rows", "aside", "before_rows", "before_aside", "expected"),
    [
        (20, 0, 1000, 0, True),
        (19, 0, 1000, 0, False),  # too few to be sure
        (0, 0, 1000, 0, False),
        (20, 4, 1000, 0, True),
        (20, 5, 1000, 0, False),
        (100, 100, 1000, 10, False),
        (100, 30, 100, 25, True),  # as bad as it ever was
    ],
)
def test_an_end(rows: int, aside: int, before_rows: int, before_aside: int, expected: bool) -> None:
    assert is_over(Rows(rows, aside), Rows(before_rows, before_aside)) is expected


def test_what_is_told_says_what_came_before() -> None:
    warning = told(Rows(3000, 1200), Rows(10_500, 21))
    assert warning == (
        "1,200 of 3,000 rows could not be read, 21 of 10,500 before: its format may have changed; "
        "see `listening quarantine list`"
    )
    assert compared_with(warning) == Rows(10_500, 21)


@pytest.mark.parametrize("warning", [None, "", "5 of 9 are gone, 1 of 2 before: why"])
def test_another_warning_tells_of_nothing(warning: str | None) -> None:
    assert compared_with(warning) is None


def test_rows_add_up() -> None:
    assert Rows(3, 1) + Rows(4, 2) == Rows(7, 3)
