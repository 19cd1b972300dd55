"""How long to wait after failed sign-ins (pure): longer each time, and never for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many failures cost nothing, and what each further one costs.

    Attributes:
        free: failures without a wait; each later one doubles it, from `first` to `most` seconds.
        within: failures longer ago are forgotten.
    """

    free: int
    within: timedelta
    first: float = 2.0
    most: float = 900.0

    def wait(self, failures: int, last: datetime | None, moment: datetime) -> float:
        """Seconds until the next try is looked at; 0: now."""
        if last is None or failures < self.free:
            return 0.0
        doubled = min(failures - self.free, 30)
        length = min(self.first * 2.0**doubled, self.most)
        return max(0.0, length - (moment - last).total_seconds())


# A login: from wherever it is tried. Who signed in with this browser before is counted by the
# browser instead, so that nobody can keep somebody else waiting.
LOGIN = Allowance(5, timedelta(days=1))
# An address may be a whole office.
ADDRESS = Allowance(30, timedelta(hours=1))
LONGEST = max(LOGIN.within, ADDRESS.within)
