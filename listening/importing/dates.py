"""Dates as files write them, read to aware UTC datetimes.

ISO 8601 costs half a microsecond; everything else is tried only where ISO fails. Whether
`03/04/2024` is March or April is decided once for a file, from its first rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser  # type: ignore[import-untyped, unused-ignore]

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

_LONGEST = 64  # characters; no date is longer, and free text must not reach the slow parser
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_CLOCK = (
    r"(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_NUMERIC = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})" + _CLOCK + r"$", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([/.])(\d{1,2})\2(\d{1,2})" + _CLOCK + r"$", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})" + _CLOCK + r"$", re.ASCII)
_TWITTER = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2}) ([+-]\d{4}) (\d{4})$",
    re.ASCII,
)
_EPOCH = re.compile(r"-?\d{8,19}(?:\.\d+)?$", re.ASCII)
_HAS_ZONE = re.compile(
    r":\d{2}(?:\.\d+)?\s*(?:Z|[A-Z]{3,4}|[+-]\d{2}:?\d{2})$|[+-]\d{4} \d{4}$", re.ASCII
)
# Offsets in hours of the zone names that RFC 2822 and American exports use.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2,
    "EEST": 3, "BST": 1, "JST": 9,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DateOrder:
    """How a file writes its dates, as far as its first rows tell.

    `assumed` is one sentence for the report where nothing in the rows decides, else None.
    `zoneless` is True where some dates of the first rows name no zone (read as UTC).
    """

    day_first: bool
    assumed: str | None = None
    zoneless: bool = False


def learn_order(values: Iterable[str], day_first: bool | None = None) -> DateOrder:
    """Decide from the first rows of a file whether the day comes before the month.

    `day_first` given by a person wins. Undecided dates with dots are day first (nobody writes
    months first with dots); undecided others are month first, the order that ISO 8601 has.
    """
    first_beyond = second_beyond = numeric = dotted = 0
    zoneless = False
    for written in values:
        value = written.strip()
        if not value or len(value) > _LONGEST:
            continue
        if not _EPOCH.match(value) and not _HAS_ZONE.search(value):
            zoneless = True
        if found := _NUMERIC.match(value):
            numeric += 1
            dotted += found[2] == "."
            first_beyond += int(found[1]) > 12
            second_beyond += int(found[3]) > 12
    if day_first is not None or not numeric:
        return DateOrder(bool(day_first), None, zoneless)
    if first_beyond != second_beyond:
        return DateOrder(first_beyond > second_beyond, None, zoneless)
    if dotted * 2 > numeric:
        return DateOrder(True, "dates with dots are read day first (DD.MM.YYYY)", zoneless)
    return DateOrder(
        False,
        "nothing tells whether the day or the month comes first in dates like 03/04/2024: "
        "read month first (say --day-first if not)",
        zoneless,
    )


def date_reader(order: DateOrder) -> Callable[[str], datetime]:
    """Give the function that reads one date of such a file.

    It returns an aware datetime in UTC (a date without a zone is UTC, without a time midnight)
    and raises ValueError with a reason for a person.
    """
    day_first = order.day_first
    from_iso = datetime.fromisoformat

    def read(value: str) -> datetime:
        # Digits alone are an epoch, though fromisoformat would read some of them as dates.
        if len(value) > 9 and value[4] == "-":
            try:
                if len(value) == 25 and value[19] == " ":  # 2015-02-24 11:35:52 -0800
                    moment = from_iso(value[:19] + value[20:])
                else:
                    moment = from_iso(value)
                zone = moment.tzinfo
                if zone is UTC:
                    return moment
                if zone is None:
                    return moment.replace(tzinfo=UTC)
                return moment.astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        return _read_slowly(value.strip(), day_first)

    return read


def _read_slowly(value: str, day_first: bool) -> datetime:
    if not value:
        raise ValueError("no date")  # callers say so themselves, with the column
    if len(value) > _LONGEST:
        raise ValueError(f"{value[:40]!r}... is not a date")
    try:
        for attempt in (_epoch, _numbers, _month_name, _twitter, _rfc_2822, _any):
            moment = attempt(value, day_first)
            if moment is not None:
                return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except _WrongOrderError as error:
        raise ValueError(str(error)) from None
    except (ValueError, OverflowError, TypeError, ArithmeticError, LookupError):
        pass
    raise ValueError(f"{value!r} is not a date; write it like 2024-09-01T08:15:00Z")


class _WrongOrderError(ValueError):
    pass


def _epoch(value: str, _day_first: bool) -> datetime | None:
    if not _EPOCH.match(value):
        return None
    whole = value.partition(".")[0].lstrip("-")
    if len(whole) == 8 and whole[:2] in ("19", "20"):
        return datetime.strptime(whole, "%Y%m%d").replace(tzinfo=UTC)
    if len(whole) == 14 and whole[:2] in ("19", "20"):
        return datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    # 10 digits are seconds until the year 2286, 13 milliseconds, 16 microseconds.
    digits = len(whole)
    scale = 1 if digits <= 11 else 10**3 if digits <= 14 else 10**6 if digits <= 17 else 10**9
    return datetime.fromtimestamp(float(value) / scale, UTC)


def _numbers(value: str, day_first: bool) -> datetime | None:
    if found := _YEAR_FIRST.match(value):
        return _build(int(found[1]), int(found[3]), int(found[4]), found.groups()[4:])
    found = _NUMERIC.match(value)
    if not found:
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if year < 100:
        year += 2000 if year < 70 else 1900
    day, month = (first, second) if day_first else (second, first)
    if month > 12 and day <= 12:
        order, other = ("day", "month") if day_first else ("month", "day")
        raise _WrongOrderError(
            f"{value!r} has no month {month}: dates here are read {order} first; "
            f"if the {other} comes first, say so (--day-first)"
        )
    return _build(year, month, day, found.groups()[4:])


def _month_name(value: str, _day_first: bool) -> datetime | None:
    found = _NAMED.match(value)
    month = _MONTHS.get(found[2].lower()) if found else None
    if not found or not month:
        return None
    return _build(int(found[3]), month, int(found[1]), found.groups()[3:])


def _build(year: int, month: int, day: int, clock: tuple[str | None, ...]) -> datetime:
    hour, minute, second, half, zone = clock
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("no such hour")
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    moment = datetime(year, month, day, hours, int(minute or 0), int(second or 0), tzinfo=UTC)
    return moment if not zone else moment.replace(tzinfo=_offset(zone))


def _twitter(value: str, _day_first: bool) -> datetime | None:
    found = _TWITTER.match(value)
    month = _MONTHS.get(found[1].lower()) if found else None
    if not found or not month:
        return None
    day, hour, minute, second = (int(found[n]) for n in (2, 3, 4, 5))
    return datetime(int(found[7]), month, day, hour, minute, second, tzinfo=_offset(found[6]))


def _offset(zone: str) -> timezone:
    if zone in ("Z", "UTC", "GMT"):
        return UTC
    sign = -1 if zone[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])))


def _rfc_2822(value: str, _day_first: bool) -> datetime | None:
    if not value[:3].isalpha() or value[3:4] != ",":
        return None
    try:
        return parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None


# A date that is read alike with both has its year, month and day.
_FILLERS = (datetime(2000, 1, 1), datetime(2004, 2, 2))  # noqa: DTZ001  the zone is read, if any


def _any(value: str, day_first: bool) -> datetime | None:
    """Let dateutil try, but not fill in what is missing: "10:30" is no date."""
    if not any(letter.isdigit() for letter in value):
        return None
    first, second = (
        dateutil_parser.parse(value, dayfirst=day_first, default=default, tzinfos=_zone)
        for default in _FILLERS
    )
    return first if first == second else None


def _zone(name: str | None, seconds: int | None) -> timezone | None:
    if name is None and seconds is None:
        return None
    if seconds is not None:
        return timezone(timedelta(seconds=seconds))
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    raise ValueError(f"unknown zone {name}")
