"""What a brand manager reads first: each figure with its denominator (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

Counts = tuple[int, int, int]  # negative, neutral, positive


@dataclass(frozen=True, slots=True)
class Day:
    """One day's mentions, and how many of the scored ones are which."""

    day: date
    mentions: int
    negative: int
    neutral: int
    positive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandSummary:
    """A brand over the mentions in the store.

    Attributes:
        negative, neutral, positive: mentions by their sentiment towards the brand, which
            need not be that of the whole post.
        scored: mentions with a sentiment; those in other languages have none.
        reach_total: sum of followers per mention; reach_unique counts each author once.
        reach_known: authors whose followers are known, the coverage of both.
        share_of_voice: mentions / mentions of all brands; None where no brand has any.
        authors: None: too many to count at once, and not counted yet; reach is then 0 of 0.
        not_scored: why mentions have no sentiment, with counts.
        as_of: of the mentions, what changed later may not be in; None: everything is.
        people_as_of: the same of authors and reach.
    """

    name: str
    slug: str
    mentions: int
    authors: int | None
    negative: int
    neutral: int
    positive: int
    reach_total: int
    reach_unique: int
    reach_known: int
    share_of_voice: float | None
    advocates: int
    detractors: int
    open_cases: int
    first: date | None
    last: date | None
    not_scored: dict[str, int] = field(default_factory=dict)
    days: tuple[Day, ...] = ()
    as_of: datetime | None = None
    people_as_of: datetime | None = None

    @property
    def scored(self) -> int:
        """Mentions with a sentiment."""
        return self.negative + self.neutral + self.positive

    @property
    def net_sentiment(self) -> float | None:
        """(positive - negative) / scored mentions, in [-1, 1]."""
        return net_sentiment((self.negative, self.neutral, self.positive))

    @property
    def net_sentiment_polar(self) -> float | None:
        """(positive - negative) / (positive + negative): the other form in use."""
        polar = self.positive + self.negative
        return (self.positive - self.negative) / polar if polar else None


def net_sentiment(counts: Counts) -> float | None:
    """(positive - negative) / all three; None without any."""
    total = sum(counts)
    return (counts[2] - counts[0]) / total if total else None


def share_of_voice(mentions: int, all_mentions: int) -> float | None:
    """The brand's mentions / all tracked brands' mentions."""
    return mentions / all_mentions if all_mentions else None


def every_day(days: Sequence[Day]) -> tuple[Day, ...]:
    """The days between the first and the last, those without mentions filled in."""
    if not days:
        return ()
    found = {d.day: d for d in days}
    first, last = min(found), max(found)
    return tuple(
        found.get(day) or Day(day, 0, 0, 0, 0)
        for day in (first + timedelta(n) for n in range((last - first).days + 1))
    )
