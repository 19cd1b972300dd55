"""What people decide about segments, and runs that leave it alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from listening.errors import ConflictError, ListeningError, NotFoundError
from listening.store.segments.edits import (
    find_segment,
    hide_segment,
    merge_segments,
    pin_segment,
    rename_segment,
    unmerge_segment,
)
from listening.store.segments.segments import (
    FoundMembership,
    current_segmentation,
    latest_fit,
    members_of,
    place_members,
    run_id_of,
)
from listening.store.segments.views import segment_views
from listening.store.session import Store
from listening.store.tables import Author, MembershipChange, Segment
from tests.factories import author_id, load, post
from tests.segmented import run_of

THREE = {"tea": ["a1", "a2", "a3"], "jazz": ["a4", "a5"], "rail": ["a6"]}


@pytest.fixture
def run(store: Store) -> dict[str, int]:
    """Six authors in three segments; the segments' ids by name."""
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(1, 8)))
    return run_of(store, "f1", THREE)


def shown(store: Store, *, hidden: bool = False) -> dict[str, int]:
    with store.session() as session:
        return {v.segment.name: v.authors for v in segment_views(session, hidden=hidden)}


def members(store: Store) -> dict[str, list[str]]:
    """Name of a segment of the current run to its members."""
    with store.session() as session:
        names = {s.id: s.name for s in session.exec(select(Segment))}
        people = {a.id: a.native_id for a in session.exec(select(Author))}
        run = current_segmentation(session)
        found = members_of(session, run_id_of(run)) if run is not None else {}
        return {names[i]: sorted(people[a] for a in own) for i, own in found.items()}


def edit(store: Store, what: Callable[..., object], who: str, *more: object) -> None:
    """Call an edit of a segment, named as the command line names it."""
    with store.work() as session:
        into = what is merge_segments
        others = [find_segment(session, str(one)) if into else one for one in more]
        what(session, find_segment(session, who), *others)


def test_a_segment_is_found_by_number_and_by_name(store: Store, run: dict[str, int]) -> None:
    with store.session() as session:
        assert find_segment(session, str(run["jazz"])).name == "jazz"
        assert find_segment(session, " Jazz ").id == run["jazz"]
        with pytest.raises(NotFoundError, match="No segment opera: `listening segments` lists"):
            find_segment(session, "opera")


def test_a_name_that_two_have_is_refused(store: Store, run: dict[str, int]) -> None:
    with store.work() as session:
        rename_segment(session, find_segment(session, "tea"), "Jazz")
        with pytest.raises(ConflictError, match=f"which \\({run['tea']}, {run['jazz']}\\)"):
            find_segment(session, "jazz")


def test_a_person_s_name_stays_and_can_be_taken_back(store: Store, run: dict[str, int]) -> None:
    with store.work() as session:
        rename_segment(session, find_segment(session, "tea"), "  Tea   people ")
    run_of(store, "f2", {"herbs": ["a1", "a2", "a3"]}, same={"herbs": run["tea"]})
    assert shown(store) == {"Tea people": 3}
    with store.work() as session:
        segment = rename_segment(session, find_segment(session, "Tea people"), None)
        assert (segment.name, segment.renamed) == ("herbs", False)


def test_a_name_of_words_stays_while_most_of_them_tell_the_segment(store: Store) -> None:
    load(store, post(id="p1", author="a1"))
    own = run_of(store, "f1", {"tea": ["a1"]})["tea"]
    with store.work() as session:
        segment = session.get_one(Segment, own)
        segment.name = "tea · milk · herbs"
    run_of(store, "f2", {"tea": ["a1"]}, same={"tea": own})  # one of three
    assert shown(store) == {"tea": 1}
    run_of(store, "f3", {"tea": ["a1"]}, same={"tea": own})
    assert shown(store) == {"tea": 1}


def test_a_blank_or_endless_name_is_refused(store: Store, run: dict[str, int]) -> None:
    with store.work() as session:
        segment = find_segment(session, "tea")
        for name in ("  ", "x" * 121):
            with pytest.raises(ListeningError, match="1 to 120 characters"):
                rename_segment(session, segment, name)


def test_a_hidden_segment_is_left_out_unless_asked_for(store: Store, run: dict[str, int]) -> None:
    edit(store, hide_segment, "rail", True)
    assert shown(store) == {"tea": 3, "jazz": 2}
    assert shown(store, hidden=True) == {"tea": 3, "jazz": 2, "rail": 1}
    with store.session() as session:  # shares are of all still
        assert [round(v.share, 3) for v in segment_views(session)] == [0.5, 0.333]
    run_of(store, "f2", THREE, same=run)
    assert shown(store) == {"tea": 3, "jazz": 2}
    edit(store, hide_segment, "rail", False)
    assert shown(store) == {"tea": 3, "jazz": 2, "rail": 1}


def test_a_merge_shows_at_once_and_in_every_later_run(store: Store, run: dict[str, int]) -> None:
    edit(store, merge_segments, "jazz", "tea")
    assert members(store) == {"tea": ["a1", "a2", "a3", "a4", "a5"], "rail": ["a6"]}
    assert shown(store) == {"tea": 5, "rail": 1}
    with store.session() as session:
        assert [v.state.size for v in segment_views(session)] == [5, 1]
    # Both are found again by themselves, in another order.
    run_of(store, "f2", {"jazz": ["a4", "a5"], "rail": ["a6"], "tea": ["a1", "a2"]}, same=run)
    assert members(store) == {"tea": ["a1", "a2", "a4", "a5"], "rail": ["a6"]}
    with store.session() as session:
        found = latest_fit(session)
        assert found is not None
        assert found[2] == {0: run["tea"], 1: run["rail"], 2: run["tea"]}


