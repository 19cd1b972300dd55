"""Figures, maps and personas of a large run: kept, marked as due, made again, right all along."""

from __future__ import annotations

import pytest
from sqlmodel import Session, func, select

from listening.store.keeping.retention import expire_mentions
from listening.store.segments import artefacts, figuring
from listening.store.segments.edits import find_segment, merge_segments, unmerge_segment
from listening.store.segments.figuring import count_figures, figures_by_segment
from listening.store.segments.keptpersonas import kept_everyone, kept_own
from listening.store.segments.maps import kept_points, map_points
from listening.store.segments.marking import due_marks
from listening.store.segments.personas import everyone_of, own_of, segment_persona
from listening.store.segments.segments import FoundMembership, current_segmentation
from listening.store.segments.views import segment_views
from listening.store.session import Store
from listening.store.tables import RunArtefact, Segmentation
from tests.factories import MODEL, analyse, at, author_id, brand, load, opinion, post
from tests.segmented import Cluster, store_run
from workers.jobs.erasing import erase, find_people
from workers.jobs.figuring import figures_are_due, make_figures

TEA = ("a1", "a2", "a3", "a4")
JAZZ = ("b1", "b2", "b3")


@pytest.fixture
def large(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Seven authors in two segments, as if they were very many; b3 is noise."""
    monkeypatch.setattr(figuring, "FEW", 0)
    monkeypatch.setattr(artefacts, "READ_AT_ONCE", 0)
    brand(store, "JetBlue", "jetblue")
    brand(store, "Delta", "delta")
    load(
        store,
        *(post(f"jetblue and #tea by {a}", id=f"{a}x", author=a) for a in TEA),
        *(post(f"delta and #jazz by {a}", id=f"{a}x", author=a) for a in JAZZ),
        post("delta too", id="a1y", author="a1"),
    )
    analyse(
        store,
        {f"{a}x": opinion(0.9) for a in TEA}
        | {f"{a}x": opinion(-0.9) for a in JAZZ}
        | {"a1y": opinion(None, not_scored="language")},
    )
    with store.work() as session:
        found = [
            FoundMembership(
                author_id=author_id(store, a), label=int(a in JAZZ), noise=a == "b3",
                strength=0.5, x=float(n), y=float(n % 3),
            )
            for n, a in enumerate((*TEA, *JAZZ))
        ]  # fmt: skip
        run = Segmentation(fingerprint="one", model=MODEL, params={}, authors=7, noise=1)
        store_run(session, run, [Cluster(name="tea"), Cluster(name="jazz")], found)
    return store


def shown(store: Store, brand_id: int | None = None) -> dict[str, tuple[int, ...]]:
    """Name to members, nearest, mentions and scored, as pages show them."""
    with store.session() as session:
        return {
            v.segment.name: (v.authors, v.nearest, v.mentions, v.scored)
            for v in segment_views(session, brand_id=brand_id)
        }


def current(session: Session) -> Segmentation:
    run = current_segmentation(session)
    assert run is not None
    return run


def test_a_run_has_its_figures_when_lists_show_it(large: Store) -> None:
    assert shown(large) == {"tea": (4, 0, 5, 4), "jazz": (2, 1, 2, 2)}
    assert shown(large, 1) == {"tea": (4, 0, 4, 4), "jazz": (0, 0, 0, 0)}
    assert shown(large, 2) == {"tea": (1, 0, 1, 0), "jazz": (2, 1, 2, 2)}


def test_what_is_kept_is_what_would_be_counted(large: Store) -> None:
    make_figures(large)
    with large.session() as session:
        run = current(session)
        counted = count_figures(session, int(run.id or 0))
        for scope in (None, 1, 2):
            fresh = {s: f for (s, of), f in counted.items() if of == (scope or 0)}
            assert figures_by_segment(session, run, scope) == fresh


def test_what_came_since_shows_once_it_is_counted(large: Store) -> None:
    make_figures(large)
    with large.session() as session:
        assert not figures_are_due(session)
    load(large, post("jetblue again", id="a2y", author="a2"))
    assert shown(large)["tea"] == (4, 0, 5, 4)
    with large.session() as session:
        assert due_marks(session)
    make_figures(large, at_once=True)
    assert shown(large)["tea"] == (4, 0, 6, 4)
    with large.session() as session:
        assert not due_marks(session)


def test_figures_that_took_long_are_not_counted_all_the_time(large: Store) -> None:
    make_figures(large)
    with large.work() as session:
        run = session.get_one(RunArtefact, (1, artefacts.FIGURES))
        run.seconds = 60.0
        session.add(run)
    load(large, post("jetblue again", id="a2y", author="a2"))
    assert make_figures(large).things == 0
    with large.session() as session:
        assert due_marks(session)


def test_a_merge_counts_at_once_and_so_does_its_end(large: Store) -> None:
    make_figures(large)
    with large.work() as session:
        merge_segments(session, find_segment(session, "jazz"), find_segment(session, "tea"))
    assert shown(large) == {"tea": (6, 1, 7, 6)}
    assert shown(large, 2) == {"tea": (3, 1, 3, 2)}
    with large.work() as session:
        unmerge_segment(session, find_segment(session, "jazz"))
    assert shown(large) == {"tea": (4, 0, 5, 4), "jazz": (2, 1, 2, 2)}


def test_the_map_that_is_kept_is_the_one_that_would_be_drawn(large: Store) -> None:
    make_figures(large)
    with large.session() as session:
        run = current(session)
        assert kept_points(session, run) == map_points(session, run)
    with large.work() as session:
        merge_segments(session, find_segment(session, "jazz"), find_segment(session, "tea"))
        whole = find_segment(session, "tea").id
        kept = kept_points(session, current(session))
        assert kept is not None
        assert {p.segment_id for p in kept.points} == {whole}


@pytest.mark.parametrize("brand_id", [None, 1])
def test_a_kept_persona_says_what_a_read_one_says(large: Store, brand_id: int | None) -> None:
    make_figures(large)
    with large.session() as session:
        run = current(session)
        everyone, own = kept_everyone(session, run), kept_own(session, run, 1, brand_id)
        assert everyone is not None
        assert own is not None
        fresh = segment_persona(
            session, 1, brand_id=brand_id, everyone=everyone_of(session, run),
            own=own_of(session, run, 1, brand_id=brand_id),
        )  # fmt: skip
        kept = segment_persona(session, 1, brand_id=brand_id, everyone=everyone, own=own)
        assert kept == fresh
        assert kept.affinities[0].name == "tea"


def test_what_few_share_is_not_kept(large: Store) -> None:
    load(large, post("jetblue #onlymine", id="a2y", author="a2"))
    make_figures(large, at_once=True)
    with large.session() as session:
        own = kept_own(session, current(session), 1, None)
        assert own is not None
        assert set(own.tally.by_author) == {("hashtag", "tea")}


def test_an_author_who_is_erased_is_in_nothing_that_was_made(large: Store) -> None:
    make_figures(large)
    with large.session() as session:
        assert session.exec(select(func.count()).select_from(RunArtefact)).one() > 3
    erase(large, find_people(large, "file", ["a1"]))
    with large.session() as session:
        assert session.exec(select(func.count()).select_from(RunArtefact)).one() == 0
        assert figures_are_due(session)
    make_figures(large)
    assert shown(large)["tea"] == (3, 0, 3, 3)


def test_mentions_that_are_kept_no_longer_are_counted_no_longer(large: Store) -> None:
    make_figures(large)
    with large.work() as session:
        expire_mentions(session, 1, at("2027-01-01T00:00Z"), 100)
    make_figures(large, at_once=True)
    assert shown(large, 1).get("tea", (0, 0, 0, 0)) == (0, 0, 0, 0)


def test_a_small_run_keeps_nothing_and_forgets_its_marks(
    large: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figuring, "FEW", 2000)
    load(large, post("jetblue again", id="a2y", author="a2"))
    assert shown(large)["tea"] == (4, 0, 6, 4)
    assert make_figures(large).things == 0
    with large.session() as session:
        assert not due_marks(session)
        assert session.exec(select(func.count()).select_from(RunArtefact)).one() == 0
