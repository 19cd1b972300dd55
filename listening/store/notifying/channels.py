"""Channels: where notifications go. Addresses hold secrets: encrypted, never shown again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, NotFoundError
from listening.keyring import Keyring
from listening.notifying import CHOICES, EventKind, trial
from listening.sending.addresses import new_secret, settle
from listening.store.access.audit import changed, record
from listening.store.notifying.deliveries import get_delivery, send_again
from listening.store.notifying.notifications import write_delivery
from listening.store.tables import Brand, Channel, ChannelKind, Delivery, ReportSchedule
from listening.store.tables.types import now

PURPOSE = "channels"
LONGEST_NAME = 80
MOST_QUIET = 7 * 24 * 60  # minutes


def add_channel(
    session: Session,
    actor: Actor,
    keyring: Keyring,
    *,
    name: str,
    kind: ChannelKind,
    address: Mapping[str, str],
    events: Sequence[str],
    brand_id: int | None = None,
    quiet_minutes: int | None = None,
) -> tuple[Channel, str | None]:
    """Add a channel.

    Args:
        session: inside a unit of work.
        actor: who does it; administers.
        keyring: encrypts the address.
        name: for people.
        kind: how it travels.
        address: as `listening.sending.addresses.settle` takes it.
        events: at least one of `listening.notifying.CHOICES`.
        brand_id: whose events; None: everybody's.
        quiet_minutes: between two about the same thing; None: as each event has it.

    Returns:
        it, and what a webhook is signed with, to be shown once.

    Raises:
        InvalidError: names the field and the fix.
        ForbiddenError, NotFoundError: not this actor; no such brand.
    """
    actor.require(Permission.ADMINISTER, brand_id)
    if brand_id is not None and session.get(Brand, brand_id) is None:
        raise NotFoundError(f"There is no brand {brand_id}.")
    secret, shown = settle(kind, address)
    channel = Channel(
        name=_name(name),
        brand_id=brand_id,
        kind=kind,
        secret=keyring.seal(PURPOSE, json.dumps(secret)),
        shown=shown,
        events=_events(events),
        quiet_minutes=_quiet(quiet_minutes),
        created_by=actor.name,
    )
    session.add(channel)
    session.flush()
    _note(session, actor, "channel.add", channel, None, _facts(channel))
    return channel, secret.get("secret")


def edit_channel(
    session: Session,
    actor: Actor,
    keyring: Keyring,
    channel_id: int,
    *,
    version: int | None,
    name: str | None = None,
    events: Sequence[str] | None = None,
    quiet_minutes: int | None = None,
    address: Mapping[str, str] | None = None,
) -> Channel:
    """Change a channel; what is None stays, but `quiet_minutes`, which is set as given.

    A webhook keeps what it is signed with when its address changes.

    Raises:
        ConflictError: it is at another version: somebody changed it meanwhile.
        InvalidError: names the field and the fix.
    """
    channel = _own(session, actor, channel_id)
    _same(channel, version)
    before = _facts(channel)
    if name is not None:
        channel.name = _name(name)
    if events is not None:
        channel.events = _events(events)
    channel.quiet_minutes = _quiet(quiet_minutes)
    if address is not None:
        secret, channel.shown = settle(channel.kind, address)
        if channel.kind is ChannelKind.WEBHOOK:
            secret["secret"] = secret_of(keyring, channel).get("secret") or secret["secret"]
        channel.secret = keyring.seal(PURPOSE, json.dumps(secret))
    _bump(session, actor, "channel.edit", channel, before)
    return channel


def pause_channel(
    session: Session, actor: Actor, channel_id: int, *, paused: bool, version: int | None = None
) -> Channel:
    """Send nothing to it until it is resumed; what waits goes out then."""
    channel = _own(session, actor, channel_id)
    _same(channel, version)
    before = _facts(channel)
    channel.paused_at = (channel.paused_at or now()) if paused else None
    _bump(session, actor, "channel.pause" if paused else "channel.resume", channel, before)
    return channel


def rotate_secret(
    session: Session, actor: Actor, keyring: Keyring, channel_id: int, *, version: int | None = None
) -> str:
    """Sign a webhook with another secret from now on; it is shown once.

    Raises:
        InvalidError: it is no webhook.
    """
    channel = _own(session, actor, channel_id)
    _same(channel, version)
    if channel.kind is not ChannelKind.WEBHOOK:
        raise InvalidError("Only webhooks are signed.", field="kind")
    made = new_secret()
    secret = secret_of(keyring, channel) | {"secret": made}
    channel.secret = keyring.seal(PURPOSE, json.dumps(secret))
    _bump(session, actor, "channel.rotate", channel, _facts(channel))
    return made


def remove_channel(session: Session, actor: Actor, channel_id: int) -> None:
    """Remove a channel with the log of what was sent to it, and take it out of schedules.

    A schedule that told it alone is paused.
    """
    channel = _own(session, actor, channel_id)
    _note(session, actor, "channel.remove", channel, _facts(channel), None)
    # On SQLite its number may be given to a channel of another brand.
    for schedule in session.exec(select(ReportSchedule).with_for_update()):
        if channel_id in schedule.channels:
            schedule.channels = [one for one in schedule.channels if one != channel_id]
            # One that told this channel alone tells nobody, not everybody who asks for reports.
            schedule.paused = schedule.paused or not schedule.channels
            schedule.version += 1
            session.add(schedule)
            changed(
                session, "report_schedule", schedule.id, brand_id=schedule.brand_id,
                version=schedule.version, by=actor.name,
            )  # fmt: skip
    session.delete(channel)
    session.flush()


def try_channel(session: Session, actor: Actor, channel_id: int) -> Delivery:
    """Have a test sent to it within seconds.

    Raises:
        ConflictError: it is paused.
    """
    channel = _own(session, actor, channel_id)
    if channel.paused_at is not None:
        raise ConflictError(f"{channel.name} is paused: resume it to send a test.")
    event = trial(channel_id, actor.name, now())
    write_delivery(session, channel, event)
    _note(session, actor, "channel.test", channel, None, None)
    own = select(Delivery).where(Delivery.channel_id == channel_id)
    return session.exec(own.order_by(col(Delivery.id).desc()).limit(1)).one()


def resend(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    """Send a delivery once more.

    Raises:
        NotFoundError: there is none.
        ConflictError: it waits anyway.
    """
    delivery = get_delivery(session, delivery_id)
    channel = _own(session, actor, delivery.channel_id)
    send_again(session, delivery)
    record(
        session,
        actor,
        "delivery.resend",
        noun="delivery",
        noun_id=int(delivery.id or 0),
        brand_id=channel.brand_id,
    )
    changed(session, "delivery", delivery.id, brand_id=channel.brand_id, by=actor.name)
    return delivery


def get_channel(session: Session, channel_id: int) -> Channel:
    """A channel by its number.

    Raises:
        NotFoundError: none.
    """
    channel = session.get(Channel, channel_id) if 0 < channel_id < 2**31 else None
    if channel is None:
        raise NotFoundError(f"There is no channel {channel_id}.")
    return channel


def list_channels(session: Session, actor: Actor) -> list[tuple[Channel, Brand | None]]:
    """The channels that somebody may set up, with their brands; by name."""
    statement = select(Channel, Brand).outerjoin(Brand, col(Brand.id) == col(Channel.brand_id))
    rows = session.exec(statement.order_by(col(Channel.name), col(Channel.id)))
    return [
        (channel, brand)
        for channel, brand in rows
        if actor.may(Permission.ADMINISTER, channel.brand_id)
    ]


def secret_of(keyring: Keyring, channel: Channel) -> dict[str, str]:
    """The address, and what a webhook is signed with.

    Raises:
        SettingsError: it was encrypted under another secret of the service.
    """
    found: dict[str, str] = json.loads(keyring.open(PURPOSE, channel.secret))
    return found


def _own(session: Session, actor: Actor, channel_id: int) -> Channel:
    channel = get_channel(session, channel_id)
    actor.require(Permission.ADMINISTER, channel.brand_id, "channel")
    return channel


def _same(channel: Channel, version: int | None) -> None:
    if version is not None and channel.version != version:
        who = channel.changed_by or channel.created_by
        raise ConflictError(
            f"{channel.name} was changed by {who} meanwhile (version {channel.version}, you had "
            f"{version}): look at it again and repeat your change."
        )


def _bump(
    session: Session, actor: Actor, action: str, channel: Channel, before: dict[str, Any]
) -> None:
    channel.version += 1
    channel.changed_by, channel.changed_at = actor.name, now()
    session.add(channel)
    session.flush()
    _note(session, actor, action, channel, before, _facts(channel))


def _note(
    session: Session,
    actor: Actor,
    action: str,
    channel: Channel,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    own, brand = int(channel.id or 0), channel.brand_id
    record(
        session, actor, action, noun="channel", noun_id=own, brand_id=brand, before=before,
        after=after,
    )  # fmt: skip
    changed(session, "channel", own, brand_id=brand, version=channel.version, by=actor.name)


def _facts(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "kind": channel.kind.value,
        "shown": channel.shown,
        "events": list(channel.events),
        "quiet_minutes": channel.quiet_minutes,
        "paused": channel.paused_at is not None,
    }


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidError(
            f"Write a name of 1 to {LONGEST_NAME} characters, none a control one.", field="name"
        )
    return name


def _events(events: Sequence[str]) -> list[str]:
    unknown = set(events) - set(CHOICES)
    if unknown or not events:
        told = f"{sorted(unknown)[0]!r} is none; " if unknown else ""
        raise InvalidError(
            f"{told}choose at least one of {', '.join(kind.value for kind in CHOICES)}.",
            field="events",
        )
    return [kind.value for kind in EventKind if kind.value in events]


def _quiet(minutes: int | None) -> int | None:
    if minutes is not None and not 0 <= minutes <= MOST_QUIET:
        raise InvalidError(
            f"Write 0 to {MOST_QUIET:,} minutes, or nothing for what is usual.",
            field="quiet_minutes",
        )
    return minutes
