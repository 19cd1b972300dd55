"""Watches: what is listened for at which source, when next, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, extract, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from listening.errors import ConflictError, ListeningError, NotFoundError, SettingsError
from listening.logs import masked
from listening.schedule import LONGEST_BACKOFF, Schedule, first_due, is_due, next_due
from listening.sources.errors import AuthenticationError, FormatChangedError, RateLimitError
from listening.sources.registry import REGISTRY, get_source, params_key
from listening.store.brands.brands import brand_id
from listening.store.bulk import upsert
from listening.store.notifying.alarms import tell_failing, tell_rejected
from listening.store.running import leases
from listening.store.tables import Backfill, Brand, Sweep, SweepStatus, Watch
from listening.store.tables.types import now
from listening.store.watches.sweeps import lease_of, lose_sweeps, sweeping
from listening.unread import SWEEPS, Rows, compared_with, is_over, jumped, told

BACKFILL_TRIES = 5

_REMOVED = "The watch was removed; what it had stored stands."

_HOPELESS = (AuthenticationError, FormatChangedError)


def add_watch(
    session: Session, brand: Brand, source: str, params: Mapping[str, Any], schedule: Schedule
) -> tuple[Watch, bool]:
    """Add a watch; where the same one stands already, its schedule is changed.

    Args:
        session: inside a unit of work.
        brand: stored.
        source: a name in the registry.
        params: as `listening.sources.registry.settle` gives them.
        schedule: its key is not used.

    Returns:
        the watch, and whether it is new.
    """
    key = {"brand_id": brand_id(brand), "source": source, "params_key": params_key(params)}
    plan = columns_of(schedule)
    found = _by_key(session, key)
    new = found is None
    if found is None:
        row = {**key, **plan, "params": dict(params), "failures": 0, "created_at": now()}
        upsert(session, Watch, [row], key=tuple(key), update=tuple(plan))
        found = _by_key(session, key)
        if found is None:
            raise NotFoundError(f"The watch of {brand.name!r} was removed meanwhile; add it again.")
    if new or any(getattr(found, name) != value for name, value in plan.items()):
        found.sqlmodel_update(plan)
        own = schedule_of(found)
        moment = now()
        found.next_due_at = (
            first_due(own, moment) if new else next_due(own, after=found.created_at, now=moment)
        )
        session.add(found)
        session.flush()
    return found, new


def watch_id_of(watch: Watch) -> int:
    """The id of a stored watch."""
    if watch.id is None:
        raise ValueError("the watch is not stored")
    return watch.id


def get_watch(session: Session, watch_id: int) -> Watch:
    """A watch by its number.

    Raises:
        NotFoundError: none.
    """
    watch = session.get(Watch, watch_id)
    if watch is None:
        raise NotFoundError(f"No watch {watch_id}: `listening watch list` shows those there are.")
    return watch


def list_watches(session: Session, brand: Brand | None = None) -> list[tuple[Watch, Brand]]:
    """All watches with their brands, or a brand's own; by number."""
    found = select(Watch, Brand).where(Watch.brand_id == Brand.id).order_by(col(Watch.id))
    if brand is not None:
        found = found.where(Watch.brand_id == brand.id)
    return [(watch, own) for watch, own in session.exec(found)]


def schedule_of(watch: Watch) -> Schedule:
    """The schedule of a watch.

    Raises:
        SettingsError: what stands there makes no sense any more, such as a zone that is gone.
    """
    return Schedule(
        key=str(watch.id),
        interval=watch.interval_seconds,
        cron=watch.cron,
        timezone=watch.timezone,
        quiet_from=watch.quiet_from,
        quiet_until=watch.quiet_until,
        jitter=watch.jitter_seconds,
    )


def pause_watch(session: Session, watch: Watch) -> None:
    """Sweep it no more; a sweep that is running ends as it would."""
    watch.paused_at = watch.paused_at or now()
    session.add(watch)


def resume_watch(session: Session, watch: Watch) -> None:
    """Sweep it again: at once if a time was missed or it had failed, else when it is due."""
    watch.paused_at = None
    if watch.failures or watch.next_due_at is None:
        watch.failures, watch.next_due_at = 0, first_due(schedule_of(watch), now())
    session.add(watch)


def run_now(session: Session, watch: Watch) -> None:
    """Have a worker sweep it within seconds, quiet hours or not.

    Raises:
        ConflictError: it is paused, or nothing is ever asked for.
    """
    if is_pushed(watch):
        raise ConflictError(f"Watch {watch.id} is not swept: what it takes is sent to it.")
    if watch.paused_at is not None:
        raise ConflictError(f"Watch {watch.id} is paused: resume it first.")
    watch.next_due_at = None
    session.add(watch)


