"""Runs in the making, who moved by them, and the past they leave."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from listening.store.segments.finishing import Told
from listening.store.segments.lineage import (
    author_history,
    lineage_of,
    lineage_of_run,
    run_history,
    segment_history,
)
from listening.store.segments.segmentations import (
    FoundCluster,
    begin_run,
    place_chunk,
    placed_chunks,
    placing_segmentation,
)
from listening.store.segments.segments import (
    FoundMembership,
    current_segmentation,
    latest_fit,
    place_members,
    run_id_of,
)
from listening.store.session import Store
from listening.store.tables import (
    LineageEvent,
    Membership,
    MembershipChange,
    RunStatus,
    Segment,
    Segmentation,
)
from tests.factories import author_id, load, post
from tests.segmented import run_of


@pytest.fixture
def people(store: Store) -> dict[str, int]:
    """Four authors; their ids by native id."""
    names = ("a1", "a2", "a3", "a4")
    load(store, *(post(id=f"p{name}", author=name) for name in names))
    return {name: author_id(store, name) for name in names}


def changes(store: Store) -> list[tuple[int, int | None, int, bool]]:
    with store.session() as session:
        found = session.exec(select(MembershipChange).order_by(col(MembershipChange.id)))
        return [(c.author_id, c.was_id, c.segment_id, c.noise) for c in found]


def begun(store: Store, fingerprint: str) -> Segmentation:
    with store.work() as session:
        run = Segmentation(fingerprint=fingerprint, model="m", authors=4, noise=0)
        return begin_run(session, run, [FoundCluster(segment_id=None)], b"fit")


def test_lists_show_a_run_only_when_it_is_finished(store: Store, people: dict[str, int]) -> None:
    run_of(store, "f1", {"tea": ["a1"]})
    run = begun(store, "f2")
    found = [FoundMembership(author_id=people["a1"], label=0, noise=False, strength=1.0)]
    with store.work() as session:
        assert place_chunk(session, run, 3, found)
    with store.session() as session:
        assert placed_chunks(session, run_id_of(run)) == {3}
        current, placing = current_segmentation(session), placing_segmentation(session)
        assert current is not None and current.fingerprint == "f1"
        assert placing is not None and (placing.id, placing.status) == (run.id, RunStatus.PLACING)
        assert len(run_history(session)) == 1
    assert len(changes(store)) == 1


def test_a_run_that_was_never_finished_goes_when_another_begins(
    store: Store, people: dict[str, int]
) -> None:
    first = begun(store, "f1")
    with store.work() as session:
        place_chunk(
            session, first, 0,
            [FoundMembership(author_id=people["a1"], label=0, noise=False, strength=1.0)],
        )  # fmt: skip
    begun(store, "f2")
    with store.work() as session:
        assert list(session.exec(select(Segmentation.fingerprint))) == ["f2"]
        assert len(session.exec(select(Segment)).all()) == 1
        assert session.exec(select(Membership)).all() == []
        assert not place_chunk(session, first, 1, [])


def test_a_finished_run_takes_no_more_chunks(store: Store, people: dict[str, int]) -> None:
    run_of(store, "f1", {"tea": ["a1"]})
    with store.work() as session:
        run = current_segmentation(session)
        assert run is not None
        assert not place_chunk(session, run, 1, [])


def test_who_is_in_another_segment_by_a_run_is_noted(store: Store, people: dict[str, int]) -> None:
    a1, a2, a3, a4 = people.values()
    clusters = {"tea": ["a1", "a2"], "jazz": ["a3"]}
    one = run_of(store, "f1", clusters)
    tea, jazz = one.values()
    assert changes(store) == [
        (a1, None, tea, False),
        (a2, None, tea, False),
        (a3, None, jazz, False),
    ]
    run_of(store, "f2", {"tea": ["a1", "a3", "a4"], "jazz": ["a2"]}, same=one, noise=["a1"])
    assert changes(store)[3:] == [
        (a1, tea, tea, True),  # belongs nowhere now
        (a2, tea, jazz, False),
        (a3, jazz, tea, False),
        (a4, None, tea, False),
    ]
    with store.session() as session:
        past = author_history(session, a2)
        assert [(p.segment.name, p.was.name if p.was else None) for p in past] == [
            ("jazz", "tea"), ("tea", None),
        ]  # fmt: skip


def test_placing_in_a_run_that_stands_notes_who_moved(store: Store, people: dict[str, int]) -> None:
    a1, a2, _, a4 = people.values()
    tea, jazz = run_of(store, "f1", {"tea": ["a1", "a2"], "jazz": ["a3"]}).values()
    found = [
        FoundMembership(author_id=a1, label=0, noise=False, strength=0.9, placed=True),
        FoundMembership(
            author_id=a2, label=1, noise=False, strength=0.75, others=[(0, 0.25), (1, 0.1)],
            x=1.5, y=-2.0, placed=True,
        ),
        FoundMembership(author_id=a4, label=1, noise=True, strength=0.2, placed=True),
        FoundMembership(author_id=999_999, label=1, noise=False, strength=1.0),  # is gone
    ]  # fmt: skip
    with store.work() as session:
        run = current_segmentation(session)
        assert run is not None
        assert place_members(session, run_id_of(run), found) == 2
    assert changes(store)[3:] == [(a2, tea, jazz, False), (a4, None, jazz, True)]
    with store.session() as session:
        moved = session.get_one(Membership, (run_id_of(run), a2))
        assert (moved.segment_id, moved.label, moved.strength) == (jazz, 1, 0.75)
        assert (moved.others, moved.x, moved.y, moved.placed) == ([[tea, 0.25]], 1.5, -2.0, True)
    with store.work() as session:
        assert place_members(session, run_id_of(run), found) == 0
        assert place_members(session, 999, found) == 0


def test_the_latest_fit_says_which_segment_each_cluster_is(
    store: Store, people: dict[str, int]
) -> None:
    with store.session() as session:
        assert latest_fit(session) is None
    one = run_of(store, "f1", {"tea": ["a1"], "jazz": ["a3"]})
    with store.session() as session:
        run = current_segmentation(session)
        assert run is not None
        assert latest_fit(session) == (run.id, b"fit", {0: one["tea"], 1: one["jazz"]})


def test_the_past_of_a_segment(store: Store, people: dict[str, int]) -> None:
    one = run_of(store, "f1", {"tea": ["a1", "a2"], "jazz": ["a3"]}, noise=["a2"])
    tea, jazz = one.values()
    events = [
        Told(event=LineageEvent.CONTINUED, segment_id=tea, shared=1, joined=1, moved=0.25),
        Told(event=LineageEvent.MERGED, segment_id=tea, other_id=jazz, shared=1),
    ]
    run_of(store, "f2", {"tea": ["a1", "a3"]}, same=one, events=events)
    with store.session() as session:
        assert [(p.state.size, p.share) for p in segment_history(session, tea)] == [
            (2, 1.0), (1, pytest.approx(1 / 3)),
        ]  # fmt: skip
        assert [p.state.size for p in segment_history(session, jazz)] == [1]
        (merged,) = lineage_of(session, jazz)
        assert (merged.told.event, merged.segment.name) == (LineageEvent.MERGED, "tea")
        assert merged.other is not None and merged.other.name == "jazz"
        latest, first = run_history(session)
        assert latest.events == {LineageEvent.CONTINUED: 1, LineageEvent.MERGED: 1}
        assert (latest.segments, first.segments, first.events) == (1, 2, {})
        assert (first.run.authors, first.run.noise) == (3, 1)
        told = lineage_of_run(session, run_id_of(latest.run))
        assert [(p.told.event, p.told.joined, p.told.moved) for p in told] == [
            (LineageEvent.CONTINUED, 1, 0.25), (LineageEvent.MERGED, 0, None),
        ]  # fmt: skip
