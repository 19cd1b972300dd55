"""What the store tells by itself: watches that fail, sweeps that reject, cases of high priority."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from listening.schedule import Schedule
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.store.brands.brands import get_brand
from listening.store.cases.cases import FoundCase, store_cases
from listening.store.notifying.alarms import tell_detractors
from listening.store.session import Store
from listening.store.tables import Channel, ChannelKind, Delivery, Watch
from listening.store.tables.types import now
from listening.store.watches.sweeps import begin_sweep, end_sweep
from listening.store.watches.watches import add_watch, record_failure, record_rows, record_success
from listening.triage import Urgency
from tests.factories import author_id, brand, load, mentions, post


@pytest.fixture
def told(store: Store) -> Store:
    """A brand with a watch, and a channel that is told of everything."""
    brand(store, "JetBlue", "jetblue")
    with store.work() as session:
        add_watch(session, get_brand(session, "JetBlue"), "folder", {"path": "/in"}, Schedule())
        session.add(
            Channel(
                name="Desk", kind=ChannelKind.WEBHOOK, secret="-", shown="-", created_by="ann",
                events=["watch.failing", "sweep.rejected", "case.opened"], quiet_minutes=0,
            )
        )  # fmt: skip
    return store


def titles(store: Store) -> list[str]:
    with store.session() as session:
        return sorted(session.exec(select(Delivery.title)))


def fail(store: Store, error: Exception) -> None:
    with store.work() as session:
        record_failure(session, session.exec(select(Watch)).one(), error)


def test_a_watch_is_told_of_at_its_third_failure_in_a_row(told: Store) -> None:
    for _ in range(2):
        fail(told, UnavailableError("Annika Jansson said no"))
    fail(told, RateLimitError("slow"))  # no failure: counted anew
    for _ in range(2):
        fail(told, UnavailableError("no"))
    assert titles(told) == []
    fail(told, UnavailableError("Annika Jansson said no"))
    fail(told, UnavailableError("no"))
    assert titles(told) == ["JetBlue: the watch of folder fails"]
    with told.session() as session:
        (one,) = session.exec(select(Delivery))
    assert "3 times in a row: it does not answer." in one.text
    assert "Annika" not in one.text + str(one.payload)
    with told.work() as session:
        record_success(session, session.exec(select(Watch)).one())
    for _ in range(3):
        fail(told, UnavailableError("no"))
    assert len(titles(told)) == 2


@pytest.mark.parametrize("error", [AuthenticationError("no"), FormatChangedError("what")])
def test_what_a_person_must_mend_is_told_of_at_once(told: Store, error: Exception) -> None:
    fail(told, error)
    fail(told, error)
    assert titles(told) == ["JetBlue: the watch of folder fails"]


def sweep(session: Session, rows: int, aside: int) -> None:
    watch = session.exec(select(Watch)).one()
    one = begin_sweep(session, source="folder", label="x", watch_id=watch.id)
    one.rows, one.quarantined = rows, aside
    end_sweep(session, one)
    session.flush()
    record_rows(session, watch, int(one.id or 0))


def test_a_sweep_that_rejects_much_is_told_of_once(told: Store) -> None:
    with told.work() as session:
        sweep(session, 100, 0)
        assert session.exec(select(Delivery)).all() == []
        sweep(session, 100, 60)
        sweep(session, 100, 70)
    assert titles(told) == ["JetBlue: 60 of 100 rows of folder could not be read"]


def test_cases_of_high_priority_are_told_of_together_and_once(told: Store) -> None:
    load(told, *(post(f"jetblue {n}", id=f"p{n}", author=f"a{n}") for n in range(4)))
    found = {native: int(view.mention.id or 0) for native, view in mentions(told).items()}

    def urgency(value: float) -> Urgency:
        return Urgency(value, {}, (), "high" if value > 0.6 else "low")

    with told.work() as session:
        number = int(get_brand(session, "JetBlue").id or 0)
        cases = [
            FoundCase(found[f"p{n}"], urgency(value), "g")
            for n, value in enumerate((0.9, 0.7, 0.1))
        ]
        store_cases(session, number, cases, opened_at=now())
    assert titles(told) == ["JetBlue: 2 cases of high priority opened"]
    with told.work() as session:
        more = [*cases, FoundCase(found["p3"], urgency(0.65), "g")]
        store_cases(session, number, more, opened_at=now())
        store_cases(session, number, more, opened_at=now())
    assert titles(told) == [
        "JetBlue: 1 case of high priority opened",
        "JetBlue: 2 cases of high priority opened",
    ]


def test_new_detractors_are_told_of_where_they_are_lately_and_reach_many(told: Store) -> None:
    load(
        told,
        *(
            post(f"jetblue {n}", id=f"d{n}", author=f"d{n}", author_name="Annika Jansson",
                 author_followers=followers)
            for n, followers in enumerate((120_000, 10_000, 9_999, None, 50_000))
        ),
    )  # fmt: skip
    ids = [author_id(told, f"d{n}") for n in range(5)]
    moment = now()
    with told.work() as session:
        session.exec(select(Channel)).one().events = ["detractor.new"]
    turned = [(one, moment - timedelta(days=1)) for one in ids[:4]]
    turned.append((ids[4], moment - timedelta(days=8)))
    with told.work() as session:
        number = int(get_brand(session, "JetBlue").id or 0)
        tell_detractors(session, number, turned)
        tell_detractors(session, number, turned)
    assert titles(told) == [
        "JetBlue: an author with 10,000 followers turned detractor",
        "JetBlue: an author with 120,000 followers turned detractor",
    ]
    with told.session() as session:
        written = [d.text + str(d.payload) for d in session.exec(select(Delivery))]
    assert "Annika" not in str(written)
