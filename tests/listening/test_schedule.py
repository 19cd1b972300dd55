"""When a watch is due next, by literal times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from listening.errors import SettingsError
from listening.schedule import Schedule, cron_in_words, first_due, is_due, is_quiet, next_due

MADE = "2026-01-01T00:00Z"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def due(schedule: Schedule, now: str, *, after: str = MADE, **more: float) -> str:
    """The next time, as the schedule's own zone writes it."""
    found = next_due(schedule, after=at(after), now=at(now), **more)  # type: ignore[arg-type]
    return found.astimezone(schedule.zone).isoformat(timespec="seconds")


# Intervals and cron lines


@pytest.mark.parametrize(
    ("interval", "now", "expected"),
    [
        (900, "2026-01-01T00:00Z", "2026-01-01T00:15:00+00:00"),
        (900, "2026-01-01T00:14:59Z", "2026-01-01T00:15:00+00:00"),
        (900, "2026-01-01T00:15Z", "2026-01-01T00:30:00+00:00"),
        # Five hours away: one time is made up, then the next slot, not twenty.
        (900, "2026-01-01T05:07Z", "2026-01-01T05:15:00+00:00"),
        (5, "2026-01-01T00:00:01Z", "2026-01-01T00:00:05+00:00"),
        (7 * 86400, "2026-01-01T00:00Z", "2026-01-08T00:00:00+00:00"),
        # The clock stands before the watch was made: it was put back.
        (900, "2025-12-31T23:20Z", "2025-12-31T23:30:00+00:00"),
    ],
)
def test_intervals_are_counted_from_one_moment(interval: int, now: str, expected: str) -> None:
    assert due(Schedule(interval=interval), now) == expected


@pytest.mark.parametrize(
    ("cron", "zone", "now", "expected"),
    [
        ("30 6 * * 1-5", "UTC", "2026-01-02T06:30Z", "2026-01-05T06:30:00+00:00"),
        ("30 6 * * 1-5", "Europe/Berlin", "2026-01-02T05:29Z", "2026-01-02T06:30:00+01:00"),
        ("*/20 * * * *", "Asia/Kolkata", "2026-01-01T00:00Z", "2026-01-01T05:40:00+05:30"),
        ("0 0 L * *", "UTC", "2026-02-03T00:00Z", "2026-02-28T00:00:00+00:00"),
        # The clock is put forward at 2:00: 2:30 does not exist and is made up right after.
        ("30 2 * * *", "America/New_York", "2026-03-08T05:00Z", "2026-03-08T03:00:00-04:00"),
        ("30 2 * * *", "America/New_York", "2026-03-08T07:00Z", "2026-03-09T02:30:00-04:00"),
        # It is put back at 2:00: 1:30 comes twice and is meant once.
        ("30 1 * * *", "America/New_York", "2026-11-01T04:00Z", "2026-11-01T01:30:00-04:00"),
        ("30 1 * * *", "America/New_York", "2026-11-01T05:30Z", "2026-11-02T01:30:00-05:00"),
        ("30 1 * * *", "America/New_York", "2026-11-01T06:10Z", "2026-11-02T01:30:00-05:00"),
        # What comes every half hour comes every half hour.
        ("*/30 * * * *", "America/New_York", "2026-11-01T05:30Z", "2026-11-01T01:00:00-05:00"),
        ("*/30 * * * *", "America/New_York", "2026-11-01T06:00Z", "2026-11-01T01:30:00-05:00"),
    ],
)
def test_a_cron_line_in_its_zone(cron: str, zone: str, now: str, expected: str) -> None:
    assert due(Schedule(cron=cron, timezone=zone), now) == expected


def test_a_new_watch_is_due_at_once_but_a_cron_line_waits_for_its_time() -> None:
    now = at("2026-01-02T12:00Z")
    assert first_due(Schedule(interval=900), now) == now
    assert first_due(Schedule(cron="0 6 * * *"), now) == at("2026-01-03T06:00Z")
    quiet = Schedule(quiet_from="11:00", quiet_until="13:00")
    assert first_due(quiet, now) == at("2026-01-02T13:00Z")


