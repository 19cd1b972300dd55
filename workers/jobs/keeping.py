"""Keep house: retention, and what piled up. Killed at any moment it goes on the next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from listening.config import Settings
from listening.store.access.repeats import forget_old_repeats
from listening.store.keeping import pruning
from listening.store.keeping.retention import (
    Expired,
    cutoffs,
    expire_mentions,
    expire_posts,
    unmentioned_cutoff,
)
from listening.store.notifying.deliveries import drop_deliveries
from listening.store.session import Store
from listening.store.tables.types import now
from listening.throttle import LONGEST
from workers.alone import alone
from workers.jobs.erasing import erase_again
from workers.progress import Progress, Silent

UNIT = 1000  # rows a unit of work: workers wait no longer than that takes


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of what went."""

    mentions: int = 0
    posts: int = 0
    authors: int = 0
    erased_again: int = 0  # authors whom a restored backup had brought back
    jobs: int = 0
    backfills: int = 0
    rows: int = 0
    presences: int = 0
    leases: int = 0
    claims: int = 0
    counters: int = 0
    sweeps: int = 0
    deliveries: int = 0
    memberships: int = 0
    sign_ins: int = 0
    links: int = 0
    attempts: int = 0
    repeats: int = 0
    changes: int = 0
    audit_entries: int = 0

    def as_row(self) -> dict[str, int]:
        """As a flat row."""
        return asdict(self)


def keep_house(store: Store, settings: Settings, *, progress: Progress | None = None) -> Kept:
    """Apply every brand's retention, and throw away what is older than the settings keep it.

    In units of work of at most `UNIT` rows; whoever runs it twice at once does no harm.
    """
    moment = now()
    again = erase_again(store)
    expired = apply_retention(store, moment, progress=progress)

    def ago(**length: float) -> datetime:
        return moment - timedelta(**length)

    jobs, rows = ago(days=settings.keep_jobs_days), ago(days=settings.keep_rows_days)
    sweeps, day = ago(days=settings.keep_sweeps_days), ago(days=1)
    silent = ago(hours=settings.keep_presence_hours)
    seen, audit = ago(hours=settings.sign_in_idle_hours), ago(days=settings.keep_audit_days)
    least, runs = settings.keep_sweeps_least, settings.keep_segmentations
    return Kept(
        mentions=expired.mentions,
        posts=expired.posts,
        authors=expired.authors,
        erased_again=again,
        jobs=_all(store, lambda s: pruning.drop_jobs(s, jobs, UNIT)),
        backfills=_all(store, lambda s: pruning.drop_backfills(s, jobs, UNIT)),
        rows=_all(store, lambda s: pruning.drop_resolved_rows(s, rows, UNIT)),
        presences=_all(store, lambda s: pruning.drop_presences(s, silent, UNIT)),
        leases=_all(store, lambda s: pruning.drop_leases(s, day, UNIT)),
        claims=_all(store, lambda s: pruning.drop_claims(s, day, UNIT)),
        counters=_all(store, pruning.drop_idle_counters),
        sweeps=_all(store, lambda s: pruning.drop_sweeps(s, sweeps, least=least, limit=UNIT)),
        deliveries=_all(store, lambda s: drop_deliveries(s, sweeps, UNIT)),
        memberships=_all(store, lambda s: pruning.forget_runs(s, keep=runs, limit=5 * UNIT)),
        sign_ins=_all(store, lambda s: pruning.drop_sign_ins(s, moment, seen, UNIT)),
        links=_all(store, lambda s: pruning.drop_links(s, day, UNIT)),
        attempts=_all(store, lambda s: pruning.drop_attempts(s, moment - LONGEST, UNIT)),
        repeats=_all(store, lambda s: forget_old_repeats(s, moment)),
        changes=_all(store, lambda s: pruning.drop_changes(s, day, UNIT)),
        audit_entries=_all(store, lambda s: pruning.drop_audit(s, audit, UNIT)),
    )


def apply_retention(
    store: Store, moment: datetime | None = None, *, progress: Progress | None = None
) -> Expired:
    """Take out what the brands keep no longer, oldest first."""
    progress = progress or Silent()
    moment = moment or now()
    with store.session() as session:
        due = cutoffs(session, moment)
    total = Expired()
    progress.begin("Retention")
    for brand in [*due, None]:
        while (gone := _expire(store, brand, moment)) != Expired():
            total += gone
            progress.advance(gone.mentions or gone.posts)
    progress.end()
    return total


def _expire(store: Store, brand: int | None, moment: datetime) -> Expired:
    """One unit, of a brand's mentions or of posts without any.

    What is kept is read again each time: a retention that is switched off stops at once.
    """

    def unit(session: Session) -> Expired:
        if brand is None:
            unmentioned = unmentioned_cutoff(session, moment)
            return expire_posts(session, unmentioned, UNIT) if unmentioned else Expired()
        before = cutoffs(session, moment).get(brand)
        return expire_mentions(session, brand, before, UNIT) if before else Expired()

    return alone(store, unit)


def _all(store: Store, drop: Callable[[Session], int]) -> int:
    """Call a bounded unit until it finds nothing more; returns how much went."""
    total = 0
    while gone := alone(store, drop):
        total += gone
    return total
