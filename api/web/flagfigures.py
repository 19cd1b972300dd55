"""How a stance came about, as a small line (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from listening.advocacy import MARGIN

WIDTH, HEIGHT = 100.0, 24.0


@dataclass(frozen=True, slots=True)
class CourseLine:
    """Points of a line, and where the margin between the flags lies."""

    points: str
    last_y: float
    margin_y: float
    margin_height: float


def course_line(history: Sequence[Sequence[float]] | None) -> CourseLine | None:
    """The score over time, from its first mention to now; None: one mention draws no line."""
    if not history or len(history) < 2:
        return None
    first, last = history[0][0], history[-1][0]
    span = (last - first) or 1.0
    places = [(round(WIDTH * (at - first) / span, 1), _height(score)) for at, score in history]
    top, bottom = _height(MARGIN), _height(-MARGIN)
    return CourseLine(
        " ".join(f"{x},{y}" for x, y in places), places[-1][1], top, round(bottom - top, 1)
    )


def _height(score: float) -> float:
    """From the top: +1 at 2, -1 at two less than the height."""
    clipped = min(max(score, -1.0), 1.0)
    return round(2 + (1 - clipped) / 2 * (HEIGHT - 4), 1)
