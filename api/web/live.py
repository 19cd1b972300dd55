"""What changes, told to pages that are open: one look at the store for all who listen.

Every half second one task of this process reads what was written to `change` since, in a
session of its own that is closed at once, and hands each listener what is of its brand. With
nobody listening nothing is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog
from sqlalchemy import or_
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from api.web.site import Site
from listening.errors import ListeningError
from listening.store.tables import Change
from listening.store.tables.types import now

EVERY = 0.5  # seconds
# On PostgreSQL a unit of work that began first may be committed last, with a lower id: what was
# written so lately is looked at again.
_AGAIN = timedelta(seconds=10)
MOST = 500  # changes told of at once; with more a page looks at everything again
MOST_LISTENERS = 200  # of one process
MOST_OF_ONE = 10  # of them by one account or key
_WAITING = 1000  # changes that a listener may be behind before it is let go

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Changed:
    """A change as it is told."""

    id: int
    noun: str
    noun_id: int | None
    version: int | None
    by: str | None

    def as_json(self) -> dict[str, object]:
        """As a program reads it."""
        return {"noun": self.noun, "id": self.noun_id, "version": self.version, "by": self.by}


@dataclass(eq=False, slots=True)
class Listener:
    """A place among those who listen."""

    brand_id: int
    who: object
    waiting: asyncio.Queue[Changed | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=_WAITING)
    )
    over: bool = False

    def end(self) -> None:
        """Let it go."""
        self.over = True
        if not self.waiting.full():
            self.waiting.put_nowait(None)


class TooManyListenersError(ListeningError):
    """There are as many listeners as can be served, or as one may have.

    Attributes:
        own: whether they are all of whoever asks.
    """

    def __init__(self, *, own: bool) -> None:
        self.own = own
        super().__init__(
            f"You listen {MOST_OF_ONE} times already: close a page, then try again."
            if own
            else "Too many pages listen already: try again in a while."
        )


class Live:
    """The listeners of this process, and the one task that reads for them."""

    def __init__(self, site: Site, every: float = EVERY) -> None:
        self._site, self._every = site, every
        self._listeners: set[Listener] = set()
        self._seen: set[int] = set()
        self._last = 0
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = asyncio.Lock()
        self._ended = False

    def join(self, brand_id: int, who: object) -> Listener:
        """Take a place, before anything is answered; who listens gives it back by `leave`.

        Args:
            brand_id: whose changes.
            who: the account or key; each has places for a few pages, so that none takes them all.

        Raises:
            TooManyListenersError: there is none left.
        """
        if len(self._listeners) >= MOST_LISTENERS or self._ended:
            raise TooManyListenersError(own=False)
        if sum(one.who == who for one in self._listeners) >= MOST_OF_ONE:
            raise TooManyListenersError(own=True)
        own = Listener(brand_id, who)
        self._listeners.add(own)
        return own

    def leave(self, own: Listener) -> None:
        """Give a place back; once more does nothing."""
        self._listeners.discard(own)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def listen(self, own: Listener, *, beat: float) -> AsyncGenerator[Changed | None, None]:
        """What changes from now on; None at first and once there was nothing for `beat` seconds.

        Ends when this process does, or where the listener does not keep up.
        """
        try:
            await self._start()
            yield None
            while not own.over:
                try:
                    found = await asyncio.wait_for(own.waiting.get(), beat)
                except TimeoutError:
                    found = None
                if not own.over:
                    yield found
        finally:
            self.leave(own)

    def end(self) -> None:
        """Let every listener go, from whatever thread: the process is about to end."""
        self._ended = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def _let_go(self) -> None:
        for one in self._listeners:
            one.end()

    async def _start(self) -> None:
        """Read what was written of late once, so that only what comes after it is told."""
        async with self._starting:
            if self._task is not None and not self._task.done():
                return
            self._loop = asyncio.get_running_loop()
            self._last = await run_in_threadpool(self._latest)
            self._seen = {one.id or 0 for one in await run_in_threadpool(self._lately)}
            self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                found = await run_in_threadpool(self._lately)
            except ListeningError as error:
                # The store is away: pages stay open, and are told once it is back.
                log.warning("changes cannot be read", error=str(error))
                await asyncio.sleep(5)
                continue
            self._last = max((one.id or 0 for one in found), default=self._last)
            fresh = [one for one in found if one.id not in self._seen]
            self._seen = {one.id or 0 for one in found}
            for one in fresh:
                self._hand_out(one)

    def _hand_out(self, one: Change) -> None:
        told = as_changed(one)
        if one.brand_id is None:
            # Of what is of no brand, such as accounts, only groups are everybody's to hear of;
            # who changed them, an admin, is not.
            if one.noun != "segment":
                return
            told = replace(told, by=None)
        for listener in self._listeners:
            if one.brand_id in {None, listener.brand_id}:
                if listener.waiting.full():
                    listener.over = True  # it asks again, from where it was
                else:
                    listener.waiting.put_nowait(told)

    def _latest(self) -> int:
        with self._site.reading() as session:
            return latest_change(session)

    def _lately(self) -> Sequence[Change]:
        with self._site.reading() as session:
            # By id too: the clock of another machine may be behind.
            late = or_(col(Change.at) >= now() - _AGAIN, col(Change.id) > self._last)
            statement = select(Change).where(late)
            return session.exec(statement.order_by(col(Change.id))).all()


def as_changed(one: Change) -> Changed:
    """A row as it is told."""
    return Changed(int(one.id or 0), one.noun, one.noun_id, one.version, one.by)


def changes_since(session: Session, brand_id: int, last: int) -> list[Changed] | None:
    """What changed of a brand after a change that was told; None: more than is told of."""
    statement = (
        select(Change)
        .where(col(Change.id) > last, col(Change.brand_id) == brand_id)
        .order_by(col(Change.id))
        .limit(MOST + 1)
    )
    found = [as_changed(one) for one in session.exec(statement)]
    return None if len(found) > MOST else found


def latest_change(session: Session) -> int:
    """The id of the last change; 0: there was none."""
    statement = select(Change.id).order_by(col(Change.id).desc()).limit(1)
    return int(session.exec(statement).first() or 0)
