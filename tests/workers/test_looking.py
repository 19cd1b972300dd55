"""Recent posts of authors who mention a brand: asked for by the real connector, and stored."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from listening import metrics
from listening.config import Settings, get_settings
from listening.errors import SettingsError
from listening.sources import registry
from listening.sources.base import RawPost
from listening.sources.hackernews import HackerNews
from listening.store.posts.looks import looks_owed
from listening.store.running import counters, leases
from listening.store.session import Store
from listening.store.tables import Author, AuthorLook, Job, JobStatus, Mention, Post
from tests.factories import brand, post
from tests.listening.sources.cases.hackernews import hit
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving
from tests.workers.conftest import Waiting
from tests.workers.listed import make_due, sweep, watch
from workers.app import make_app
from workers.base import JobTask
from workers.jobs.erasing import erase, find_people
from workers.jobs.looking import Looked, look
from workers.jobs.settling import settle_all_lost
from workers.progress import Silent
from workers.recording import Cancelled
from workers.tasks import look_task, settle_task, watch_task

ROOT = Path(__file__).resolve().parents[2]
NOW = int(datetime.now(UTC).timestamp())


class Forum:
    """The search of Hacker News by words and time, and by author."""

    def __init__(self) -> None:
        self.hits = [
            hit(1, NOW - 900, author="ann", comment_text="jetblue was fine"),
            hit(2, NOW - 800, author="bob", comment_text="JetBlue lost my bag"),
            hit(3, NOW - 700, author="cay", comment_text="JetBlue?"),
            hit(4, NOW - 9000, author="ann", comment_text="I bake bread"),
            hit(5, NOW - 8000, author="ann", comment_text="Sourdough, of course"),
            hit(6, NOW - 99, author="ann", comment_text="Delta is late"),
            hit(7, NOW - 9000, author="cay", title="Show HN: my garden", story_text=None),
        ]
        self.looked_up: list[str] = []

    def answer(self, asked: Asked) -> Reply:
        size = int(asked.query["hitsPerPage"])
        if asked.query["tags"].startswith("author_"):
            name = asked.query["tags"].removeprefix("author_")
            self.looked_up.append(name)
            found = [one for one in self.hits if one["author"] == name]
        else:
            assert asked.query["query"] == '"JetBlue"'
            found = [one for one in self.hits if "jetblue" in str(one["comment_text"]).lower()]
        found.sort(key=lambda one: -one["created_at_i"])
        return Reply({"hits": found[:size], "nbHits": len(found), "hitsPerPage": size})


def on(**more: Any) -> Settings:
    return Settings(**{"interests_posts": 10, **more}, _env_file=None)


@pytest.fixture
def forum() -> Forum:
    return Forum()


@pytest.fixture
def platform(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    with serving(forum.answer) as platform:
        client = TurnedClient(platform, "hackernews")
        monkeypatch.setitem(registry.REGISTRY, "hackernews", HackerNews(client))
        yield platform
        client.close()
    get_settings.cache_clear()


@pytest.fixture
def one(store: Store, platform: Platform) -> int:
    """A watch that was swept well, and found three authors."""
    brand(store, "JetBlue")
    brand(store, "Delta")
    own = watch(store, "hackernews")
    report = sweep(store, own)
    assert (report.error, report.counts.posts_new) == (None, 3)
    return own


def texts(store: Store) -> set[str]:
    with store.session() as session:
        return set(session.exec(select(Post.text)))


def looks(store: Store) -> dict[str, tuple[int, str | None]]:
    statement = select(Author.native_id, AuthorLook.posts, AuthorLook.error).join(AuthorLook)
    with store.session() as session:
        return {name: (posts, error) for name, posts, error in session.exec(statement)}


def jobs(store: Store) -> list[tuple[str, JobStatus, int]]:
    own = select(Job).where(Job.kind == "look").order_by(col(Job.id))
    with store.session() as session:
        return [(job.label, job.status, job.done) for job in session.exec(own)]


def owed(store: Store, **more: Any) -> list[int]:
    with store.session() as session:
        return looks_owed(session, on(**more))


def test_nobody_is_looked_up_unless_the_settings_ask_for_it(
    store: Store, one: int, forum: Forum
) -> None:
    assert Settings(_env_file=None).interests_posts == 0
    assert look(store, on(interests_posts=0), one) == Looked()
    assert (forum.looked_up, jobs(store), looks(store)) == ([], [], {})


def test_what_authors_said_of_anything_is_stored_once(
    store: Store, one: int, forum: Forum, platform: Platform
) -> None:
    assert owed(store) == [one]
    found = look(store, on(), one)
    assert forum.looked_up == ["cay", "bob", "ann"], "who mentioned a brand last comes first"
    assert (found.authors, found.failed) == (3, 0)
    assert (found.counts.posts_new, found.counts.posts_same, found.counts.mentions_new) == (4, 3, 1)
    assert {"I bake bread", "Sourdough, of course", "Show HN: my garden"} <= texts(store)
    assert looks(store) == {"ann": (4, None), "bob": (1, None), "cay": (2, None)}
    assert jobs(store) == [(f"Authors of watch {one}", JobStatus.DONE, 3)]
    with store.session() as session:
        assert len(session.exec(select(Mention)).all()) == 4  # ann's word on Delta as well
        counted = {
            (c.name, c.labels.get("outcome")): c.value
            for c in counters.read(session)
            if c.labels.get("source") == "hackernews"
        }
    assert counted[metrics.LOOKED, "found"] == 3.0
    assert counted[metrics.POSTS_NEW, None] == 7.0
    agents = {asked.headers["user-agent"] for asked in platform.asked}
    assert all(agent.startswith("listening/") for agent in agents)
    assert owed(store) == []
    assert look(store, on(), one) == Looked()


def test_no_more_authors_and_posts_than_the_settings_say(
    store: Store, one: int, forum: Forum
) -> None:
    few = {"interests_authors": 2, "interests_posts": 1}
    assert look(store, on(**few), one).authors == 2
    assert forum.looked_up == ["cay", "bob"]
    assert look(store, on(**few), one) == Looked(), "the rest is the next sweep's"
    make_due(store, one)
    sweep(store, one)
    assert look(store, on(**few), one).authors == 1
    assert looks(store) == {"ann": (1, None), "bob": (1, None), "cay": (1, None)}
    assert "I bake bread" not in texts(store)


def test_who_is_gone_is_noted_and_the_others_are_looked_up(
    store: Store, one: int, forum: Forum, platform: Platform
) -> None:
    platform.faults += [Reply(status=404)]
    found = look(store, on(), one)
    assert (found.authors, found.failed) == (3, 1)
    gone = "https://hn.algolia.com/api/v1/search_by_date is not there (404)."
    assert looks(store) == {"ann": (4, None), "bob": (1, None), "cay": (0, gone)}
    make_due(store, one)
    sweep(store, one)
    assert (owed(store), look(store, on(), one)) == ([], Looked())


def test_a_platform_that_fails_for_three_in_a_row_is_left_alone(
    store: Store, one: int, forum: Forum, platform: Platform
) -> None:
    forum.hits += [
        hit(20 + n, NOW - 500 + n, author=f"more{n}", comment_text="jetblue") for n in range(4)
    ]
    make_due(store, one)
    sweep(store, one)
    platform.faults += [
        Reply(status=404), Reply(status=403), *[Reply(status=500)] * 4,
    ]  # fmt: skip
    found = look(store, on(), one)
    assert (found.authors, found.failed, forum.looked_up) == (3, 3, [])
    assert sorted(looks(store)) == ["more1", "more2", "more3"]
    assert jobs(store) == [(f"Authors of watch {one}", JobStatus.DONE, 3)]
    assert owed(store) == []


def test_a_pause_ends_it_until_the_next_sweep(
    store: Store, one: int, forum: Forum, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.answer = lambda asked: (
        Reply(status=429, headers={"Retry-After": "900"})
        if len(forum.looked_up) == 1
        else forum.answer(asked)
    )
    assert look(store, on(), one).authors == 1
    assert list(looks(store)) == ["cay"]
    assert jobs(store) == [(f"Authors of watch {one}", JobStatus.DONE, 1)]
    assert owed(store) == []
    platform.answer = forum.answer
    client = TurnedClient(platform)  # the other one still sits the pause out
    monkeypatch.setitem(registry.REGISTRY, "hackernews", HackerNews(client))
    make_due(store, one)
    assert sweep(store, one).error is None
    assert owed(store) == [one]
    assert look(store, on(), one).authors == 2
    assert forum.looked_up == ["cay", "bob", "ann"]
    client.close()


def test_time_is_bounded_as_that_of_a_sweep(store: Store, one: int, forum: Forum) -> None:
    assert look(store, on(sweep_max_seconds=1e-9), one) == Looked()
    assert forum.looked_up == []


def test_an_author_erased_meanwhile_stays_erased(
    store: Store, one: int, forum: Forum, platform: Platform
) -> None:
    def answer(asked: Asked) -> Reply:
        found = forum.answer(asked)
        if forum.looked_up[-1:] == ["cay"]:
            # One whose posts are on their way, and one who was next.
            erase(store, find_people(store, "hackernews", ["cay", "bob"]))
        return found

    platform.answer = answer
    found = look(store, on(), one)
    # Erasing may take longer than the client waits: then it asks again.
    assert list(dict.fromkeys(forum.looked_up)) == ["cay", "ann"]
    assert (found.authors, found.counts.refused) == (2, 2)
    assert looks(store) == {"ann": (4, None)}
    assert "Show HN: my garden" not in texts(store)
    with store.session() as session:
        assert set(session.exec(select(Author.native_id))) == {"ann"}


def test_what_others_said_is_not_stored(
    store: Store, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mixed(HackerNews):
        def recent(self, author_native_id: str, params: Any, most: int) -> list[RawPost]:
            own = post("I bake", id=f"x{author_native_id}", author=author_native_id)
            own = replace(own, source="hackernews")
            other = replace(own, native_id="y", author_native_id="fay")
            return [own, other, replace(own, native_id="z", source="file")] * 9

    monkeypatch.setitem(registry.REGISTRY, "hackernews", Mixed())
    assert look(store, on(), one).counts.posts_new == 3
    assert {posts for posts, _ in looks(store).values()} == {4}, "of ten given, the same one"
    with store.session() as session:
        assert set(session.exec(select(Author.native_id))) == {"ann", "bob", "cay"}


def test_cancelled_it_waits_for_the_next_sweep(store: Store, one: int, forum: Forum) -> None:
    class Asked(Silent):
        """Somebody cancels after the first author."""

        def advance(self, by: int = 1) -> None:
            if by:
                raise Cancelled("Somebody asked.")

    with pytest.raises(Cancelled):
        look(store, on(), one, shown=Asked())
    assert (forum.looked_up, looks(store)) == (["cay"], {"cay": (2, None)})
    assert [status for _, status, _ in jobs(store)] == [JobStatus.CANCELLED]
    assert owed(store) == []


def test_one_holder_at_a_time(store: Store, one: int, forum: Forum) -> None:
    with store.work() as session:
        leases.take(session, "look:hackernews", "another/x/1/1/1", 60)
    assert look(store, on(), one) == Looked()
    with store.work() as session:
        leases.give_up(session, "look:hackernews", "another/x/1/1/1")
    assert look(store, on(), one).authors == 3
    with store.session() as session:
        assert leases.holder_of(session, "look:hackernews") is None


def test_a_mistake_of_ours_is_told_and_not_met_again(
    store: Store, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(HackerNews):
        def recent(self, author_native_id: str, params: Any, most: int) -> list[RawPost]:
            raise ZeroDivisionError("division by zero")

    monkeypatch.setitem(registry.REGISTRY, "hackernews", Wrong())
    with pytest.raises(ZeroDivisionError):
        look(store, on(), one)
    assert looks(store) == {"cay": (0, "division by zero")}
    assert [status for _, status, _ in jobs(store)] == [JobStatus.FAILED]
    assert owed(store) == []


def test_what_a_person_must_mend_is_no_fault_of_an_author(
    store: Store, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Locked(HackerNews):
        def recent(self, author_native_id: str, params: Any, most: int) -> list[RawPost]:
            raise SettingsError("LISTENING_HACKERNEWS_KEY is missing")

    monkeypatch.setitem(registry.REGISTRY, "hackernews", Locked())
    with pytest.raises(SettingsError):
        look(store, on(), one)
    assert (looks(store), [status for _, status, _ in jobs(store)]) == ({}, [JobStatus.FAILED])


KILLED = """
import os, sys
from listening.config import get_settings
from listening.sources import registry
from listening.sources.hackernews import HackerNews
from listening.store.session import Store
from tests.factories import post
from workers.jobs.looking import look

