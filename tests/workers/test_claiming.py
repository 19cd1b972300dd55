"""Many workers at once, workers that die, posts that kill them, and calls that stop halfway."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlmodel import col, select

from listening import metrics
from listening.store.posts import claims
from listening.store.posts.analyses import count_pending
from listening.store.posts.claims import Candidate, claim, post_name, try_again
from listening.store.running.counters import read
from listening.store.session import Store
from listening.store.tables import Analysis, Claim, Mention, MentionSentiment, Post
from listening.store.tables.types import now
from listening.store.watches.sweeps import waiting_rows
from nlp.text import detect_language
from tests.factories import brand, load, post
from tests.workers.readers import POISON, Dying, Failing, Reader
from workers.jobs import analysing
from workers.jobs.analysing import Analysed, analyse_pending
from workers.jobs.matching import match_stored
from workers.models import Models
from workers.progress import Silent
from workers.recording import Cancelled

SICK = f"JetBlue {POISON}"


def analyse(store: Store, engine: Reader, **more: object) -> Analysed:
    return analyse_pending(store, Models(engine), **more)  # type: ignore[arg-type]


def stored(store: Store) -> tuple[int, int, int, int]:
    """Analyses, sentiments, claims, and posts that wait."""
    with store.session() as session:
        counts = [len(session.exec(select(t)).all()) for t in (Analysis, MentionSentiment, Claim)]
        return counts[0], counts[1], counts[2], count_pending(session, "r1")


def left(store: Store) -> dict[str, tuple[int, str | None]]:
    """Attempts and error of every claim, by the post's native id."""
    with store.session() as session:
        found = session.exec(select(Post.native_id, Claim).where(Claim.post_id == Post.id))
        return {name: (own.attempts, own.error) for name, own in found}


def quarantined(store: Store) -> list[str]:
    with store.session() as session:
        return [row.file for row in waiting_rows(session)]


def counted(store: Store) -> dict[str, float]:
    with store.session() as session:
        return {one.name: one.value for one in read(session) if "seconds" not in one.name}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysing, "BATCH", 16)


@pytest.fixture
def flood(store: Store) -> Store:
    brand(store, "JetBlue")
    load(store, *(post(f"JetBlue good {n}", id=f"p{n:03}") for n in range(200)))
    return store