def remove_watch(session: Session, watch: Watch) -> None:
    """Remove a watch with its cursor and back-fills; posts, mentions and sweeps stay."""
    hold_sweeps(session, watch)
    lose_sweeps(session, watch_id_of(watch), why=_REMOVED)
    session.delete(watch)


def hold_sweeps(session: Session, watch: Watch) -> None:
    """No sweep of a watch begins or writes anything until this unit of work ends.

    Comes before anything of the watch is locked: lease, sweep, watch is everybody's order.
    """
    leases.block(session, lease_of(watch_id_of(watch)))


def is_pushed(watch: Watch) -> bool:
    """Whether its posts come by themselves; nothing is known of a source that is gone."""
    source = REGISTRY.get(watch.source)
    return source is not None and source.spec.pushed


def is_watch_due(watch: Watch, moment: datetime) -> bool:
    """Whether a watch is to be swept now; one without a due time is, quiet hours or not."""
    if watch.paused_at is not None or is_pushed(watch):
        return False
    due = watch.next_due_at
    if due is None:
        return True
    try:
        schedule = schedule_of(watch)
    except SettingsError:
        return due <= moment  # its sweep will tell
    return is_due(
        schedule,
        due,
        after=watch.created_at,
        now=moment,
        failures=watch.failures,
        waiting=watch.last_error is not None and not watch.failures,
    )


def due_watches(session: Session, now: datetime) -> list[int]:
    """Watches to sweep, the longest due first; none that is paused, or being swept."""
    busy = sweeping(session)
    # Asked every second: a cursor may be long, and is of no use here.
    slim = (defer(cast(Any, Watch.cursor)), defer(cast(Any, Watch.params)))
    own = col(Watch.interval_seconds) + col(Watch.jitter_seconds) + 300
    waiting = (
        select(Watch)
        .options(*slim)
        .where(
            col(Watch.paused_at).is_(None),
            col(Watch.next_due_at).is_(None)
            | (col(Watch.next_due_at) <= now)
            # Further ahead than an interval explains: perhaps the clock stepped back.
            | (extract("epoch", col(Watch.next_due_at)) > int(now.timestamp()) + own),
        )
    )
    found = [w for w in session.exec(waiting) if w.id not in busy and is_watch_due(w, now)]
    first = datetime.min.replace(tzinfo=UTC)
    found.sort(key=lambda watch: (watch.next_due_at or first, watch.id))
    return [watch_id_of(watch) for watch in found]