def test_a_merge_can_be_taken_back(store: Store, run: dict[str, int]) -> None:
    before = members(store)
    edit(store, merge_segments, "jazz", "tea")
    edit(store, unmerge_segment, "jazz")
    assert members(store) == before
    assert shown(store) == {"tea": 3, "jazz": 2, "rail": 1}


def test_it_can_be_taken_back_after_a_run_that_found_both(
    store: Store, run: dict[str, int]
) -> None:
    edit(store, merge_segments, "jazz", "tea")
    run_of(store, "f2", {"jazz": ["a4", "a5", "a7"], "tea": ["a1", "a2"]}, same=run)
    assert shown(store) == {"tea": 5}
    edit(store, unmerge_segment, "jazz")
    assert members(store) == {"jazz": ["a4", "a5", "a7"], "tea": ["a1", "a2"]}
    with store.session() as session:
        views = {v.segment.name: v.state for v in segment_views(session)}
    assert [(name, views[name].size, views[name].keywords) for name in ("jazz", "tea")] == [
        ("jazz", 3, ["jazz"]),  # as the last run that knew it by itself has it
        ("tea", 2, ["tea"]),
    ]


def test_a_part_stands_for_the_whole_where_only_it_was_found(
    store: Store, run: dict[str, int]
) -> None:
    edit(store, rename_segment, "tea", "Drinks")
    edit(store, merge_segments, "jazz", str(run["tea"]))
    run_of(store, "f2", {"jazz": ["a4", "a5"]}, same=run)
    assert members(store) == {"Drinks": ["a4", "a5"]}
    assert shown(store) == {"Drinks": 2}
    edit(store, unmerge_segment, "jazz")
    assert shown(store) == {"jazz": 2}


def test_merges_of_merges(store: Store, run: dict[str, int]) -> None:
    edit(store, merge_segments, "rail", "jazz")
    edit(store, merge_segments, "jazz", "tea")
    assert shown(store) == {"tea": 6}
    edit(store, unmerge_segment, "jazz")  # takes along what was merged into it
    assert members(store) == {"tea": ["a1", "a2", "a3"], "jazz": ["a4", "a5", "a6"]}
    edit(store, unmerge_segment, "rail")
    assert shown(store) == {"tea": 3, "jazz": 2, "rail": 1}


def test_what_makes_no_sense_is_refused(store: Store, run: dict[str, int]) -> None:
    edit(store, merge_segments, "jazz", "tea")
    with store.work() as session:
        tea, jazz = find_segment(session, "tea"), find_segment(session, "jazz")
        with pytest.raises(ConflictError, match="name two segments"):
            merge_segments(session, tea, jazz)
        with pytest.raises(ConflictError, match="name two segments"):
            merge_segments(session, tea, tea)
        with pytest.raises(ConflictError, match=f"is part of {tea.id}.*unmerge {jazz.id}"):
            pin_segment(session, jazz, True)
        with pytest.raises(ConflictError, match="is not merged"):
            unmerge_segment(session, tea)


def test_a_pinned_segment_keeps_its_members_where_no_cluster_goes_on(
    store: Store, run: dict[str, int]
) -> None:
    edit(store, pin_segment, "jazz", True)
    later = {"tea": ["a1", "a2", "a3", "a4"], "fish": ["a6"]}
    run_of(store, "f2", later, same={"tea": run["tea"]})
    assert members(store) == {"tea": ["a1", "a2", "a3"], "jazz": ["a4"], "fish": ["a6"]}
    with store.work() as session:
        number = run_id_of(current_segmentation(session))  # type: ignore[arg-type]
        again = FoundMembership(author_id=author_id(store, "a4"), label=1, noise=False, strength=1)
        assert place_members(session, number, [again]) == 0
    # A run of which nobody takes part keeps it, empty.
    run_of(store, "f3", {"tea": ["a1"]}, same={"tea": run["tea"]})
    assert shown(store) == {"tea": 1, "jazz": 0}
    edit(store, pin_segment, "jazz", False)
    run_of(store, "f4", {"tea": ["a1"]}, same={"tea": run["tea"]})
    assert shown(store) == {"tea": 1}


def test_a_pinned_segment_that_a_cluster_goes_on_from_is_as_found(
    store: Store, run: dict[str, int]
) -> None:
    edit(store, pin_segment, "jazz", True)
    run_of(store, "f2", {"jazz": ["a5", "a6"], "tea": ["a1", "a4"]}, same=run)
    assert members(store) == {"jazz": ["a5", "a6"], "tea": ["a1", "a4"]}


def test_merging_is_no_move_of_anybody(store: Store, run: dict[str, int]) -> None:
    edit(store, merge_segments, "jazz", "tea")
    with store.session() as session:
        changes = session.exec(select(MembershipChange).order_by(col(MembershipChange.id)))
        assert len(list(changes)) == 6  # each author's first
