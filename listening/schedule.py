"""When a watch is due next: pure functions of its schedule and the clock.

A schedule names slots: every so many seconds counted from one moment, or the times of a cron
line in a time zone. Each slot is put off by a little jitter, and one that falls into quiet
hours until they end. What is due depends on the clock alone, never on how many slots were
missed: after any downtime one sweep makes up for all of them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from listening.errors import SettingsError

LEAST_INTERVAL, MOST_INTERVAL = 5, 366 * 86400  # seconds
MOST_JITTER = 3600
FIRST_BACKOFF, LONGEST_BACKOFF = 60.0, 3600.0
LONGEST_WAIT = 86400.0  # that a source may ask for

_SOON = 300.0  # seconds: what is due so soon needs no explanation
_DAY, _HOUR, _SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_TIME_OF_CRON = re.compile(r"\d{1,2} \d{1,2}", re.ASCII)
_CRON = re.compile(r"[\w*,/#-]{1,100}", re.ASCII)


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def cron_in_words(cron: str, timezone: str) -> str:
    """Every Monday at 08:00, UTC; the line itself where it has no such form."""
    fields = cron.split()
    if len(fields) == 5 and _TIME_OF_CRON.fullmatch(" ".join(fields[:2])):
        minute, hour = map(int, fields[:2])
        day = _day_in_words(*fields[2:])
        if day and hour < 24 and minute < 60:
            return f"{day} at {hour:02}:{minute:02}, {timezone}"
    return f"by the cron line {cron} in {timezone}"


def _day_in_words(day: str, month: str, weekday: str) -> str | None:
    if month != "*":
        return None
    if (day, weekday) == ("*", "*"):
        return "Every day"
    if (day, weekday) == ("*", "1-5"):
        return "Monday to Friday"
    if day == "*" and weekday in {*"01234567"}:
        return f"Every {WEEKDAYS[(int(weekday) - 1) % 7]}"
    if weekday == "*" and day in {str(n) for n in range(1, 32)}:
        return f"On day {day} of every month"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a watch is swept.

    Attributes:
        key: what jitter is drawn from: the same key and slot give the same jitter.
        interval: seconds between two slots.
        cron: five fields, in place of the interval.
        timezone: of cron and quiet hours, by its IANA name.
        quiet_from, quiet_until: HH:MM; no sweep begins in between, midnight or not.
        jitter: seconds by which a slot is put off at most.

    Raises:
        SettingsError: a value makes no sense; names it and the fix.
    """

    key: str = ""
    interval: int = 900
    cron: str | None = None
    timezone: str = "UTC"
    quiet_from: str | None = None
    quiet_until: str | None = None
    jitter: int = 0

    def __post_init__(self) -> None:
        """Refuse what could never be swept, or not as meant."""
        if not LEAST_INTERVAL <= self.interval <= MOST_INTERVAL:
            raise SettingsError(
                f"interval: {self.interval} s does not go; write {LEAST_INTERVAL} seconds to "
                f"{MOST_INTERVAL // 86400} days."
            )
        if not 0 <= self.jitter <= MOST_JITTER:
            raise SettingsError(
                f"jitter: {self.jitter} s does not go; write 0 to {MOST_JITTER} seconds."
            )
        _check_zone(self.timezone)
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise SettingsError("quiet hours need a beginning and an end, such as 22:00-07:00.")
        if self.quiet_from is not None and self.quiet == (self.quiet[0],) * 2:
            raise SettingsError(
                f"quiet hours: {self.quiet_from}-{self.quiet_until} leaves no time to sweep; leave "
                "quiet hours out, or pause the watch."
            )
        if self.cron is not None:
            _check_cron(self.cron)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    @property
    def quiet(self) -> tuple[time, time]:
        """Quiet hours by the wall clock; midnight twice where there are none."""
        return _clock(self.quiet_from or "0:00"), _clock(self.quiet_until or "0:00")


