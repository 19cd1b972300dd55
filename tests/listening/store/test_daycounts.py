"""Counts that are kept say what counting everything says, whatever was done in whatever order."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from listening.series import DayCounts, total
from listening.store.brands.brands import brand_id, list_brands, remove_brand
from listening.store.counts import counted
from listening.store.counts.counted import read_days, read_totals
from listening.store.counts.daycounts import count_again, count_days, has_marks, marked_brands
from listening.store.counts.daymarks import day_of, mark_everything, mark_mentions
from listening.store.keeping.erasing import bury_person, erase_author, erase_posts, find_person
from listening.store.keeping.retention import expire_mentions
from listening.store.mentions.corrections import (
    active_corrections,
    add_correction,
    restore,
    store_corrected,
)
from listening.store.mentions.mentions import drop_unmatched, views
from listening.store.mentions.sentiments import drop_sentiments
from listening.store.posts.withdrawing import withdraw
from listening.store.session import Store
from listening.store.tables import (
    Author,
    Correction,
    Mention,
    MentionDay,
    MentionMark,
    MentionSentiment,
    Post,
    SentimentLabel,
)
from tests.factories import Opinion, analyse, brand, load, opinion, post

SOURCES = ("bluesky", "mastodon")
START = datetime(2026, 9, 1, tzinfo=UTC)


def by_hand(store: Store, number: int) -> dict[tuple[date, str], DayCounts]:
    """Every mention looked at one by one, as pages show it."""
    found: dict[tuple[date, str], dict[str, int]] = {}
    reasons: dict[tuple[date, str], dict[str, int]] = {}
    hours: dict[tuple[date, str], list[list[int]]] = {}
    with store.session() as session:
        for view in views(session, brand_id=number):
            moment = view.mention.published_at
            key = day_of(moment), view.post.source
            sums = found.setdefault(key, {"mentions": 0})
            own = hours.setdefault(key, [[0] * 24 for _ in range(3)])
            names = ["mentions"]
            own[0][moment.hour] += 1
            if view.sentiment is None:
                why = view.not_scored or ""
                reasons.setdefault(key, {})[why] = reasons.get(key, {}).get(why, 0) + 1
            else:
                names.append(view.sentiment.value)
                own[1][moment.hour] += 1
                own[2][moment.hour] += view.sentiment is SentimentLabel.NEGATIVE
            if view.emotion is not None:
                names.append(view.emotion[0])
            if view.analysis is not None and view.analysis.ironic is not None:
                names += ["judged"] + ["ironic"] * (view.analysis.ironic >= 0.9)
            for name in names:
                sums[name] = sums.get(name, 0) + 1
    return {
        key: DayCounts(
            day=key[0], source=key[1], hours=hours[key], **sums,
            not_scored=dict(sorted(reasons.get(key, {}).items())),
        )
        for key, sums in found.items()
    }  # fmt: skip


def kept(store: Store, number: int) -> dict[tuple[date, str], DayCounts]:
    """As pages read it."""
    with store.session() as session:
        read = read_days(session, [number], hours=True)[number]
        sums = read_totals(session, [number])[number]
    assert read.as_of is None
    assert sums.counts == replace(total(read.days), not_scored={})
    ends = [one.day for one in read.days] or [None]  # type: ignore[list-item]
    assert (sums.first, sums.last) == (ends[0], ends[-1])
    return {(one.day, one.source): one for one in read.days}


def settle(store: Store) -> None:
    """As the job does."""
    with store.session() as session:
        brands = marked_brands(session)
    for number in brands:
        while True:
            with store.work() as session:
                if not count_again(session, number):
                    break
    with store.session() as session:
        assert not has_marks(session)


class Chance:
    """Draws what is done next, and does it as the product would."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.draw, self.made = store, random.Random(seed), 0

    def some(self, session: Session, column: object, share: float) -> list[int]:
        return [int(i) for i in session.exec(select(column)) if self.draw.random() < share]  # type: ignore[call-overload]

    def a_post(self) -> object:
        self.made += 1
        number = self.draw.randrange(self.made) if self.draw.random() < 0.3 else self.made
        text = self.draw.choice(["JetBlue", "Delta", "JetBlue or Delta", "nothing"])
        moment = START + timedelta(minutes=self.draw.randrange(6 * 24 * 60))
        return post(
            text, id=f"p{number}", author=f"a{number % 7}", at=moment.isoformat(),
            source=SOURCES[number % 2],
        )  # fmt: skip

    def posts(self) -> None:
        found = {one.native_id: one for one in (self.a_post() for _ in range(12))}  # type: ignore[attr-defined]
        load(self.store, *found.values())  # type: ignore[arg-type]

    def read(self) -> None:
        with self.store.session() as session:
            names = [n for n in session.exec(select(Post.native_id)) if self.draw.random() < 0.5]
        analyse(self.store, {name: self.opinion() for name in names})

    def opinion(self) -> Opinion:
        if self.draw.random() < 0.2:
            return opinion(None, not_scored=self.draw.choice(["language", "no words"]))
        emotion = tuple(self.draw.choice([0.1, 0.4, 0.4]) for _ in range(4))
        ironic = self.draw.choice([None, 0.2, 0.9, 0.95])
        return opinion(self.draw.choice([-1.0, -0.5, 0.2, 0.9]), emotion=emotion, ironic=ironic)

    def override(self) -> None:
        with self.store.work() as session:
            ids = self.some(session, Mention.id, 0.2)
            for number in ids:
                label = self.draw.choice([None, *SentimentLabel])
                session.get_one(Mention, number).override = label
            session.flush()
            mark_mentions(session, ids)

    def correct(self) -> None:
        with self.store.work() as session:
            number = self.draw.choice([brand_id(one) for one in list_brands(session)])
            own = (
                select(MentionSentiment.mention_id)
                .join(Mention, col(Mention.id) == col(MentionSentiment.mention_id))
                .where(Mention.brand_id == number)
            )
            added = add_correction(
                session, number, model="test-model", labels=3, params={}, scores={}
            )
            scored = [(int(i or 0), (0.1, 0.1, 0.8)) for i in session.exec(own)]
            store_corrected(session, scored[: len(scored) // 2], added)

    def take_back(self) -> None:
        with self.store.work() as session:
            for one in list_brands(session):
                active = active_corrections(session, [brand_id(one)])
                restore(session, brand_id(one), next(iter(active.values()), None), 10)

    def unread(self) -> None:
        with self.store.work() as session:
            drop_sentiments(session, self.some(session, Post.id, 0.2))

    def unmatch(self) -> None:
        with self.store.work() as session:
            brands = [brand_id(one) for one in list_brands(session)]
            drop_unmatched(session, brands[:1], self.some(session, Post.id, 0.2), set())

    def expire(self) -> None:
        with self.store.work() as session:
            number = brand_id(list_brands(session)[0])
            expire_mentions(session, number, START + timedelta(days=self.draw.random()), 5)

    def platform_deletes(self) -> None:
        with self.store.work() as session:
            gone = [p for p in session.exec(select(Post)) if self.draw.random() < 0.1]
            withdraw(session, [(p.source, p.native_id) for p in gone])

    def erase(self) -> None:
        with self.store.session() as session:
            authors = list(session.exec(select(Author).order_by(col(Author.id))))
        if not authors:
            return
        author = self.draw.choice(authors)
        with self.store.work() as session:
            person = bury_person(session, find_person(session, author.source, author.native_id))
            while erase_posts(session, person, 3):
                pass
            erase_author(session, person)

    def count(self) -> None:
        settle(self.store)

    def do(self) -> str:
        often = (self.posts, self.read, self.count)
        seldom = (self.override, self.correct, self.take_back, self.unread, self.unmatch)
        gone = (self.expire, self.platform_deletes, self.erase)
        what: Callable[[], None] = self.draw.choice([*often, *often, *seldom, *gone])
        what()
        return what.__name__


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_every_mention(store: Store, seed: int) -> None:
    brands = [brand(store, "JetBlue"), brand(store, "Delta")]
    chance = Chance(store, seed)
    chance.posts()
    done = []
    for _ in range(40):
        done.append(chance.do())
        for number in brands:
            assert kept(store, number) == by_hand(store, number), done
    settle(store)
    for number in brands:
        assert kept(store, number) == by_hand(store, number), done


@pytest.mark.parametrize(
    "name",
    ["posts", "read", "override", "correct", "take_back", "unread", "unmatch", "expire",
     "platform_deletes", "erase"],
)  # fmt: skip
def test_each_change_marks_what_it_changes(store: Store, name: str) -> None:
    """Of days that nothing else has marked."""
    brands = [brand(store, "JetBlue"), brand(store, "Delta")]
    chance = Chance(store, 7)
    changed = 0
    for _ in range(12):
        chance.posts()
        chance.read()
        if name == "take_back":
            with store.work() as session:
                session.execute(update(Correction).values(active=False))
            chance.correct()
            with store.work() as session:
                session.execute(update(Correction).values(active=False))
        settle(store)
        before = [kept(store, number) for number in brands]
        getattr(chance, name)()
        after = [kept(store, number) for number in brands]
        assert after == [by_hand(store, number) for number in brands]
        changed += before != after
    assert changed, "it is no test where nothing changes"


def test_days_without_a_mark_are_not_counted_again(store: Store) -> None:
    number = brand(store, "JetBlue")
    load(store, post("JetBlue", id="p1", at="2026-09-01T10:00Z"))
    settle(store)
    with store.work() as session:  # past everything that marks
        row = session.get_one(MentionDay, (number, date(2026, 9, 1), "file"))
        row.mentions = 7
        session.add(row)
    load(store, post("JetBlue", id="p1", at="2026-09-01T10:00Z"))  # the same again
    load(store, post("JetBlue", id="p2", at="2026-09-02T10:00Z"))
    settle(store)
    found = kept(store, number)
    assert [one.mentions for one in found.values()] == [7, 1]
    with store.work() as session:
        mark_everything(session)
    settle(store)
    assert [one.mentions for one in kept(store, number).values()] == [1, 1]


def test_a_mark_that_comes_while_counting_stays(store: Store) -> None:
    """Only what was read goes: the other writer's mark is not among it."""
    if store.dialect == "sqlite":
        pytest.skip("one writer at a time")
    number = brand(store, "JetBlue")
    load(store, post("JetBlue", id="p1", at="2026-09-01T10:00Z"))
    with store.work() as counting:
        assert count_again(counting, number) == 1
        load(store, post("JetBlue", id="p2", at="2026-09-01T11:00Z"))
    with store.session() as session:
        assert has_marks(session)
    assert [one.mentions for one in kept(store, number).values()] == [2]


def test_with_much_to_count_it_says_as_of_when(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, other = brand(store, "JetBlue"), brand(store, "Delta")
    load(store, post("JetBlue", id="p1"), post("Delta", id="p2"))
    settle(store)
    load(store, *(post("JetBlue", id=f"q{n}") for n in range(3)))
    monkeypatch.setattr(counted, "AT_ONCE", 3)
    with store.session() as session:
        read = read_days(session, [number, other])
        (first,) = session.exec(select(MentionMark.at).limit(1))
    assert (read[number].as_of, read[number].days[0].mentions) == (first, 1)
    assert (read[other].as_of, read[other].days[0].mentions) == (None, 1)
    with store.session() as session:
        earlier = read_days(session, [number], last=date(2026, 8, 31))[number]
    assert earlier.as_of is None, "nothing of these days is marked"


def test_a_brand_that_goes_takes_its_counts_along(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue", id="p1"))
    settle(store)
    with store.work() as session:
        remove_brand(session, list_brands(session)[0])
    with store.session() as session:
        assert session.exec(select(MentionDay)).all() == []
        assert session.exec(select(MentionMark)).all() == []


def test_hours_are_utc(store: Store) -> None:
    number = brand(store, "JetBlue")
    load(store, post("JetBlue", id="p1", at="2026-09-01T23:30-04:00"))
    with store.session() as session:
        (one,) = count_days(session, number, [date(2026, 9, 2)])
        assert count_days(session, number, [date(2026, 9, 1)]) == []
    assert (one.day, one.hours[0].index(1)) == (date(2026, 9, 2), 3)
