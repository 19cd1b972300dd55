"""When digests are due: a brand's schedules, and making each digest exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, NotFoundError, SettingsError
from listening.schedule import Schedule, next_due
from listening.store.access import audit
from listening.store.brands.brands import brand_id
from listening.store.notifying.notifications import notify, write_delivery
from listening.store.reports.digests import LEAST_DAYS, MOST_DAYS, make_report, ready_event
from listening.store.tables import Brand, Channel, Report, ReportSchedule
from listening.store.tables.types import now

LONGEST_NAME = 120
THE_SCHEDULE = "the schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a schedule is to be.

    Attributes:
        cron: five fields, in `timezone`.
        days: that a digest looks back.
        channels: ids of those that are told; none: those that ask for reports.
    """

    name: str
    cron: str
    timezone: str = "UTC"
    days: int = 7
    channels: Sequence[int] = ()
    paused: bool = False


def weekly(weekday: int, at: str) -> str:
    """A cron line: every week on a day (Monday is 0) at HH:MM.

    Raises:
        InvalidError: there is no such day or time.
    """
    hour, _, minute = at.strip().partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise InvalidError(f"at: {at!r} is no time; write it as 08:00.", field="at")
    if not 0 <= weekday < 7:
        raise InvalidError("weekday: 0 is Monday, 6 is Sunday.", field="weekday")
    return f"{int(minute)} {int(hour)} * * {(weekday + 1) % 7}"


def add_schedule(session: Session, actor: Actor, brand: Brand, wanted: Wanted) -> ReportSchedule:
    """Add a schedule; its first digest is made when it is next due.

    Raises:
        InvalidError: a value does not fit; names the field.
        ForbiddenError: this one may not.
    """
    actor.require(Permission.CONFIGURE, brand_id(brand))
    values = _checked(session, actor, brand, wanted)
    added = ReportSchedule(brand_id=brand_id(brand), created_by=actor.name, **values)
    session.add(added)
    session.flush()
    _recorded(session, actor, added, "report_schedule.add", None, _told(values))
    return added


def edit_schedule(
    session: Session, actor: Actor, brand: Brand, schedule_id: int, wanted: Wanted, version: int
) -> ReportSchedule:
    """Change a schedule.

    Raises:
        ConflictError: somebody changed it meanwhile.
        InvalidError: a value does not fit; names the field.
        NotFoundError: none.
        ForbiddenError: this one may not.
    """
    actor.require(Permission.CONFIGURE, brand_id(brand))
    schedule = get_schedule(session, brand, schedule_id, locked=True)
    if schedule.version != version:
        raise ConflictError(
            f"The schedule “{schedule.name}” was changed meanwhile (version {schedule.version}, "
            f"you saw {version}): look at it again."
        )
    before = _told({name: getattr(schedule, name) for name in _FIELDS})
    values = _checked(session, actor, brand, wanted, kept=schedule.channels)
    for name, value in values.items():
        setattr(schedule, name, value)
    schedule.version += 1
    session.add(schedule)
    session.flush()
    _recorded(session, actor, schedule, "report_schedule.edit", before, _told(values))
    return schedule


def remove_schedule(session: Session, actor: Actor, brand: Brand, schedule_id: int) -> None:
    """Remove a schedule; its digests stay.

    Raises:
        NotFoundError: none.
        ForbiddenError: this one may not.
    """
    actor.require(Permission.CONFIGURE, brand_id(brand))
    schedule = get_schedule(session, brand, schedule_id)
    before = _told({name: getattr(schedule, name) for name in _FIELDS})
    session.delete(schedule)
    session.flush()
    _recorded(session, actor, schedule, "report_schedule.remove", before, None)


def make_now(
    session: Session, actor: Actor, brand: Brand, days: int, *, tell: bool = False
) -> Report:
    """Make a digest at once.

    Args:
        session: inside a unit of work.
        actor: who asks.
        brand: of the digest.
        days: that it looks back.
        tell: whether the channels that ask for reports are told.

    Raises:
        InvalidError: too few days or too many.
        ForbiddenError: this one may not.
    """
    actor.require(Permission.CONFIGURE, brand_id(brand))
    report = make_report(session, brand, days, made_by=actor.name)
    audit.record(
        session, actor, "report.make", noun="report", noun_id=int(report.id or 0),
        brand_id=brand_id(brand), after={"days": days, "told": tell},
    )  # fmt: skip
    audit.changed(session, "report", report.id, brand_id=brand_id(brand), by=actor.name)
    if tell:
        notify(session, ready_event(brand, report))
    return report


def get_schedule(
    session: Session, brand: Brand, schedule_id: int, *, locked: bool = False
) -> ReportSchedule:
    """A schedule of a brand.

    Raises:
        NotFoundError: none.
    """
    statement = select(ReportSchedule).where(
        ReportSchedule.id == schedule_id, ReportSchedule.brand_id == brand.id
    )
    if locked:
        statement = statement.with_for_update()
    found = session.exec(statement).first() if 0 < schedule_id < 2**31 else None
    if found is None:
        raise NotFoundError(f"{brand.name} has no report schedule {schedule_id}.")
    return found


