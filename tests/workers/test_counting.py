"""The job that keeps counts up to date, and what windows are about."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from listening.config import Settings
from listening.store.counts.windowed import count_people, due_windows, people_of, themeless
from listening.store.session import Store
from listening.store.tables import BrandWindow, MentionMark
from listening.store.tables.types import now
from listening.windows import ALL, Window, preset
from tests.factories import analyse, brand, load, opinion, post
from workers.jobs.counting import count, find_themes, themes_are_due


def windows(store: Store) -> dict[str, BrandWindow]:
    with store.session() as session:
        return {row.name: row for row in session.exec(select(BrandWindow))}


def spoken(store: Store) -> int:
    """Three authors of JetBlue, two of whom have followers, over two weeks."""
    number = brand(store, "JetBlue")
    load(
        store,
        post("JetBlue", id="p1", author="a1", at="2015-02-24T10:00Z", author_followers=10),
        post("JetBlue", id="p2", author="a1", at="2015-02-23T10:00Z"),
        post("JetBlue", id="p3", author="a2", at="2015-02-24T10:00Z", author_followers=5),
        post("JetBlue", id="p4", author="a3", at="2015-02-11T10:00Z"),
    )
    return number


def test_windows_end_where_a_silent_brand_was_last_mentioned(store: Store) -> None:
    number = spoken(store)
    assert (count(store).days, count(store).days) == (3, 0)
    found = windows(store)
    week, before, everything = found["7"], found["7 before"], found[ALL]
    assert (week.first, week.last) == (date(2015, 2, 18), date(2015, 2, 24))
    assert (before.first, before.last) == (date(2015, 2, 11), date(2015, 2, 17))
    assert (week.authors, week.reach_total, week.reach_unique, week.reach_known) == (2, 25, 15, 2)
    assert (before.authors, before.reach_known) == (1, 0)
    assert (everything.first, everything.authors) == (date(2015, 2, 11), 3)
    with store.session() as session:
        assert session.exec(select(MentionMark)).all() == []
        assert count_people(session, number).authors == 3


def test_people_of_a_large_window_are_as_of_when_they_were_counted(store: Store) -> None:
    number = spoken(store)
    window = preset("7", date(2015, 2, 24))
    with store.session() as session:
        assert people_of(session, number, window, 4, room=3) is None
    count(store)
    load(store, post("JetBlue", id="p5", author="a9", at="2015-02-24T11:00Z"))
    with store.session() as session:
        kept = people_of(session, number, window, 4, room=3)
        live = people_of(session, number, window, 4, room=4)
        other = Window(date(2015, 2, 20), date(2015, 2, 24))
        assert people_of(session, number, other, 4, room=3) is None
    assert kept is not None and live is not None
    assert (kept.authors, kept.as_of) == (2, windows(store)["7"].counted_at)
    assert (live.authors, live.as_of) == (3, None)


def test_what_was_dear_to_count_waits(store: Store) -> None:
    number = spoken(store)
    count(store)
    row = windows(store)[ALL]

    def due(after: timedelta, *, changed: bool = True) -> set[str | None]:
        moment: datetime = row.counted_at + after
        with store.session() as session:
            return {w.name for w in due_windows(session, number, moment, changed)}

    with store.work() as session:
        stored = session.get_one(BrandWindow, (number, ALL))
        stored.seconds = 3.0
    assert ALL not in due(timedelta(seconds=299))
    assert ALL in due(timedelta(seconds=301))
    assert due(timedelta(seconds=301), changed=False) == set()
    assert ALL in due(timedelta(seconds=-5)), "the clock was put back"


def test_a_new_day_moves_the_windows(store: Store) -> None:
    number = brand(store, "JetBlue")
    load(store, post("JetBlue", id="p1", at=now().isoformat()))
    count(store)
    with store.session() as session:
        today = due_windows(session, number, now(), False)
        tomorrow = due_windows(session, number, now() + timedelta(days=1), False)
    assert (today, len(tomorrow)) == ([], 7)


@pytest.fixture
def talked_of(store: Store) -> int:
    """A week of seats, then one of delayed flights."""
    number = brand(store, "JetBlue")
    flights = [
        post(f"jetblue delayed flight again, number {n}", id=f"f{n}", author=f"f{n}",
             at="2015-02-24T10:00Z")
        for n in range(20)
    ]  # fmt: skip
    seats = [
        post(f"jetblue seats are roomy in row {n}", id=f"s{n}", author=f"s{n}",
             at="2015-02-15T10:00Z")
        for n in range(20)
    ]  # fmt: skip
    copies = [post("jetblue giveaway prize", id=f"c{n}", author=f"c{n}", at="2015-02-24T10:00Z")
              for n in range(9)]  # fmt: skip
    load(store, *flights, *seats, *copies)
    analyse(store, {f"f{n}": opinion(-0.9 if n < 15 else 0.5) for n in range(20)})
    return number


def test_themes_tell_two_weeks_apart(store: Store, talked_of: int, settings: Settings) -> None:
    count(store)
    assert themes_are_due(store)
    assert find_themes(store) == 3
    assert not themes_are_due(store)
    themes = windows(store)["7"].themes or {}
    (rising,) = [theme for theme in themes["rising"] if "flight" in theme["word"]]
    assert (rising["now"], rising["before"], rising["negative"]) == (20, 0, 15)
    assert any("seats" in theme["word"] for theme in themes["fading"])
    assert not any("giveaway" in t["word"] for t in themes["top"]), "one text is one voice"
    assert (themes["mentions"], themes["read"], themes["authors"]) == (29, 21, 21)


def test_themes_stay_until_a_window_has_changed(
    store: Store, talked_of: int, settings: Settings
) -> None:
    count(store)
    find_themes(store)
    with store.session() as session:
        assert themeless(session, talked_of) == []
    load(store, post("jetblue", id="new", at="2015-02-24T11:00Z"))
    count(store)
    assert (windows(store)["7"].themes or {})["mentions"] == 29, "they stand meanwhile"
    with store.session() as session:  # 30 is 3 % more than 29, and 2 % more than 49
        assert [window.name for window, _ in themeless(session, talked_of)] == ["7", "28", "90"]
