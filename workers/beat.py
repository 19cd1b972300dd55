"""The beat: sends what the timetable says, and leads only while it holds a lease.

Celery's own keeps its times in a file beside it and by the wall clock: two of them would send
everything twice, and a clock put back an hour would silence it for an hour. This one counts
intervals by the monotonic clock and keeps the times of cron lines in the store, so that
whichever beat leads next goes on.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from cronsim import CronSim
from kombu.exceptions import OperationalError
from sqlmodel import Session

from listening import tracing
from listening.config import Settings
from listening.errors import StoreError
from listening.logs import correlated, new_correlation
from listening.store.facts import moments, note_moment
from listening.store.running.leases import give_up, holder_of
from listening.store.session import Store
from listening.store.tables.types import now
from workers.holder import this_holder
from workers.leasing import try_take
from workers.messages import Message, send
from workers.schedule import TIMETABLE, Entry

LEASE, LEASE_SECONDS = "beat", 12.0
ROUND = 0.5  # seconds
_PREFIX = "beat:"

log = structlog.get_logger()

Send = Callable[[Message], bool]


@dataclass(slots=True)
class Beat:
    """One beat, leading or waiting.

    Attributes:
        store: migrated.
        send: sends a message; False: one waits already.
        timetable: what is sent when.
        holder: of the lease.
        monotonic: seconds that only go forward.
    """

    store: Store
    send: Send
    timetable: Sequence[Entry] = TIMETABLE
    holder: str = field(default_factory=this_holder)
    monotonic: Callable[[], float] = time.monotonic
    leads: bool = False
    _renewed: float = 0.0
    _last: dict[str, float] = field(default_factory=dict)  # of intervals, monotonic
    _noted: dict[str, datetime] = field(default_factory=dict)  # of cron lines
    _told: str | None = None  # the trouble or the wait that was told last

    def turn(self) -> None:
        """Send what is due, if this beat leads."""
        try:
            if not self._lead():
                return
            for entry in self.timetable:
                if self._is_due(entry):
                    self._send(entry)
            self._tell(None)
        except OperationalError as error:
            self._tell("the broker does not answer; trying again", error=str(error))
        except StoreError as error:
            self.leads = False
            self._tell("the store does not answer; trying again", error=str(error))

    def resign(self) -> None:
        """Let another lead at once."""
        self.leads = False
        with suppress(StoreError), self.store.work() as session:
            give_up(session, LEASE, self.holder)

    def _lead(self) -> bool:
        moment = self.monotonic()
        if self.leads and moment - self._renewed < LEASE_SECONDS / 4:
            return True
        led = self.leads
        self.leads = try_take(self.store, LEASE, self.holder, LEASE_SECONDS)
        self._renewed = moment
        if not self.leads:
            with self.store.session() as session:
                leader = holder_of(session, LEASE)
            self._tell("another beat leads; waiting until it ends", leader=leader)
        elif not led:
            self._begin()
        return self.leads

    def _begin(self) -> None:
        """Go on where the last one that led was."""
        with self.store.session() as session:
            self._noted = moments(session, _PREFIX)
        for entry in self.timetable:
            if entry.cron is not None and entry.task not in self._noted:
                self._note(entry.task, now())  # never sent: from now on
        self._last.clear()
        self._told = None
        log.info("this beat leads", holder=self.holder)

    def _is_due(self, entry: Entry) -> bool:
        if entry.every is not None:
            last = self._last.get(entry.task)
            if last is not None and self.monotonic() - last < entry.every:
                return False
        elif entry.cron is not None and not self._has_come(entry.task, entry.cron):
            return False
        if entry.where is None or self._asked(entry.where):
            return True
        self._last[entry.task] = self.monotonic()
        return False

    def _has_come(self, task: str, cron: str) -> bool:
        moment = now()
        last = self._noted[task]
        if last > moment:  # sent before the clock stepped back
            self._note(task, moment)
            return False
        return bool(next(CronSim(cron, last)) <= moment)

    def _asked(self, where: Callable[[Session], bool]) -> bool:
        with self.store.session() as session:
            return where(session)

    def _send(self, entry: Entry) -> None:
        with correlated(new_correlation()):
            self.send(Message(entry.task, once=entry.task, expires=entry.expires))
        self._last[entry.task] = self.monotonic()
        if entry.cron is not None:
            self._note(entry.task, now())

    def _note(self, task: str, moment: datetime) -> None:
        with self.store.work() as session:
            note_moment(session, f"{_PREFIX}{task}", moment)
        self._noted[task] = moment

    def _tell(self, what: str | None, **more: str | None) -> None:
        """Each trouble and each wait once, not twice a second; and when it is over."""
        if what == self._told:
            return
        if what is not None:
            log.warning(what, **more)
        elif self._told is not None:
            log.info("the beat goes on")
        self._told = what


def run_beat(settings: Settings) -> None:
    """Beat until SIGTERM or SIGINT."""
    from workers.app import app
    from workers.health import Heartbeat

    tracing.start(settings, "beat")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    store = Store.from_settings(settings)
    beat = Beat(store, lambda message: send(app, store, message))
    heartbeat = Heartbeat(settings, "beat")
    heartbeat.start()
    try:
        while not ended.wait(ROUND):
            beat.turn()
    finally:
        beat.resign()
        heartbeat.stop()
        store.close()
        tracing.stop()
