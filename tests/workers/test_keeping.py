"""Retention per brand: what is older goes, unit by unit, and what stands stays."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from listening.errors import ListeningError
from listening.store.brands.brands import get_brand
from listening.store.keeping.retention import (
    Expired,
    Limit,
    limits,
    set_retention,
    unmentioned_cutoff,
)
from listening.store.session import Store
from listening.store.tables import (
    Author,
    Review,
    ReviewVerdict,
    Segment,
    Segmentation,
    SegmentState,
    SentimentLabel,
    Stance,
    StanceKind,
)
from tests.factories import analyse, at, author_id, brand, load, mentions, opinion, post, posts
from tests.wholestore import fill_every_table, rows_of_every_table
from workers.jobs import keeping
from workers.jobs.keeping import apply_retention

TODAY = at("2026-09-11T12:00Z")
OLD, YOUNG = "2026-09-01T11:59Z", "2026-09-01T12:00Z"  # of ten days, one minute past and not yet


def keep(store: Store, name: str, days: int | None) -> None:
    with store.work() as session:
        set_retention(session, get_brand(session, name), days)


def natives(store: Store) -> list[str]:
    with store.session() as session:
        return [one.native_id for one in posts(session)]


def test_without_a_retention_nothing_goes(store: Store) -> None:
    fill_every_table(store)
    before = rows_of_every_table(store)
    assert apply_retention(store, at("2099-01-01T00:00Z")) == Expired()
    assert rows_of_every_table(store) == before


def test_mentions_go_once_they_are_older(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post(id="old", at=OLD), post(id="young", at=YOUNG))
    keep(store, "jetblue", 10)
    assert apply_retention(store, TODAY) == Expired(mentions=1, posts=1)
    assert list(mentions(store)) == natives(store) == ["young"]
    assert apply_retention(store, TODAY) == Expired()


def test_a_post_of_two_brands_stays_for_the_longer(store: Store) -> None:
    jetblue, delta = brand(store, "JetBlue"), brand(store, "Delta")
    load(store, post("JetBlue beats Delta", id="both", at=OLD), post(id="one", at=OLD))
    keep(store, "jetblue", 10)
    keep(store, "delta", 11)
    assert apply_retention(store, TODAY) == Expired(mentions=2, posts=1)
    assert (list(mentions(store, jetblue)), list(mentions(store, delta))) == ([], ["both"])
    assert natives(store) == ["both"]
    day = timedelta(days=1)
    assert apply_retention(store, TODAY + day) == Expired(mentions=1, posts=1, authors=1)
    assert natives(store) == []


@pytest.mark.parametrize(
    ("jetblue", "delta", "kept"),
    [(10, 11, ["aside"]), (10, 9, []), (10, None, ["aside"]), (None, None, ["aside"])],
)
def test_posts_without_a_mention_follow_the_longest(
    store: Store, jetblue: int | None, delta: int | None, kept: list[str]
) -> None:
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(store, post("nothing to see", id="aside", at=OLD))
    keep(store, "jetblue", jetblue)
    keep(store, "delta", delta)
    apply_retention(store, TODAY)
    assert natives(store) == kept


def test_without_a_brand_posts_stay(store: Store) -> None:
    load(store, post(at=OLD))
    with store.session() as session:
        assert unmentioned_cutoff(session, TODAY) is None
    assert apply_retention(store, at("2099-01-01T00:00Z")) == Expired()


def test_what_was_derived_goes_with_the_last_post(store: Store) -> None:
    fill_every_table(store)
    keep(store, "jetblue", 1)
    assert apply_retention(store, at("2026-09-03T00:00Z")) == Expired(6, 6, 3)
    counts = rows_of_every_table(store)
    gone = {
        name: counts[name]
        for name in (
            "author", "post", "mention", "analysis", "vector", "mention_sentiment",
            "author_profile", "membership", "stance", "review", "support_case", "claim",
        )
    }  # fmt: skip
    assert set(gone.values()) == {0}
    with store.session() as session:
        assert session.exec(select(SegmentState)).one().exemplars == []
    # What is no author's stands.
    assert (counts["brand"], counts["quarantined_row"], counts["segment"]) == (1, 5, 1)


def test_people_whose_posts_stand_keep_what_was_said_of_them(store: Store) -> None:
    jetblue, delta = brand(store, "JetBlue"), brand(store, "Delta")
    load(
        store,
        post(id="old", at=OLD),
        post(id="young", at=YOUNG),
        post("Delta!", id="was", at=OLD),
        post("quiet", id="own", at=YOUNG),
    )
    analyse(store, {"old": opinion(1.0), "young": opinion(1.0)})
    author = author_id(store, "a1")
    ids = {native: int(view.mention.id or 0) for native, view in mentions(store).items()}
    with store.work() as session:
        by_native = {one.native_id: int(one.id or 0) for one in posts(session)}
        session.add(Segmentation(id=1, fingerprint="f", model="m", authors=1, noise=0))
        session.add(Segment(id=1, name="bags"))
        session.flush()
        session.add(
            SegmentState(
                segmentation_id=1, segment_id=1, label=0, size=1,
                exemplars=[by_native["old"], by_native["young"]],
            )
        )  # fmt: skip
        for about in (jetblue, delta):
            session.add(
                Stance(
                    brand_id=about, author_id=author, kind=StanceKind.PASSIVE, score=0, low=0,
                    high=0, mentions=2, opinions=2, recommends=0, warns=0, reason="-",
                    evidence=[{"mention_id": ids["old"]}, {"mention_id": ids["young"]}],
                )
            )  # fmt: skip
        verdict = ReviewVerdict.CONFIRMED
        session.add(Review(brand_id=jetblue, author_id=author, verdict=verdict, by="me"))
        view = mentions(store)["young"].mention
        view.override = SentimentLabel.NEGATIVE
        session.merge(view)
    keep(store, "jetblue", 10)
    keep(store, "delta", 10)
    assert apply_retention(store, TODAY) == Expired(mentions=2, posts=2)
    assert natives(store) == ["own", "young"]
    assert mentions(store)["young"].mention.override is SentimentLabel.NEGATIVE
    with store.session() as session:
        (stance,) = session.exec(select(Stance))
        assert (stance.brand_id, stance.evidence) == (jetblue, [{"mention_id": ids["young"]}])
        assert len(session.exec(select(Review)).all()) == 1
        assert session.exec(select(SegmentState)).one().exemplars == [by_native["young"]]


def test_killed_half_way_it_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    brand(store, "JetBlue")
    load(store, *(post(id=f"p{n}", author=f"a{n}", at=OLD) for n in range(7)))
    keep(store, "jetblue", 10)
    monkeypatch.setattr(keeping, "UNIT", 3)
    real, calls = keeping.expire_mentions, []

    def killed(*args: object) -> Expired:
        calls.append(1)
        done = real(*args)  # type: ignore[arg-type]
        if len(calls) == 2:
            raise KeyboardInterrupt  # before the unit is committed
        return done

    monkeypatch.setattr(keeping, "expire_mentions", killed)
    with pytest.raises(KeyboardInterrupt):
        apply_retention(store, TODAY)
    assert natives(store) == ["p3", "p4", "p5", "p6"]
    assert apply_retention(store, TODAY) == Expired(mentions=4, posts=4, authors=4)


def test_a_retention_switched_off_stops_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    brand(store, "JetBlue")
    load(store, *(post(id=f"p{n}", at=OLD) for n in range(7)))
    keep(store, "jetblue", 10)
    monkeypatch.setattr(keeping, "UNIT", 3)
    real = keeping.expire_mentions

    def then_off(*args: object) -> Expired:
        done = real(*args)  # type: ignore[arg-type]
        set_retention(args[0], get_brand(args[0], "jetblue"), None)  # type: ignore[arg-type]
        return done

    monkeypatch.setattr(keeping, "expire_mentions", then_off)
    assert apply_retention(store, TODAY) == Expired(mentions=3, posts=3)


def test_posts_come_in_while_others_go(store: Store) -> None:
    """Nobody loses a post because its author was just found to have none."""
    brand(store, "JetBlue")
    keep(store, "jetblue", 10)
    rounds, failures = 15, []

    def come() -> None:
        try:
            for n in range(rounds):
                # The same authors each time: gone, and back with a young post.
                load(store, *(post(id=f"n{n}-{a}", author=f"a{a}", at=YOUNG) for a in range(5)))
                load(store, *(post(id=f"o{n}-{a}", author=f"b{a}", at=OLD) for a in range(5)))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=come)
    thread.start()
    while thread.is_alive():
        apply_retention(store, TODAY)
    thread.join()
    assert failures == []
    apply_retention(store, TODAY)
    assert len(natives(store)) == rounds * 5
    with store.session() as session:
        assert sorted(session.exec(select(Author.native_id))) == ["a0", "a1", "a2", "a3", "a4"]


def test_limits_tell_what_is_past_them(store: Store) -> None:
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(store, post("JetBlue and Delta", id="old", at=OLD), post(id="young", at=YOUNG))
    keep(store, "jetblue", 10)
    with store.session() as session:
        assert limits(session, TODAY) == [
            Limit("Delta", None, 1, 0),
            Limit("JetBlue", 10, 2, 1),
        ]


@pytest.mark.parametrize("days", [0, -3, 36_501])
def test_a_retention_without_sense_is_refused(store: Store, days: int) -> None:
    brand(store, "JetBlue")
    with pytest.raises(ListeningError, match=f"{days} days cannot be kept: .* 1 to 36500 days"):
        keep(store, "JetBlue", days)


# What piles up