class Deadly(HackerNews):
    def recent(self, author, params, most):
        if author == "bob":
            os._exit(9)
        return [post("my garden", id="7", author=author, source="hackernews")]

registry.REGISTRY["hackernews"] = Deadly()
look(Store.from_settings(get_settings()), get_settings(), int(sys.argv[1]))
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_look_that_is_killed_goes_on_where_it_was(
    store: Store, one: int, forum: Forum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "LISTENING_DATABASE_URL": store.url,
        "LISTENING_INTERESTS_POSTS": "10",
        "LISTENING_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-c", KILLED, str(one)], cwd=ROOT, env=os.environ | own)
    assert done.returncode == 9
    assert looks(store) == {"cay": (1, None)}
    assert owed(store) == [], "it may still run"
    monkeypatch.setenv("LISTENING_INTERESTS_POSTS", "10")
    get_settings.cache_clear()
    settled = settle_all_lost(store)
    assert (settled.jobs, settled.looks) == (1, (one,))
    found = look(store, on(), one)
    assert (found.authors, forum.looked_up) == (2, ["bob", "ann"])
    assert [status for _, status, _ in jobs(store)] == [JobStatus.LOST, JobStatus.DONE]
    assert sorted(looks(store)) == ["ann", "bob", "cay"]


def test_a_sweep_is_followed_by_it_and_what_was_dropped_is_made_up(
    store: Store, platform: Platform, settings: Settings, waiting: Waiting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    app = make_app(settings)

    def own(task: Any) -> Any:
        made = app.task(base=JobTask, bind=True, name=task.name, shared=False)
        return made(task.__wrapped__)

    sweeps, looks_up, settles = own(watch_task), own(look_task), own(settle_task)
    brand(store, "JetBlue")
    number = watch(store, "hackernews")
    sweeps.apply((number,)).get()
    assert [message["task"] for message in waiting()] == ["nlp.analyse", "keep.count"], "off"
    monkeypatch.setenv("LISTENING_INTERESTS_POSTS", "10")
    get_settings.cache_clear()
    settles.apply().get()
    sent = [(m["task"], m["args"], m["queue"]) for m in waiting()]
    assert ("sweep.look", [number], "sweep") in sent
    make_due(store, number)
    sweeps.apply((number,)).get()
    assert [m["task"] for m in waiting()].count("sweep.look") == 1, "one waits already"
    looks_up.apply((number,)).get()
    assert sorted(looks(store)) == ["ann", "bob", "cay"]
    settles.apply().get()
    assert [m["task"] for m in waiting()].count("sweep.look") == 1, "nothing is owed any more"
