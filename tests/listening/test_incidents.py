"""What is an incident and what is not, with figures that are worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from listening.incidents import Incident, IncidentKind, find_incidents
from listening.series import Hour

BEGIN = datetime(2015, 2, 17, tzinfo=UTC)


def days(*counts: int, negative: float = 0.0) -> list[Hour]:
    """Days of so many mentions, spread over their hours as evenly as can be."""
    hours = []
    for count in counts:
        for hour in range(24):
            mentions = count * (hour + 1) // 24 - count * hour // 24
            hours.append(Hour(mentions, mentions, round(mentions * negative)))
    return hours


def volumes(found: list[Incident]) -> list[Incident]:
    return [one for one in found if one.kind is IncidentKind.VOLUME]


def test_the_jump_of_an_airline_in_a_snow_storm() -> None:
    """JetBlue's mentions a day from 17 to 24 February 2015: five days of 134, then 220."""
    (found,) = volumes(find_incidents(BEGIN, days(167, 142, 125, 120, 115, 220, 219, 56)))
    assert found.began.date().isoformat() == "2015-02-22"
    # The first 23 hours of the 22nd and one before, beside four whole stretches before them (the
    # fifth begins before the series does).
    assert (found.at, found.mentions) == (datetime(2015, 2, 22, 23, tzinfo=UTC), 215)
    assert (round(found.usual, 1), round(found.spread, 1), found.k) == (126.0, 12.1, 3.0)
    assert found.value > found.usual + 3 * found.spread


def test_two_threads_of_k_apart() -> None:
    week = days(100, 110, 90, 100, 110, 90, 100)  # mean 100, SD 8.2, at least the root of 100
    assert volumes(find_incidents(BEGIN, [*week, *days(114)])) == []
    for k, named in ((1.5, 1.5), (1.0, 1.5)):
        (found,) = volumes(find_incidents(BEGIN, [*week, *days(116)], k=k))
        assert (found.usual, found.spread, found.k) == (100.0, 10.0, named)
    (found,) = volumes(find_incidents(BEGIN, [*week, *days(121)]))
    assert found.k == 2.0
    (found,) = volumes(find_incidents(BEGIN, [*week, *days(131)]))
    assert found.k == 3.0


def test_an_incident_goes_on_until_a_day_has_passed_without() -> None:
    calm = (100,) * 7
    one = volumes(find_incidents(BEGIN, days(*calm, 200, 100, 100, 100)))
    assert len(one) == 1
    again = volumes(find_incidents(BEGIN, days(*calm, 200, *calm, *calm, 200)))
    assert [found.at for found in again] == [
        BEGIN + timedelta(days=8), BEGIN + timedelta(days=23),
    ]  # fmt: skip
    # Twelve hours below lie within the cooldown of a day.
    pause = [*days(*calm, 200), *days(100)[:12], *days(400)]
    assert len(volumes(find_incidents(BEGIN, pause))) == 1


@pytest.mark.parametrize("counts", [(), (5,), (100, 400), (100, 100, 400), (1, 1, 1, 1, 1, 1, 19)])
def test_too_little_to_tell(counts: tuple[int, ...]) -> None:
    assert find_incidents(BEGIN, days(*counts)) == []


def test_days_before_anything_was_listened_for_are_no_base() -> None:
    silent = days(0, 0, 0, 0, 0, 100, 105, 95, 110)
    assert volumes(find_incidents(BEGIN, silent)) != []
    assert volumes(find_incidents(BEGIN, silent, known=5 * 24)) == []


def test_much_worse_is_said_at_the_same_volume() -> None:
    calm = days(*(96,) * 7, negative=0.25)
    (found,) = find_incidents(BEGIN, [*calm, *days(96, negative=0.5)])
    assert (found.kind, found.value, found.usual) == (IncidentKind.NEGATIVE, 0.5, 0.25)
    # SE = sqrt(0.25 * 0.75 / 96) = 0.0442: 0.25 is 5.7 of them.
    assert (round(found.spread, 4), found.k) == (0.0442, 3.0)
    assert (found.scored, found.negative, found.negative_share) == (96, 48, 0.5)
    assert find_incidents(BEGIN, [*calm, *days(96, negative=0.25)]) == []


def test_a_small_rise_of_many_is_no_incident() -> None:
    """Nine points of ten thousand are far beyond chance, and nothing to wake anybody for."""
    calm = [Hour(1000, 1000, 250)] * 24 * 7
    assert find_incidents(BEGIN, [*calm, *[Hour(1000, 1000, 340)] * 24]) == []
    assert len(find_incidents(BEGIN, [*calm, *[Hour(1000, 1000, 350)] * 24])) == 1
