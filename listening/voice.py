"""Share of voice over time: a brand's mentions beside those of chosen others (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from listening.reports import share_of_voice
from listening.windows import Window


@dataclass(frozen=True, slots=True)
class Bucket:
    """Some days: each brand's mentions, and how many all of them have.

    Attributes:
        mentions: in the order in which the brands were given.
    """

    first: date
    last: date
    mentions: tuple[int, ...]

    @property
    def total(self) -> int:
        """Mentions of all these brands."""
        return sum(self.mentions)

    @property
    def shares(self) -> tuple[float | None, ...]:
        """Each brand's mentions / mentions of all of them."""
        return tuple(share_of_voice(own, self.total) for own in self.mentions)


@dataclass(frozen=True, slots=True)
class Voice:
    """Shares of voice.

    Attributes:
        names: of the brands, the one it is about first.
        whole: the whole window; buckets: parts of it, in order.
        step: days a bucket has; the last may have fewer.
    """

    names: tuple[str, ...]
    whole: Bucket
    buckets: tuple[Bucket, ...]
    step: int


def step_of(days: int) -> int:
    """Days that are drawn as one, so that a long window is still read."""
    return 1 if days <= 31 else 7 if days <= 190 else 14 if days <= 400 else 30


def voice(
    volumes: Mapping[str, Mapping[date, int]], window: Window, step: int | None = None
) -> Voice:
    """Shares of voice of brands in a window.

    Args:
        volumes: by the names of the brands, the mentions of each day that has any.
        window: the days; others are left out.
        step: days a bucket; None: as `step_of` has it, and not more than twenty of single days.
    """
    step = step or max(step_of(window.days), 2 if 20 < window.days <= 31 else 1)
    last = window.last

    def bucket(first: date, end: date) -> Bucket:
        days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
        return Bucket(
            first, end, tuple(sum(own.get(d, 0) for d in days) for own in volumes.values())
        )

    begins = [window.first + timedelta(days=n) for n in range(0, window.days, step)]
    return Voice(
        names=tuple(volumes),
        whole=bucket(window.first, last),
        buckets=tuple(bucket(b, min(b + timedelta(days=step - 1), last)) for b in begins),
        step=step,
    )
