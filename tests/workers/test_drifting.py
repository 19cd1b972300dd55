"""When people have changed enough to be segmented anew."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.config import Settings
from listening.drift import has_drifted
from listening.store.facts import moments, note_moment
from listening.store.segments import moved_authors
from listening.store.session import Store
from listening.store.tables import Segmentation
from listening.store.tables.types import now
from tests.factories import analyse, brand, load, opinion, post
from workers.jobs.drifting import check_drift, note_segmented


@pytest.mark.parametrize(
    ("moved", "authors", "enough"),
    [(0, 0, False), (1, 0, True), (0, 100, False), (19, 100, False), (20, 100, True)],
)
def test_a_fifth_is_enough(moved: int, authors: int, enough: bool) -> None:
    assert has_drifted(moved, authors, 0.2) is enough


def written(store: Store, authors: dict[str, int]) -> None:
    """So many analysed posts by each author."""
    brand(store, "Brindlecup")
    found = [
        post(f"brindlecup {author} {n}", id=f"{author}{n}", author=author)
        for author, number in authors.items()
        for n in range(number)
    ]
    load(store, *found)
    analyse(store, {p.native_id: opinion(0.5) for p in found})


def segmented(store: Store, authors: int, ago: timedelta) -> None:
    with store.work() as session:
        session.add(
            Segmentation(
                fingerprint="f", model="m", authors=authors, noise=0, created_at=now() - ago
            )
        )


def test_authors_move_who_have_enough_posts_and_a_new_one(store: Store) -> None:
    written(store, {"ann": 3, "ben": 2, "cay": 1})
    hour = timedelta(hours=1)
    with store.session() as session:
        assert moved_authors(session, now() - hour, 2) == 2
        assert moved_authors(session, now() - hour, 1) == 3
        assert moved_authors(session, now() + hour, 1) == 0


def test_it_is_measured_against_the_last_segmentation(store: Store) -> None:
    settings = Settings(segment_min_posts=2, segment_drift_share=0.2)
    written(store, {"ann": 3, "ben": 2, "cay": 1})
    assert check_drift(store, settings).enough is False, "the first is not this check's"
    segmented(store, 10, timedelta(hours=1))
    drift = check_drift(store, settings)
    assert (drift.moved, drift.authors, drift.enough) == (2, 10, True)
    assert not check_drift(store, settings.model_copy(update={"segment_drift_share": 0.3})).enough
    # A run that found nothing new stores nothing: it has looked all the same.
    note_segmented(store, now())
    assert check_drift(store, settings).moved == 0


def test_a_clock_put_back_hides_no_drift(store: Store) -> None:
    written(store, {"ann": 3})
    segmented(store, 1, timedelta(hours=-2))
    note_segmented(store, now() + timedelta(hours=5))
    assert check_drift(store, Settings()).moved == 1
    note_segmented(store, now())
    assert check_drift(store, Settings()).moved == 0


def test_moments_are_read_by_name(store: Store) -> None:
    moment = now()
    with store.work() as session:
        note_moment(session, "beat:nlp.flag", moment - timedelta(hours=1))
        note_moment(session, "beat:nlp.flag", moment)
        note_moment(session, "segmented", moment)
    with store.session() as session:
        assert moments(session, "beat:") == {"nlp.flag": moment}