def next_due(
    schedule: Schedule,
    *,
    after: datetime,
    now: datetime,
    failures: int = 0,
    wait: float | None = None,
) -> datetime:
    """The next time to sweep: later than now, and in no quiet hours.

    Args:
        schedule: of the watch.
        after: what intervals are counted from, such as when the watch was made.
        now: the moment, aware.
        failures: in a row; from 1 on the time is a back-off that doubles up to an hour.
        wait: seconds that the source asked for, at most a day; comes before everything else.
    """
    now = now.astimezone(UTC)
    if wait is not None:
        return _awake(schedule, now + timedelta(seconds=min(max(wait, 1.0), LONGEST_WAIT)))
    if failures > 0:
        return _awake(schedule, now + timedelta(seconds=_backoff(schedule, failures, now)))
    return _regular(schedule, after.astimezone(UTC), now)


def first_due(schedule: Schedule, now: datetime) -> datetime:
    """When a new watch is due: at once with an interval, at the first time of a cron line."""
    if schedule.cron is not None:
        return next_due(schedule, after=now, now=now)
    return _awake(schedule, now.astimezone(UTC))


def is_due(
    schedule: Schedule,
    due: datetime,
    *,
    after: datetime,
    now: datetime,
    failures: int = 0,
    waiting: bool = False,
) -> bool:
    """Whether to sweep now.

    A time further ahead than the schedule can explain was set before the clock stepped back,
    and counts as due.

    Args:
        schedule, after, now, failures: as of `next_due`.
        due: the time that was set.
        waiting: whether the source asked for a wait.
    """
    now = now.astimezone(UTC)
    if is_quiet(schedule, now):
        return False
    longest = LONGEST_WAIT if waiting else LONGEST_BACKOFF * 1.25 if failures > 0 else 0.0
    if schedule.cron is None:
        longest = max(longest, schedule.interval + schedule.jitter)
    if due <= now + timedelta(seconds=max(longest, _SOON)):
        return due <= now
    # Asked every second: rounded up, which allows a little more, the answer is remembered.
    soon = datetime.fromtimestamp((now.timestamp() // _SOON + 1) * _SOON, UTC)
    regular = _explained(schedule, after.astimezone(UTC), soon)
    return due > max(regular, _awake(schedule, now + timedelta(seconds=longest)))


def is_quiet(schedule: Schedule, moment: datetime) -> bool:
    """Whether no sweep may begin at a moment."""
    if schedule.quiet_from is None:
        return False
    begin, end = schedule.quiet
    clock = moment.astimezone(schedule.zone).time()
    return begin <= clock < end if begin <= end else clock >= begin or clock < end


def _regular(schedule: Schedule, after: datetime, now: datetime) -> datetime:
    """The earliest of all slots, put off as they are, that is later than now."""
    jitter = timedelta(seconds=schedule.jitter)
    moment = now - 2 * jitter
    for quiet in (now, now - jitter):  # what these quiet hours put off may be still to come
        if is_quiet(schedule, quiet):
            moment = min(moment, _quiet_since(schedule, quiet) - jitter - _HOUR)
    best: datetime | None = None
    while True:
        moment = _slot(schedule, after, moment)
        if best is not None and moment >= best:
            return best
        limit = schedule.jitter
        if limit:  # never beyond the next slot
            gap = (_slot(schedule, after, moment) - moment).total_seconds()
            limit = max(min(limit, int(gap) - 1), 0)
        put_off = moment + _draw(schedule, moment, limit)
        due = _awake(schedule, put_off)
        if due > now and (best is None or due < best):
            best = due
        if due != put_off:  # so are all others in these quiet hours
            moment = max(moment, _quiet_end(schedule, put_off) - jitter - _SECOND)


_explained = lru_cache(4096)(_regular)


def _slot(schedule: Schedule, after: datetime, moment: datetime) -> datetime:
    """The first slot later than a moment."""
    if schedule.cron is None:
        every = timedelta(seconds=schedule.interval)
        return after + ((moment - after) // every + 1) * every
    times = CronSim(schedule.cron, moment.astimezone(schedule.zone))
    # Where the clock is put back, the first of two equal times is meant, which may be over.
    return next(utc for found in times if (utc := found.astimezone(UTC)) > moment)


def _backoff(schedule: Schedule, failures: int, now: datetime) -> float:
    """Seconds: doubling, capped, and up to a quarter more so that not all come back at once."""
    base = min(FIRST_BACKOFF * 2.0 ** min(failures - 1, 20), LONGEST_BACKOFF)
    return base * (1 + _unit(schedule.key, now) / 4)


def _awake(schedule: Schedule, moment: datetime) -> datetime:
    """The moment, or in quiet hours a little after their end."""
    if not is_quiet(schedule, moment):
        return moment
    end = _quiet_end(schedule, moment)
    due = end + _draw(schedule, end, schedule.jitter)
    return end if is_quiet(schedule, due) else due


def _quiet_end(schedule: Schedule, moment: datetime) -> datetime:
    """When the quiet hours that a moment is in end."""
    day = moment.astimezone(schedule.zone).date()
    ends = (_wall(schedule, day + n * _DAY, schedule.quiet[1], fold) for n in (0, 1, 2)
            for fold in (0, 1))  # fmt: skip
    end = min(end for end in ends if end > moment and not is_quiet(schedule, end))
    minute = _SECOND * 60
    while end - minute > moment and not is_quiet(schedule, end - minute):
        end -= minute  # that time of day does not exist: the clock was put forward past it
    return end


def _quiet_since(schedule: Schedule, moment: datetime) -> datetime:
    """When the quiet hours that a moment is in began; a day earlier where the clock jumped."""
    day = moment.astimezone(schedule.zone).date()
    begins = (_wall(schedule, day - n * _DAY, schedule.quiet[0], 0) for n in (0, 1, 2))
    return max(begin for begin in begins if begin <= moment)


def _wall(schedule: Schedule, day: date, clock: time, fold: int) -> datetime:
    return datetime.combine(day, clock.replace(fold=fold), schedule.zone).astimezone(UTC)


def _draw(schedule: Schedule, moment: datetime, most: int) -> timedelta:
    """Whole seconds up to `most`, always the same for the same moment."""
    return timedelta(seconds=int(_unit(schedule.key, moment) * (most + 1)))


def _unit(key: str, moment: datetime) -> float:
    """A number in [0, 1) that hangs on the key and the moment alone."""
    text = f"{key}\x1f{moment.astimezone(UTC).isoformat()}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest()) / 2**48


@lru_cache(1024)
def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise SettingsError(f"quiet hours: {text!r} is no time; write HH:MM, 00:00 to 23:59.")
    return time(int(found[1]), int(found[2]))


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a folder of zones
        close = get_close_matches(name, available_timezones(), n=3, cutoff=0.6)
        hint = f" (did you mean {' or '.join(sorted(close))}?)" if close else ""
        raise SettingsError(
            f"timezone: there is no {name!r}{hint}; write an IANA name such as Europe/Berlin."
        ) from None


@lru_cache(1024)
def _check_cron(line: str) -> None:
    fields = line.split()
    fix = "write five fields, minute hour day month weekday, such as '30 6 * * 1-5'"
    if len(fields) != 5:
        raise SettingsError(f"cron: {line!r} has {len(fields)} fields; {fix}.")
    try:
        if not all(map(_CRON.fullmatch, fields)):
            raise ValueError
        found = next(CronSim(line, datetime(2026, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        raise SettingsError(f"cron: {line!r}: {str(error).lower()}; {fix}.") from None
    except (AssertionError, TypeError, ValueError):  # of odd mixtures, which it does not expect
        raise SettingsError(f"cron: {line!r} cannot be read; {fix}.") from None
    if found is None:
        raise SettingsError(f"cron: {line!r} never comes; {fix}.")
