"""Mentions counted by day and source, and what is added up from that (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta

from listening.reports import Day, net_sentiment

HOURS = 24
# Above this an ironic reading is about as likely as not among mentions (see docs/reports.md).
IRONY_FROM = 0.9
EMOTIONS = ("anger", "joy", "optimism", "sadness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Mentions counted.

    Attributes:
        negative, neutral, positive: towards the brand; the three together are the scored ones.
        anger, joy, optimism, sadness: by the likeliest emotion of the post; the four together
            are those whose emotion is known.
        judged: mentions whose irony was read; ironic: those of them that are likely ironic.
        not_scored: why the others have no sentiment.
    """

    mentions: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    anger: int = 0
    joy: int = 0
    optimism: int = 0
    sadness: int = 0
    judged: int = 0
    ironic: int = 0
    not_scored: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        """Both."""
        return total((self, other))

    @property
    def scored(self) -> int:
        """Mentions with a sentiment."""
        return self.negative + self.neutral + self.positive

    @property
    def emotional(self) -> int:
        """Mentions whose emotion is known."""
        return self.anger + self.joy + self.optimism + self.sadness

    @property
    def net_sentiment(self) -> float | None:
        """(positive - negative) / scored."""
        return net_sentiment((self.negative, self.neutral, self.positive))

    @property
    def net_sentiment_polar(self) -> float | None:
        """(positive - negative) / (positive + negative)."""
        return net_sentiment((self.negative, 0, self.positive))

    @property
    def net_sentiment_of_all(self) -> float | None:
        """(positive - negative) / all mentions, those that are not scored too."""
        return (self.positive - self.negative) / self.mentions if self.mentions else None

    @property
    def negative_share(self) -> float | None:
        """Negative / scored."""
        return self.negative / self.scored if self.scored else None

    @property
    def ironic_share(self) -> float | None:
        """Likely ironic / those whose irony was read."""
        return self.ironic / self.judged if self.judged else None

    def emotion_share(self, name: str) -> float | None:
        """Mentions of an emotion / those whose emotion is known."""
        return int(getattr(self, name)) / self.emotional if self.emotional else None


_NUMBERS = tuple(f.name for f in fields(Counts) if f.name != "not_scored")


def total(counts: Iterable[Counts]) -> Counts:
    """Everything added up."""
    sums: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for one in counts:
        for name in _NUMBERS:
            sums[name] += getattr(one, name)
        reasons.update(one.not_scored)
    return Counts(
        **{name: sums[name] for name in _NUMBERS},
        not_scored={name: reasons[name] for name in sorted(reasons) if reasons[name]},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts(Counts):
    """A day's mentions at a source.

    Attributes:
        hours: mentions, scored and negative ones by hour of the day, UTC.
    """

    day: date
    source: str
    hours: Sequence[Sequence[int]] = ()


def by_day(counts: Iterable[DayCounts], first: date, last: date) -> list[Day]:
    """Every day from the first to the last, those without mentions too."""
    found: dict[date, list[int]] = {}
    for one in counts:
        sums = found.setdefault(one.day, [0, 0, 0, 0])
        for place, value in enumerate((one.mentions, one.negative, one.neutral, one.positive)):
            sums[place] += value
    return [
        Day(day, *found.get(day, (0, 0, 0, 0)))
        for day in (first + timedelta(n) for n in range((last - first).days + 1))
    ]


def by_source(counts: Iterable[DayCounts]) -> dict[str, Counts]:
    """Each source's mentions, the most first."""
    found: dict[str, list[Counts]] = {}
    for one in counts:
        found.setdefault(one.source, []).append(one)
    sums = {source: total(own) for source, own in found.items()}
    return dict(sorted(sums.items(), key=lambda item: (-item[1].mentions, item[0])))


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour's mentions."""

    mentions: int = 0
    scored: int = 0
    negative: int = 0


def by_hour(counts: Iterable[DayCounts], first: date, last: date) -> tuple[datetime, list[Hour]]:
    """The first hour, and every hour from there to the end of the last day."""
    size = ((last - first).days + 1) * HOURS
    sums = [[0] * size for _ in range(3)]
    for one in counts:
        start = (one.day - first).days * HOURS
        if not 0 <= start < size:
            continue
        for row, own in zip(sums, one.hours, strict=False):
            for hour, value in enumerate(own):
                row[start + hour] += value
    begin = datetime.combine(first, time(), UTC)
    return begin, [Hour(*three) for three in zip(*sums, strict=True)]
