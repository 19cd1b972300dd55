"""How an author's stance came about: the score after each mention, and every change (pure).

What was said is gone through in order, each mention weighed as it would have been on that day,
with the prior of today: a history told anew, the same whenever it is told. A change is at the
mention that made it, or at the day on which what was said had grown too old to tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from listening.advocacy import PASSIVE, PRIOR_WEIGHT, Prior, Said, interval, kind_of, worth

TREND_DAYS = 30
MAX_POINTS = 24
MAX_CHANGES = 20
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StanceTurn:
    """An author came to stand elsewhere; `mention_id` is None where time did it."""

    at: datetime
    was: str
    kind: str
    mention_id: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Course:
    """How a stance came about.

    Attributes:
        points: (moment as seconds since 1970, score) after a counted mention, the last as of now.
        trend: score now less that of `TREND_DAYS` ago; None: nothing had been said by then.
        turns: every change, the oldest first.
    """

    points: tuple[tuple[float, float], ...] = ()
    trend: float | None = None
    turns: tuple[StanceTurn, ...] = ()


@dataclass(slots=True)
class _Sums:
    """What was said so far, as of a moment."""

    at: datetime
    half_life: float
    weights: float = 0.0
    pulled: float = 0.0
    opinions: int = 0

    def faded(self, at: datetime) -> float:
        """The share that is left of what was said, at a later moment."""
        days = max((at - self.at).total_seconds() / 86_400, 0.0)
        return float(2 ** (-days / self.half_life))

    def add(self, one: Said) -> None:
        """Weigh one more, said no earlier than the last."""
        left = self.faded(one.published_at)
        own = worth(one)
        self.weights = self.weights * left + own
        self.pulled = self.pulled * left + own * one.pull
        self.at = max(self.at, one.published_at)
        self.opinions += 1

    def stands(self, prior: Prior, at: datetime) -> tuple[float, str]:
        """Score and kind, at this moment or a later one."""
        left = self.faded(at)
        total = PRIOR_WEIGHT + self.weights * left
        score = (PRIOR_WEIGHT * prior.mean + self.pulled * left) / total
        low, high = interval(score, prior.variance, total)
        return score, kind_of(low, high, self.opinions)


def course(
    said: Sequence[Said], prior: Prior, *, as_of: datetime, half_life_days: float = 180.0
) -> Course:
    """The course of one author's stance towards one brand.

    Args:
        said: all the author's mentions of the brand.
        prior: of the brand.
        as_of: the moment that it is told at.
        half_life_days: age at which a mention counts half.
    """
    counted = sorted(
        (s for s in said if s.not_counted is None), key=lambda s: (s.published_at, s.mention_id)
    )
    if not counted:
        return Course()
    sums = _Sums(counted[0].published_at, half_life_days)
    kind = PASSIVE
    points: list[tuple[float, float]] = []
    turns: list[StanceTurn] = []
    then = as_of - timedelta(days=TREND_DAYS)
    before: float | None = None
    for one in counted:
        if before is None and sums.opinions and sums.at <= then < one.published_at:
            before = sums.stands(prior, then)[0]
        turns += _fading(sums, prior, kind, one.published_at)
        kind = turns[-1].kind if turns else kind
        sums.add(one)
        score, now = sums.stands(prior, one.published_at)
        if now != kind:
            turns.append(StanceTurn(one.published_at, kind, now, one.mention_id, round(score, 4)))
            kind = now
        points.append((one.published_at.timestamp(), round(score, 4)))
    if before is None and sums.at <= then:
        before = sums.stands(prior, then)[0]
    turns += _fading(sums, prior, kind, as_of)
    score, _ = sums.stands(prior, max(as_of, sums.at))
    if as_of > sums.at:
        points.append((as_of.timestamp(), round(score, 4)))
    trend = None if before is None else round(score - before, 4)
    return Course(tuple(_thinned(points)), trend, tuple(turns[-MAX_CHANGES:]))


def _fading(sums: _Sums, prior: Prior, kind: str, until: datetime) -> Iterator[StanceTurn]:
    """The turn that the passing of time makes before a moment, on the first whole day of it."""
    if not sums.opinions or until <= sums.at:
        return
    score, end = sums.stands(prior, until)
    if end == kind:
        return
    first, last = 0, int((until - sums.at) / _DAY)
    while first < last:
        middle = (first + last) // 2
        if sums.stands(prior, sums.at + middle * _DAY)[1] == kind:
            first = middle + 1
        else:
            last = middle
    at = min(sums.at + first * _DAY, until)
    score, now = sums.stands(prior, at)
    if now == kind:  # it is less than a day
        at, (score, now) = until, sums.stands(prior, until)
    yield StanceTurn(at, kind, now, None, round(score, 4))


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `MAX_POINTS`, evenly, the first and the last among them."""
    if len(points) <= MAX_POINTS:
        return list(points)
    step = (len(points) - 1) / (MAX_POINTS - 1)
    return [points[round(i * step)] for i in range(MAX_POINTS)]
