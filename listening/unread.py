"""Whether a source's format may have changed: told from how much of it could not be read.

Pure: `listening.store.watches.watches` keeps what this says with the watch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAST = 5  # rows; fewer say nothing
SHARE = 0.2  # of a sweep's rows
TIMES = 3  # the share of before
CALM = 20  # rows of a sweep that may say that all is well again
SWEEPS = 20  # that make up what was before

_TOLD = re.compile(r"^[\d,]+ of [\d,]+ rows could not be read, ([\d,]+) of ([\d,]+) before: ")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a sweep, or of several, and how many of them could not be read."""

    all: int = 0
    aside: int = 0

    def __add__(self, other: Rows) -> Rows:
        """Both."""
        return Rows(self.all + other.all, self.aside + other.aside)

    @property
    def many(self) -> bool:
        """Whether so many could not be read that it is worth comparing."""
        return self.aside >= LEAST and self.aside > SHARE * self.all


def jumped(last: Rows, before: Rows) -> bool:
    """Whether much more of a sweep could not be read than before; no rows before: no.

    A first sweep has nothing to be compared with: nothing can have changed.
    """
    return (
        last.many and before.all > 0 and last.aside * before.all > TIMES * before.aside * last.all
    )


def told(last: Rows, before: Rows) -> str:
    """The warning, which `compared_with` reads again."""
    return (
        f"{last.aside:,} of {last.all:,} rows could not be read, {before.aside:,} of "
        f"{before.all:,} before: its format may have changed; see `listening quarantine list`"
    )


def compared_with(warning: str | None) -> Rows | None:
    """What stood before the jump that a warning tells; None: it tells none.

    While a warning stands, sweeps are measured by this: the bad ones that followed would soon
    be what is usual.
    """
    found = _TOLD.match(warning or "")
    if found is None:
        return None
    aside, rows = (int(number.replace(",", "")) for number in found.groups())
    return Rows(rows, aside)


def is_over(last: Rows, before: Rows) -> bool:
    """Whether a sweep shows that what a warning told of is over."""
    return last.all >= CALM and not jumped(last, before)