def at_once(workers: Sequence[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(work) for work in workers]:
            done.result()


def test_of_ten_workers_at_once_each_text_is_read_by_one(flood: Store, small: None) -> None:
    engines = [Reader() for _ in range(10)]
    # Nobody goes on before two have a batch each: on a busy machine one might do it all.
    two = threading.Barrier(2)

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            two.wait(60)
            two.abort()

    for engine in engines:
        engine.before = meet
    at_once([lambda engine=engine: analyse(flood, engine) for engine in engines])
    texts = sorted(text for engine in engines for text in engine.texts)
    assert texts == sorted(f"JetBlue good {n}" for n in range(200))
    assert stored(flood) == (200, 200, 0, 0)
    assert sum(len(engine.passes) > 0 for engine in engines) > 1
    assert counted(flood) == {metrics.POSTS_ANALYSED: 200, metrics.MENTIONS_READ: 200}


def test_of_ten_workers_at_once_each_mention_is_read_by_one(flood: Store, small: None) -> None:
    analyse(flood, Reader())
    brand(flood, "Delta", "good")
    match_stored(flood)
    engines = [Reader() for _ in range(10)]
    at_once([lambda engine=engine: analyse(flood, engine) for engine in engines])
    texts = sorted(text for engine in engines for text in engine.texts)
    assert texts == sorted(f"JetBlue good {n}" for n in range(200))
    assert stored(flood) == (200, 400, 0, 0)


def test_posts_that_come_in_and_go_meanwhile_stop_nobody(flood: Store, small: None) -> None:
    def come() -> None:
        for n in range(200, 260, 4):
            load(flood, *(post(f"JetBlue good {m}", id=f"p{m:03}") for m in range(n, n + 4)))

    def change() -> None:
        for n in range(0, 60, 4):
            load(flood, *(post(f"JetBlue bad {m}", id=f"p{m:03}") for m in range(n, n + 4)))

    def go() -> None:
        for n in range(100, 140, 4):
            with flood.work() as session:
                own = select(Post).where(col(Post.native_id).in_([f"p{n + m}" for m in range(4)]))
                for one in session.exec(own.order_by(col(Post.id))):
                    session.delete(one)

    work = [lambda: analyse(flood, Reader())] * 6
    at_once([*work, come, change, go])
    analyse(flood, Reader())
    assert stored(flood) == (220, 220, 0, 0)
    with flood.session() as session:
        pairs = session.exec(select(Post, Analysis).where(Analysis.post_id == Post.id)).all()
        assert all(own.text_hash == analysis.text_hash for own, analysis in pairs)


def test_one_claims_what_ten_ask_for(store: Store) -> None:
    load(store, *(post(f"text {n}", id=f"p{n}") for n in range(50)))
    with store.session() as session:
        wanted = [
            Candidate(int(p.id or 0), p.text_hash, 6, None) for p in session.exec(select(Post))
        ]
    got: dict[str, dict[int, int]] = {}

    def ask(holder: str, order: list[Candidate]) -> None:
        with store.work() as session:
            got[holder] = claim(session, order, "r1", holder)

    # Each in an order of its own.
    at_once([lambda n=n: ask(f"h{n}", wanted[n:] + wanted[:n]) for n in range(10)])
    assert sorted(len(own) for own in got.values()) == [0] * 9 + [50]


def run_to_its_end(url: str, engine: Reader) -> int:
    """Analyse in a process of its own; its exit code."""

    def work() -> None:
        store = Store(url)
        analyse(store, engine)
        store.close()

    detect_language("loaded before the fork, since every child needs it")
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    return int(child.exitcode or 0)


def test_a_post_that_kills_its_process_is_found_and_put_aside(store: Store, small: None) -> None:
    brand(store, "JetBlue")
    load(store, *(post(f"JetBlue good {n}", id=f"p{n:02}") for n in range(39)))
    load(store, post(SICK, id="sick", at="2026-09-01T11:00Z"))  # older than the others
    # In a batch of eight, then two, then three times alone.
    deaths = [run_to_its_end(store.url, Dying()) for _ in range(5)]
    assert deaths == [9] * 5
    assert left(store) == {"sick": (5, None)}
    assert stored(store) == (39, 39, 1, 1)
    assert quarantined(store) == []

    assert run_to_its_end(store.url, Dying()) == 0
    assert left(store) == {"sick": (6, "the process died, 5 times")}
    assert stored(store) == (39, 39, 1, 0)  # it is pending no more
    assert quarantined(store) == ["post file/sick"]
    with store.session() as session:
        (row,) = waiting_rows(session)
    assert row.raw == SICK
    assert row.reason == (
        "analysing it fails every time (the process died, 5 times) with r1: it is tried again "
        "when it or the model changes, or at once by `listening quarantine retry` with this name"
    )
    # An edit mends it.
    load(store, post("JetBlue bad", id="sick"))
    assert run_to_its_end(store.url, Dying()) == 0
    assert stored(store) == (40, 40, 0, 0)
    assert quarantined(store) == []


def test_a_post_that_the_model_fails_at_is_found_within_the_call(store: Store, small: None) -> None:
    brand(store, "JetBlue")
    load(store, *(post(f"JetBlue good {n}", id=f"p{n:02}") for n in range(15)))
    load(store, post(SICK, id="sick"))
    engine = Failing()
    assert analyse(store, engine) == Analysed(15, 0, given_up=1)
    assert stored(store) == (15, 15, 1, 0)
    assert left(store) == {"sick": (1, "RuntimeError: the model fell over")}
    assert quarantined(store) == ["post file/sick"]
    # Halves, thrice alone, and a plain sentence that the model does not fail at.
    assert [len(texts) for texts in engine.passes if SICK in texts] == [16, 8, 4, 2, 1, 1, 1]
    assert [texts for texts in engine.passes if texts == ["It works."]] == [["It works."]]
    assert counted(store)[metrics.POISONED] == 1
    # It does not come back by itself ...
    assert analyse(store, Failing()) == Analysed(0, 0)
    # ... but when somebody asks for it,
    with store.work() as session:
        assert try_again(session, post_name("file", "sick"))
    assert quarantined(store) == []
    assert analyse(store, Failing()) == Analysed(0, 0, given_up=1)
    assert quarantined(store) == ["post file/sick"]
    # and with another model.
    assert analyse(store, Reader("r2")) == Analysed(16, 0)
    assert quarantined(store) == []


def test_a_mention_that_the_model_fails_at_is_put_aside_too(store: Store, small: None) -> None:
    load(store, post(SICK, id="sick"), post("JetBlue good", id="p1"))
    analyse(store, Reader())
    brand(store, "JetBlue")
    match_stored(store)
    assert analyse(store, Failing()) == Analysed(0, 1, given_up=1)
    assert quarantined(store) == ["post file/sick"]
    assert analyse(store, Failing()) == Analysed(0, 0)


def test_a_model_that_fails_at_everything_quarantines_nothing(store: Store, small: None) -> None:
    class Broken(Reader):
        def read(self, texts: Sequence[str], *more: object, **named: object) -> object:  # type: ignore[override]
            raise RuntimeError("no memory on the device")

    load(store, *(post(f"JetBlue good {n}", id=f"p{n}") for n in range(20)))
    with pytest.raises(RuntimeError, match="no memory on the device"):
        analyse(store, Broken())
    assert stored(store) == (0, 0, 0, 20)
    assert quarantined(store) == []
    assert analyse(store, Reader()) == Analysed(20, 0)


def test_what_a_dead_worker_elsewhere_held_waits_for_its_deadline(store: Store) -> None:
    load(store, post("one", id="p1"), post("two", id="p2"))
    hold(store, {"p1": 60.0})
    assert analyse(store, Reader()) == Analysed(1, 0)
    assert left(store) == {"p1": (1, None)}
    hold(store, {"p1": -1.0})
    assert analyse(store, Reader()) == Analysed(1, 0)
    assert stored(store) == (2, 0, 0, 0)


def test_a_clock_that_stepped_back_blocks_nothing(store: Store) -> None:
    load(store, post("one", id="p1"))
    hold(store, {"p1": 3600.0})
    assert analyse(store, Reader()) == Analysed(1, 0)
    assert stored(store) == (1, 0, 0, 0)


def hold(store: Store, until: dict[str, float]) -> None:
    """Claims of another machine, with seconds to their deadlines."""
    with store.work() as session:
        for own in session.exec(select(Post)).all():
            if own.native_id in until:
                end = now() + timedelta(seconds=until[own.native_id])
                session.merge(
                    Claim(post_id=own.id, holder="elsewhere", until=end, attempts=1,
                          text_hash=own.text_hash, model="r1")
                )  # fmt: skip


def test_a_worker_that_was_taken_for_dead_writes_nothing(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue good", id="p1"))
    slow = Reader()

    def overtake() -> None:
        hold(store, {"p1": -1.0})
        assert analyse(store, Reader()) == Analysed(1, 0)

    slow.before = overtake
    assert analyse(store, slow) == Analysed(0, 0)
    assert counted(store)[metrics.POSTS_ANALYSED] == 1
    assert stored(store) == (1, 1, 0, 0)


def test_a_cancel_works_within_a_batch_and_leaves_no_claim(store: Store) -> None:
    class Cancelling(Silent):
        def advance(self, by: int = 1) -> None:
            raise Cancelled("asked for")

    load(store, *(post(f"text {n}", id=f"p{n}") for n in range(5)))
    engine = Reader()
    with pytest.raises(Cancelled):
        analyse(store, engine, progress=Cancelling())
    assert [len(texts) for texts in engine.passes] == [5]
    assert stored(store) == (0, 0, 0, 5)


def test_what_comes_in_fresh_is_next(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysing, "BATCH", 2)
    load(store, *(post(f"day {n}", id=f"p{n}", at=f"2026-08-0{n}T10:00Z") for n in range(1, 7)))
    engine = Reader()

    def come() -> None:
        if len(engine.passes) == 1:
            load(store, post("fresh", id="f", at="2026-09-01T10:00Z"))
            load(store, post("old", id="o", at="2020-01-01T10:00Z"))

    engine.before = come
    analyse(store, engine)
    assert [sorted(texts) for texts in engine.passes] == [
        ["day 5", "day 6"], ["day 3", "day 4"], ["day 2", "fresh"], ["day 1", "old"],
    ]  # fmt: skip


def test_long_posts_come_in_smaller_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysing, "CHARACTERS", 100)
    for n, size in enumerate((40, 40, 40, 300, 10, 10)):
        load(store, post(f"{n}" * size, id=f"p{n}", at=f"2026-08-0{6 - n}T10:00Z"))
    engine = Reader()
    analyse(store, engine)
    assert [[len(text) for text in sorted(texts)] for texts in engine.passes] == [
        [40, 40], [40], [300], [10, 10],
    ]  # fmt: skip


def test_a_call_yields_when_its_time_is_over(store: Store, small: None) -> None:
    load(store, *(post(f"text {n}", id=f"p{n}") for n in range(40)))
    done = analyse(store, Reader(), seconds=0)
    assert (done.posts, done.more) == (0, True)
    done = analyse(store, Reader(), most=16)
    assert (done.posts, done.more) == (16, True)
    done = analyse(store, Reader())
    assert (done.posts, done.more) == (24, False)


def test_parts_shrink_and_end_alone() -> None:
    assert [claims.most_attempts(limit) for limit in (512, 64, 16, 1)] == [6, 5, 5, 4]


def test_a_mention_of_an_erased_post_is_nobodys(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue good", id="p1"), post("JetBlue bad", id="p2"))
    engine = Reader()

    def erase() -> None:
        with store.work() as session:
            session.delete(session.exec(select(Post).where(Post.native_id == "p1")).one())

    engine.before = erase
    assert analyse(store, engine) == Analysed(1, 0)
    assert stored(store) == (1, 1, 0, 0)
    with store.session() as session:
        assert len(session.exec(select(Mention)).all()) == 1
