"""When people have changed enough to be segmented anew."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.config import Settings
from listening.drift import drift, has_drifted
from listening.store.facts import moments, note_moment
from listening.store.keeping.erasing import erase_author, find_person
from listening.store.session import Store
from listening.store.tables import Membership, Segment, Segmentation, SegmentationFit
from listening.store.tables.types import now
from tests.factories import author_id, load, post
from workers.jobs.drifting import check_drift, current_run, note_segmented


@pytest.mark.parametrize(
    ("moved", "authors", "share", "enough"),
    [
        (0, 0, 0.0, False),
        (1, 0, 1.0, True),
        (0, 100, 0.0, False),
        (19, 100, 0.19, False),
        (20, 100, 0.2, True),
        (150, 100, 1.5, True),
    ],
)
def test_a_fifth_is_enough(moved: int, authors: int, share: float, enough: bool) -> None:
    assert drift(moved, authors) == share
    assert has_drifted(moved, authors, 0.2) is enough


def segmented(store: Store, placed: int, *, authors: int, current: bool = True) -> int:
    """A run of so many authors, of whom the last ones came or moved since; returns its id."""
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(authors)))
    with store.work() as session:
        run = Segmentation(model="m", authors=authors, noise=0, current=current)
        segment = Segment(name="S")
        session.add_all([run, segment])
        session.flush()
        run_id = int(run.id or 0)
        session.add(SegmentationFit(segmentation_id=run_id, data=b"fit"))
        for n in range(authors):
            session.add(
                Membership(
                    segmentation_id=run_id, author_id=author_id(store, f"a{n}"), noise=False,
                    segment_id=int(segment.id or 0), label=0, strength=1.0,
                    placed=n >= authors - placed,
                )
            )  # fmt: skip
    return run_id


def test_it_is_measured_on_the_current_run(store: Store) -> None:
    settings = Settings(segment_drift_share=0.2)
    assert check_drift(store, settings).enough is False, "the first is not this check's"
    assert current_run(store) is None
    segmented(store, 9, authors=10, current=False)
    run = segmented(store, 2, authors=10)
    assert current_run(store) == run
    found = check_drift(store, settings)
    assert (found.moved, found.authors, found.enough) == (2, 10, True)
    assert not check_drift(store, settings.model_copy(update={"segment_drift_share": 0.3})).enough


def test_a_run_that_stands_after_a_second_look_has_not_drifted(store: Store) -> None:
    run = segmented(store, 3, authors=10)
    note_segmented(store, None)
    assert check_drift(store, Settings()).moved == 3, "it is a new run"
    note_segmented(store, run)
    assert check_drift(store, Settings()).moved == 0


def test_moments_are_read_by_name(store: Store) -> None:
    moment = now()
    with store.work() as session:
        note_moment(session, "beat:nlp.flag", moment - timedelta(hours=1))
        note_moment(session, "beat:nlp.flag", moment)
        note_moment(session, "segmented", moment)
    with store.session() as session:
        assert moments(session, "beat:") == {"nlp.flag": moment}


def test_a_run_that_nobody_can_be_placed_by_is_made_anew(store: Store) -> None:
    segmented(store, 0, authors=10)
    assert check_drift(store, Settings()).enough is False
    with store.work() as session:
        assert erase_author(session, find_person(session, "file", "a3")) == 1
    assert check_drift(store, Settings()).enough is True
