"""Many authors: placed chunk by chunk, by several, some of whom die."""

from __future__ import annotations

import threading

import pytest
from sqlmodel import col, select

from listening.config import Settings, get_settings
from listening.store.posts.owing import place_is_owed
from listening.store.segments.segmentations import placed_chunks, placing_segmentation
from listening.store.segments.segments import current_segmentation, run_id_of
from listening.store.session import Store
from listening.store.tables import (
    Author,
    Lineage,
    Membership,
    PlacedChunk,
    RunStatus,
    Segmentation,
)
from listening.store.tables.types import now
from tests.conftest import NewStore
from tests.factories import MODEL
from tests.workers.conftest import Waiting
from tests.workers.test_segmenting import people, say
from workers.app import make_app
from workers.base import JobTask
from workers.jobs import finishing
from workers.jobs.finishing import help_placing
from workers.jobs.segmenting import begin, segment
from workers.models import model_revision
from workers.tasks import place_task, segment_task

# Ten authors, ids 1 to 10: four chunks of three ids.
CHUNKS = Settings(segment_chunk=3)

Row = tuple[str, int, bool, float, float | None, float | None]


@pytest.fixture
def said(store: Store) -> Store:
    say(store, people(10))
    return store


def memberships(store: Store) -> list[Row]:
    with store.session() as session:
        statement = (
            select(Author.native_id, Membership)
            .join(Membership, col(Membership.author_id) == col(Author.id))
            .order_by(Author.native_id)
        )
        return [
            (author, m.label, m.noise, m.strength, m.x, m.y)
            for author, m in session.exec(statement)
        ]


def begun(store: Store) -> Segmentation:
    run = begin(store, CHUNKS, model=MODEL)
    assert run is not None and run.status is RunStatus.PLACING
    return run


def test_chunks_give_what_one_go_gives(said: Store, new_store: NewStore) -> None:
    other = new_store()
    say(other, people(10))
    in_chunks = segment(said, CHUNKS, model=MODEL)
    in_one = segment(other, Settings(), model=MODEL)
    assert in_chunks is not None and in_one is not None
    assert (in_chunks.params["chunks"], in_one.params["chunks"]) == (4, 1)
    assert in_chunks.fingerprint == in_one.fingerprint
    assert len(memberships(said)) == 10
    assert memberships(said) == memberships(other)


def test_what_one_that_died_left_another_does(said: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = finishing.place_chunk, []

    def killed(*args: object) -> bool:
        calls.append(args[2])
        done = real(*args)  # type: ignore[arg-type]
        if len(calls) == 3:
            raise KeyboardInterrupt  # before the chunk is committed
        return done

    monkeypatch.setattr(finishing, "place_chunk", killed)
    with pytest.raises(KeyboardInterrupt):
        segment(said, CHUNKS, model=MODEL)
    with said.session() as session:
        run = placing_segmentation(session)
        assert run is not None and placed_chunks(session, run_id_of(run)) == {0, 1}
        assert current_segmentation(session) is None
        assert place_is_owed(session, now())
    done = help_placing(said, CHUNKS)
    assert calls == [0, 1, 2, 2, 3]
    assert done is not None and (done.status, done.authors) == (RunStatus.DONE, 10)
    assert len(memberships(said)) == 10
    with said.session() as session:
        assert current_segmentation(session) == done
        assert session.exec(select(PlacedChunk)).all() == []
        assert not place_is_owed(session, now())


def test_one_that_died_before_the_end_is_finished_by_the_next(
    said: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(finishing, "finish_run", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            segment(said, CHUNKS, model=MODEL)
    run = segment(said, CHUNKS, model=MODEL)
    assert run is not None and run.status is RunStatus.DONE
    with said.session() as session:
        assert len(session.exec(select(Segmentation)).all()) == 1
        assert [e.event for e in session.exec(select(Lineage))] == ["born"]


def test_several_place_each_chunk_once_and_finish_once(
    said: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(said)
    real, calls = finishing.place_chunk, []

    def counted(*args: object) -> bool:
        if written := real(*args):  # type: ignore[arg-type]
            calls.append(args[2])
        return written

    monkeypatch.setattr(finishing, "place_chunk", counted)
    finished: list[Segmentation | None] = []
    threads = [
        threading.Thread(target=lambda: finished.append(help_placing(said, CHUNKS)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls) == [0, 1, 2, 3]
    assert {one.id for one in finished if one is not None} == {run.id}
    with said.session() as session:
        assert len(session.exec(select(Lineage)).all()) == 1
    assert len(memberships(said)) == 10


def test_a_run_that_is_being_placed_is_gone_on_with(said: Store) -> None:
    run = begun(said)
    say(said, people(10, seed=2, prefix="q"))  # everybody wrote meanwhile
    again = begin(said, CHUNKS, model=MODEL)
    assert again is not None and again.fingerprint == run.fingerprint
    done = segment(said, CHUNKS, model=MODEL)
    assert done is not None and (done.fingerprint, done.authors) == (run.fingerprint, 10)
    later = segment(said, CHUNKS, model=MODEL)
    assert later is not None and later.fingerprint != run.fingerprint


def test_with_other_settings_it_is_begun_anew(said: Store) -> None:
    first = begun(said)
    other = Settings(segment_chunk=3, opinion_weight=0.5)
    run = segment(said, other, model=MODEL)
    assert run is not None and run.fingerprint != first.fingerprint
    with said.session() as session:
        assert len(session.exec(select(Segmentation)).all()) == 1


def test_nobody_is_woken_where_nothing_is_placed(said: Store) -> None:
    assert help_placing(said, CHUNKS) is None
    with said.session() as session:
        assert not place_is_owed(session, now())


def test_the_task_wakes_helpers_and_the_last_finishes(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    waiting: Waiting,
) -> None:
    monkeypatch.setenv("LISTENING_SEGMENT_CHUNK", "3")
    get_settings.cache_clear()
    # The task itself, in an application whose messages go to the test's own folder.
    own = make_app(get_settings()).task(base=JobTask, bind=True, name="nlp.segment", shared=False)
    say(store, people(10), model=model_revision(get_settings()))
    own(segment_task.__wrapped__).apply(throw=True)
    sent = [message for message in waiting() if message["task"] == "nlp.place"]
    assert [(m["queue"], m["args"]) for m in sent] == [("nlp", [])] * 4
    with store.session() as session:
        assert current_segmentation(session) is None
    place_task.apply(throw=True)
    with store.session() as session:
        run = current_segmentation(session)
        assert run is not None and (run.status, run.authors) == (RunStatus.DONE, 10)
