"""Whose recent posts are looked up, and until when, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from listening.config import Settings
from listening.sources.errors import UnavailableError
from listening.store.posts.looks import (
    AGAIN,
    Looks,
    left,
    looks_at,
    looks_owed,
    next_authors,
    note_look,
    still_there,
)
from listening.store.session import Store
from listening.store.tables import AuthorLook, Job, JobStatus, Sweep, SweepStatus, Watch
from listening.store.tables.types import now
from tests.factories import author_id, brand, load, post

DONE, LOST, FAILED, RUNNING = (
    JobStatus.DONE, JobStatus.LOST, JobStatus.FAILED, JobStatus.RUNNING,
)  # fmt: skip


def on(**more: Any) -> Settings:
    return Settings(**{"interests_posts": 20, **more}, _env_file=None)


def ago(seconds: float) -> datetime:
    return now() - timedelta(seconds=seconds)


def said(author: str, day: int, text: str = "JetBlue", **more: Any) -> Any:
    id = f"{author}{day}"
    facts = {"source": "hackernews", "at": f"2026-09-{day:02}T12:00Z", **more}
    return post(text, id=id, author=author, **facts)


@pytest.fixture
def talk(store: Store) -> Store:
    """Ann mentions last, then Cay, then Bob; the brand itself, a passer-by, and another source."""
    brand(store, "JetBlue", own=["jetblueair"])
    brand(store, "Delta")
    load(
        store,
        said("ann", 1), said("ann", 9), said("bob", 3), said("cay", 5, "Delta"),
        said("air", 10, "Delta is late", author_handle="@JetBlueAir"),
        said("dan", 8, "lovely weather"), said("eve", 8, source="file"),
    )  # fmt: skip
    return store


def names(store: Store, most: int = 9) -> list[str]:
    with store.session() as session:
        return [author.native_id for author in next_authors(session, "hackernews", most)]


def looked(store: Store, name: str, **more: Any) -> bool:
    with store.work() as session:
        return note_look(session, "hackernews", name, **more)


def test_who_mentioned_a_brand_last_comes_first_and_nobody_else(talk: Store) -> None:
    assert names(talk) == ["ann", "cay", "bob"]
    assert names(talk, 2) == ["ann", "cay"]
    assert names(talk, 0) == []


def test_nobody_is_looked_up_twice_within_thirty_days(talk: Store) -> None:
    assert looked(talk, "ann", posts=7)
    assert looked(talk, "bob", error=UnavailableError("gone from\nhttps://me:pw@x.example"))
    assert names(talk) == ["cay"]
    with talk.session() as session:
        rows = session.exec(select(AuthorLook).order_by(col(AuthorLook.posts).desc())).all()
    assert [(row.posts, row.error) for row in rows] == [
        (7, None), (0, "gone from https://me:***@x.example"),
    ]  # fmt: skip
    with talk.work() as session:
        own = session.get_one(AuthorLook, author_id(talk, "ann"))
        own.looked_at = now() - AGAIN - timedelta(minutes=1)
    assert names(talk) == ["ann", "cay"]
    assert looked(talk, "ann", posts=1)
    assert names(talk) == ["cay"]


def test_whoever_is_gone_from_the_store_is_not_noted(talk: Store) -> None:
    with talk.session() as session:
        (first, *_) = next_authors(session, "hackernews", 1)
    assert not looked(talk, "nobody", posts=3)
    with talk.work() as session:
        session.connection().exec_driver_sql("DELETE FROM author WHERE native_id = 'ann'")
    with talk.session() as session:
        assert not still_there(session, first)
    assert names(talk) == ["cay", "bob"]


def watch(store: Store, source: str = "hackernews", **more: Any) -> int:
    with store.work() as session:
        own = Watch(brand_id=1, source=source, params_key=source + str(more), **more)
        session.add(own)
        session.flush()
        return int(own.id or 0)


def swept(store: Store, own: int, status: SweepStatus, seconds: float = 60) -> None:
    ended = None if status is SweepStatus.RUNNING else ago(seconds)
    with store.work() as session:
        session.add(
            Sweep(watch_id=own, source="hackernews", label="x", status=status, finished_at=ended)
        )


def ran(store: Store, own: int, status: JobStatus, seconds: float) -> None:
    with store.work() as session:
        session.add(
            Job(kind="look", label=f"Authors of watch {own}", status=status, holder="x",
                started_at=ago(seconds))
        )  # fmt: skip


def owed(store: Store, **more: Any) -> list[int]:
    with store.session() as session:
        return looks_owed(session, on(**more))


@pytest.mark.parametrize(
    ("sweep", "jobs", "expected"),
    [
        (None, [], False),
        (SweepStatus.DONE, [], True),
        (SweepStatus.FAILED, [], False),
        (SweepStatus.LOST, [], False),
        (SweepStatus.RUNNING, [], False),
        (SweepStatus.DONE, [(DONE, 30)], False),  # the sweep ended a minute ago
        (SweepStatus.DONE, [(DONE, 90)], True),
        (SweepStatus.DONE, [(FAILED, 30)], False),
        (SweepStatus.DONE, [(JobStatus.CANCELLED, 30)], False),
        (SweepStatus.DONE, [(RUNNING, 90)], False),
        (SweepStatus.DONE, [(LOST, 30)], True),
        (SweepStatus.DONE, [(LOST, 50), (LOST, 40), (LOST, 30)], False),
        (SweepStatus.DONE, [(LOST, 90), (LOST, 40), (LOST, 30)], True),
        (SweepStatus.DONE, [(LOST, 50), (DONE, 40)], False),
    ],
)
def test_what_is_owed_after_a_sweep(
    talk: Store, sweep: SweepStatus | None, jobs: list[tuple[JobStatus, float]], expected: bool
) -> None:
    own = watch(talk)
    if sweep is not None:
        swept(talk, own, SweepStatus.DONE, 6000)
        swept(talk, own, sweep)
    for status, began in jobs:
        ran(talk, own, status, began)
    assert owed(talk) == [own] * expected


def test_of_many_watches_those_that_can_and_may(talk: Store) -> None:
    own, paused, files = watch(talk), watch(talk, paused_at=ago(9)), watch(talk, "folder")
    other, gone = watch(talk, failures=1), watch(talk, "no-longer-there")
    for one in (own, paused, files, other, gone):
        swept(talk, one, SweepStatus.DONE)
    assert owed(talk) == [own, other]
    assert owed(talk, interests_posts=0) == []
    ran(talk, own, DONE, 30)
    assert owed(talk) == [other]
    with talk.session() as session:
        assert looks_owed(session, on(), own) == []
        assert looks_owed(session, on(), other) == [other]


def test_what_a_killed_look_had_done_counts(talk: Store) -> None:
    own = watch(talk)
    swept(talk, own, SweepStatus.DONE)
    looked(talk, "ann")

    def may(most: int) -> int:
        with talk.session() as session:
            return left(session, on(interests_authors=most), own, "hackernews")

    assert [may(3), may(1)] == [2, 0]
    swept(talk, own, SweepStatus.DONE, -5)
    assert may(3) == 3
    assert owed(talk, interests_authors=1) == [own]


def test_nothing_is_owed_once_everybody_was_looked_up(talk: Store) -> None:
    own = watch(talk)
    swept(talk, own, SweepStatus.DONE)
    for name in ("ann", "cay", "bob"):
        looked(talk, name)
    swept(talk, own, SweepStatus.DONE, -5)
    assert owed(talk) == []


def test_how_far_it_is(talk: Store) -> None:
    def told(source: str, posts: int) -> Looks | None:
        with talk.session() as session:
            return looks_at(session, on(interests_posts=posts), source)

    assert told("folder", 20) is None
    assert told("hackernews", 0) is None
    assert told("hackernews", 20) == Looks(True, 0, 0, 0, 3, None)
    looked(talk, "ann", posts=7)
    looked(talk, "bob", error=UnavailableError("gone"))
    found = told("hackernews", 20)
    assert found is not None
    assert (found.authors, found.failed, found.posts, found.waiting) == (2, 1, 7, 1)
    assert found.last_at is not None
    off = told("hackernews", 0)
    assert off is not None
    assert (off.on, off.waiting) == (False, 0)