# Quiet hours

NIGHT = {"quiet_from": "22:00", "quiet_until": "07:00", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("more", "now", "expected"),
    [
        ({}, "2026-06-01T19:40Z", "2026-06-01T21:45:00+02:00"),
        ({}, "2026-06-01T19:45Z", "2026-06-02T07:00:00+02:00"),
        ({}, "2026-06-02T01:00Z", "2026-06-02T07:00:00+02:00"),
        ({}, "2026-06-02T05:00Z", "2026-06-02T07:15:00+02:00"),
        # One time of the night is made up in the morning, and only one.
        ({"cron": "0 3 * * *"}, "2026-06-01T12:00Z", "2026-06-02T07:00:00+02:00"),
        ({"cron": "0 3 * * *"}, "2026-06-02T03:00Z", "2026-06-02T07:00:00+02:00"),
        ({"cron": "0 3 * * *"}, "2026-06-02T05:00Z", "2026-06-03T07:00:00+02:00"),
        # The nights of the two changes are an hour shorter and longer.
        ({}, "2026-03-28T22:00Z", "2026-03-29T07:00:00+02:00"),
        ({}, "2026-10-24T22:00Z", "2026-10-25T07:00:00+01:00"),
    ],
)
def test_quiet_hours(more: dict[str, str], now: str, expected: str) -> None:
    assert due(Schedule(**NIGHT, **more), now) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("begin", "end", "now", "expected"),
    [
        # The end does not exist: the clock goes from 2:00 to 3:00.
        ("00:30", "02:30", "2026-03-29T00:00Z", "2026-03-29T03:00:00+02:00"),
        # The end comes twice (3:00 becomes 2:00): quiet begins again with the second 2:00.
        ("01:00", "02:30", "2026-10-25T00:10Z", "2026-10-25T02:30:00+02:00"),
        ("01:00", "02:30", "2026-10-25T01:10Z", "2026-10-25T02:30:00+01:00"),
    ],
)
def test_quiet_hours_that_end_when_the_clock_changes(
    begin: str, end: str, now: str, expected: str
) -> None:
    schedule = Schedule(interval=60, quiet_from=begin, quiet_until=end, timezone="Europe/Berlin")
    assert due(schedule, now) == expected


def test_nothing_is_due_in_quiet_hours_whatever_was_missed() -> None:
    schedule = Schedule(**NIGHT)  # type: ignore[arg-type]
    missed = at("2026-06-01T19:45Z")
    for now, expected in (("2026-06-01T20:00Z", False), ("2026-06-02T05:00Z", True)):
        assert is_due(schedule, missed, after=at(MADE), now=at(now)) is expected


# Jitter


def test_jitter_hangs_on_the_watch_and_the_slot_alone() -> None:
    def put_off(key: str) -> list[int]:
        schedule = Schedule(key=key, interval=3600, jitter=600)
        now, found = at(MADE), []
        for _ in range(6):
            now = next_due(schedule, after=at(MADE), now=now)
            found.append(int((now - at(MADE)).total_seconds()) % 3600)
        return found

    assert put_off("1") == put_off("1")
    assert put_off("1") == [320, 218, 303, 100, 553, 207]
    assert put_off("2") != put_off("1")
    assert max(put_off("2")) <= 600


def test_jitter_never_reaches_the_next_slot() -> None:
    schedule = Schedule(key="1", interval=60, jitter=3600)
    now = at(MADE)
    for minute in range(50):
        now = next_due(schedule, after=at(MADE), now=now)
        assert int((now - at(MADE)).total_seconds()) // 60 == minute


# Failures


