"""Segments of synthetic authors who talk about three things."""

from __future__ import annotations

import random

import numpy as np
import pytest
from sqlmodel import select

from listening.config import Settings
from listening.store.segments.edits import (
    find_segment,
    merge_segments,
    pin_segment,
    rename_segment,
)
from listening.store.segments.lineage import lineage_of_run
from listening.store.segments.views import segment_views
from listening.store.session import Store
from listening.store.tables import Author, Membership, Segment, Segmentation
from tests.conftest import NewStore
from tests.factories import MODEL, Opinion, analyse, load, post
from workers.jobs.segmenting import segment

# UMAP says so when it is imported; its neural form is not used.
pytestmark = pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")

SETTINGS = Settings()
WORDS = ("espresso grinder crema", "violin orchestra sonata", "bicycle saddle gravel")
DIMENSIONS = 32

# Native id of a post -> its author, text and vector.
Said = dict[str, tuple[str, str, list[float]]]


def people(authors: int, *, each: int = 3, seed: int = 1, prefix: str = "p") -> Said:
    """Authors who talk about one of three things in turn, near one of three directions."""
    draw = np.random.default_rng(seed)
    middles = np.linalg.qr(np.random.default_rng(0).normal(size=(DIMENSIONS, 3)))[0].T
    said: Said = {}
    for author in range(authors):
        for n in range(each):
            vector = middles[author % 3] + draw.normal(scale=0.03, size=DIMENSIONS)
            vector /= np.linalg.norm(vector)
            name = f"a{author:02}"
            said[f"{prefix}{author:02}{n}"] = (name, f"{WORDS[author % 3]} {n}", list(vector))
    return said


def say(store: Store, said: Said, *, model: str = MODEL) -> None:
    load(store, *(post(text, id=native, author=a) for native, (a, text, _) in said.items()))
    found = {native: Opinion(vector=vector) for native, (*_, vector) in said.items()}
    analyse(store, found, model=model)


def members(store: Store, run: Segmentation) -> dict[str, str]:
    """Author to the name of their segment, noise left out."""
    with store.session() as session:
        statement = (
            select(Author.native_id, Segment.name)
            .join(Membership, Membership.author_id == Author.id)
            .join(Segment, Segment.id == Membership.segment_id)
            .where(Membership.segmentation_id == run.id, Membership.noise == False)  # noqa: E712
        )
        return dict(session.exec(statement).all())


def test_nobody_is_no_segmentation(store: Store) -> None:
    assert segment(store, SETTINGS, model=MODEL) is None
    load(store, post(id="p1"))  # not analysed
    assert segment(store, SETTINGS, model=MODEL) is None


def test_too_few_authors_are_one_segment_and_it_says_so(store: Store) -> None:
    say(store, people(10))
    run = segment(store, SETTINGS, model=MODEL)
    assert (run.authors, run.noise) == (10, 0)
    assert run.note == "10 authors show no structure: one segment was made"
    with store.session() as session:
        (found,) = segment_views(session)
    assert (found.authors, found.share, found.state.size) == (10, 1.0, 10)


def test_authors_with_a_single_post_and_other_models_posts_take_no_part(store: Store) -> None:
    say(store, people(4) | people(1, each=1, prefix="x"))
    say(store, {"one": ("single", "espresso", [1.0] * DIMENSIONS)})
    assert segment(store, SETTINGS, model=MODEL).authors == 4
    assert segment(store, SETTINGS, model="other") is None


def test_copies_count_once(store: Store) -> None:
    vector = [1.0] + [0.0] * (DIMENSIONS - 1)
    load(store, *(post(id=native, author="a1") for native in ("p1", "p2", "p3")))
    analyse(store, {n: Opinion(vector=vector, copy_key="k") for n in ("p1", "p2", "p3")})
    assert segment(store, SETTINGS, model=MODEL) is None


@pytest.mark.model
def test_three_interests_are_three_segments(store: Store) -> None:
    say(store, people(60))
    run = segment(store, SETTINGS, model=MODEL)
    found = members(store, run)
    groups = [{found.get(f"a{n:02}") for n in range(start, 60, 3)} - {None} for start in range(3)]
    assert [len(group) for group in groups] == [1, 1, 1]
    assert len(set.union(*groups)) == 3
    assert run.noise <= 6
    for words, (name,) in zip(WORDS, groups, strict=True):
        assert set(name.replace("·", " ").split()) <= set(words.split())
    with store.session() as session:
        shown = segment_views(session)
    assert sum(view.authors + view.nearest for view in shown) == 60
    assert all(len(view.state.exemplars) == 5 for view in shown)


