"""Channels: added, changed by one at a time, paused, tried, removed; addresses kept encrypted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from listening.access import Actor, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.keyring import Keyring
from listening.store.notifying.channels import (
    add_channel,
    edit_channel,
    get_channel,
    list_channels,
    pause_channel,
    remove_channel,
    resend,
    rotate_secret,
    secret_of,
    try_channel,
)
from listening.store.notifying.deliveries import claim_due, record_sent
from listening.store.session import Store
from listening.store.tables import AuditEntry, Change, Channel, ChannelKind, DeliveryStatus
from listening.store.tables.types import now
from tests.factories import brand
from tests.wholestore import places_of

RITA, KEYS = Actor(name="rita", everywhere=Role.ADMIN), Keyring(b"s" * 40)
HOOK = {"address": "https://hooks.example/hunter2"}


def add(store: Store, *, brand_id: int | None = None, name: str = "Desk") -> tuple[int, str]:
    with store.work() as session:
        channel, secret = add_channel(
            session, RITA, KEYS, name=name, kind=ChannelKind.WEBHOOK, address=HOOK,
            events=["watch.failing", "incident"], brand_id=brand_id,
        )  # fmt: skip
        return int(channel.id or 0), secret or ""


def actions(store: Store) -> list[str]:
    with store.session() as session:
        return list(session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))))


def test_an_address_is_kept_encrypted_and_the_secret_shown_once(store: Store) -> None:
    number, secret = add(store)
    assert len(secret) > 40
    assert places_of(store, "hunter2", secret) == []
    with store.session() as session:
        channel = get_channel(session, number)
        assert secret_of(KEYS, channel) == {"secret": secret, **HOOK}
        assert (channel.shown, channel.events) == (
            "https://hooks.example/...",
            ["incident", "watch.failing"],
        )
        (entry,) = session.exec(select(AuditEntry))
        assert (entry.action, entry.by, entry.before) == ("channel.add", "rita", None)
        assert entry.after == {
            "name": "Desk", "kind": "webhook", "shown": "https://hooks.example/...",
            "events": ["incident", "watch.failing"], "quiet_minutes": None, "paused": False,
        }  # fmt: skip
        assert session.exec(select(Change.noun)).all() == ["channel"]


def test_a_change_is_for_the_version_that_one_saw(store: Store) -> None:
    number, secret = add(store)
    with store.work() as session:
        changed = edit_channel(
            session, RITA, KEYS, number, version=1, name=" Night  desk ", quiet_minutes=5,
            address={"address": "https://other.example/x"},
        )  # fmt: skip
        assert (changed.version, changed.name) == (2, "Night desk")
        assert secret_of(KEYS, changed) == {
            "address": "https://other.example/x",
            "secret": secret,
        }
    with store.work() as session, pytest.raises(ConflictError, match="changed by rita meanwhile"):
        edit_channel(session, RITA, KEYS, number, version=1, name="Late")
    with store.session() as session:
        assert get_channel(session, number).name == "Night desk"


def test_a_webhook_gets_another_secret(store: Store) -> None:
    number, secret = add(store)
    with store.work() as session:
        made = rotate_secret(session, RITA, KEYS, number)
        assert made != secret
        assert secret_of(KEYS, get_channel(session, number))["secret"] == made
        mail, _ = add_channel(
            session, RITA, KEYS, name="M", kind=ChannelKind.APPRISE,
            address={"address": "ntfy://ntfy.example/x"}, events=["incident"],
        )  # fmt: skip
        with pytest.raises(InvalidError, match="Only webhooks"):
            rotate_secret(session, RITA, KEYS, int(mail.id or 0))


def test_a_test_is_sent_and_sent_again(store: Store) -> None:
    number, _ = add(store)
    with store.work() as session:
        delivery = try_channel(session, RITA, number)
        assert (delivery.event, delivery.status) == ("test", DeliveryStatus.WAITING)
        with pytest.raises(ConflictError):
            resend(session, RITA, int(delivery.id or 0))
    with store.work() as session:
        (claimed,) = claim_due(session, now(), 5)
        record_sent(session, claimed, "200")
    with store.work() as session:
        resend(session, RITA, int(claimed.delivery.id or 0))
    with store.work() as session:
        pause_channel(session, RITA, number, paused=True)
        with pytest.raises(ConflictError, match="paused"):
            try_channel(session, RITA, number)
    assert actions(store) == [
        "channel.add", "channel.test", "delivery.resend", "channel.pause",
    ]  # fmt: skip


def test_a_removed_channel_takes_its_log_along(store: Store) -> None:
    number, _ = add(store)
    with store.work() as session:
        try_channel(session, RITA, number)
    with store.work() as session:
        remove_channel(session, RITA, number)
    with store.session() as session:
        assert session.exec(select(Channel)).all() == []
        with pytest.raises(NotFoundError):
            get_channel(session, number)
    assert actions(store)[-1] == "channel.remove"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"events": []}, "events"),
        ({"events": ["test"]}, "events"),
        ({"events": ["incident", "nonsense"]}, "events"),
        ({"quiet_minutes": -1}, "quiet_minutes"),
        ({"quiet_minutes": 10**6}, "quiet_minutes"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(
    store: Store, changes: dict[str, object], field: str
) -> None:
    given: dict[str, object] = {"name": "D", "events": ["incident"], **changes}
    with store.work() as session, pytest.raises(InvalidError) as found:
        add_channel(
            session, RITA, KEYS, kind=ChannelKind.WEBHOOK, address=HOOK,
            **given,  # type: ignore[arg-type]
        )  # fmt: skip
    assert found.value.field == field


def test_who_administers_one_brand_sees_to_its_channels_alone(store: Store) -> None:
    blue, other = brand(store, "JetBlue", "jetblue"), brand(store, "Delta", "delta")
    everybodys, own, foreign = (
        add(store)[0],
        add(store, brand_id=blue)[0],
        add(store, brand_id=other)[0],
    )
    bob = Actor(name="bob", brands={blue: Role.ADMIN, other: Role.VIEWER})
    refused: list[Callable[[Session, int], object]] = [
        lambda s, n: edit_channel(s, bob, KEYS, n, version=1, name="x"),
        lambda s, n: pause_channel(s, bob, n, paused=True),
        lambda s, n: rotate_secret(s, bob, KEYS, n),
        lambda s, n: remove_channel(s, bob, n),
        lambda s, n: try_channel(s, bob, n),
    ]
    with store.work() as session:
        assert [c.id for c, _ in list_channels(session, bob)] == [own]
        for number in (everybodys, foreign):
            for action in refused:
                with pytest.raises(ForbiddenError):
                    action(session, number)
        pause_channel(session, bob, own, paused=True)
        with pytest.raises(ForbiddenError):
            add_channel(
                session, bob, KEYS, name="x", kind=ChannelKind.WEBHOOK, address=HOOK,
                events=["incident"],
            )  # fmt: skip
