"""The job that makes digests, and tells of incidents that go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from listening.access import COMMAND_LINE
from listening.config import Settings
from listening.store.brands.brands import get_brand
from listening.store.reports.schedules import Wanted, add_schedule
from listening.store.session import Store
from listening.store.tables import Channel, ChannelKind, Delivery, Report, ReportSchedule
from listening.store.tables.types import now
from tests.factories import brand, load, post
from workers.jobs import reporting
from workers.jobs.delivering import ATTACHMENTS
from workers.jobs.reporting import make_due_reports, tell_incidents


@pytest.fixture
def desk(store: Store) -> Store:
    """A channel that asks for reports and incidents."""
    brand(store, "JetBlue")
    with store.work() as session:
        session.add(
            Channel(
                name="Desk", kind=ChannelKind.EMAIL, secret="x", shown="e-mail",
                events=["report.ready", "incident"], created_by="ann",
            )
        )  # fmt: skip
    return store


def told(store: Store) -> list[Delivery]:
    with store.session() as session:
        return list(session.exec(select(Delivery)))


def test_what_is_due_is_made_and_its_file_goes_along(desk: Store, settings: Settings) -> None:
    load(desk, post("JetBlue is late", at=(now() - timedelta(days=2)).isoformat()))
    with desk.work() as session:
        one = get_brand(session, "JetBlue")
        for name in ("A", "B"):
            add_schedule(session, COMMAND_LINE, one, Wanted(name=name, cron="0 8 * * *"))
        for schedule in session.exec(select(ReportSchedule)):
            schedule.next_due_at = now() - timedelta(minutes=1)
    assert make_due_reports(desk) == [1, 2]
    assert make_due_reports(desk) == []
    assert [one.event for one in told(desk)] == ["report.ready"] * 2
    with desk.session() as session:
        made = ATTACHMENTS["report"](session, settings, 1)
        assert ATTACHMENTS["report"](session, settings, 9) is None
    assert made is not None
    assert made[0].startswith("report-jetblue-")
    assert made[1].startswith(b"%PDF")


def test_a_broken_one_holds_up_no_report_that_was_made(
    desk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.work() as session:
        one = get_brand(session, "JetBlue")
        for name in ("A", "B"):
            add_schedule(session, COMMAND_LINE, one, Wanted(name=name, cron="0 8 * * *"))
        for schedule in session.exec(select(ReportSchedule)):
            schedule.next_due_at = now() - timedelta(minutes=1)
    real, calls = reporting.make_due, []

    def killed_at_the_second(*args: object) -> object:
        calls.append(args)
        found = real(*args)  # type: ignore[arg-type]
        if len(calls) == 2:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(reporting, "make_due", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        make_due_reports(desk)
    monkeypatch.undo()
    assert len(make_due_reports(desk)) == 1
    with desk.session() as session:
        assert len(session.exec(select(Report)).all()) == 2
    assert len(told(desk)) == 2


def test_an_incident_that_goes_on_is_told_of_once(desk: Store) -> None:
    start = now().replace(minute=30)
    calm = [start - timedelta(days=d, hours=h) for d in range(1, 9) for h in range(0, 24, 8)]
    loud = [start - timedelta(hours=h, minutes=m) for h in range(1, 7) for m in range(10)]
    load(
        desk,
        *(post("JetBlue", id=f"p{n}", author=f"a{n}", at=at.isoformat())
          for n, at in enumerate([*calm, *loud])),
    )  # fmt: skip
    assert tell_incidents(desk) == 1
    assert tell_incidents(desk) == 0
    (one,) = told(desk)
    assert one.event == "incident"
    assert "mentions in 24 hours is up" in one.title


def test_what_is_over_wakes_nobody(desk: Store) -> None:
    at = now() - timedelta(days=3)
    calm = [at - timedelta(days=d, hours=h) for d in range(1, 9) for h in range(0, 24, 8)]
    load(
        desk,
        *(post("JetBlue", id=f"p{n}", author=f"a{n}", at=moment.isoformat())
          for n, moment in enumerate([*calm, *[at] * 60])),
    )  # fmt: skip
    assert tell_incidents(desk) == 0
