"""When much more is said of a brand than before, or much worse (pure).

Looked at every hour:

    volume     the last 24 hours beside the seven stretches of 24 hours before them:
               mentions > mean + k * SD, the SD at least the square root of the mean
    negative   the negative share of the last 24 hours beside that of the seven days before:
               share > before + k * SE, and by ten points at least

Whole days are compared, so that the night is not measured against the day. Hours that are
beyond belong to one incident until a day has passed without any: that is the cooldown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate

from listening.series import HOURS, Hour
from listening.windows import as_filters

DEFAULT_K = 2.0
NAMED_K = (1.5, 2.0, 3.0)
BASE_DAYS = 7
COOLDOWN = 24  # hours
LEAST_MENTIONS = 20  # in 24 hours; of the scored ones where it is about sentiment
LEAST_DAYS = 3  # that there is something to compare with
LEAST_SCORED = 50  # in the days before
LEAST_RISE = 0.1  # of the negative share


class IncidentKind(StrEnum):
    """What went up."""

    VOLUME = "volume"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch that was out of the ordinary.

    Attributes:
        began, ended: the first hour beyond the threshold, and the end of the last.
        at: the end of the 24 hours that were the furthest beyond.
        value: of these: mentions, or the negative share.
        usual, spread: mean and SD of the days before; share and SE.
        k: the largest named k that was passed.
        mentions, scored, negative: of these 24 hours.
    """

    kind: IncidentKind
    began: datetime
    ended: datetime
    at: datetime
    value: float
    usual: float
    spread: float
    k: float
    mentions: int
    scored: int
    negative: int

    @property
    def from_(self) -> datetime:
        """Where the 24 hours begin that were the furthest beyond."""
        return self.at - timedelta(hours=HOURS)

    @property
    def filters(self) -> dict[str, str]:
        """Of the mentions that went up in these 24 hours, as lists of mentions take them."""
        return as_filters(self.from_, self.at) | self._kept

    @property
    def whole_filters(self) -> dict[str, str]:
        """The same from the first hour beyond to the last."""
        return as_filters(self.began, self.ended) | self._kept

    @property
    def _kept(self) -> dict[str, str]:
        return {"sentiment": "negative"} if self.kind is IncidentKind.NEGATIVE else {}

    @property
    def negative_share(self) -> float | None:
        """Negative / scored in these 24 hours."""
        return self.negative / self.scored if self.scored else None


@dataclass(frozen=True, slots=True)
class _Beyond:
    """An hour at which a threshold was passed."""

    hour: int
    value: float
    usual: float
    spread: float

    @property
    def by(self) -> float:
        return (self.value - self.usual) / self.spread


def find_incidents(
    begin: datetime, hours: Sequence[Hour], *, k: float = DEFAULT_K, known: int = 0
) -> list[Incident]:
    """The incidents in a series of hours, in order.

    Args:
        begin: the first hour.
        hours: one after the other, without gaps.
        k: standard deviations from which on something is an incident.
        known: hours at the beginning before anything was listened for: no base to compare with.
    """
    sums = [
        [0, *accumulate(getattr(hour, name) for hour in hours)]
        for name in ("mentions", "scored", "negative")
    ]
    found = [
        *_stretches(begin, sums, IncidentKind.VOLUME, _volume(sums[0], k, known)),
        *_stretches(begin, sums, IncidentKind.NEGATIVE, _negative(sums, k, known)),
    ]
    return sorted(found, key=lambda one: (one.began, one.kind))


def _volume(sums: Sequence[int], k: float, known: int) -> Iterator[_Beyond]:
    for end in range((1 + LEAST_DAYS) * HOURS, len(sums)):
        value = sums[end] - sums[end - HOURS]
        if value < LEAST_MENTIONS:
            continue
        base = []
        for day in range(1, BASE_DAYS + 1):
            start = end - (day + 1) * HOURS
            if start < known:
                break
            base.append(sums[start + HOURS] - sums[start])
        if len(base) < LEAST_DAYS:
            continue
        mean = sum(base) / len(base)
        variance = sum((one - mean) ** 2 for one in base) / (len(base) - 1)
        spread = math.sqrt(max(variance, mean, 1.0))
        if value > mean + k * spread:
            yield _Beyond(end, value, mean, spread)


def _negative(sums: Sequence[Sequence[int]], k: float, known: int) -> Iterator[_Beyond]:
    _, scored, negative = sums
    for end in range(2 * HOURS, len(scored)):
        count = scored[end] - scored[end - HOURS]
        if count < LEAST_MENTIONS:
            continue
        start = max(end - (1 + BASE_DAYS) * HOURS, known)
        before = scored[end - HOURS] - scored[start] if start < end - HOURS else 0
        if before < LEAST_SCORED:
            continue
        share = (negative[end] - negative[end - HOURS]) / count
        usual = (negative[end - HOURS] - negative[start]) / before
        spread = math.sqrt(max(usual * (1 - usual), 1 / before) / count)
        if share > usual + k * spread and share >= usual + LEAST_RISE:
            yield _Beyond(end, share, usual, spread)


def _stretches(
    begin: datetime, sums: Sequence[Sequence[int]], kind: IncidentKind, beyond: Iterator[_Beyond]
) -> list[Incident]:
    groups: list[list[_Beyond]] = []
    for one in beyond:
        if groups and one.hour - groups[-1][-1].hour <= COOLDOWN:
            groups[-1].append(one)
        else:
            groups.append([one])
    return [_incident(begin, sums, kind, group) for group in groups]


def _incident(
    begin: datetime, sums: Sequence[Sequence[int]], kind: IncidentKind, group: Sequence[_Beyond]
) -> Incident:
    top = max(group, key=lambda one: one.by)
    mentions, scored, negative = (own[top.hour] - own[top.hour - HOURS] for own in sums)
    return Incident(
        kind=kind,
        began=begin + timedelta(hours=group[0].hour - 1),
        ended=begin + timedelta(hours=group[-1].hour),
        at=begin + timedelta(hours=top.hour),
        value=top.value,
        usual=top.usual,
        spread=top.spread,
        k=max((k for k in NAMED_K if top.by > k), default=min(NAMED_K)),
        mentions=mentions,
        scored=scored,
        negative=negative,
    )
