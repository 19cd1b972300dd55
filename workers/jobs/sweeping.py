"""Sweep watches: posts, mentions, rejected rows, counts and cursor in one unit of work a batch."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from listening import metrics
from listening.config import get_settings
from listening.errors import ListeningError, StoreError
from listening.ingest import Ingested
from listening.logs import correlated, correlation, masked, new_correlation
from listening.sources.errors import FormatChangedError
from listening.sources.registry import where
from listening.store.running import counters, leases
from listening.store.session import Store
from listening.store.tables import Brand, SweepStatus, Watch
from listening.store.tables.types import now
from listening.store.watches.sweeps import (
    begin_sweep,
    close_sweep,
    lease_of,
    lose_sweeps,
    quarantine,
    sweeping,
)
from listening.store.watches.watches import (
    due_watches,
    is_watch_due,
    open_backfills,
    record_failure,
    record_rows,
    record_stop,
    record_success,
)
from workers.holder import is_dead
from workers.jobs.pulling import LEASE, Bounds, Lost, Run, pull_all
from workers.progress import Progress, Silent
from workers.recording import Cancelled

BEAT = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What became of a sweep.

    Attributes:
        watch_id, sweep_id: the watch, and its entry among the sweeps; None: nothing was begun.
        skipped: why nothing was begun.
        counts: of the posts.
        quarantined: rows kept aside.
        more: it stopped at its bounds.
        error: why it failed; what it had stored stands.
    """

    watch_id: int
    sweep_id: int | None = None
    skipped: str | None = None
    counts: Ingested = field(default_factory=Ingested)
    quarantined: int = 0
    more: bool = False
    error: str | None = None


def sweep_watch(
    store: Store,
    watch_id: int,
    *,
    holder: str,
    recorder: Progress | None = None,
    asked: bool = False,
    bounds: Bounds | None = None,
) -> SweepReport:
    """Sweep a watch if it is due and nobody else does; a failure is noted, not raised.

    Args:
        store: migrated.
        watch_id: the watch.
        holder: this process and thread, see `workers.holder`.
        recorder: told of rows.
        asked: whether a person wants it, due or not, paused or not.
        bounds: None: those of the settings.

    Raises:
        StoreError: the store does not answer; the next sweep goes on.
        Cancelled: by way of the recorder; what was stored stands.
    """
    settings = get_settings()
    bounds = bounds or Bounds(settings.sweep_max_posts, settings.sweep_max_seconds)
    # Of one process several sweeps may run: the lease tells them apart.
    own = f"{secrets.token_hex(4)}:{holder}"
    begun = _begin(store, watch_id, own, bounds, recorder or Silent(), asked)
    if isinstance(begun, str):
        return SweepReport(watch_id, skipped=begun)
    with correlated(begun.correlation), _beating(store, begun):
        return _sweep(store, begun)


def sweep_due(store: Store, *, holder: str, recorder: Progress | None = None) -> list[SweepReport]:
    """Sweep every watch that is due, one after the other."""
    with store.session() as session:
        due = due_watches(session, now())
    return [sweep_watch(store, one, holder=holder, recorder=recorder) for one in due]


def settle_lost(store: Store) -> int:
    """Sweeps whose worker died become lost, and their watches due; how many.

    One that died on this machine is known at once, one elsewhere by its silence.
    """
    with store.work() as session:
        lost = 0
        for watch_id in sorted(sweeping(session)):
            held = leases.holder_of(session, lease_of(watch_id))
            if held is not None and is_dead(held):
                leases.give_up(session, lease_of(watch_id), held)
                lost += lose_sweeps(session, watch_id)
        lost += lose_sweeps(session)
        if lost:
            counters.add(session, metrics.LOST, lost, kind="sweep")
    return lost


