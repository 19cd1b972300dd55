"""Authors whose profile changed come to the nearest segment of the run that stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from sqlmodel import Session, col, select

from listening.config import Settings
from listening.store.keeping.removing import remove_posts
from listening.store.session import Store
from listening.store.tables import (
    Author,
    AuthorProfile,
    Membership,
    MembershipChange,
    Post,
    Segmentation,
)
from tests.factories import MODEL, Opinion, analyse, author_id, load, post
from workers.jobs import placing
from workers.jobs.drifting import check_drift
from workers.jobs.placing import Followed, follow, place_changed
from workers.jobs.profiling import Profiles, update_profiles
from workers.jobs.segmenting import segment
from workers.models import engine, model_revision, models
from workers.tasks import analyse_task

# UMAP says so when it is imported; its neural form is not used.
pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning"),
]

SETTINGS = Settings()
DIMENSIONS = 32
MIDDLES = np.linalg.qr(np.random.default_rng(0).normal(size=(DIMENSIONS, 3)))[0].T


def say(store: Store, author: str, about: Sequence[int], *, first: int = 0) -> None:
    """Posts by an author, each near the middle of one of three things to talk about."""
    draw = np.random.default_rng([first, *author.encode()])
    natives = [f"{author}-{first + n}" for n in range(len(about))]
    said = {}
    for native, thing in zip(natives, about, strict=True):
        vector = MIDDLES[thing] + draw.normal(scale=0.03, size=DIMENSIONS)
        said[native] = Opinion(vector=tuple(vector / np.linalg.norm(vector)))
    load(store, *(post(f"words of {n}", id=n, author=author) for n in natives))
    analyse(store, said)


def segmented(store: Store) -> dict[int, int]:
    """Sixty authors who talk of three things in turn; returns the segment of each thing."""
    for n in range(60):
        say(store, f"a{n:02}", [n % 3] * 3)
    assert segment(store, SETTINGS, model=MODEL) is not None
    found = members(store)
    segments = {thing: found[f"a{thing:02}"][0] for thing in range(3)}
    assert len(set(segments.values())) == 3
    return segments


def members(store: Store) -> dict[str, tuple[int, bool, bool]]:
    """Author to segment, whether noise, and whether placed since the run."""
    with store.session() as session:
        rows = session.exec(
            select(Author.native_id, Membership)
            .join(Membership, col(Membership.author_id) == col(Author.id))
            .join(Segmentation, col(Segmentation.id) == col(Membership.segmentation_id))
            .where(col(Segmentation.current).is_(True))
        ).all()
    return {name: (m.segment_id, m.noise, m.placed) for name, m in rows}


def followed(store: Store) -> Followed:
    return follow(store, SETTINGS, model=MODEL)[1]


def test_without_a_run_nobody_is_placed(store: Store) -> None:
    say(store, "ann", [0, 0])
    assert followed(store) == Followed()
    with store.session() as session:
        assert [p.unplaced for p in session.exec(select(AuthorProfile))] == [False]


def test_new_and_changed_authors_are_placed_at_once(store: Store) -> None:
    segments = segmented(store)
    before = members(store)
    followed(store)  # what changed while it ran is looked at again, and stays where it is
    assert members(store) == before
    assert check_drift(store, SETTINGS).moved == 0

    say(store, "new", [1, 1, 1])
    say(store, "one", [1])  # too few posts to take part
    assert followed(store) == Followed(authors=1, moved=1)
    assert members(store)["new"] == (segments[1], False, True)
    assert "one" not in members(store)
    say(store, "one", [2], first=1)
    assert followed(store) == Followed(authors=1, moved=1)

    # Three posts about coffee, thirty about bicycles since.
    say(store, "a00", [2] * 30, first=3)
    assert followed(store) == Followed(authors=1, moved=1)
    assert members(store)["a00"] == (segments[2], False, True)
    say(store, "a01", [1], first=3)
    assert followed(store) == Followed(authors=1, moved=0)
    assert members(store)["a01"] == (segments[1], False, False)
    drift = check_drift(store, SETTINGS)
    assert (drift.moved, drift.authors, drift.enough) == (3, 60, False)
    assert check_drift(store, SETTINGS.model_copy(update={"segment_drift_share": 0.05})).enough
    assert followed(store) == Followed()
    with store.session() as session:
        changes = session.exec(
            select(MembershipChange)
            .where(MembershipChange.author_id == author_id(store, "a00"))
            .order_by(col(MembershipChange.id))
        ).all()
    assert [(c.was_id, c.segment_id) for c in changes] == [
        (None, segments[0]),
        (segments[0], segments[2]),
    ]

    again = segment(store, SETTINGS, model=MODEL)
    assert (again.authors, check_drift(store, SETTINGS).moved) == (62, 0)
    assert {name: own[0] for name, own in members(store).items()}["new"] == segments[1]


def test_who_has_too_few_posts_left_takes_part_no_more(store: Store) -> None:
    segmented(store)
    followed(store)
    with store.work() as session:
        gone = session.exec(select(Post.id).where(col(Post.native_id).in_(["a00-0", "a00-1"])))
        remove_posts(session, [int(i or 0) for i in gone])
    assert followed(store) == Followed(left=1)
    assert "a00" not in members(store)
    assert len(members(store)) == 59


def test_one_whose_profile_changed_meanwhile_is_placed_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = segmented(store)
    followed(store)
    say(store, "new", [0, 0])
    update_profiles(store, SETTINGS, model=MODEL)
    read = placing.read_some

    def meanwhile(session: Session, ids: Sequence[int]) -> Profiles:
        found = read(session, ids)
        session.rollback()
        monkeypatch.undo()
        say(store, "new", [2] * 40, first=2)
        update_profiles(store, SETTINGS, model=MODEL)
        return found

    monkeypatch.setattr(placing, "read_some", meanwhile)
    assert place_changed(store, SETTINGS, model=MODEL) == Followed()
    assert "new" not in members(store)
    assert place_changed(store, SETTINGS, model=MODEL) == Followed(authors=1, moved=1)
    assert members(store)["new"] == (segments[2], False, True)


def test_authors_of_another_model_wait_for_its_run(store: Store) -> None:
    segmented(store)
    followed(store)
    assert place_changed(store, SETTINGS, model="next") == Followed()
    load(store, post("words", id="x1", author="new"), post("words", id="x2", author="new"))
    analyse(store, {n: Opinion(vector=(1.0, 0.0)) for n in ("x1", "x2")}, model="next")
    assert follow(store, SETTINGS, model="next")[1] == Followed()
    assert followed(store) == Followed()
    assert "new" not in members(store)


@pytest.fixture
def loaded() -> Iterator[None]:
    """The models are loaded anew for these settings, and forgotten."""
    for found in (models, engine):
        found.cache_clear()
    yield
    for found in (models, engine):
        found.cache_clear()


def test_the_task_that_analyses_posts_gives_their_authors_a_segment(
    store: Store, settings: Settings, loaded: None
) -> None:
    for author in ("ann", "ben", "cay"):
        load(store, *(post(f"my {n}th espresso", id=f"{author}{n}", author=author) for n in "56"))
    analyse_task.apply().get()
    run = segment(store, settings, model=model_revision(settings))
    assert run is not None
    assert (run.authors, set(members(store))) == (3, {"ann", "ben", "cay"})
    load(store, *(post(f"a {n}th grinder", id=f"new{n}", author="new") for n in "56"))
    analyse_task.apply().get()
    assert members(store)["new"] == (members(store)["ann"][0], False, True)
