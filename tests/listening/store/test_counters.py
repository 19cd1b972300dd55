"""Numbers that many processes add to: none lost, none counted for work that was undone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from listening import metrics
from listening.store.running.counters import Counted, add, read, took
from listening.store.session import Store


def counted(store: Store) -> dict[tuple[str, str], float]:
    with store.session() as session:
        return {(c.name, ",".join(c.labels.values())): c.value for c in read(session)}


def test_what_is_added_adds_up(store: Store) -> None:
    with store.work() as session:
        add(session, metrics.POSTS_NEW, 3, source="folder")
        add(session, metrics.POSTS_NEW, 2, source="folder")
        add(session, metrics.POSTS_NEW, source="file")
    with store.work() as session:
        add(session, metrics.POSTS_NEW, 10, source="folder")
        add(session, metrics.POSTS_ANALYSED, 0)
        took(session, "analyse", 1.5)
        took(session, "analyse", 0.5, runs=2)
    with store.session() as session:
        assert read(session) == [
            Counted("listening_posts_analysed_total", {}, 0.0),
            Counted("listening_posts_new_total", {"source": "file"}, 1.0),
            Counted("listening_posts_new_total", {"source": "folder"}, 15.0),
            Counted("listening_stage_seconds_count", {"stage": "analyse"}, 3.0),
            Counted("listening_stage_seconds_sum", {"stage": "analyse"}, 2.0),
        ]


def test_labels_are_one_counter_in_any_order(store: Store) -> None:
    with store.work() as session:
        add(session, metrics.FAILURES, task="sweep.watch", source="folder")
    with store.work() as session:
        add(session, metrics.FAILURES, source="folder", task="sweep.watch")
    assert list(counted(store).values()) == [2.0]


def test_what_is_rolled_back_was_never_added(store: Store) -> None:
    with pytest.raises(RuntimeError), store.work() as session:
        add(session, metrics.POSTS_ANALYSED, 5)
        raise RuntimeError
    with store.session() as session:
        add(session, metrics.POSTS_ANALYSED, 5)
    assert counted(store) == {}


def test_a_label_may_be_any_text(store: Store) -> None:
    name = 'Ö "quoted" \\ and\nmore'
    with store.work() as session:
        add(session, metrics.POSTS_NEW, source=name)
    with store.session() as session:
        assert read(session)[0].labels == {"source": name}


def test_a_name_labels_or_value_that_do_not_fit_are_refused(store: Store) -> None:
    with store.work() as session:
        with pytest.raises(ValueError, match="no counter is called listening_posts"):
            add(session, metrics.POSTS)
        with pytest.raises(ValueError, match=r"has the labels \('source',\)"):
            add(session, metrics.POSTS_NEW)
        with pytest.raises(ValueError, match="only grows"):
            add(session, metrics.POSTS_ANALYSED, -1)
        with pytest.raises(ValueError, match="only grows"):
            add(session, metrics.POSTS_ANALYSED, float("nan"))


def test_ten_at_once_lose_nothing_and_wait_for_nobody_in_a_ring(store: Store) -> None:
    sources = [f"s{n}" for n in range(8)]

    def work(worker: int) -> None:
        # Each in another order: that which is added first is not what is written first.
        own = sources[worker % 8 :] + sources[: worker % 8]
        for _ in range(10):
            with store.work() as session:
                for source in own:
                    add(session, metrics.POSTS_NEW, 2, source=source)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    assert counted(store) == {("listening_posts_new_total", source): 200.0 for source in sources}