@pytest.mark.parametrize(
    ("failures", "least"), [(1, 60), (2, 120), (3, 240), (6, 1920), (7, 3600), (50, 3600)]
)
def test_a_back_off_doubles_up_to_an_hour(failures: int, least: int) -> None:
    now = at("2026-01-01T12:00Z")
    found = next_due(Schedule(), after=at(MADE), now=now, failures=failures)
    assert least <= (found - now).total_seconds() <= least * 1.25


def test_two_watches_that_fail_together_do_not_come_back_together() -> None:
    now = at("2026-01-01T12:00Z")
    found = {next_due(Schedule(key=str(n)), after=at(MADE), now=now, failures=3) for n in range(9)}
    assert len(found) == 9


def test_a_source_may_ask_for_a_wait_of_a_day_at_most() -> None:
    now = "2026-01-01T12:00Z"
    assert due(Schedule(), now, wait=90) == "2026-01-01T12:01:30+00:00"
    assert due(Schedule(), now, wait=1e12) == "2026-01-02T12:00:00+00:00"
    assert due(Schedule(), now, wait=-5) == "2026-01-01T12:00:01+00:00"
    assert due(Schedule(**NIGHT), now, wait=36000) == "2026-01-02T07:00:00+01:00"  # type: ignore[arg-type]


# The clock steps back


@pytest.mark.parametrize(
    ("more", "was_due", "now", "expected"),
    [
        ({}, "2026-01-01T12:15Z", "2026-01-01T12:14Z", False),
        ({}, "2026-01-01T12:15Z", "2026-01-01T12:15Z", True),
        ({}, "2026-01-01T12:15Z", "2026-01-01T11:01Z", True),
        ({"cron": "*/15 * * * *"}, "2026-01-01T12:15Z", "2026-01-01T11:01Z", True),
        # A cron line explains a time as far ahead as its next one.
        ({"cron": "0 6 * * *"}, "2026-01-02T06:00Z", "2026-01-01T06:01Z", False),
        ({"cron": "0 6 * * *"}, "2026-01-02T06:00Z", "2026-01-01T05:30Z", True),
        ({"cron": "0 6 1 * *"}, "2026-02-01T06:00Z", "2026-01-02T00:00Z", False),
        ({"failures": 7}, "2026-01-01T12:15Z", "2026-01-01T11:01Z", False),
        ({"failures": 7}, "2026-01-01T13:30Z", "2026-01-01T11:30Z", True),
        ({"waiting": True}, "2026-01-01T20:00Z", "2026-01-01T11:30Z", False),
    ],
)
def test_a_time_that_the_schedule_cannot_explain_counts_as_due(
    more: dict[str, object], was_due: str, now: str, expected: bool
) -> None:
    schedule = Schedule(cron=more.pop("cron", None))  # type: ignore[arg-type]
    assert is_due(schedule, at(was_due), after=at(MADE), now=at(now), **more) is expected  # type: ignore[arg-type]


# Any schedule

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca")
CRONS = (None, None, "0 3 * * *", "30 2 * * *", "*/7 * * * *", "15 */5 1,15 * *", "0 0 * * SUN")


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    quiet = (None, None)
    if draw(st.booleans()):
        minutes = draw(st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True))
        quiet = tuple(f"{m // 60:02d}:{m % 60:02d}" for m in minutes)  # type: ignore[assignment]
    return Schedule(
        key=draw(st.sampled_from(("1", "2", "3"))),
        interval=draw(st.sampled_from((60, 900, 3600, 86400, 604800))),
        cron=draw(st.sampled_from(CRONS)),
        timezone=draw(st.sampled_from(ZONES)),
        quiet_from=quiet[0],
        quiet_until=quiet[1],
        jitter=draw(st.sampled_from((0, 0, 30, 3600))),
    )


moments = st.integers(0, 2 * 365 * 86400).map(lambda s: at(MADE) + timedelta(seconds=s + 0.25))


