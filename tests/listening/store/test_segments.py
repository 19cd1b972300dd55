"""Segments as lists show them, counted by hand over four authors."""

from __future__ import annotations

import pytest
from sqlmodel import select

from listening.errors import NotFoundError
from listening.store.flags.stances import segments_of
from listening.store.segments.finishing import make_current
from listening.store.segments.segmentations import find_run
from listening.store.segments.segments import FoundMembership, current_segmentation, members_of
from listening.store.segments.views import SegmentView, get_segment, segment_views
from listening.store.session import Store
from listening.store.tables import Segment, Segmentation, Stance, StanceKind
from tests.factories import Opinion, analyse, author_id, brand, load, opinion, post
from tests.segmented import Cluster, store_run

# Author to cluster; a4 belongs nowhere and is nearest to the first.
MEMBERS = {"a1": (0, False), "a2": (0, False), "a3": (1, False), "a4": (0, True)}


@pytest.fixture
def spoken(store: Store) -> Store:
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(
        store,
        post("JetBlue, great", id="p1", author="a1"),
        post("JetBlue, awful", id="p2", author="a1"),
        post("JetBlue or Delta", id="p3", author="a2"),
        post("JetBlue, nice", id="p4", author="a3"),
        post("Delta, awful", id="p5", author="a4"),
    )
    analyse(store, {"p1": opinion(0.9), "p2": opinion(-0.9), "p3": opinion(-0.6)})
    return store


def run(
    store: Store,
    fingerprint: str = "f1",
    *,
    names: tuple[str, str] = ("Food", "Cars"),
    same: tuple[int | None, int | None] = (None, None),
) -> int:
    """Store a run of two clusters; returns its id."""
    with store.work() as session:
        segments = [
            Cluster(segment_id=same[n], name=names[n], keywords=[names[n].lower()]) for n in (0, 1)
        ]
        memberships = [
            FoundMembership(author_id=author_id(store, a), label=n, noise=noise, strength=0.5)
            for a, (n, noise) in MEMBERS.items()
        ]
        found = store_run(
            session,
            Segmentation(fingerprint=fingerprint, model="m", authors=4, noise=1),
            segments,
            memberships,
        )
        return int(found.id or 0)


def shown(store: Store, brand_id: int | None = None) -> list[SegmentView]:
    with store.session() as session:
        return segment_views(session, brand_id=brand_id)


def figures(view: SegmentView) -> tuple[object, ...]:
    return (
        view.segment.name, view.authors, view.nearest, view.share, view.mentions, view.scored,
        view.net_sentiment,
    )  # fmt: skip


def ids(store: Store) -> tuple[int | None, int | None]:
    food, cars = shown(store)
    return food.segment.id, cars.segment.id


def test_net_sentiment_is_towards_the_brands(spoken: Store) -> None:
    run(spoken)
    analyse(spoken, {"p3": Opinion(sentiment=(0.6, 0.4, 0.0), towards=(0.0, 0.2, 0.8))})
    assert [(v.segment.name, v.scored, v.net_sentiment) for v in shown(spoken, 1)] == [
        ("Food", 3, pytest.approx(1 / 3)), ("Cars", 0, None),
    ]  # fmt: skip


def test_no_run_no_segments(store: Store) -> None:
    assert shown(store) == []


def test_all_authors(spoken: Store) -> None:
    run(spoken)
    assert [figures(view) for view in shown(spoken)] == [
        # p3 is a mention of either brand; a4's is not counted, being noise.
        ("Food", 2, 1, 0.5, 4, 4, -0.5),
        ("Cars", 1, 0, 0.25, 1, 0, None),
    ]


def test_the_authors_of_one_brand(spoken: Store) -> None:
    run(spoken)
    # Delta: a2 is a member, a4 only near.
    assert [figures(view) for view in shown(spoken, 2)] == [
        ("Food", 1, 1, 0.5, 1, 1, -1.0),
        ("Cars", 0, 0, 0.0, 0, 0, None),
    ]


def test_flags_of_members_by_brand(spoken: Store) -> None:
    run(spoken)
    with spoken.work() as session:
        for brand_id, author, kind in [
            (1, "a1", StanceKind.ADVOCATE), (2, "a1", StanceKind.ADVOCATE),
            (1, "a2", StanceKind.DETRACTOR), (1, "a3", StanceKind.PASSIVE),
            (1, "a4", StanceKind.DETRACTOR),
        ]:  # fmt: skip
            session.add(
                Stance(
                    brand_id=brand_id, author_id=author_id(spoken, author), kind=kind, score=0,
                    low=0, high=0, mentions=1, opinions=1, recommends=0, warns=0, reason="",
                )
            )  # fmt: skip

    def flags(brand_id: int | None) -> list[tuple[int, int]]:
        return [(view.advocates, view.detractors) for view in shown(spoken, brand_id)]

    assert flags(1) == [(1, 1), (0, 0)]
    assert flags(2) == [(1, 0), (0, 0)]
    assert flags(None) == [(1, 1), (0, 0)]  # a1, an advocate of two brands, once


def test_members_are_without_noise(spoken: Store) -> None:
    number = run(spoken)
    food, cars = ids(spoken)
    a1, a2, a3, a4 = (author_id(spoken, name) for name in MEMBERS)
    with spoken.session() as session:
        assert members_of(session, number) == {food: {a1, a2}, cars: {a3}}
        found = segments_of(session, [a2, a4])
    assert {a: (s.name, noise) for a, (s, noise) in found.items()} == {
        a2: ("Food", False),
        a4: ("Food", True),
    }


def test_a_segment_goes_on_under_its_id_with_a_new_name(spoken: Store) -> None:
    run(spoken)
    before = ids(spoken)
    run(spoken, "f2", names=("Kitchen", "Boats"), same=(before[0], None))
    food, boats = shown(spoken)
    assert (food.segment.id, food.segment.name) == (before[0], "Kitchen")
    assert boats.segment.id not in before


def test_a_name_that_a_person_gave_stays(spoken: Store) -> None:
    run(spoken)
    food, cars = ids(spoken)
    with spoken.work() as session:
        segment = session.get(Segment, food)
        segment.name, segment.renamed = "Gourmets", True
    run(spoken, "f2", names=("Kitchen", "Boats"), same=(food, cars))
    assert [view.segment.name for view in shown(spoken)] == ["Gourmets", "Boats"]
    assert [view.state.keywords for view in shown(spoken)] == [["kitchen"], ["boats"]]


def test_only_the_latest_run_is_shown_until_another_is_made_current(spoken: Store) -> None:
    first, second = run(spoken), run(spoken, "f2", names=("Kitchen", "Boats"))
    assert [view.segment.name for view in shown(spoken)] == ["Kitchen", "Boats"]
    with spoken.work() as session:
        assert current_segmentation(session).id == second
        make_current(session, find_run(session, "f1"))
    assert [view.segment.name for view in shown(spoken)] == ["Food", "Cars"]
    with spoken.session() as session:
        current = select(Segmentation.id).where(Segmentation.current)
        assert session.exec(current).all() == [first]


def test_a_segment_of_an_older_run_is_not_found(spoken: Store) -> None:
    run(spoken)
    food, _ = ids(spoken)
    with spoken.session() as session:
        assert get_segment(session, food).segment.name == "Food"
    run(spoken, "f2")
    with spoken.session() as session, pytest.raises(NotFoundError, match=f"No segment {food} "):
        get_segment(session, food)