def list_schedules(session: Session, brand: Brand) -> list[ReportSchedule]:
    """A brand's schedules, by name."""
    statement = select(ReportSchedule).where(ReportSchedule.brand_id == brand.id)
    return list(session.exec(statement.order_by(ReportSchedule.name, col(ReportSchedule.id))))


def usable_channels(session: Session, actor: Actor, brand: Brand) -> list[Channel]:
    """Channels that this one may have told of a brand, by name; those of all brands take an admin.

    A channel of every brand is set up by admins alone, and so is what comes out of it.
    """
    fits = col(Channel.brand_id) == brand_id(brand)
    if actor.may(Permission.ADMINISTER, None):
        fits = fits | col(Channel.brand_id).is_(None)
    return list(session.exec(select(Channel).where(fits).order_by(Channel.name, col(Channel.id))))


def reports_are_due(session: Session) -> bool:
    """Whether a digest is to be made."""
    return bool(due_schedules(session, now(), limit=1))


def due_schedules(session: Session, moment: datetime, limit: int | None = None) -> list[int]:
    """Schedules whose digest is due, the longest due first."""
    statement = select(ReportSchedule.id).where(
        col(ReportSchedule.paused).is_(False), ReportSchedule.next_due_at <= moment
    )
    order = (col(ReportSchedule.next_due_at), col(ReportSchedule.id))
    return [int(i or 0) for i in session.exec(statement.order_by(*order).limit(limit))]


def make_due(session: Session, schedule_id: int, moment: datetime) -> Report | None:
    """Make the digest that a schedule owes, have it told, and set its next time: all or nothing.

    Of times that were missed one digest is made. Of two who try, one waits for the other and
    then finds nothing due.

    Returns:
        the digest; None: nothing is due any more.
    """
    statement = select(ReportSchedule).where(ReportSchedule.id == schedule_id).with_for_update()
    schedule = session.exec(statement.execution_options(populate_existing=True)).first()
    if schedule is None or schedule.paused or schedule.next_due_at > moment:
        return None
    brand = session.get_one(Brand, schedule.brand_id)
    due = schedule.next_due_at
    report = make_report(
        session, brand, schedule.days, made_by=THE_SCHEDULE, schedule=schedule, due_at=due,
        moment=moment,
    )  # fmt: skip
    schedule.next_due_at = _next(schedule.cron, schedule.timezone, moment)
    session.add(schedule)
    event = ready_event(brand, report)
    if schedule.channels:
        for channel_id in schedule.channels:
            channel = session.get(Channel, channel_id)
            # A number of a removed channel can be another brand's by now.
            if channel is not None and channel.brand_id in {None, schedule.brand_id}:
                write_delivery(session, channel, event)
    else:
        notify(session, event)
    audit.changed(session, "report", report.id, brand_id=report.brand_id, by=THE_SCHEDULE)
    return report


_FIELDS = ("name", "cron", "timezone", "days", "channels", "paused", "next_due_at")


def _checked(
    session: Session, actor: Actor, brand: Brand, wanted: Wanted, *, kept: Sequence[int] = ()
) -> dict[str, Any]:
    """The values of a schedule; channels that it has already, `kept`, may stay."""
    name = " ".join(wanted.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidError(f"name: write 1 to {LONGEST_NAME} characters.", field="name")
    if not LEAST_DAYS <= wanted.days <= MOST_DAYS:
        raise InvalidError(f"days: {LEAST_DAYS} to {MOST_DAYS} go.", field="days")
    if not set(wanted.channels) <= {*kept, *(c.id for c in usable_channels(session, actor, brand))}:
        # The same whether it is somebody else's or none: which there are is not told.
        raise InvalidError(
            f"channels: one of them is none that you may use for {brand.name}.", field="channels"
        )
    return {
        "name": name,
        "cron": wanted.cron,
        "timezone": wanted.timezone,
        "days": wanted.days,
        "channels": sorted(set(wanted.channels)),
        "paused": wanted.paused,
        "next_due_at": _next(wanted.cron, wanted.timezone, now()),
    }


def _next(cron: str, timezone: str, moment: datetime) -> datetime:
    try:
        schedule = Schedule(cron=cron, timezone=timezone)
    except SettingsError as error:
        field = "timezone" if str(error).startswith("timezone") else "cron"
        raise InvalidError(str(error), field=field) from error
    return next_due(schedule, after=moment, now=moment)


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the audit log keeps it."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


def _recorded(
    session: Session,
    actor: Actor,
    schedule: ReportSchedule,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    number = int(schedule.id or 0)
    audit.record(
        session, actor, action, noun="report_schedule", noun_id=number,
        brand_id=schedule.brand_id, before=before, after=after,
    )  # fmt: skip
    audit.changed(
        session, "report_schedule", number, brand_id=schedule.brand_id,
        version=schedule.version, by=actor.name,
    )  # fmt: skip
