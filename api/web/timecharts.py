"""Where the marks of the overview's figures stand (pure), as `api.web.figures` has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from api.web.figures import Bar, DayChart, Tick, day_chart
from listening.incidents import Incident
from listening.reports import Day, net_sentiment
from listening.voice import Voice, step_of
from listening.windows import Window

LINE_HEIGHT = 120.0
VOICE_HEIGHT = 120.0
COLOURS = 10  # c0 to c9 of the style sheet


@dataclass(frozen=True, slots=True)
class Mark:
    """An incident on the time axis; `number` is its place in the list below."""

    number: int
    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Point:
    """A net sentiment at a place; None where nothing is scored."""

    x: float
    y: float | None
    value: float | None
    scored: int
    bar: Bar


@dataclass(frozen=True, slots=True)
class Segment:
    """A line between two neighbouring points."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Line:
    """Net sentiment over time."""

    points: tuple[Point, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """The other's mentions in the same place, as a line over the bar."""

    x: float
    width: float
    y: float
    mentions: int


@dataclass(frozen=True, slots=True)
class TimeChart:
    """Volume, net sentiment and incidents over a window.

    Attributes:
        other, levels: of what the window is compared with; empty without.
        ticks: of the scale of net sentiment, which ends where the values do.
    """

    volume: DayChart
    own: Line
    other: Line | None
    levels: tuple[Level, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    height: float = LINE_HEIGHT


def time_chart(
    window: Window,
    days: Sequence[Day],
    incidents: Sequence[Incident],
    other: Sequence[Day] | None = None,
) -> TimeChart | None:
    """The figures of a window; None where there is nothing to draw.

    Args:
        window: of the days.
        days: every day of it.
        incidents: in it.
        other: as many days of what it is compared with.
    """
    step = step_of(len(days))
    largest = _largest(days, step)
    if other is not None and other:
        largest = max(largest, _largest(other, step))
    volume = day_chart(days, step)
    if volume is None or not largest:
        return None
    beside = day_chart(other, step) if other else None
    nets = [_net(bar) for chart in (volume, beside) if chart for bar in chart.bars]
    top = _scale(max((abs(net) for net in nets if net is not None), default=1.0))
    return TimeChart(
        volume=volume,
        own=_line(volume, top),
        other=_line(beside, top) if beside is not None else None,
        levels=_levels(volume, beside) if beside is not None else (),
        marks=tuple(_mark(n, one, window) for n, one in enumerate(incidents, 1)),
        ticks=tuple(Tick(_y(value, top), _signed(value)) for value in (top, 0.0, -top)),
    )


def _largest(days: Sequence[Day], step: int) -> int:
    starts = range(0, len(days), step)
    return max((sum(d.mentions for d in days[i : i + step]) for i in starts), default=0)


def counts_of(bar: Bar) -> dict[str, int]:
    """The mentions of a bar by sentiment."""
    none = dict.fromkeys(("negative", "neutral", "positive", "unscored"), 0)
    return none | {part.kind: part.count for part in bar.parts}


def _net(bar: Bar) -> float | None:
    own = counts_of(bar)
    return net_sentiment((own["negative"], own["neutral"], own["positive"]))


def _scale(largest: float) -> float:
    """Where the scale ends: the smaller, the better small moves are seen."""
    return next(end for end in (0.1, 0.2, 0.5, 1.0) if largest <= end)


def _y(value: float, top: float) -> float:
    return round(8 + (LINE_HEIGHT - 16) * (1 - (value / top + 1) / 2), 2)


def _line(chart: DayChart, top: float) -> Line:
    points = []
    for bar in chart.bars:
        net = _net(bar)
        scored = bar.mentions - counts_of(bar)["unscored"]
        y = None if net is None else _y(net, top)
        points.append(Point(round(bar.x + bar.width / 2, 3), y, net, scored, bar))
    segments = [
        Segment(a.x, a.y, b.x, b.y)
        for a, b in pairwise(points)
        if a.y is not None and b.y is not None
    ]
    return Line(tuple(points), tuple(segments))


def _levels(own: DayChart, other: DayChart) -> tuple[Level, ...]:
    """On the scale of one's own bars; what is beyond it stands at its top."""
    top = max((int(tick.label.replace(",", "")) for tick in own.levels), default=0)
    if not top:
        return ()
    heights = [tick.at for tick in own.levels]
    low, high = max(heights), min(heights)
    return tuple(
        Level(
            mine.x,
            mine.width,
            round(low - (low - high) * min(theirs.mentions / top, 1.0), 2),
            theirs.mentions,
        )
        for mine, theirs in zip(own.bars, other.bars, strict=False)
    )


def _mark(number: int, incident: Incident, window: Window) -> Mark:
    length = (window.end - window.start).total_seconds()
    begin = max((incident.began - window.start).total_seconds(), 0.0)
    end = min((incident.ended - window.start).total_seconds(), length)
    x = round(100 * begin / length, 3)
    # At least so wide that it is seen.
    width = round(max(100 * (end - begin) / length, 0.6), 3)
    return Mark(number, min(x, 100 - width), width, incident.kind.value)


def _signed(value: float) -> str:
    sign = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else ""
    return f"{sign}{abs(value):g}"


@dataclass(frozen=True, slots=True)
class Slice:
    """A brand's share in some days."""

    colour: int
    name: str
    y: float
    height: float
    share: float
    mentions: int


@dataclass(frozen=True, slots=True)
class VoiceBar:
    """Some days, divided among brands."""

    label: str
    x: float
    width: float
    total: int
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class VoiceChart:
    """Shares of voice over time; of many brands the smaller ones are one."""

    bars: tuple[VoiceBar, ...]
    dates: tuple[Tick, ...]
    height: float = VOICE_HEIGHT


def voice_chart(found: Voice) -> VoiceChart | None:
    """Bars that all are of one height; None without any mention."""
    if not found.whole.total:
        return None
    slot = 100 / len(found.buckets)
    bars = []
    for index, bucket in enumerate(found.buckets):
        slices, below = [], 0.0
        for place, (name, mentions) in enumerate(zip(found.names, bucket.mentions, strict=True)):
            if not mentions:
                continue
            share = mentions / bucket.total
            y = VOICE_HEIGHT * (1 - below - share)
            colour = min(place, COLOURS - 1)
            slices.append(
                Slice(colour, name, round(max(y, 0), 2), round(VOICE_HEIGHT * share, 2),
                      share, mentions)
            )  # fmt: skip
            below += share
        label = f"{bucket.first:%-d %b}"
        if bucket.last != bucket.first:
            label += f" to {bucket.last:%-d %b}"
        x = round(index * slot + slot * 0.06, 3)
        bars.append(VoiceBar(label, x, round(slot * 0.88, 3), bucket.total, tuple(slices)))
    step = -(-len(bars) // 5)
    chosen = range((len(bars) - 1) % step // 2, len(bars), step)
    dates = tuple(
        Tick(round(bars[i].x + bars[i].width / 2, 3), f"{found.buckets[i].first:%-d %b}")
        for i in chosen
    )
    return VoiceChart(tuple(bars), dates)
