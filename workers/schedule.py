"""The beat's timetable, the only one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from listening.store.cases.timer import is_due
from listening.store.counts.daycounts import has_marks
from listening.store.keeping.wishes import erasure_is_wanted, match_is_wanted
from listening.store.mentions.mentions import highest_mention_id
from listening.store.notifying.deliveries import delivery_is_due
from listening.store.posts.claims import highest_id, left_behind
from listening.store.reports.schedules import reports_are_due
from listening.store.tables.types import now
from listening.store.watches.watches import due_watches
from workers.jobs.figuring import figures_are_due
from workers.messages import EXPIRES

_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A task that the beat sends, each at most once before it is picked up.

    Attributes:
        task: its name.
        every: seconds from one to the next; or
        cron: five fields, in UTC. A time missed while no beat ran is made up once.
        where: asked first; the task is sent where it says yes.
        expires: seconds after which the message wakes nobody any more.
    """

    task: str
    every: float | None = None
    cron: str | None = None
    where: Callable[[Session], bool] | None = None
    expires: float = EXPIRES


def _watch_is_due(session: Session) -> bool:
    return bool(due_watches(session, now()))


def _case_is_due(session: Session) -> bool:
    return is_due(session, now())


def _delivery_is_due(session: Session) -> bool:
    return delivery_is_due(session, now())


class Something:
    """Whether anything came in that may want analysing, at the price of two indexes' ends.

    Looking for it in earnest takes a second of a million posts. So it is done where something
    came in since, where a dead process left something, and now and then whatever this says:
    a message may be lost, and an edited post has an old id.
    """

    AT_LEAST_EVERY = 60.0  # seconds

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: tuple[int, int] | None = None
        self._said = 0.0

    def __call__(self, session: Session) -> bool:
        """Whether to look."""
        found = highest_id(session), highest_mention_id(session)
        moment = self._monotonic()
        due = self._seen is None or moment - self._said >= self.AT_LEAST_EVERY
        if not due and found == self._seen and not left_behind(session, 1)[0]:
            return False
        self._seen, self._said = found, moment
        return True


# Nothing here is lost when a beat is missed: each task reads from the store what is to do.
TIMETABLE = (
    # The beat asks itself, so that an idle service sends no messages every second.
    Entry(task="sweep.due", every=1, where=_watch_is_due),
    Entry(task="keep.deliver", every=2, where=_delivery_is_due),
    Entry(task="nlp.match", every=5, where=match_is_wanted),
    Entry(task="keep.erase", every=10, where=erasure_is_wanted),
    Entry(task="nlp.analyse", every=10, where=Something()),
    Entry(task="keep.cases", every=10, where=_case_is_due),
    Entry(task="keep.settle", every=30),
    Entry(task="keep.count", every=15, where=has_marks),
    Entry(task="keep.figures", every=20, where=figures_are_due),
    Entry(task="keep.report", every=20, where=reports_are_due),
    Entry(task="keep.incidents", cron="*/15 * * * *"),
    Entry(task="nlp.flag", cron="7 * * * *"),
    Entry(task="nlp.drift", cron="37 * * * *"),
    Entry(task="keep.house", cron="50 * * * *", expires=3600),
    Entry(task="nlp.segment", cron="20 3 * * *", expires=_DAY / 2),
)
