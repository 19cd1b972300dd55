"""The beat: what is sent when, who leads, and what becomes of it when things go away."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from kombu.exceptions import OperationalError
from sqlmodel import Session, delete

from listening.schedule import Schedule
from listening.store.brands.brands import get_brand
from listening.store.posts.claims import claim, fresh_posts, release
from listening.store.running import leases
from listening.store.running.leases import holder_of
from listening.store.session import Store
from listening.store.tables import Claim
from listening.store.watches.watches import add_watch, pause_watch, run_now
from tests.factories import brand, load, post
from workers import beat as beats
from workers.beat import Beat
from workers.jobs.matching import match_stored
from workers.messages import Message
from workers.schedule import TIMETABLE, Entry, Something

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A wall clock that may step, and a monotonic one that may not."""

    wall: datetime = START
    ticks: float = 1000.0

    def run(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.ticks += seconds

    def step(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)


@dataclass
class Sent:
    """What was sent, to a broker that may be away."""

    tasks: list[str] = field(default_factory=list)
    away: bool = False

    def __call__(self, message: Message) -> bool:
        if self.away:
            raise OperationalError("refused")
        assert message.once == message.task
        self.tasks.append(message.task)
        return True

    def taken(self) -> list[str]:
        found, self.tasks = self.tasks, []
        return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    own = Clock()
    monkeypatch.setattr(beats, "now", lambda: own.wall)
    monkeypatch.setattr(leases, "now", lambda: own.wall)
    return own


EVERY = (Entry(task="often", every=10), Entry(task="seldom", every=30))
NIGHTLY = (Entry(task="nightly", cron="20 3 * * *"),)


def make(
    store: Store, clock: Clock, sent: Sent, timetable: tuple[Entry, ...], holder: str = "one"
) -> Beat:
    return Beat(store, sent, timetable, holder=holder, monotonic=lambda: clock.ticks)


def turns(beat: Beat, clock: Clock, seconds: int) -> None:
    for _ in range(seconds):
        clock.run(1)
        beat.turn()


def test_intervals(store: Store, clock: Clock) -> None:
    sent = Sent()
    beat = make(store, clock, sent, EVERY)
    beat.turn()
    assert sent.taken() == ["often", "seldom"], "at once when it begins"
    turns(beat, clock, 9)
    assert sent.taken() == []
    turns(beat, clock, 1)
    assert sent.taken() == ["often"]
    turns(beat, clock, 60)
    assert sorted(sent.taken()) == ["often"] * 6 + ["seldom"] * 2


@pytest.mark.parametrize("hours", [-1, 1, -24])
def test_a_clock_that_steps_changes_no_interval(store: Store, clock: Clock, hours: int) -> None:
    sent = Sent()
    beat = make(store, clock, sent, EVERY)
    turns(beat, clock, 5)
    sent.taken()
    clock.step(hours * 3600)
    turns(beat, clock, 60)
    assert beat.leads
    assert sorted(sent.taken()) == ["often"] * 6 + ["seldom"] * 2


def test_a_cron_line_comes_at_its_time(store: Store, clock: Clock) -> None:
    sent = Sent()
    beat = make(store, clock, sent, NIGHTLY)
    beat.turn()
    assert sent.taken() == []
    clock.run(15 * 3600 + 20 * 60 - 1)  # to 03:19:59
    beat.turn()
    assert sent.taken() == []
    turns(beat, clock, 1)
    assert sent.taken() == ["nightly"]
    turns(beat, clock, 120)
    assert sent.taken() == []


def test_a_time_missed_is_made_up_once_by_whoever_leads_next(store: Store, clock: Clock) -> None:
    sent = Sent()
    first = make(store, clock, sent, NIGHTLY)
    first.turn()
    first.resign()
    clock.run(5 * 24 * 3600)
    second = make(store, clock, sent, NIGHTLY, holder="two")
    turns(second, clock, 3)
    assert sent.taken() == ["nightly"]


def test_a_cron_line_outlives_a_clock_put_back(store: Store, clock: Clock) -> None:
    sent = Sent()
    beat = make(store, clock, sent, NIGHTLY)
    beat.turn()
    clock.run(15 * 3600 + 20 * 60)  # to 03:20
    beat.turn()
    assert sent.taken() == ["nightly"]
    clock.step(-24 * 3600)
    turns(beat, clock, 1)
    clock.run(24 * 3600 - 1)  # 03:20 once more
    beat.turn()
    assert sent.taken() == ["nightly"]


def test_it_asks_before_it_sends(store: Store, clock: Clock) -> None:
    answers = [False, True, False]
    asked: list[bool] = []

    def where(session: Session) -> bool:
        asked.append(answers[len(asked)])
        return asked[-1]

    sent = Sent()
    beat = make(store, clock, sent, (Entry(task="sweep.due", every=1, where=where),))
    beat.turn()
    beat.turn()
    assert (asked, sent.taken()) == ([False], [])
    turns(beat, clock, 1)
    assert (asked, sent.taken()) == ([False, True], ["sweep.due"])
    turns(beat, clock, 1)
    assert (asked, sent.taken()) == ([False, True, False], [])


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was logged, on either stream: which one hangs on what ran before in this process."""
    return "".join(capsys.readouterr())


def test_of_two_one_leads_and_the_other_says_so_once(
    store: Store, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = Sent(), Sent()
    first, second = make(store, clock, ours, EVERY), make(store, clock, theirs, EVERY, "two")
    for _ in range(60):
        clock.run(1)
        first.turn()
        second.turn()
    assert (first.leads, second.leads) == (True, False)
    assert theirs.taken() == []
    assert told(capsys).count("another beat leads") == 1
    # The first dies without a word.
    waited = 0
    while not second.leads:
        turns(second, clock, 1)
        waited += 1
    assert waited <= 15
    assert theirs.taken() == ["often", "seldom"]
    first.turn()
    assert first.leads is False, "one that was away finds that another leads"


def test_one_that_ends_in_order_lets_another_lead_at_once(store: Store, clock: Clock) -> None:
    first, second = (make(store, clock, Sent(), EVERY, holder) for holder in ("one", "two"))
    first.turn()
    second.turn()
    first.resign()
    turns(second, clock, 1)
    assert second.leads
    with store.session() as session:
        assert holder_of(session, "beat") == "two"


def test_a_broker_that_is_away_loses_nothing(
    store: Store, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = Sent(away=True)
    beat = make(store, clock, sent, (*EVERY, *NIGHTLY))
    beat.turn()
    clock.run(24 * 3600)
    turns(beat, clock, 20)
    assert sent.taken() == []
    sent.away = False
    turns(beat, clock, 1)
    assert sent.taken() == ["often", "seldom", "nightly"]
    said = told(capsys)
    assert said.count("the broker does not answer") == 1
    assert said.count("the beat goes on") == 1


def test_a_store_that_is_away_is_waited_for(
    new_store: object, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    store: Store = new_store(migrated=False)  # type: ignore[operator]
    sent = Sent()
    beat = make(store, clock, sent, EVERY)
    turns(beat, clock, 20)
    assert (beat.leads, sent.taken()) == (False, [])
    assert told(capsys).count("the store does not answer") == 1
    from listening.store.schema import migrate

    migrate(store)
    turns(beat, clock, 1)
    assert sent.taken() == ["often", "seldom"]


def test_the_timetable_asks_the_store_for_due_watches(store: Store) -> None:
    (due,) = [entry for entry in TIMETABLE if entry.task == "sweep.due"]
    assert due.where is not None
    brand(store, "Brindlecup")
    with store.work() as session:
        watch, _ = add_watch(
            session, get_brand(session, "Brindlecup"), "folder", {"path": "/rows"}, Schedule()
        )
        run_now(session, watch)
    with store.work() as session:
        assert due.where(session) is True
        pause_watch(session, session.merge(watch))
    with store.session() as session:
        assert due.where(session) is False


def test_every_task_of_the_timetable_is_there() -> None:
    from workers.app import app

    app.loader.import_default_modules()
    assert {entry.task for entry in TIMETABLE} <= set(app.tasks)
    assert {entry.task: (entry.every, entry.cron) for entry in TIMETABLE} == {
        "sweep.due": (1, None),
        "keep.deliver": (2, None),
        "nlp.match": (5, None),
        "keep.erase": (10, None),
        "nlp.analyse": (10, None),
        "keep.cases": (10, None),
        "keep.settle": (30, None),
        "keep.count": (15, None),
        "keep.report": (20, None),
        "keep.incidents": (None, "*/15 * * * *"),
        "keep.figures": (20, None),
        "nlp.flag": (None, "7 * * * *"),
        "nlp.drift": (None, "37 * * * *"),
        "keep.house": (None, "50 * * * *"),
        "nlp.segment": (None, "20 3 * * *"),
    }


def test_whether_something_came_in_is_told_from_the_ends_of_two_indexes(store: Store) -> None:
    clock = Clock()
    something = Something(lambda: clock.ticks)

    def asked() -> bool:
        with store.session() as session:
            return something(session)

    assert asked() is True, "the first time anything may wait"
    assert asked() is False
    load(store, post("JetBlue good", id="p1"))
    assert [asked(), asked()] == [True, False]
    brand(store, "JetBlue")
    match_stored(store)
    assert [asked(), asked()] == [True, False], "a mention of a post that was there"
    with store.work() as session:
        found = fresh_posts(session, "r1", 1)
        claim(session, found, "r1", "one")
        assert release(session, ["one"]) == 1
    assert [asked(), asked()] == [True, True], "a dead process left something"
    with store.work() as session:
        session.exec(delete(Claim))  # type: ignore[call-overload]
    assert asked() is False
    clock.run(Something.AT_LEAST_EVERY)
    assert [asked(), asked()] == [True, False], "an edited post has an old id"
