"""Schedules as people write and read them (pure): 15m, 22:00-07:00, "every 15m, quiet ..."."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from listening.errors import SettingsError
from listening.schedule import Schedule

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d{1,9})\s*(s|m|min|h|d)?", re.ASCII)


def seconds_of(name: str, text: str) -> int:
    """Seconds of 30s, 15m, 6h, 1d; a bare number is seconds.

    Raises:
        SettingsError: it is none; says so by `name`.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise SettingsError(f"{name} {text}: write a number and s, m, h or d, such as 15m.")
    return int(found[1]) * _UNITS[found[2] or "s"]


def hours_of(name: str, text: str | None) -> tuple[str | None, str | None]:
    """The beginning and end of 22:00-07:00; None: no quiet hours."""
    if text is None or not text.strip():
        return None, None
    begin, dash, end = text.partition("-")
    if not dash:
        raise SettingsError(f"{name} {text}: write from-until, such as 22:00-07:00.")
    return begin.strip(), end.strip()


def moment_of(name: str, text: str) -> datetime:
    """A day or a time, in UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{name} {text}: write a day or a time, such as 2026-01-01 or 2026-01-01T06:00."
        ) from None


def span_words(seconds: int) -> str:
    """Seconds in the largest unit that fits."""
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


def schedule_words(schedule: Schedule) -> str:
    """A schedule in words."""
    zone = "" if schedule.timezone == "UTC" else f" {schedule.timezone}"
    every = f"every {span_words(schedule.interval)}"
    said = f"cron {schedule.cron}{zone}" if schedule.cron else every
    if schedule.quiet_from is not None:
        said += f", quiet {schedule.quiet_from}-{schedule.quiet_until}{zone}"
    return said + (f", jitter {span_words(schedule.jitter)}" if schedule.jitter else "")