def set_cursor(
    session: Session,
    watch_id: int,
    cursor: Mapping[str, Any],
    read_until: datetime | None = None,
) -> bool:
    """Where the next sweep goes on; False where the watch was removed meanwhile."""
    read = {} if read_until is None else {"read_until": read_until}
    kept = session.execute(
        update(Watch)
        .where(col(Watch.id) == watch_id)
        .values(cursor=dict(cursor), **read)
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", kept).rowcount)


def record_success(session: Session, watch: Watch, *, more: bool = False) -> None:
    """A sweep ended well.

    Args:
        session: inside a unit of work.
        watch: that was swept.
        more: it stopped at its bounds: the next one may begin at once.
    """
    moment = now()
    watch.failures, watch.last_error = 0, None
    watch.next_due_at = moment if more else _next(watch, moment)
    session.add(watch)


def record_failure(session: Session, watch: Watch, error: Exception) -> None:
    """A sweep failed: when to try again hangs on how (see `listening.sources.errors`)."""
    watch.last_error = masked(str(error) or type(error).__name__)
    if isinstance(error, RateLimitError):
        watch.failures = 0
        watch.next_due_at = _next(watch, now(), wait=error.retry_after)
    else:
        watch.failures += 1
        watch.next_due_at = _next(watch, now(), hopeless=isinstance(error, _HOPELESS))
        tell_failing(session, watch, error)
    session.add(watch)


def record_stop(session: Session, watch: Watch) -> None:
    """A person stopped the sweep: it goes on at its next time, not at once."""
    watch.next_due_at = _next(watch, now())
    session.add(watch)


def record_rows(session: Session, watch: Watch, sweep_id: int) -> None:
    """Warn where much more of a sweep could not be read than before, until that is over."""
    sweep = session.get(Sweep, sweep_id)
    if sweep is None:
        return
    last, standing = _rows_of(sweep), compared_with(watch.warning)
    if standing is not None:
        watch.warning = None if is_over(last, standing) else watch.warning
    elif last.many:
        before = _rows_before(session, sweep)
        if jumped(last, before):
            watch.warning = told(last, before)
            tell_rejected(session, watch, sweep_id, last)
    session.add(watch)


def _rows_before(session: Session, sweep: Sweep) -> Rows:
    """Rows of the last sweeps of a watch before one; those that found nothing say nothing."""
    earlier = select(Sweep).where(
        Sweep.watch_id == sweep.watch_id,
        col(Sweep.id) < sweep.id,
        Sweep.status != SweepStatus.RUNNING,
        col(Sweep.rows) + col(Sweep.passed) > 0,
    )
    found = session.exec(earlier.order_by(col(Sweep.id).desc()).limit(SWEEPS))
    return sum((_rows_of(one) for one in found), Rows())


def _rows_of(sweep: Sweep) -> Rows:
    return Rows(sweep.rows + sweep.passed, sweep.quarantined)


def ask_backfill(session: Session, watch: Watch, since: datetime, until: datetime) -> Backfill:
    """Have a window of the past fetched by the next sweep, which is due at once.

    Raises:
        ListeningError: the source cannot, or the window is none.
    """
    spec = get_source(watch.source).spec
    if not spec.backfill:
        raise ListeningError(
            f"{spec.name} cannot be asked for the past ({spec.lacks or 'it gives only news'}): "
            "import a file of it with `listening import`."
        )
    if since >= until:
        raise ListeningError(
            f"The window ends ({until:%Y-%m-%d %H:%M}) before it begins ({since:%Y-%m-%d %H:%M})."
        )
    same = select(Backfill).where(
        Backfill.watch_id == watch.id,
        Backfill.since == since,
        Backfill.until == until,
        col(Backfill.finished_at).is_(None),
    )
    asked = session.exec(same).first()
    if asked is None:
        asked = Backfill(watch_id=watch_id_of(watch), since=since, until=until)
        session.add(asked)
    if watch.paused_at is None and watch.next_due_at is not None:
        watch.next_due_at = min(watch.next_due_at, now())
        session.add(watch)
    session.flush()
    return asked


def open_backfills(session: Session, watch_id: int) -> list[Backfill]:
    """Windows still to be fetched, in the order they were asked for."""
    waiting = select(Backfill).where(
        Backfill.watch_id == watch_id, col(Backfill.finished_at).is_(None)
    )
    return list(session.exec(waiting.order_by(col(Backfill.id))))


def set_backfill_cursor(session: Session, backfill_id: int, cursor: Mapping[str, Any]) -> bool:
    """Where the next sweep goes on with a window; False where it is gone."""
    kept = session.execute(
        update(Backfill)
        .where(col(Backfill.id) == backfill_id)
        .values(cursor=dict(cursor))
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", kept).rowcount)


def end_backfill(session: Session, backfill_id: int, error: Exception | None = None) -> None:
    """A window is fetched, or failed; given up after five failures."""
    backfill = session.get(Backfill, backfill_id)
    if backfill is None:
        return
    if error is None:
        backfill.error = None
    elif not isinstance(error, RateLimitError):
        backfill.failures += 1
        backfill.error = masked(str(error) or type(error).__name__)
    if error is None or backfill.failures >= BACKFILL_TRIES:
        backfill.finished_at = now()
    session.add(backfill)


def _next(
    watch: Watch, moment: datetime, *, wait: float | None = None, hopeless: bool = False
) -> datetime:
    failures = 99 if hopeless else watch.failures  # beyond any doubling: the longest back-off
    try:
        schedule = schedule_of(watch)
    except SettingsError:
        return moment + timedelta(seconds=LONGEST_BACKOFF)
    return next_due(schedule, after=watch.created_at, now=moment, failures=failures, wait=wait)


def columns_of(schedule: Schedule) -> dict[str, Any]:
    """A schedule as it stands in a watch."""
    facts = asdict(schedule)
    return {
        "interval_seconds": facts["interval"],
        "jitter_seconds": facts["jitter"],
        **{name: facts[name] for name in ("cron", "timezone", "quiet_from", "quiet_until")},
    }


def _by_key(session: Session, key: Mapping[str, Any]) -> Watch | None:
    return session.exec(
        select(Watch)
        .where(*(getattr(Watch, name) == value for name, value in key.items()))
        .execution_options(populate_existing=True)
    ).first()
