"""What is looked for among a brand's mentions (pure): a query, filters, an order.

Filters carry the names that other listening tools gave them; each has a twin with an `x`
before it that leaves out instead of keeping. Values of one filter are alternatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from listening.errors import InvalidError
from listening.query import Query, parse_small
from listening.query.fields import ENGAGEMENT_TYPES
from listening.sources.base import PostKind
from listening.store.mentions.mentions import EMOTIONS
from listening.store.tables import CaseStatus, SentimentLabel

NONE = "none"  # the value of what is unknown or not there
MOST_VALUES, LONGEST_VALUE, LONGEST_QUERY = 50, 200, 10_000


class Sort(StrEnum):
    """In which order."""

    NEWEST = "newest"
    OLDEST = "oldest"
    REACH = "reach"  # most followers first, of the latest
    NEGATIVE = "negative"  # most negative towards the brand first, of the latest


@dataclass(frozen=True, slots=True)
class Facet:
    """Something that mentions are counted and filtered by.

    Attributes:
        name: of the filter.
        title: as pages head it.
        choices: all values there are; empty: any.
        missing: what the value `NONE` reads as; empty: there is always a value.
        counted: whether lists show how many there are of each.
    """

    name: str
    title: str
    choices: tuple[str, ...] = ()
    missing: str = ""
    counted: bool = True


# From so many followers on; the first is below all of them.
REACHES = (("0-99", 0), ("100-999", 100), ("1k-9k", 1_000), ("10k-99k", 10_000), ("100k+", 100_000))

FACETS = {
    facet.name: facet
    for facet in (
        Facet("sentiment", "Sentiment", tuple(map(str, SentimentLabel)), "not scored"),
        Facet("overridden", "Set by a person", ("true", "false")),
        Facet("emotion", "Emotion", EMOTIONS, "not scored"),
        Facet("pageType", "Source"),
        Facet("engagementType", "Kind", tuple(map(str, PostKind))),
        Facet("language", "Language", missing="unknown"),
        Facet("country", "Country", missing="unknown"),
        Facet("tag", "Tag", missing="no tag"),
        Facet("segment", "Segment", missing="in no segment"),
        Facet("reach", "Followers", tuple(name for name, _ in REACHES), "unknown"),
        Facet("status", "Case", tuple(map(str, CaseStatus)), "no case"),
        Facet("author", "Author", counted=False),
    )
}
OTHERS = ("q", "startDate", "endDate", "sort")
NAMES = frozenset((*FACETS, *(f"x{name}" for name in FACETS), *OTHERS))
_KINDS = {name.lower(): kind for name, kind in ENGAGEMENT_TYPES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for.

    Attributes:
        only: values by facet, of which a mention has one.
        without: values by facet, of which a mention has none.
        since, until: moments of publication, the second one outside.
    """

    query: Query | None = None
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    sort: Sort = Sort.NEWEST

    @property
    def filters(self) -> set[str]:
        """The facets that something is filtered by."""
        return {*self.only, *self.without}

    @property
    def narrows(self) -> bool:
        """Whether anything but all mentions is asked for."""
        return bool(self.query or self.filters or self.since or self.until)

    def as_parameters(self) -> list[tuple[str, str]]:
        """As an address has them; `search_of` gives the same search."""
        found = [("q", self.query.text)] if self.query else []
        for prefix, chosen in (("", self.only), ("x", self.without)):
            found += [(prefix + name, v) for name, values in chosen.items() for v in values]
        for name, moment in (("startDate", self.since), ("endDate", self.until)):
            found += [(name, moment.isoformat().replace("+00:00", "Z"))] if moment else []
        return found if self.sort is Sort.NEWEST else [*found, ("sort", str(self.sort))]

    def latest_first(self) -> Search:
        """The same in the order of time."""
        return replace(self, sort=Sort.NEWEST)


def search_of(parameters: Iterable[tuple[str, str]]) -> Search:
    """Read a search from the parameters of an address; those of other names are passed over.

    Raises:
        InvalidError: a value does not fit; names the parameter.
        QueryError: the query cannot be read, or is too large; tells the column.
    """
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if name in NAMES and value.strip():
            given.setdefault(name, []).append(value.strip())
    only: dict[str, tuple[str, ...]] = {}
    without: dict[str, tuple[str, ...]] = {}
    for name in FACETS:
        for key, chosen in ((name, only), (f"x{name}", without)):
            if key in given:
                chosen[name] = _values(key, FACETS[name], given[key])
    text = _one(given, "q")
    if text is not None and len(text) > LONGEST_QUERY:
        raise InvalidError(f"The query is longer than {LONGEST_QUERY:,} characters.", field="q")
    since = _moment(given, "startDate", end=False)
    until = _moment(given, "endDate", end=True)
    if since is not None and until is not None and since >= until:
        raise InvalidError(
            "To (endDate) must lie after From (startDate): choose a later To or an earlier From.",
            field="endDate",
        )
    return Search(
        query=parse_small(text) if text is not None else None,
        only=only,
        without=without,
        since=since,
        until=until,
        sort=_sort(_one(given, "sort")),
    )


def _one(given: Mapping[str, list[str]], name: str) -> str | None:
    return given[name][-1] if name in given else None


def _values(key: str, facet: Facet, values: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(_value(key, facet, value) for value in values)
    if len(found) > MOST_VALUES:
        raise InvalidError(f"{key} takes at most {MOST_VALUES} values.", field=key)
    return tuple(found)


def _value(key: str, facet: Facet, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise InvalidError(f"{key} is at most {LONGEST_VALUE} characters long.", field=key)
    if not facet.choices:
        return value
    found = value.lower()
    if facet.name == "engagementType":
        found = _KINDS.get(found, found)
    allowed = (*facet.choices, *((NONE,) if facet.missing else ()))
    if found not in allowed:
        raise InvalidError(f"{key} is one of {', '.join(allowed)}, not {value[:40]!r}.", field=key)
    return found


def _moment(given: Mapping[str, list[str]], name: str, *, end: bool) -> datetime | None:
    """A day or a moment; the end of a day is that of the whole day."""
    text = _one(given, name)
    if text is None:
        return None
    try:
        if len(text) <= 10:
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1) if end else day
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{name} is a day such as 2026-03-31, or a moment such as 2026-03-31T12:00Z.",
            field=name,
        ) from None


def _sort(value: str | None) -> Sort:
    try:
        return Sort(value or Sort.NEWEST)
    except ValueError:
        raise InvalidError(f"sort is one of {', '.join(Sort)}.", field="sort") from None


def reach_of(followers: int | None) -> str | None:
    """The range of followers that an author is in."""
    if followers is None:
        return None
    return next(name for name, least in reversed(REACHES) if followers >= least or not least)
