"""Digests are made when they are due, once, and say nothing of whoever was erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from listening.access import COMMAND_LINE, Actor, Role
from listening.digest import file_name, title_of
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.brands.brands import get_brand
from listening.store.notifying.channels import remove_channel
from listening.store.reports.digests import get_report, items_of, list_reports, report_pdf
from listening.store.reports.schedules import (
    Wanted,
    add_schedule,
    due_schedules,
    edit_schedule,
    list_schedules,
    make_due,
    make_now,
    remove_schedule,
    usable_channels,
    weekly,
)
from listening.store.session import Store
from listening.store.tables import (
    AuditEntry,
    Channel,
    ChannelKind,
    Delivery,
    Report,
    ReportItem,
    ReportSchedule,
)
from tests.factories import analyse, author_id, brand, load, opinion, post

WEEKLY = Wanted(name="Weekly", cron="0 8 * * 1", timezone="Europe/Berlin")
MONDAY = datetime(2026, 9, 7, 6, 0, tzinfo=UTC)  # 8:00 in Berlin


@pytest.fixture
def spoken(store: Store) -> Store:
    """Two mentions of JetBlue in the week up to Sunday, one on the Monday."""
    brand(store, "JetBlue")
    load(
        store,
        post("JetBlue is great", id="p1", author="a1", at="2026-09-01T10:00Z"),
        post("JetBlue is late", id="p2", author="a2", at="2026-09-06T10:00Z"),
        post("JetBlue today", id="p3", author="a3", at="2026-09-07T05:00Z"),
    )
    analyse(store, {"p1": opinion(0.9), "p2": opinion(-0.9), "p3": opinion(0.0)})
    return store


def scheduled(store: Store, *, channels: tuple[int, ...] = (), due: datetime = MONDAY) -> int:
    with store.work() as session:
        one = get_brand(session, "JetBlue")
        wanted = Wanted(name="Weekly", cron="0 8 * * 1", timezone="Europe/Berlin",
                        channels=channels)  # fmt: skip
        added = add_schedule(session, COMMAND_LINE, one, wanted)
        added.next_due_at = due
        session.add(added)
        return int(added.id or 0)


def channel(
    store: Store, *, events: tuple[str, ...] = ("report.ready",), brand_id: int | None = None
) -> int:
    with store.work() as session:
        added = Channel(
            name=f"Desk {events}", kind=ChannelKind.EMAIL, secret="x", shown="e-mail",
            events=list(events), created_by="ann", brand_id=brand_id,
        )  # fmt: skip
        session.add(added)
        session.flush()
        return int(added.id or 0)


def deliveries(store: Store) -> list[Delivery]:
    with store.session() as session:
        return list(session.exec(select(Delivery).order_by(Delivery.id)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weekday", "at", "cron"), [(0, "08:00", "0 8 * * 1"), (6, "23:59", "59 23 * * 0")]
)
def test_a_weekday_as_cron(weekday: int, at: str, cron: str) -> None:
    assert weekly(weekday, at) == cron


@pytest.mark.parametrize(("weekday", "at"), [(7, "08:00"), (0, "24:00"), (0, "8"), (0, "8:6x")])
def test_no_such_day_or_time(weekday: int, at: str) -> None:
    with pytest.raises(InvalidError):
        weekly(weekday, at)


def test_a_digest_is_made_once_and_told(spoken: Store) -> None:
    told, silent = channel(spoken), channel(spoken, events=("incident",))
    number = scheduled(spoken)
    with spoken.session() as session:
        assert due_schedules(session, MONDAY - timedelta(seconds=1)) == []
        assert due_schedules(session, MONDAY) == [number]
    with spoken.work() as session:
        report = make_due(session, number, MONDAY + timedelta(hours=9))
    assert report is not None
    assert (report.first, report.last) == (date(2026, 8, 31), date(2026, 9, 6)), "whole days"
    assert (report.content["counts"]["mentions"], report.due_at) == (2, MONDAY)
    with spoken.work() as session:
        assert make_due(session, number, MONDAY + timedelta(hours=9)) is None
        (schedule,) = session.exec(select(ReportSchedule))
        assert schedule.next_due_at == MONDAY + timedelta(days=7)
        assert session.exec(select(Report.id)).all() == [report.id]
    (delivery,) = deliveries(spoken)
    assert (delivery.channel_id, delivery.attachment) == (told, {"report": report.id})
    assert delivery.text.startswith("2 mentions")
    assert silent != told


def test_what_dies_halfway_has_not_happened(spoken: Store) -> None:
    channel(spoken)
    number = scheduled(spoken)
    with pytest.raises(RuntimeError), spoken.work() as session:
        make_due(session, number, MONDAY)
        raise RuntimeError("killed")
    assert deliveries(spoken) == []
    with spoken.work() as session:
        assert make_due(session, number, MONDAY) is not None
    assert len(deliveries(spoken)) == 1


def test_weeks_that_were_missed_are_one_digest(spoken: Store) -> None:
    number = scheduled(spoken)
    with spoken.work() as session:
        make_due(session, number, MONDAY + timedelta(days=30))
        (schedule,) = session.exec(select(ReportSchedule))
        assert schedule.next_due_at > MONDAY + timedelta(days=30)
        assert len(session.exec(select(Report)).all()) == 1


def test_the_channels_of_a_schedule_are_told_alone(spoken: Store) -> None:
    channel(spoken)
    own = channel(spoken, events=())
    number = scheduled(spoken, channels=(own,))
    with spoken.work() as session:
        make_due(session, number, MONDAY)
    assert [one.channel_id for one in deliveries(spoken)] == [own]


def test_another_brands_channel_is_not_told(spoken: Store) -> None:
    brand(spoken, "Delta")
    number = scheduled(spoken, channels=(channel(spoken), channel(spoken, brand_id=1)))
    with spoken.work() as session:
        session.get_one(Channel, 1).brand_id = 2  # as if its number had been given anew
    with spoken.work() as session:
        make_due(session, number, MONDAY)
    assert [one.channel_id for one in deliveries(spoken)] == [2]


def test_a_channel_that_is_removed_leaves_the_schedules(spoken: Store) -> None:
    first, second = channel(spoken), channel(spoken)
    number = scheduled(spoken, channels=(first, second))
    for removed, left, paused in ((first, [second], False), (second, [], True)):
        with spoken.work() as session:
            remove_channel(session, COMMAND_LINE, removed)
        with spoken.session() as session:
            schedule = session.get_one(ReportSchedule, number)
            assert (schedule.channels, schedule.paused) == (left, paused)


def test_channels_of_every_brand_are_an_admins_to_choose(spoken: Store) -> None:
    brand(spoken, "Delta")
    every, own, others = (channel(spoken, brand_id=one) for one in (None, 1, 2))
    ann = Actor(name="ann", brands={1: Role.BRAND})
    told = set()
    with spoken.work() as session:
        one = get_brand(session, "JetBlue")
        for refused in (every, others, 999, 10**20):
            with pytest.raises(InvalidError) as found:
                add_schedule(session, ann, one, replace(WEEKLY, channels=(own, refused)))
            told.add(str(found.value))
        assert len(told) == 1, "which there are is not told"
        assert [c.id for c in usable_channels(session, ann, one)] == [own]
        assert {c.id for c in usable_channels(session, COMMAND_LINE, one)} == {every, own}
        number = add_schedule(session, COMMAND_LINE, one, replace(WEEKLY, channels=(every,))).id
        kept = replace(WEEKLY, channels=(every, own), paused=True)
        assert edit_schedule(session, ann, one, number or 0, kept, 1).channels == [every, own]


def test_of_two_who_change_a_schedule_the_second_is_told(spoken: Store) -> None:
    number = scheduled(spoken)
    with spoken.work() as session:
        one = get_brand(session, "JetBlue")
        edited = edit_schedule(
            session, COMMAND_LINE, one, number, Wanted(name="W", cron="0 9 * * 1", paused=True), 1
        )
        assert (edited.version, edited.paused) == (2, True)
    with spoken.session() as session:
        assert due_schedules(session, MONDAY + timedelta(days=400)) == [], "it is paused"
    with pytest.raises(ConflictError, match="changed meanwhile"), spoken.work() as session:
        edit_schedule(session, COMMAND_LINE, get_brand(session, "JetBlue"), number, WEEKLY, 1)
    with spoken.work() as session:
        remove_schedule(session, COMMAND_LINE, get_brand(session, "JetBlue"), number)
        assert list_schedules(session, get_brand(session, "JetBlue")) == []
        actions = session.exec(select(AuditEntry.action).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
    assert actions == ["report_schedule.add", "report_schedule.edit", "report_schedule.remove"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"cron": "0 8 * *"}, "cron"),
        ({"timezone": "Berlin"}, "timezone"),
        ({"days": 0}, "days"),
        ({"channels": (9,)}, "channels"),
    ],
)
def test_what_does_not_fit_names_its_field(
    store: Store, changed: dict[str, object], field: str
) -> None:
    brand(store, "JetBlue")
    values: dict[str, object] = {"name": "Weekly", "cron": "0 8 * * 1"} | changed
    with pytest.raises(InvalidError) as caught, store.work() as session:
        add_schedule(session, COMMAND_LINE, get_brand(session, "JetBlue"), Wanted(**values))  # type: ignore[arg-type]
    assert caught.value.field == field


def test_whoever_only_looks_makes_nothing(spoken: Store) -> None:
    viewer = Actor(name="vi", brands={1: Role.VIEWER})
    with spoken.work() as session:
        one = get_brand(session, "JetBlue")
        for act in (
            lambda: make_now(session, viewer, one, 7),
            lambda: add_schedule(session, viewer, one, WEEKLY),
            lambda: remove_schedule(session, viewer, one, 1),
        ):
            with pytest.raises(ForbiddenError):
                act()


def test_a_pdf_names_people_inside_the_house_alone(spoken: Store) -> None:
    with spoken.work() as session:
        one = get_brand(session, "JetBlue")
        report = make_now(session, COMMAND_LINE, one, 7)
        session.add(
            ReportItem(report_id=int(report.id or 0), part="advocates", place=0,
                       author_id=author_id(spoken, "a1"), score=0.5)
        )  # fmt: skip
    with spoken.session() as session:
        found = get_report(session, get_brand(session, "JetBlue"), int(report.id or 0))
        inside, outside = (report_pdf(session, found, names=own) for own in (True, False))
        assert inside.startswith(b"%PDF")
        assert len(inside) > len(outside)
        assert set(items_of(session, found)) == {"advocates"}
        assert [r.id for r in list_reports(session, get_brand(session, "JetBlue"))] == [report.id]
        with pytest.raises(NotFoundError):
            get_report(session, get_brand(session, "JetBlue"), 99)
    assert title_of(found.content) == "JetBlue: 1 Sep 2026 to 7 Sep 2026"
    assert file_name(found.content) == "report-jetblue-2026-09-01-2026-09-07.pdf"


def test_hostile_text_is_text_in_a_pdf(store: Store) -> None:
    """What typst would run or choke on comes as data and is never read as markup."""
    name = '#panic("x") $a$ *b* [c] \\ // /* <d> @e `f` سارة 👍🏽 "g"'
    with store.work() as session:
        from listening.store.brands.brands import add_brand

        add_brand(session, name, query='"x"')
    load(store, post("x", author="a1", author_name=name))
    with store.work() as session:
        report = make_now(session, COMMAND_LINE, get_brand(session, name), 7)
        session.add(
            ReportItem(report_id=int(report.id or 0), part="advocates", place=0,
                       author_id=author_id(store, "a1"), score=0.5)
        )  # fmt: skip
        session.flush()
        assert report_pdf(session, report, names=True).startswith(b"%PDF")
