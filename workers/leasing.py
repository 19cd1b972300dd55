"""Holding a lease while something runs: taken, kept alive by a thread, given up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from listening.errors import StoreError
from listening.store.running.leases import give_up, holder_of, take
from listening.store.session import Store
from workers.holder import is_dead, this_holder

log = structlog.get_logger()


def try_take(store: Store, name: str, holder: str, seconds: float) -> bool:
    """Take or renew a lease; of a dead process of this machine it is taken at once."""
    with store.work() as session:
        standing = holder_of(session, name)
        if standing is not None and standing != holder and is_dead(standing):
            give_up(session, name, standing)
        return take(session, name, holder, seconds)


@contextmanager
def held(store: Store, name: str, *, seconds: float = 60.0) -> Iterator[bool]:
    """Hold a lease for the block; False where another holds it, and nothing may be done.

    Args:
        store: migrated.
        name: of the lease.
        seconds: after which another may take it when this process dies.
    """
    holder = this_holder()
    if not try_take(store, name, holder, seconds):
        yield False
        return
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(seconds / 4):
            try:
                if not try_take(store, name, holder, seconds):
                    # The store was away for long; what is done twice is done by upserts.
                    log.warning("a lease was taken by another meanwhile", lease=name)
            except StoreError as error:
                log.warning("a lease could not be renewed", lease=name, error=str(error))

    thread = threading.Thread(target=renew, name=f"lease {name}", daemon=True)
    thread.start()
    try:
        yield True
    finally:
        ended.set()
        thread.join()
        with suppress(StoreError), store.work() as session:  # else it runs out by itself
            give_up(session, name, holder)