def _begin(
    store: Store, watch_id: int, holder: str, bounds: Bounds, progress: Progress, asked: bool
) -> Run | str:
    """Take the lease and note the start; or say why not."""
    name = lease_of(watch_id)
    with store.work() as session:
        held = leases.holder_of(session, name)
        if held is not None and is_dead(held):
            leases.give_up(session, name, held)
        # Before the watch is read: what is due is known only once nobody else can change it.
        if not leases.take(session, name, holder, LEASE):
            return "it is being swept already"
        watch = session.get(Watch, watch_id)
        if watch is None or not (asked or is_watch_due(watch, now())):
            leases.give_up(session, name, holder)
            return "it was removed" if watch is None else "it is not due"
        if lost := lose_sweeps(session, watch_id):
            counters.add(session, metrics.LOST, lost, kind="sweep")
        brand = session.get(Brand, watch.brand_id)
        label = f"{brand.name if brand else '?'} at {watch.source}: {where(watch.params)}"
        own = correlation() or new_correlation()
        sweep = begin_sweep(
            session, source=watch.source, label=label, watch_id=watch_id, correlation=own
        )
        return Run(watch, label, int(sweep.id or 0), holder, own, bounds, progress)


def _sweep(store: Store, run: Run) -> SweepReport:
    error: Exception | None = None
    more = False
    try:
        more = pull_all(store, run)
    except Lost:
        _close(store, run, SweepStatus.LOST)
        return _report(run, error="another took it over, or the watch was changed or removed")
    except Cancelled as stop:
        _close(store, run, SweepStatus.FAILED, error=stop)
        raise
    except StoreError:
        with suppress(StoreError):  # it may answer again: then the next sweep begins at once
            _close(store, run, SweepStatus.LOST)
        raise
    except Exception as failed:
        error = failed
    except BaseException:  # told to end: the next sweep goes on
        with suppress(StoreError):
            _close(store, run, SweepStatus.LOST)
        raise
    if run.told:
        run.progress.end()
    more = _close(store, run, SweepStatus.FAILED if error else SweepStatus.DONE, error, more)
    if error is not None and not isinstance(error, ListeningError):
        raise error
    return _report(run, more=more, error=masked(str(error)) if error else None)


def _close(
    store: Store,
    run: Run,
    status: SweepStatus,
    error: Exception | None = None,
    more: bool = False,
) -> bool:
    """Note how it ended and when it is due next; True where it goes on at once."""
    source = run.watch.source
    with store.work() as session:
        told = masked(str(error) or type(error).__name__) if error else None
        # Lease before sweep, as everywhere: the heartbeat may be at the same two rows.
        leases.give_up(session, run.lease, run.holder)
        held = close_sweep(session, run.sweep_id, status, error=told)
        watch = session.get(Watch, run.watch.id)
        if not held or watch is None:
            return False
        if isinstance(error, FormatChangedError) and error.raw:
            row = (0, None, str(error), error.raw)
            quarantine(session, sweep_id=run.sweep_id, file=run.label, rows=[row])
        counters.add(session, metrics.SWEEPS, source=source, status=str(status))
        counters.took(session, "sweep", time.monotonic() - run.began)
        if status is not SweepStatus.LOST:
            record_rows(session, watch, run.sweep_id)
        if status is SweepStatus.DONE:
            # One that was asked for meanwhile is not left until the next time.
            asked = open_backfills(session, int(watch.id or 0))
            more = more or any(not one.failures for one in asked)
            record_success(session, watch, more=more)
        elif isinstance(error, Cancelled):
            record_stop(session, watch)
        elif error is not None:
            record_failure(session, watch, error)
            counters.add(session, metrics.FAILURES, task="sweep", source=source)
    return more


def _report(run: Run, *, more: bool = False, error: str | None = None) -> SweepReport:
    return SweepReport(
        int(run.watch.id or 0),
        run.sweep_id,
        counts=run.counts,
        quarantined=run.quarantined,
        more=more,
        error=error,
    )


@contextmanager
def _beating(store: Store, run: Run) -> Iterator[None]:
    """Keep lease and heartbeat fresh while a source is slow."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            # A store that does not answer is the sweep's to meet; so is a lease that is gone.
            with suppress(StoreError, Lost), store.work() as session:
                run.hold(session)

    thread = threading.Thread(target=beat, name=f"sweep {run.sweep_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
