"""Author profiles: brought up to date from what is new, the same as made from all posts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np
import pytest
from sqlmodel import Session, col, select

from listening.config import Settings
from listening.store.brands.brands import get_brand, remove_brand
from listening.store.keeping.erasing import find_person
from listening.store.keeping.removing import remove_posts
from listening.store.posts import profiles
from listening.store.session import Store
from listening.store.tables import (
    Analysis,
    Author,
    AuthorProfile,
    Mention,
    Post,
    Unprofiled,
    Vector,
)
from tests.conftest import NewStore
from tests.factories import MODEL, Opinion, analyse, at, author_id, brand, load, post
from workers.alone import alone
from workers.jobs.erasing import erase
from workers.jobs.matching import match_stored
from workers.jobs.profiling import Profiled, read_profiles, update_profiles

SETTINGS = Settings()
DAY = "2026-09-{:02}T12:00Z"
EAST, NORTH, UP = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def say(store: Store, native: str, vector: Sequence[float], *, author: str = "ann", day: int = 1,
        **more: object) -> None:  # fmt: skip
    """A post with its analysis."""
    load(store, post(f"words of {native}", id=native, author=author, at=DAY.format(day)))
    analyse(store, {native: Opinion(vector=vector, **more)})  # type: ignore[arg-type]


def update(store: Store, settings: Settings = SETTINGS, *, model: str = MODEL) -> Profiled:
    return update_profiles(store, settings, model=model)


def stands(store: Store, author: str = "ann") -> AuthorProfile:
    with store.session() as session:
        return session.get_one(AuthorProfile, author_id(store, author))


def interests(store: Store, author: str = "ann") -> list[float]:
    """Where the profile points, to three places."""
    sums = np.frombuffer(stands(store, author).interests)
    return [round(float(x), 3) for x in sums / np.linalg.norm(sums)]


def waiting(store: Store) -> int:
    with store.session() as session:
        return len(session.exec(select(Unprofiled)).all())


def from_scratch(store: Store, model: str = MODEL) -> dict[str, tuple[int, np.ndarray]]:
    """Posts and direction of every author, by the words of the docs and all posts at once."""
    found: dict[str, tuple[int, np.ndarray]] = {}
    with store.session() as session:
        mentioned = set(session.exec(select(Mention.post_id)))
        rows = session.exec(
            select(Author, Post, Analysis, Vector)
            .where(Author.id == Post.author_id, Analysis.post_id == Post.id)
            .where(Vector.post_id == Post.id, Analysis.model == model)
            .where(Analysis.spam == False, col(Analysis.not_scored).is_(None))  # noqa: E712
        ).all()
        seen: set[tuple[int, str]] = set()
        for author, one, analysis, vector in sorted(
            rows, key=lambda row: (row[1].published_at, row[1].native_id)
        ):
            key = (one.author_id, analysis.copy_key)
            if analysis.copy_key is not None and key in seen:
                continue
            seen.add(key)  # type: ignore[arg-type]
            age = (at("2027-01-01T00:00Z") - one.published_at).total_seconds() / 86_400
            weight = 0.5 ** (age / 180) * (0.3 if one.id in mentioned else 1.0)
            posts, total = found.get(author.native_id, (0, np.zeros(3)))
            own = np.frombuffer(vector.data, np.float16).astype(np.float64)
            found[author.native_id] = (posts + 1, total + weight * own)
    return {who: (posts, s / np.linalg.norm(s)) for who, (posts, s) in found.items()}


def kept(store: Store) -> dict[str, tuple[int, np.ndarray]]:
    with store.session() as session:
        rows = session.exec(
            select(Author.native_id, AuthorProfile.posts, AuthorProfile.interests)
            .where(Author.id == AuthorProfile.author_id, AuthorProfile.posts > 0)
        ).all()  # fmt: skip
    sums = {who: (posts, np.frombuffer(data)) for who, posts, data in rows}
    return {who: (posts, s / np.linalg.norm(s)) for who, (posts, s) in sums.items()}


def check_as_from_scratch(store: Store) -> None:
    assert waiting(store) == 0
    found, wanted = kept(store), from_scratch(store)
    assert {who: posts for who, (posts, _) in found.items()} == {
        who: posts for who, (posts, _) in wanted.items()
    }
    for who, (_, direction) in wanted.items():
        assert np.abs(found[who][1] - direction).max() < 1e-9, who


def test_a_new_post_is_added_and_no_other_is_read(store: Store) -> None:
    say(store, "p1", EAST, day=1)
    say(store, "p2", EAST, day=1)
    assert update(store) == Profiled(authors=1, posts=2, anew=1)
    assert update(store) == Profiled()
    say(store, "p3", NORTH, day=1)
    assert update(store) == Profiled(authors=1, posts=1, anew=0)
    assert stands(store).posts == 3
    assert np.frombuffer(stands(store).interests).tolist() == [2.0, 1.0, 0.0]
    assert stands(store).opinions == [0.0, 3.0, 0.0, 3.0]


def test_a_post_counts_half_after_a_half_life_whichever_came_in_first(new_store: NewStore) -> None:
    for days in ((1, 11), (11, 1)):
        store, settings = new_store(), Settings(interest_half_life_days=10)
        for day in days:
            say(store, f"p{day}", EAST if day == 1 else NORTH, day=day)
            update(store, settings)
        assert np.frombuffer(stands(store).interests).tolist() == [0.5, 1.0, 0.0]
        assert stands(store).as_of == at(DAY.format(11))


def test_a_mention_says_less_about_interests(store: Store) -> None:
    brand(store, "words")
    say(store, "p1", EAST)
    update(store)
    assert np.frombuffer(stands(store).interests).tolist() == [0.3, 0.0, 0.0]
    assert stands(store).opinions == [0.0, 1.0, 0.0, 1.0]


def test_spam_and_other_languages_do_not_count(store: Store) -> None:
    say(store, "p1", EAST, spam=True)
    say(store, "p2", NORTH, not_scored="language")
    assert update(store).authors == 1
    assert (stands(store).posts, stands(store).interests) == (0, b"")
    say(store, "p3", UP)
    assert update(store) == Profiled(authors=1, posts=1, anew=0)
    say(store, "p4", EAST, spam=True)
    before = stands(store).changed_at
    assert update(store) == Profiled(), "it says nothing new"
    assert (interests(store), stands(store).changed_at) == ([0.0, 0.0, 1.0], before)


def test_of_copies_the_first_counts_whichever_came_in_first(store: Store) -> None:
    say(store, "p2", EAST, day=2, copy_key="k")
    update(store)
    say(store, "p3", NORTH, day=3, copy_key="k")
    assert update(store).authors == 0, "a copy of what is in it says nothing new"
    assert interests(store) == [1.0, 0.0, 0.0]
    say(store, "p1", UP, day=1, copy_key="k")
    assert update(store) == Profiled(authors=1, posts=3, anew=1)
    assert (interests(store), stands(store).posts) == ([0.0, 0.0, 1.0], 1)
    say(store, "q1", NORTH, day=1, copy_key="k", author="ben")
    update(store)
    assert interests(store, "ben") == [0.0, 1.0, 0.0], "each author's own"


def test_another_analysis_of_a_post_takes_the_place_of_the_first(store: Store) -> None:
    say(store, "p1", EAST)
    update(store)
    analyse(store, {"p1": Opinion(vector=NORTH)})
    assert update(store).anew == 1
    assert (interests(store), stands(store).posts) == ([0.0, 1.0, 0.0], 1)
    # Two before anybody looked: the last one is meant.
    analyse(store, {"p1": Opinion(vector=EAST)})
    analyse(store, {"p1": Opinion(vector=UP)})
    update(store)
    assert (interests(store), stands(store).posts) == ([0.0, 0.0, 1.0], 1)


def test_a_post_of_another_time_weighs_otherwise(store: Store) -> None:
    settings = Settings(interest_half_life_days=10)
    say(store, "p1", EAST, day=11)
    say(store, "p2", NORTH, day=11)
    update(store, settings)
    load(store, post("words of p1", id="p1", author="ann", at=DAY.format(1)))
    assert update(store, settings).anew == 1
    assert np.frombuffer(stands(store).interests).tolist() == [0.5, 1.0, 0.0]
    load(store, post("words of p1", id="p1", author="ann", at=DAY.format(1)))
    assert update(store, settings) == Profiled()


def test_a_post_that_becomes_a_mention_or_stops_being_one_weighs_otherwise(store: Store) -> None:
    say(store, "p1", EAST)
    update(store)
    assert np.frombuffer(stands(store).interests).tolist() == [1.0, 0.0, 0.0]
    brand(store, "Words", "words")
    match_stored(store)
    assert update(store).anew == 1
    assert np.frombuffer(stands(store).interests).tolist() == [0.3, 0.0, 0.0]
    brand(store, "Other", "words")
    match_stored(store)
    assert update(store) == Profiled(), "it was a mention before"
    with store.work() as session:
        get_brand(session, "Words").query = "nothing"
    match_stored(store)
    update(store)
    assert np.frombuffer(stands(store).interests).tolist() == [0.3, 0.0, 0.0]
    with store.work() as session:
        remove_brand(session, get_brand(session, "Other"))
    assert update(store).anew == 1
    assert np.frombuffer(stands(store).interests).tolist() == [1.0, 0.0, 0.0]


def test_what_went_is_in_no_profile(store: Store) -> None:
    for native, vector in (("p1", EAST), ("p2", NORTH)):
        say(store, native, vector)
        say(store, f"b{native}", vector, author="ben")
    update(store)
    with store.work() as session:
        gone = session.exec(select(Post.id).where(Post.native_id == "p1")).all()
        remove_posts(session, [int(i or 0) for i in gone])
    assert update(store) == Profiled(authors=1, posts=1, anew=1)
    assert interests(store) == [0.0, 1.0, 0.0]
    assert interests(store, "ben") == [0.707, 0.707, 0.0]
    with store.session() as session:
        ann = find_person(session, "file", "ann")
    erase(store, [ann])
    assert update(store) == Profiled()
    assert list(kept(store)) == ["ben"]


def test_profiles_of_another_model_are_not_mixed_in(store: Store) -> None:
    say(store, "p1", EAST)
    say(store, "p2", NORTH)
    update(store)
    analyse(store, {"p1": Opinion(vector=UP)}, model="next")
    assert update(store) == Profiled(), "it is the next model's to do"
    assert stands(store).posts == 2
    assert update(store, model="next").anew == 1
    assert (interests(store), stands(store).posts) == ([0.0, 0.0, 1.0], 1)
    analyse(store, {"p2": Opinion(vector=UP)}, model="next")
    assert update(store, model="next") == Profiled(authors=1, posts=1, anew=0)
    with store.session() as session:
        assert read_profiles(session, SETTINGS, MODEL).ids.tolist() == []
        assert read_profiles(session, SETTINGS, "next").posts.tolist() == [2]


def test_another_half_life_makes_all_anew_once(store: Store) -> None:
    for author in ("ann", "ben", "cay"):
        say(store, f"{author}1", EAST, author=author, day=1)
        say(store, f"{author}2", NORTH, author=author, day=11)
    update(store)
    short = Settings(interest_half_life_days=10)
    assert update(store, short) == Profiled(authors=3, posts=6, anew=3)
    assert np.frombuffer(stands(store, "ben").interests).tolist() == [0.5, 1.0, 0.0]
    assert update(store, short) == Profiled()


def test_one_that_is_killed_leaves_everything_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(store, "p1", EAST)
    update(store)
    say(store, "p2", NORTH)
    say(store, "q1", UP, author="ben")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(profiles, "store_profiles", killed)
        with pytest.raises(KeyboardInterrupt):
            update(store)
    assert (interests(store), waiting(store)) == ([1.0, 0.0, 0.0], 2)
    update(store)
    check_as_from_scratch(store)
    assert interests(store) == [0.707, 0.707, 0.0]


def test_profiles_are_read_in_natural_order_with_enough_posts(store: Store) -> None:
    for author, posts in (("b", 2), ("a", 1), ("Z", 3), ("é", 2)):
        for n in range(posts):
            say(store, f"{author}{n}", EAST if author != "b" else NORTH, author=author)
    update(store)
    with store.session() as session:
        found = read_profiles(session, SETTINGS, MODEL)
        names = dict(session.exec(select(Author.id, Author.native_id)).all())
    # By bytes, whatever language the database sorts in.
    assert [names[i] for i in found.ids] == ["Z", "b", "é"]
    assert found.posts.tolist() == [3, 2, 2]
    assert found.interests.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert found.interests.dtype == np.float32
    assert found.opinions.tolist() == [[0, 1, 0]] * 3


def test_nobody_has_a_profile(store: Store) -> None:
    assert update(store) == Profiled()
    with store.session() as session:
        found = read_profiles(session, SETTINGS, MODEL)
    assert (len(found.ids), found.interests.shape, found.opinions.shape) == (0, (0, 0), (0, 3))


def many(seed: int) -> dict[str, tuple[str, datetime, str, Opinion]]:
    """Posts by seven authors: copies, spam, mentions, unscored ones, ties in time."""
    draw = np.random.default_rng(seed)
    found = {}
    for n in range(70):
        moment = at(DAY.format(1 + int(draw.integers(28))))
        opinion = Opinion(
            vector=tuple(draw.normal(size=3)),
            sentiment=None if draw.random() < 0.1 else (0.25, 0.5, 0.25),
            copy_key=f"k{draw.integers(8)}" if draw.random() < 0.5 else None,
            spam=draw.random() < 0.1,
            not_scored="language" if draw.random() < 0.1 else None,
        )
        text = f"jetblue {n}" if draw.random() < 0.3 else f"tea {n}"
        found[f"p{n:02}"] = (f"a{draw.integers(7)}", moment, text, opinion)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_and_any_sweeps_are_as_from_scratch(store: Store, seed: int) -> None:
    brand(store, "JetBlue", "jetblue")
    said = many(seed)
    order = random.Random(seed)
    names = list(said)
    order.shuffle(names)
    while names:
        part, names = names[: (size := order.randint(1, 20))], names[size:]
        load(store, *(post(said[n][2], id=n, author=said[n][0], at=str(said[n][1])) for n in part))
        analyse(store, {n: said[n][3] for n in part})
        update(store)
    check_as_from_scratch(store)


def test_many_workers_at_once_count_every_post_once(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    said = many(9)
    names = list(said)
    load(store, *(post(s[2], id=n, author=s[0], at=str(s[1])) for n, s in said.items()))

    def work(worker: int) -> None:
        for n in names[worker::4]:
            analyse(store, {n: said[n][3]})
            if worker % 2:
                update(store)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    update(store)
    check_as_from_scratch(store)


def test_what_goes_while_profiles_are_made_is_in_none(store: Store) -> None:
    said = many(11)
    names = list(said)
    load(store, *(post(s[2], id=n, author=s[0], at=str(s[1])) for n, s in said.items()))

    def remove(session: Session) -> None:
        chosen = select(Post.id).where(col(Post.native_id).in_(going))
        remove_posts(session, [int(i or 0) for i in session.exec(chosen.limit(4))])

    going, staying = names[::3], [n for n in names if n not in names[::3]]
    analyse(store, {n: said[n][3] for n in going})

    def work(worker: int) -> None:
        for n in staying[worker::3]:
            if worker == 2:
                alone(store, remove)
            else:
                analyse(store, {n: said[n][3]})
                update(store)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    update(store)
    check_as_from_scratch(store)
    with store.session() as session:
        assert not session.exec(select(Post).where(col(Post.native_id).in_(going))).all()
