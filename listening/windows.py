"""Windows of days that figures are about, and what they are compared with (pure). Days are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from listening.errors import InvalidError

PRESETS = {"7": 7, "28": 28, "90": 90}
ALL = "all"
DEFAULT = "28"
LONGEST = 3660  # days of a window of one's own
# A brand that nobody mentioned for longer than this is looked at as of its last mention.
SILENT = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Window:
    """Days from the first to the last, both in it.

    Attributes:
        name: 7, 28, 90, all; None: a window of one's own.
    """

    first: date
    last: date
    name: str | None = None

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)

    def before(self) -> Window | None:
        """As many days right before; None before everything there is."""
        if self.name == ALL:
            return None
        try:
            first = self.first - timedelta(days=self.days)
        except OverflowError:
            return None
        name = f"{self.name} before" if self.name else None
        return Window(first, self.first - timedelta(days=1), name)

    def as_params(self) -> dict[str, str]:
        """As an address carries it."""
        if self.name is not None:
            return {} if self.name == DEFAULT else {"window": self.name}
        return {"since": self.first.isoformat(), "until": self.last.isoformat()}


def as_filters(since: datetime, until: datetime) -> dict[str, str]:
    """The mentions from a moment until another one, outside, as lists of mentions take them."""
    return {"startDate": day_or_moment(since), "endDate": day_or_moment(until, end=True)}


def day_or_moment(moment: datetime, *, end: bool = False) -> str:
    """A day where it is whole days, 2026-03-31; else the moment in UTC, 2026-03-31T12:00.

    Args:
        moment: in UTC.
        end: whether it is the first moment outside, which is the end of the day before.
    """
    if moment.time() == time():
        return (moment - timedelta(days=1 if end else 0)).date().isoformat()
    precision = "minutes" if not (moment.second or moment.microsecond) else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision)


def ends_on(last_mention: date | None, today: date) -> date:
    """The last day of windows: today, or the last mention's where the brand fell silent.

    A date in the future is somebody's wrong clock and moves nothing.
    """
    if last_mention is None or last_mention >= today - SILENT:
        return today
    return last_mention


def preset(name: str, end: date, first: date | None = None) -> Window:
    """A window by its name.

    Args:
        name: 7, 28, 90 or all.
        end: its last day.
        first: of everything there is.

    Raises:
        InvalidError: there is no such window.
    """
    if name == ALL:
        return Window(min(first or end, end), end, ALL)
    if name not in PRESETS:
        listed = ", ".join([*PRESETS, ALL])
        raise InvalidError(f"window: {name!r} is none; write one of {listed}.", field="window")
    return Window(end - timedelta(days=PRESETS[name] - 1), end, name)


def chosen(
    *,
    end: date,
    first: date | None = None,
    name: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Window:
    """The window that somebody asked for; the last 28 days where they said nothing.

    Args:
        end: the last day of a window by name.
        first: of everything there is.
        name: of a window; since and until come before it.
        since, until: days of a window of one's own; the one that is missing is open.

    Raises:
        InvalidError: names the field and the fix.
    """
    if since is None and until is None:
        return preset(name or DEFAULT, end, first)
    last = until or max(end, since or end)
    begin = since or min(first or last, last)
    if begin > last:
        raise InvalidError(
            f"since: {begin} is after until, {last}; write the earlier day first.", field="since"
        )
    if (last - begin).days >= LONGEST:
        raise InvalidError(f"since: a window has at most {LONGEST} days.", field="since")
    return Window(begin, last)