@pytest.mark.model
def test_the_order_of_storing_does_not_matter_and_a_run_is_not_run_twice(
    new_store: NewStore,
) -> None:
    said, other = people(60), list(people(60).items())
    random.Random(7).shuffle(other)
    first, second = new_store(), new_store()
    say(first, said)
    say(second, dict(other))
    runs = [segment(store, SETTINGS, model=MODEL) for store in (first, second)]
    assert runs[0].fingerprint == runs[1].fingerprint
    assert members(first, runs[0]) == members(second, runs[1])
    again = segment(first, SETTINGS, model=MODEL)
    assert again.id == runs[0].id


@pytest.mark.model
def test_a_name_that_a_person_gave_outlives_new_posts(store: Store) -> None:
    say(store, people(60))
    run = segment(store, SETTINGS, model=MODEL)
    old = members(store, run)["a00"]
    with store.work() as session:
        named = session.exec(select(Segment).where(Segment.name == old)).one()
        named.name, named.renamed = "Coffee", True
    say(store, people(9, each=1, seed=2, prefix="q"))  # 5 % more
    later = segment(store, SETTINGS, model=MODEL)
    assert later.id != run.id
    found = members(store, later)
    assert {name for author, name in found.items() if int(author[1:]) % 3 == 0} == {"Coffee"}
    assert len(set(found.values())) == 3
    with store.session() as session:
        assert len(session.exec(select(Segment)).all()) == 3


@pytest.mark.model
def test_what_people_decided_outlives_a_run_and_every_segment_goes_on(store: Store) -> None:
    say(store, people(60))
    first = segment(store, SETTINGS, model=MODEL)
    names = members(store, first)
    coffee, violins, bicycles = (names[author] for author in ("a00", "a01", "a02"))
    with store.work() as session:
        merge_segments(session, find_segment(session, violins), find_segment(session, coffee))
        rename_segment(session, find_segment(session, coffee), "At home")
        pin_segment(session, find_segment(session, bicycles), True)
    again = segment(store, SETTINGS, model=MODEL)
    assert again.id != first.id  # what was merged is described as one
    found = members(store, again)
    assert {found[author] for author in found if int(author[1:]) % 3 < 2} == {"At home"}
    assert {found[author] for author in found if int(author[1:]) % 3 == 2} == {bicycles}
    with store.session() as session:
        (home,) = [v for v in segment_views(session) if v.segment.name == "At home"]
        told = lineage_of_run(session, int(again.id))
        keywords = set(" ".join(home.state.keywords).split())
    assert keywords & {"espresso", "grinder", "crema"}
    assert keywords & {"violin", "orchestra", "sonata"}
    assert [(e.told.event, e.told.joined, e.told.left) for e in told] == [("continued", 0, 0)] * 2
    assert [round(e.told.moved or 0, 6) for e in told if e.segment.name == bicycles] == [0.0]
    assert segment(store, SETTINGS, model=MODEL).id == again.id


@pytest.mark.model
def test_a_segment_that_is_planted_later_is_born_and_the_others_go_on(store: Store) -> None:
    said = people(60)
    say(store, {native: own for native, own in said.items() if own[0] < "a40"})
    segment(store, SETTINGS, model=MODEL)
    up = np.linalg.qr(np.random.default_rng(0).normal(size=(DIMENSIONS, 4)))[0].T[3]
    draw = np.random.default_rng(5)
    newcomers: Said = {}
    for author in range(20):
        for n in range(3):
            vector = up + draw.normal(scale=0.03, size=DIMENSIONS)
            words = f"harbour lighthouse ferry {n}"
            newcomers[f"n{author:02}{n}"] = (f"n{author:02}", words, list(vector))
    say(store, newcomers)
    run = segment(store, SETTINGS, model=MODEL)
    with store.session() as session:
        told = lineage_of_run(session, int(run.id))
    assert sorted(str(e.told.event) for e in told) == [
        "born",
        "continued",
        "continued",
        "continued",
    ]
    (born,) = [e for e in told if e.told.event == "born"]
    assert (born.told.came, born.told.joined) == (20, 0)
    assert set(born.segment.name.split(" · ")) <= {"harbour", "lighthouse", "ferry"}
