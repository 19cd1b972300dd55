"""What a sweep does: batch after batch from the source into the store, cursor and all."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session

from listening.errors import ListeningError, StoreError
from listening.importing import BadRow
from listening.ingest import Ingested, ingest, tally
from listening.matching import BrandMatcher
from listening.sampling import wanted_of
from listening.sources.base import KEEP_ALL, Batch, Wanted, Window
from listening.sources.errors import RateLimitError
from listening.sources.registry import get_source
from listening.store.brands.brands import brand_rules
from listening.store.posts.withdrawing import withdraw
from listening.store.running import leases
from listening.store.session import Store
from listening.store.tables import Backfill, Watch
from listening.store.watches.sweeps import beat_sweep, lease_of, quarantine, resolve_from
from listening.store.watches.watches import (
    end_backfill,
    open_backfills,
    schedule_of,
    set_backfill_cursor,
    set_cursor,
)
from listening.taking import clash_row
from workers.progress import Progress
from workers.recording import Cancelled

LEASE = 60.0  # seconds; a worker that dies elsewhere is replaced after so long


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a sweep stops; the next one goes on from there at once."""

    posts: int
    seconds: float


class Lost(Exception):  # noqa: N818  nobody's mistake
    """Another took the sweep over: nothing more may be written for it."""


@dataclass(slots=True)
class Run:
    """A sweep that is running: who, what, and how far."""

    watch: Watch
    label: str
    sweep_id: int
    holder: str
    correlation: str
    bounds: Bounds
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    counts: Ingested = field(default_factory=Ingested)
    quarantined: int = 0
    told: bool = False

    @property
    def lease(self) -> str:
        """Its lease by name."""
        return lease_of(int(self.watch.id or 0))

    @property
    def full(self) -> bool:
        """Whether it has had its share."""
        seconds = time.monotonic() - self.began
        return (
            self.counts.rows + self.quarantined >= self.bounds.posts
            or seconds >= self.bounds.seconds
        )

    def hold(self, session: Session) -> None:
        """Renew lease and heartbeat in this unit of work, which fails where either is lost."""
        held = leases.take(session, self.lease, self.holder, LEASE)
        if not (held and beat_sweep(session, self.sweep_id)):
            raise Lost

    def tell(self, rows: int) -> None:
        """Say how far it is; a sweep that finds nothing says nothing."""
        if rows and not self.told:
            self.progress.begin(f"Sweeping {self.label}")
            self.told = True
        if self.told:
            self.progress.advance(rows)


def pull_all(store: Store, run: Run) -> bool:
    """What is new, then the windows that were asked for; True where it stopped at its bounds."""
    schedule_of(run.watch)  # one that makes no sense any more is told, whatever is pulled
    with store.session() as session:
        rules = brand_rules(session)
        waiting = open_backfills(session, int(run.watch.id or 0))
    matcher, ids = BrandMatcher(rules), [rule.id for rule in rules]
    wanted = wanted_of(rules, run.watch.brand_id, matcher)
    if _pull(store, run, matcher, ids, wanted, None):
        return True
    for backfill in waiting:
        try:
            if _pull(store, run, matcher, ids, wanted, backfill):
                return True
            failed = None
        except (StoreError, RateLimitError, Cancelled):
            raise
        except ListeningError as error:
            failed = error
        with store.work() as session:
            run.hold(session)
            end_backfill(session, int(backfill.id or 0), failed)
    return False


def _pull(
    store: Store,
    run: Run,
    matcher: BrandMatcher,
    ids: list[int],
    wanted: Wanted,
    backfill: Backfill | None,
) -> bool:
    """Store batch after batch; True where the sweep is full before the source is done."""
    watch = run.watch
    cursor = watch.cursor if backfill is None else backfill.cursor
    window = Window(backfill.since, backfill.until) if backfill else None
    batches: Any = get_source(watch.source).pull(watch.params, cursor, window, wanted)
    with closing(batches):
        for batch in batches:
            _keep(store, run, batch, matcher, ids, backfill)
            run.tell(len(batch.posts) + len(batch.bad_rows))
            if run.full:
                return True
    return False


def _keep(
    store: Store,
    run: Run,
    batch: Batch,
    matcher: BrandMatcher,
    ids: list[int],
    backfill: Backfill | None,
) -> None:
    """One batch with its cursor, whole or not at all."""
    params = run.watch.params
    about = run.watch.brand_id if params.get("all_mentions") is True else None
    spec = get_source(run.watch.source).spec
    with store.work() as session:
        run.hold(session)
        for origin, line in sorted(batch.again.items()):
            resolve_from(session, origin, line)
        found = ingest(
            session,
            batch.posts,
            matcher,
            brand_ids=ids,
            all_about=about,
            only_mentions=spec.only_mentions and params.get(KEEP_ALL.name) is not True,
        )
        deleted = withdraw(session, batch.deleted, batch.deleted_authors)
        bad = _put_aside(session, run, batch, found)
        beat_sweep(
            session,
            run.sweep_id,
            rows=found.rows + bad,
            posts_new=found.posts_new,
            posts_edited=found.posts_edited,
            posts_same=found.posts_same,
            mentions_new=found.mentions_new,
            quarantined=bad,
            refused=found.refused,
            passed=found.passed,
            deleted=deleted,
        )
        if backfill is None:
            kept = set_cursor(session, int(run.watch.id or 0), batch.cursor, batch.read_until)
        else:
            kept = set_backfill_cursor(session, int(backfill.id or 0), batch.cursor)
        if not kept:
            raise Lost  # the watch was removed
        tally(session, run.watch.source, found, bad, deleted)
    run.counts = run.counts + replace(found, clashes=())
    run.quarantined += bad


def _put_aside(session: Session, run: Run, batch: Batch, found: Ingested) -> int:
    """Rows that could not be read, and posts whose ids are another author's; how many."""
    rejected: dict[str, list[BadRow]] = {}
    for origin, row in batch.bad_rows:
        rejected.setdefault(origin, []).append(row)
    places = {id(post): place for post, place in zip(batch.posts, batch.places, strict=False)}
    for post in found.clashes:
        origin, line = places.get(id(post), (run.label, 0))
        rejected.setdefault(origin, []).append(clash_row(post, line))
    return sum(
        quarantine(
            session,
            sweep_id=run.sweep_id,
            file=origin,
            rows=[(row.line, row.field, row.reason, row.raw) for row in rows],
        )
        for origin, rows in sorted(rejected.items())
    )
