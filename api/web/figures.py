"""Where the marks of a figure stand (pure); templates write them as inline SVG.

Horizontal places are percentages of the figure's width and vertical ones are pixels, so
that a figure fills a phone or a desk without its text being scaled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from listening.advocacy import MARGIN
from listening.reports import Day
from listening.triage import HIGH, WEIGHTS

PLOT_HEIGHT = 168.0
_HEADROOM = 14.0  # the highest label stands above the highest line
_MOST_BARS = 92
_MOST_LABELS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One sentiment's part of a stacked bar."""

    kind: str  # "negative", "neutral", "positive" or "unscored"
    start: float
    size: float
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    """The mentions of one day, or of a few, stacked."""

    first: Day
    last: Day
    mentions: int
    x: float
    width: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A label at a place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class DayChart:
    """Volume and sentiment over time.

    Attributes:
        days_per_bar: more than one where the days are too many to draw each.
        unscored: whether any mention has no sentiment, and the legend says so.
    """

    height: float
    bars: tuple[Bar, ...]
    levels: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    days_per_bar: int
    unscored: bool


def day_chart(days: Sequence[Day], step: int | None = None) -> DayChart | None:
    """Stacked bars, negative at the bottom; None where there is nothing to draw.

    Args:
        days: without gaps.
        step: days a bar; None: as few as fit.
    """
    if not days:
        return None
    step = step or math.ceil(len(days) / _MOST_BARS)
    groups = [days[start : start + step] for start in range(0, len(days), step)]
    top = _round_up(max(sum(d.mentions for d in group) for group in groups))
    slot = 100 / len(groups)
    bars = tuple(_bar(group, index * slot, slot, top) for index, group in enumerate(groups))
    return DayChart(
        height=PLOT_HEIGHT + _HEADROOM,
        bars=bars,
        levels=tuple(
            Tick(_HEADROOM + PLOT_HEIGHT * (1 - level / top), f"{level:,}")
            for level in _levels(top)
        ),
        dates=tuple(_dates(bars)),
        days_per_bar=step,
        unscored=any(p.kind == "unscored" for bar in bars for p in bar.parts),
    )


def _bar(days: Sequence[Day], x: float, slot: float, top: int) -> Bar:
    mentions = sum(d.mentions for d in days)
    counts = {
        "negative": sum(d.negative for d in days),
        "neutral": sum(d.neutral for d in days),
        "positive": sum(d.positive for d in days),
    }
    counts["unscored"] = mentions - sum(counts.values())
    parts, below = [], 0
    for kind, count in counts.items():
        if count > 0:
            below += count
            parts.append(
                Part(
                    kind,
                    round(_HEADROOM + PLOT_HEIGHT * (1 - below / top), 2),
                    round(PLOT_HEIGHT * count / top, 2),
                    count,
                )
            )
    gap = 0.24
    return Bar(
        first=days[0],
        last=days[-1],
        mentions=mentions,
        x=round(x + slot * gap / 2, 3),
        width=round(slot * (1 - gap), 3),
        parts=tuple(parts),
    )


def _dates(bars: Sequence[Bar]) -> list[Tick]:
    step = math.ceil(len(bars) / _MOST_LABELS)
    chosen = range((len(bars) - 1) % step // 2, len(bars), step)
    return [
        Tick(round(bars[i].x + bars[i].width / 2, 3), f"{bars[i].first.day:%-d %b}") for i in chosen
    ]


def _round_up(value: int) -> int:
    """The next number that an axis may end at: 1, 2, 4, 5, 6, 8 or 10 times a power of ten."""
    size = int(10 ** math.floor(math.log10(max(value, 1))))
    return next(n * size for n in (1, 2, 4, 5, 6, 8, 10) if n * size >= value)


def _levels(top: int) -> list[int]:
    return sorted({0, top} | ({top // 2} if top % 2 == 0 else set()))


@dataclass(frozen=True, slots=True)
class Stripe:
    """One sentiment's part of a bar that shows shares."""

    kind: str
    x: float
    width: float
    count: int
    share: float


def share_bar(negative: int, neutral: int, positive: int) -> tuple[Stripe, ...]:
    """How the scored mentions divide; empty without any."""
    total = negative + neutral + positive
    stripes: list[Stripe] = []
    before = 0
    for kind, count in (("negative", negative), ("neutral", neutral), ("positive", positive)):
        if total:
            x, width = 100 * before / total, 100 * count / total
            stripes.append(Stripe(kind, round(x, 3), round(width, 3), count, count / total))
        before += count
    return tuple(stripes)


@dataclass(frozen=True, slots=True)
class Scale:
    """A score with its interval on the scale from -1 to 1, in percent of its width."""

    low: float
    high: float
    score: float
    margin_low: float
    margin_high: float

    @property
    def width(self) -> float:
        """Of the interval."""
        return round(self.high - self.low, 3)


def scale(score: float, low: float, high: float) -> Scale:
    """Where score, interval and the margin between the flags stand."""
    places = (low, high, score, -MARGIN, MARGIN)
    return Scale(*(round((min(max(v, -1.0), 1.0) + 1) * 50, 3) for v in places))


@dataclass(frozen=True, slots=True)
class Term:
    """A term of an urgency; `value` is None where it is unknown and was left out."""

    name: str
    weight: float
    value: float | None


def urgency_terms(terms: dict[str, float]) -> tuple[Term, ...]:
    """Every term with its weight, the known and the unknown."""
    return tuple(Term(name, weight, terms.get(name)) for name, weight in WEIGHTS.items())


def raised(urgency: float, terms: dict[str, float]) -> float | None:
    """The weighted mean, where danger to people lifted the urgency above it."""
    known = {name: WEIGHTS[name] for name in terms if name in WEIGHTS}
    if not known:
        return None
    mean = sum(weight * terms[name] for name, weight in known.items()) / sum(known.values())
    return mean if urgency >= HIGH and urgency > mean + 0.001 else None


def spark(days: Sequence[Day], most: int = 60) -> tuple[tuple[float, float, float, float], ...]:
    """A small picture of volume: (x, width, y, height) a bar, in percent of both sides."""
    if not days:
        return ()
    step = math.ceil(len(days) / most)
    sums = [sum(d.mentions for d in days[i : i + step]) for i in range(0, len(days), step)]
    top, slot = max(*sums, 1), 100 / len(sums)
    return tuple(
        (
            round(i * slot, 3),
            round(slot * 0.8, 3),
            round(100 - 100 * n / top, 2),
            round(100 * n / top, 2),
        )
        for i, n in enumerate(sums)
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of a weekday; `level` from 0 (none) to `LEVELS` (the most)."""

    day: int
    hour: int
    count: int
    level: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Clock:
    """Posts by weekday (rows) and hour (columns)."""

    height: float
    cells: tuple[Cell, ...]
    ticks: tuple[Tick, ...]


LEVELS = 5
_ROW = 20.0


def clock(hours: Sequence[Sequence[int]]) -> Clock | None:
    """Seven rows of 24 cells, the fuller the darker; None where there is nothing to draw."""
    top = max((n for row in hours for n in row), default=0)
    if not top:
        return None
    slot = 100 / 24
    cells = tuple(
        Cell(
            day,
            hour,
            count,
            math.ceil(LEVELS * count / top),
            round(hour * slot, 3),
            day * _ROW,
        )
        for day, row in enumerate(hours)
        for hour, count in enumerate(row)
    )
    ticks = tuple(
        Tick(round((h + 0.46 if h else 0) * slot, 3), f"{h:02}:00") for h in (0, 6, 12, 18)
    )
    return Clock(7 * _ROW + 18, cells, ticks)
