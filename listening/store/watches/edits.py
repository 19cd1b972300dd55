"""What people do to watches. One function for pages, API and command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from listening.access import Actor, Permission
from listening.errors import (
    ConflictError,
    InvalidError,
    ListeningError,
    NotFoundError,
    SettingsError,
)
from listening.logs import masked
from listening.schedule import Schedule, next_due
from listening.sources.base import Source
from listening.sources.registry import get_source, params_key, settings_of, settle
from listening.spans import hours_of, schedule_words, seconds_of
from listening.store.access.audit import changed, record
from listening.store.brands.edits import last_change
from listening.store.tables import Backfill, Brand, Watch
from listening.store.tables.types import now
from listening.store.watches import watches
from listening.store.watches.pushkeys import make_push_secret, push_secret
from listening.store.watches.retelling import retell
from listening.store.watches.watches import schedule_of, watch_id_of

# Sources that read files of the machine: whoever runs it says which.
_OF_THIS_MACHINE = ("folder",)


def schedule_from(given: Mapping[str, str]) -> Schedule:
    """A schedule as a form has it: every, cron, timezone, quiet, jitter; blank is usual.

    Raises:
        InvalidError: names the field and the fix.
    """
    told = {name: value.strip() for name, value in given.items() if value.strip()}
    try:
        field = "quiet"
        quiet_from, quiet_until = hours_of("quiet hours", told.get("quiet"))
        field = "jitter"
        jitter = seconds_of("jitter", told.get("jitter", "0s"))
        field = "every"
        interval = seconds_of("interval", told.get("every", "15m"))
        field = "schedule"
        return Schedule(
            interval=interval,
            cron=told.get("cron"),
            timezone=told.get("timezone", "UTC"),
            quiet_from=quiet_from,
            quiet_until=quiet_until,
            jitter=jitter,
        )
    except SettingsError as error:
        named = str(error).partition(":")[0]
        known = {"interval": "every", "quiet hours": "quiet"}
        if field == "schedule":
            field = known.get(named, named if named in ("cron", "timezone", "jitter") else "every")
        raise InvalidError(str(error), field=field) from None


def add_watch(
    session: Session,
    actor: Actor,
    brand: int,
    *,
    source: str,
    params: Mapping[str, Any],
    schedule: Schedule,
) -> Watch:
    """Listen for a brand at a source.

    Args:
        session: inside a unit of work.
        actor: who does it; sets up the brand.
        brand: its number.
        source: a name in the registry.
        params: what the source is told, as a person writes it.
        schedule: when it is swept.

    Raises:
        InvalidError: a parameter is missing or makes no sense; names it and the fix.
        ConflictError: the same watch is there already.
        NotFoundError: no such brand or source.
    """
    actor.require(Permission.CONFIGURE, brand)
    found = session.get(Brand, brand)
    if found is None:
        raise NotFoundError(f"There is no brand {brand}.")
    connector, settled = settled_for(actor, source, params)
    watch, new = watches.add_watch(session, found, connector.spec.name, settled, schedule)
    if not new:
        raise ConflictError(
            f"Watch {watch.id} of {found.name} does the same already: change its schedule there."
        )
    _note(session, actor, "watch.add", watch, None, facts_of(watch))
    return watch


def settled_for(
    actor: Actor, source: str, params: Mapping[str, Any]
) -> tuple[Source, dict[str, Any]]:
    """A source, and what it is told, checked.

    Raises:
        InvalidError: a parameter is missing or makes no sense; names it and the fix.
        NotFoundError: no such source.
        ForbiddenError: it reads files of this machine.
    """
    connector = get_source(source)
    if not may_tell(actor, connector.spec.name):
        actor.require(Permission.ADMINISTER, None)
    try:
        return connector, settle(connector, params)
    except SettingsError as error:
        raise InvalidError(str(error), field=_named_in(str(error), connector.spec)) from None


def may_tell(actor: Actor, source: str) -> bool:
    """Whether somebody who sets up a brand may tell a source of this name what to read."""
    return source not in _OF_THIS_MACHINE or actor.may(Permission.ADMINISTER, None)


def edit_watch(
    session: Session,
    actor: Actor,
    watch_id: int,
    *,
    schedule: Schedule | None = None,
    params: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Watch:
    """Sweep a watch at other times, or for something else; what is None stays.

    Its brand and source stay: for others add another. What is told a source anew begins anew,
    see `retell`.

    Args:
        session: inside a unit of work.
        actor: who does it; sets up the brand.
        watch_id: its number.
        schedule: in place of the one it has.
        params: in place of all it has, as a person writes them.
        version: that the change is meant for; None: any.

    Raises:
        InvalidError: a parameter is missing or makes no sense; names it and the fix.
        ConflictError: somebody changed it meanwhile, or another watch does the same.
    """
    watch = own_watch(session, actor, watch_id)
    settled: dict[str, Any] = {}
    if params is not None:
        connector, settled = settled_for(actor, watch.source, params)
        watches.hold_sweeps(session, watch)
    watch = own_watch(session, actor, watch_id, lock=True)
    _same(session, watch, version)
    before = facts_of(watch)
    plan = watches.columns_of(schedule) if schedule is not None else {}
    another = any(getattr(watch, name) != value for name, value in plan.items())
    if another:
        watch.sqlmodel_update(plan)
        if watch.next_due_at is not None:
            watch.next_due_at = next_due(schedule_of(watch), after=watch.created_at, now=now())
    if params is not None and settled != watch.params:
        _alone(session, watch, settled)
        retell(session, watch, connector.spec, settled)
        try:
            session.flush()
        except IntegrityError:  # another became the same in this very moment
            raise ConflictError("Another watch does the same by now: look again.") from None
    elif not another:
        return watch
    _bump(session, actor, "watch.edit", watch, before)
    return watch


def pause_watch(
    session: Session, actor: Actor, watch_id: int, *, paused: bool, version: int | None = None
) -> Watch:
    """Sweep it no more until it is resumed; or again."""
    watch = own_watch(session, actor, watch_id, lock=True)
    _same(session, watch, version)
    before = facts_of(watch)
    (watches.pause_watch if paused else watches.resume_watch)(session, watch)
    _bump(session, actor, "watch.pause" if paused else "watch.resume", watch, before)
    return watch


def run_watch(session: Session, actor: Actor, watch_id: int) -> Watch:
    """Have it swept within seconds, whatever its schedule says.

    Raises:
        ConflictError: it is paused, or what it takes is sent to it.
    """
    watch = own_watch(session, actor, watch_id)
    watches.run_now(session, watch)
    _note(session, actor, "watch.run", watch, None, None)
    return watch


def backfill_watch(
    session: Session, actor: Actor, watch_id: int, since: datetime, until: datetime
) -> Backfill:
    """Have a window of the past fetched by its next sweep.

    Raises:
        InvalidError: the window is none, or the source cannot be asked for the past.
    """
    watch = own_watch(session, actor, watch_id)
    try:
        asked = watches.ask_backfill(session, watch, since, until)
    except ListeningError as error:
        raise InvalidError(str(error), field="since") from None
    window = {"since": since.isoformat(), "until": until.isoformat()}
    _note(session, actor, "watch.backfill", watch, None, window)
    return asked


def new_push_secret(session: Session, actor: Actor, watch_id: int) -> str:
    """Another secret of a watch that takes pushes; the last one is refused from now on.

    Raises:
        InvalidError: it takes none.
    """
    watch = own_watch(session, actor, watch_id)
    if not watches.is_pushed(watch):
        raise InvalidError("Only a watch that takes pushes has a secret.", field="source")
    rotate = push_secret(session, watch) is not None
    found = make_push_secret(session, watch, rotate=rotate)
    _note(session, actor, "watch.secret", watch, None, None)
    return found


def remove_watch(session: Session, actor: Actor, watch_id: int) -> None:
    """Remove a watch with how far it has read; its posts and mentions stay."""
    watch = own_watch(session, actor, watch_id)
    _note(session, actor, "watch.remove", watch, facts_of(watch), None)
    watches.remove_watch(session, watch)
    session.flush()


def own_watch(
    session: Session,
    actor: Actor,
    watch_id: int,
    permission: Permission = Permission.CONFIGURE,
    *,
    lock: bool = False,
) -> Watch:
    """A watch of a brand that somebody sets up.

    Args:
        session: open.
        actor: who asks.
        watch_id: its number.
        permission: what for.
        lock: as it is now, and nobody else changes it until the unit of work ends.

    Raises:
        NotFoundError: none, or not theirs to see.
        ForbiddenError: theirs to see, and no more.
    """
    watch = None
    if 0 < watch_id < 2**31:
        locked: Any = {"with_for_update": {"key_share": True}, "populate_existing": True}
        watch = session.get(Watch, watch_id, **locked if lock else {})
    if watch is None:
        raise NotFoundError("There is no such watch, or it is not yours to see.")
    actor.require(permission, watch.brand_id, "watch")
    return watch


def facts_of(watch: Watch) -> dict[str, Any]:
    """How a watch is set up, for the log."""
    return {
        "source": watch.source,
        "params": {name: _masked(value) for name, value in watch.params.items()},
        "schedule": schedule_words(schedule_of(watch)),
        "paused": watch.paused_at is not None,
    }


def _masked(value: Any) -> Any:
    """A parameter for the log: an address may hold a key."""
    if isinstance(value, Mapping):
        return {name: _masked(own) for name, own in value.items()}
    return masked(value) if isinstance(value, str) else value


def _alone(session: Session, watch: Watch, params: Mapping[str, Any]) -> None:
    """Refuse what another watch of the brand does already."""
    same = select(Watch.id).where(
        Watch.brand_id == watch.brand_id,
        Watch.source == watch.source,
        Watch.params_key == params_key(params),
        Watch.id != watch.id,
    )
    if (other := session.exec(same).first()) is not None:
        raise ConflictError(f"Watch {other} does the same already: remove one of the two.")


def _named_in(message: str, spec: Any) -> str:
    """The setting that an error of a source is about, where it says so."""
    names = [one.name for one in settings_of(spec)]
    said = message.removeprefix(f"{spec.name}: ").partition(" ")[0].rstrip(":")
    return said if said in names else "source"


def _same(session: Session, watch: Watch, version: int | None) -> None:
    if version is not None and watch.version != version:
        raise ConflictError(
            f"Watch {watch.id} was changed meanwhile by "
            f"{last_change(session, 'watch', watch_id_of(watch))}: look at it again, then repeat "
            "your change."
        )


def _bump(
    session: Session, actor: Actor, action: str, watch: Watch, before: dict[str, Any]
) -> None:
    watch.version += 1
    session.add(watch)
    session.flush()
    _note(session, actor, action, watch, before, facts_of(watch))


def _note(
    session: Session,
    actor: Actor,
    action: str,
    watch: Watch,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    number, brand = watch_id_of(watch), watch.brand_id
    record(
        session, actor, action, noun="watch", noun_id=number, brand_id=brand, before=before,
        after=after,
    )  # fmt: skip
    changed(session, "watch", number, brand_id=brand, version=watch.version, by=actor.name)
