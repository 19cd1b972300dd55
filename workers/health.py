"""Signs of life of this process, and what is checked before it starts."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import structlog

from listening.config import Settings, get_settings
from listening.errors import BrokerError, ListeningError, StoreError
from listening.logs import masked
from listening.store.running.presence import EVERY, be_seen, leave, present, resident_memory
from listening.store.schema import require_current
from listening.store.session import Store

log = structlog.get_logger()

# What each thread of this process is at.
_DOING: dict[int, str] = {}


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say what this thread is at, for whoever watches."""
    thread = threading.get_ident()
    _DOING[thread] = what
    try:
        yield
    finally:
        _DOING.pop(thread, None)


class Heartbeat:
    """Says every few seconds that this process is up, what it does and how large it is.

    Args:
        settings: name the store.
        kind: web, worker or beat.
        queues: that it consumes.
        every: seconds between two signs.
    """

    def __init__(
        self, settings: Settings, kind: str, queues: Sequence[str] = (), every: float = EVERY
    ) -> None:
        self.host, self.pid = socket.gethostname(), os.getpid()
        self.name = f"{kind}@{self.host}:{self.pid}"
        self._settings, self._kind, self._queues = settings, kind, sorted(queues)
        self._every, self._ended = every, threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Take leave."""
        self._ended.set()
        self._thread.join(2 * self._every)

    def _run(self) -> None:
        store = Store.from_settings(self._settings)
        silent = False
        while True:
            try:
                self._say(store)
                silent = False
            except StoreError as error:
                if not silent:  # said once, not every few seconds
                    log.warning("no sign of life can be stored", error=str(error))
                silent = True
            if self._ended.wait(self._every):
                break
        with suppress(StoreError), store.work() as session:
            leave(session, self.name)
        store.close()

    def _say(self, store: Store) -> None:
        with store.work() as session:
            be_seen(
                session,
                self.name,
                kind=self._kind,
                host=self.host,
                pid=self.pid,
                queues=self._queues,
                doing=", ".join(sorted(_DOING.copy().values())) or None,
                memory=resident_memory(),
            )


def check_start(settings: Settings) -> None:
    """Refuse to start where the work could not go on, with one line that says why.

    Raises:
        StoreError: the store does not answer, or is at another schema version.
        BrokerError: the broker does not answer.
    """
    store = Store.from_settings(settings)
    try:
        require_current(store)
    finally:
        store.close()
    check_broker(settings)


def check_broker(settings: Settings) -> str:
    """Reach the broker once; returns its address without the password.

    Raises:
        BrokerError: it does not answer.
        SettingsError: its address cannot be read.
    """
    from workers.app import make_app

    with make_app(settings).connection_for_write() as connection:
        if settings.broker_url is None:
            return str(settings.folder("queue"))
        shown = masked(settings.broker_url.get_secret_value())
        try:
            connection.ensure_connection(max_retries=1, timeout=5, reraise_as_library_errors=False)
        except Exception as error:  # every transport raises its own kinds
            why = masked(str(error)) or type(error).__name__
            raise BrokerError(
                f"The broker {shown} does not answer: {why}; start it, or set LISTENING_BROKER_URL."
            ) from error
    return shown


def main() -> int:
    """`python -m workers.health worker [queue]`: whether one of this machine is up, for probes."""
    kind, *queues = sys.argv[1:] or ["worker"]
    try:
        store = Store.from_settings(get_settings())
        with store.session() as session:
            found = [
                p
                for p in present(session, kind=kind)
                if p.host == socket.gethostname() and set(queues) <= set(p.queues)
            ]
    except ListeningError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