@given(schedule=schedules(), now=moments, failures=st.integers(0, 9))
def test_the_next_time_is_ahead_and_in_no_quiet_hours(
    schedule: Schedule, now: datetime, failures: int
) -> None:
    found = next_due(schedule, after=at(MADE), now=now, failures=failures)
    assert found > now
    assert not is_quiet(schedule, found)
    first = first_due(schedule, now)
    assert first >= now
    assert not is_quiet(schedule, first)


# Quiet but for an hour less a minute: the next quiet hours are near when these end.
@example(
    schedule=Schedule(interval=900, quiet_from="06:00", quiet_until="05:01"),
    now=at("2026-01-01T04:50:00+00:00"),
    part=0.97,
)
@given(schedule=schedules(), now=moments, part=st.floats(0, 1))
def test_the_next_time_stays_until_it_is_reached_and_is_due_then(
    schedule: Schedule, now: datetime, part: float
) -> None:
    found = next_due(schedule, after=at(MADE), now=now)
    between = now + (found - now) * min(part, 0.999)
    if found - between > timedelta(seconds=1):
        assert next_due(schedule, after=at(MADE), now=between) == found
        assert not is_due(schedule, found, after=at(MADE), now=between)
    assert is_due(schedule, found, after=at(MADE), now=found)


# Values that make no sense


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"interval": 4}, "interval: 4 s does not go; write 5 seconds to 366 days."),
        ({"interval": 86400 * 367}, "interval: 31708800 s does not go"),
        ({"jitter": 3601}, "jitter: 3601 s does not go; write 0 to 3600 seconds."),
        ({"timezone": "Europe/Berln"}, "timezone: there is no 'Europe/Berln' (did you mean"),
        ({"timezone": ""}, "timezone: there is no ''; write an IANA name"),
        ({"timezone": "Europe"}, "timezone: there is no 'Europe'"),
        ({"timezone": "../etc/passwd"}, "timezone: there is no '../etc/passwd'"),
        ({"quiet_from": "25:00", "quiet_until": "7:00"}, "quiet hours: '25:00' is no time"),
        ({"quiet_from": "22:00", "quiet_until": "7"}, "quiet hours: '7' is no time"),
        ({"quiet_from": "22:00"}, "quiet hours need a beginning and an end"),
        ({"quiet_from": "7:00", "quiet_until": "07:00"}, "leaves no time to sweep"),
        ({"cron": "* * * *"}, "cron: '* * * *' has 4 fields; write five fields"),
        ({"cron": "0 * * * * *"}, "has 6 fields"),
        ({"cron": "61 * * * *"}, "cron: '61 * * * *': bad minute; write five fields"),
        ({"cron": "0 0 30 2 *"}, "cron: '0 0 30 2 *': bad day-of-month"),
        ({"cron": "0 0 * * MON#6"}, "cron: '0 0 * * MON#6': bad day-of-week"),
        ({"cron": "² * * * *"}, "cron: '² * * * *' cannot be read"),
        ({"cron": "@daily"}, "cron: '@daily' has 1 fields"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_fix(values: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError) as error:
        Schedule(**values)  # type: ignore[arg-type]
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 8 * * 1", "Every Monday at 08:00, UTC"),
        ("5 23 * * 0", "Every Sunday at 23:05, UTC"),
        ("5 23 * * 7", "Every Sunday at 23:05, UTC"),
        ("30 6 * * *", "Every day at 06:30, UTC"),
        ("0 9 * * 1-5", "Monday to Friday at 09:00, UTC"),
        ("0 9 1 * *", "On day 1 of every month at 09:00, UTC"),
        ("*/5 9 * * *", "by the cron line */5 9 * * * in UTC"),
        ("0 9 1 * 1", "by the cron line 0 9 1 * 1 in UTC"),
        ("0 9 * 2 1", "by the cron line 0 9 * 2 1 in UTC"),
    ],
)
def test_a_cron_line_in_words(cron: str, words: str) -> None:
    assert cron_in_words(cron, "UTC") == words
