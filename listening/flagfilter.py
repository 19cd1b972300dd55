"""What a list of flagged authors is asked for (pure): filters, order, and where to go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from listening.errors import InvalidError

SORTS = {
    "surest": "surest first",
    "score": "strongest score first",
    "reach": "most followers first",
    "recent": "latest mention first",
    "trend": "moved most this month first",
}
STATUSES = ("new", "confirmed", "contacted", "dismissed", "back")
DISCOUNTS = ("none", "own", "employee", "bot", "reseller")
LONGEST = 200  # characters of a value


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagFilter:
    """Which of a brand's flagged authors; what is None or empty asks for nothing.

    Attributes:
        status: without one everybody but the dismissed.
        segment, xsegment: ids of segments; members only, not those they are nearest to.
        source, xsource: names of sources.
        reach: "known" or "unknown".
        reach_from, reach_to: followers, both included.
        since, until: days of the latest mention, both included, in UTC.
        turned_since: came to stand where they do on this day or later.
        assignee: a login, or "nobody".
        coordinated: part of a copied campaign, or not.
        discount: one of `DISCOUNTS`.
    """

    status: tuple[str, ...] = ()
    xstatus: tuple[str, ...] = ()
    segment: tuple[int, ...] = ()
    xsegment: tuple[int, ...] = ()
    source: tuple[str, ...] = ()
    xsource: tuple[str, ...] = ()
    reach: str | None = None
    reach_from: int | None = None
    reach_to: int | None = None
    since: date | None = None
    until: date | None = None
    turned_since: date | None = None
    assignee: str | None = None
    coordinated: bool | None = None
    discount: str | None = None
    sort: str = "surest"

    @property
    def plain(self) -> bool:
        """Whether it asks for everybody."""
        return self == FlagFilter(sort=self.sort)

    @property
    def after(self) -> datetime | None:
        """The moment of `since`."""
        return None if self.since is None else datetime.combine(self.since, time(), UTC)

    @property
    def before(self) -> datetime | None:
        """The first moment beyond `until`."""
        if self.until is None:
            return None
        return datetime.combine(self.until, time(), UTC) + timedelta(days=1)

    def params(self) -> dict[str, str]:
        """As an address has it: only what is asked for."""
        found: dict[str, str] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value in ((), None) or (one.name == "sort" and value == "surest"):
                continue
            if isinstance(value, tuple):
                found[one.name] = ",".join(map(str, value))
            elif isinstance(value, bool):
                found[one.name] = "yes" if value else "no"
            else:
                found[one.name] = str(value)
        return found


def read_filter(given: Mapping[str, str]) -> FlagFilter:
    """A filter from the words of an address; blank ones and those of others are left out.

    Raises:
        InvalidError: names the field, and what it may be.
    """
    words = {name: value.strip() for name, value in given.items() if value and value.strip()}
    for name, value in words.items():
        if name in _READ and len(value) > LONGEST:
            raise InvalidError(f"{name} is longer than {LONGEST} characters.", field=name)
    return FlagFilter(**{name: _READ[name](name, words[name]) for name in _READ if name in words})


def filter_of(pairs: Iterable[tuple[str, str]]) -> FlagFilter:
    """The same where a filter may stand several times, for several values.

    Raises:
        InvalidError: names the field, and what it may be.
    """
    words: dict[str, str] = {}
    for name, value in pairs:
        if name in _READ and value.strip():
            several = name in words and _READ[name] in _SEVERAL
            words[name] = f"{words[name]},{value}" if several else value
    return read_filter(words)


def _one_of(*allowed: str) -> Any:
    def read(name: str, value: str) -> str:
        if value not in allowed:
            raise InvalidError(f"{name} is one of {', '.join(allowed)}.", field=name)
        return value

    return read


def _some_of(*allowed: str) -> Any:
    one = _one_of(*allowed)

    def read(name: str, value: str) -> tuple[str, ...]:
        return tuple(one(name, part) for part in _parts(value))

    return read


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _names(_name: str, value: str) -> tuple[str, ...]:
    return tuple(_parts(value))


def _numbers(name: str, value: str) -> tuple[int, ...]:
    return tuple(_number(name, part) for part in _parts(value))


def _number(name: str, value: str) -> int:
    plain = value.replace(",", "").replace(" ", "")
    if not plain.isascii() or not plain.isdecimal() or len(plain) > 15:
        raise InvalidError(f"{name} is a whole number, such as 500.", field=name)
    return int(plain)


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidError(f"{name} is a day, such as 2026-09-01.", field=name) from None


def _yes(name: str, value: str) -> bool:
    if value not in {"yes", "no", "true", "false"}:
        raise InvalidError(f"{name} is yes or no.", field=name)
    return value in {"yes", "true"}


def _text(_name: str, value: str) -> str:
    return value


_STATUSES = _some_of(*STATUSES)
_READ: dict[str, Any] = {
    "status": _STATUSES,
    "xstatus": _STATUSES,
    "segment": _numbers,
    "xsegment": _numbers,
    "source": _names,
    "xsource": _names,
    "reach": _one_of("known", "unknown"),
    "reach_from": _number,
    "reach_to": _number,
    "since": _day,
    "until": _day,
    "turned_since": _day,
    "assignee": _text,
    "coordinated": _yes,
    "discount": _one_of(*DISCOUNTS),
    "sort": _one_of(*SORTS),
}
_SEVERAL = {_READ[name] for name in ("status", "xstatus", "segment", "source")}
NAMES = tuple(_READ)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that was shown: what it is sorted by, and its author."""

    key: float
    author_id: int
