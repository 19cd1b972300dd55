"""The outbox: who is told of what, once; claimed by one, tried again, given up, sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from listening import notifying
from listening.errors import ConflictError, NotFoundError
from listening.notifying import Event
from listening.store.brands.brands import get_brand
from listening.store.notifying.deliveries import (
    CLAIMED,
    PAUSES,
    TRIES,
    Claimed,
    claim_due,
    drop_deliveries,
    get_delivery,
    list_deliveries,
    record_failure,
    record_sent,
    send_again,
)
from listening.store.notifying.notifications import notify
from listening.store.session import Store
from listening.store.tables import Brand, Channel, ChannelKind, Delivery, DeliveryStatus
from listening.store.tables.types import now
from tests.factories import NOON, at, brand


@pytest.fixture
def told(store: Store) -> Store:
    """A brand, another, and channels for each and for both."""
    brand(store, "JetBlue", "jetblue")
    brand(store, "Delta", "delta")
    channel(store, "desk", events=["case.overdue", "watch.failing"])
    channel(store, "blue", events=["case.overdue"], of="JetBlue")
    channel(store, "delta", events=["case.overdue"], of="Delta")
    return store


def channel(
    store: Store, name: str, *, events: list[str], of: str | None = None, quiet: int | None = None
) -> int:
    with store.work() as session:
        one = Channel(
            name=name, kind=ChannelKind.WEBHOOK, secret="-", shown="-", events=events,
            created_by="ann", quiet_minutes=quiet,
            brand_id=None if of is None else get_brand(session, of).id,
        )  # fmt: skip
        session.add(one)
        session.flush()
        return int(one.id or 0)


def overdue(session: Session, number: int, due: str = NOON, of: str = "JetBlue") -> Event:
    return notifying.case_overdue(get_brand(session, of), number, due_at=at(due), priority="high")


def tell(store: Store, number: int, due: str = NOON, of: str = "JetBlue") -> int:
    with store.work() as session:
        return notify(session, overdue(session, number, due, of))


def deliveries(store: Store) -> list[tuple[str, str, str]]:
    with store.session() as session:
        found = list_deliveries(session)
        return sorted((c.name, d.subject, d.status.value) for d, c in found)


def take(store: Store, moment_after: timedelta = timedelta(0), limit: int = 10) -> list[Claimed]:
    with store.work() as session:
        return claim_due(session, now() + moment_after, limit)


def test_those_are_told_who_asked_for_it(told: Store) -> None:
    assert tell(told, 1) == 2
    assert tell(told, 2, of="Delta") == 2
    assert deliveries(told) == [
        ("blue", "case:1", "waiting"),
        ("delta", "case:2", "waiting"),
        ("desk", "case:1", "waiting"),
        ("desk", "case:2", "waiting"),
    ]
    with told.work() as session:
        cases = notifying.cases_opened(get_brand(session, "JetBlue"), [1], urgency=0.9)
        assert notify(session, cases) == 0


def test_chosen_channels_are_told_whatever_they_ask_for(told: Store) -> None:
    with told.work() as session:
        ids = {c.name: int(c.id or 0) for c in session.exec(select(Channel))}
        report = notifying.report_ready(
            get_brand(session, "JetBlue"), 1, title="Week 48", path="/reports/1"
        )
        # The one of another brand is not told, asked for or not.
        chosen = {ids["blue"], ids["delta"]}
        assert notify(session, report) == 0
        assert notify(session, report, channels=chosen) == 1
    assert deliveries(told) == [("blue", "report:1", "waiting")]


def test_the_same_is_told_once(told: Store) -> None:
    assert (tell(told, 1), tell(told, 1)) == (2, 0)
    assert len(deliveries(told)) == 2


def test_what_is_rolled_back_is_not_told(told: Store) -> None:
    with pytest.raises(RuntimeError), told.work() as session:
        notify(session, overdue(session, 1))
        raise RuntimeError
    assert deliveries(told) == []


def test_a_channel_that_is_paused_is_not_told(told: Store) -> None:
    with told.work() as session:
        for one in session.exec(select(Channel).where(Channel.name == "desk")):
            one.paused_at = now()
    assert tell(told, 1) == 1


def test_of_the_same_thing_it_is_told_again_only_after_a_while(told: Store) -> None:
    tell(told, 1)
    assert tell(told, 1, "2026-09-02T12:00Z") == 2
    assert [status for *_, status in deliveries(told)] == ["held", "waiting"] * 2
    with told.work() as session:
        for one in session.exec(select(Delivery)):
            one.created_at -= timedelta(minutes=61)
    tell(told, 1, "2026-09-03T12:00Z")
    assert [status for *_, status in deliveries(told)].count("waiting") == 4
    with told.session() as session:
        held = select(Delivery.answer).where(Delivery.status == DeliveryStatus.HELD).limit(1)
        assert session.exec(held).one() == (
            "not sent: another about the same thing went 60 minutes ago or less"
        )


def test_how_long_is_the_channels_to_say(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    channel(store, "every one", events=["case.overdue"], quiet=0)
    tell(store, 1)
    tell(store, 1, "2026-09-02T12:00Z")
    assert [status for *_, status in deliveries(store)] == ["waiting", "waiting"]


def test_one_worker_has_a_delivery_until_its_time_is_over(told: Store) -> None:
    tell(told, 1)
    first = take(told)
    assert [(c.channel.name, c.delivery.attempts) for c in first] == [("desk", 1), ("blue", 1)]
    assert take(told) == []
    # The first one died: another takes them, and the first one's word counts no more.
    again = take(told, CLAIMED + timedelta(seconds=5))
    assert [c.delivery.attempts for c in again] == [2, 2]
    assert [c.delivery.uid for c in again] == [c.delivery.uid for c in first]
    with told.work() as session:
        assert not record_sent(session, first[0], "200")
        assert record_sent(session, again[0], "200")
        assert not record_failure(session, again[0], "late")
    with told.session() as session:
        assert get_delivery(session, int(again[0].delivery.id or 0)).status is DeliveryStatus.SENT


def test_it_is_tried_again_ever_later_and_given_up(told: Store) -> None:
    tell(told, 1)
    moment = timedelta(0)
    pauses = []
    for tried in range(1, TRIES + 1):
        (one, *_) = take(told, moment, limit=1)
        assert one.delivery.attempts == tried
        with told.work() as session:
            assert record_failure(session, one, "https://a.b/?token=hunter2 answers 500")
            session.flush()
        with told.session() as session:
            found = get_delivery(session, int(one.delivery.id or 0))
        if tried < TRIES:
            assert found.status is DeliveryStatus.WAITING
            pauses.append((found.due_at - now()).total_seconds())
            # Only this one is looked at from here on.
            with told.work() as session:
                kept = session.get_one(Delivery, found.id)
                kept.due_at = at("2026-01-01T00:00Z")
    for pause, least in zip(pauses, PAUSES, strict=True):
        assert least - 5 <= pause <= least * 1.25
    assert found.status is DeliveryStatus.FAILED and found.finished_at is not None
    assert found.answer == "https://a.b/?token=*** answers 500 (given up after 8 tries)"


def test_a_receiver_may_ask_for_time(told: Store) -> None:
    tell(told, 1)
    one, other = take(told)
    with told.work() as session:
        record_failure(session, one, "slow down", wait=5000)
        record_failure(session, other, "gone", hopeless=True)
    with told.session() as session:
        waits = get_delivery(session, int(one.delivery.id or 0))
        assert 4990 <= (waits.due_at - now()).total_seconds() <= 5000
        gone = get_delivery(session, int(other.delivery.id or 0))
        assert (gone.status, gone.answer) == (DeliveryStatus.FAILED, "gone (given up)")


def test_what_was_given_up_may_be_sent_again_as_the_same(told: Store) -> None:
    tell(told, 1)
    one, other = take(told)
    with told.work() as session:
        record_failure(session, one, "gone", hopeless=True)
    with told.work() as session:
        with pytest.raises(ConflictError, match="waits to be sent"):
            send_again(session, get_delivery(session, int(other.delivery.id or 0)))
        send_again(session, get_delivery(session, int(one.delivery.id or 0)))
    (again,) = take(told)
    assert (again.delivery.uid, again.delivery.attempts) == (one.delivery.uid, 1)


def test_what_waits_for_a_paused_channel_goes_out_later(told: Store) -> None:
    tell(told, 1)
    with told.work() as session:
        for one in session.exec(select(Channel)):
            one.paused_at = now()
    assert take(told) == []
    with told.work() as session:
        for one in session.exec(select(Channel)):
            one.paused_at = None
    assert len(take(told)) == 2


def test_the_list_is_read_in_pages_and_by_what_it_is(told: Store) -> None:
    for number in range(1, 4):
        tell(told, number)
    with told.session() as session:
        desk = session.exec(select(Channel.id).where(Channel.name == "desk")).one()
        own = list_deliveries(session, channel_id=desk)
        assert [d.subject for d, _ in own] == ["case:3", "case:2", "case:1"]
        before = own[0][0].id
        first = list_deliveries(session, channel_id=desk, before=before, limit=1)
        assert [d.subject for d, _ in first] == ["case:2"]
        assert list_deliveries(session, status=DeliveryStatus.SENT) == []
        assert len(list_deliveries(session, event="case.overdue")) == 6
        with pytest.raises(NotFoundError):
            get_delivery(session, 10**12)


def test_old_ones_that_ended_are_forgotten(told: Store) -> None:
    tell(told, 1)
    one, _other = take(told)
    with told.work() as session:
        record_sent(session, one, None)
    with told.work() as session:
        assert drop_deliveries(session, now() - timedelta(days=1), 10) == 0
        assert drop_deliveries(session, now() + timedelta(days=1), 10) == 1
    with told.session() as session:
        assert len(session.exec(select(Delivery).order_by(col(Delivery.id))).all()) == 1
        assert session.exec(select(Brand)).all() != []
