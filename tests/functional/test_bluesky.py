"""Bluesky's own software on this machine: posts made by its client, read by search and firehose.

tests/functional/bluesky/install.sh puts it there; what it needs of Node and npm comes along.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import ChainMap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select

from listening.config import Settings, get_settings
from listening.fetching.http import Client
from listening.sources.bluesky import Bluesky
from listening.store.session import Store
from listening.store.tables import Author, Mention, Post, Sweep
from tests.functional.processes import Processes, wait_for

pytestmark = [pytest.mark.server]

HERE = Path(__file__).parent / "bluesky"
PLACE = Path(__file__).parents[2] / "build" / "bluesky"
ACCOUNTS, EACH = 50, 10


@dataclass
class Writer:
    """An account, and the real client logged in as it."""

    did: str
    client: Any

    def post(self, text: str) -> str:
        """Make a post; its address."""
        from atproto import models

        now = self.client.get_current_time_iso()
        record = models.AppBskyFeedPost.Record(text=text, created_at=now, langs=["en"])
        return self.client.app.bsky.feed.post.create(self.did, record).uri

    def edit(self, uri: str, text: str) -> None:
        """Put another text into a post."""
        key = uri.rpartition("/")[2]
        record = self.client.app.bsky.feed.post.get(self.did, key).value
        record.text = text
        self.client.com.atproto.repo.put_record(
            {"repo": self.did, "collection": "app.bsky.feed.post", "rkey": key, "record": record}
        )


@dataclass
class Network:
    """The servers, and accounts of them."""

    pds: str
    writers: list[Writer]

    def write(self, word: str) -> dict[str, str]:
        """Ten posts by each account; texts by address."""

        def ten(writer: Writer) -> dict[str, str]:
            return {writer.post(text := f"{word} {n} ✈️"): text for n in range(EACH)}

        with ThreadPoolExecutor(4) as several:
            return dict(ChainMap(*several.map(ten, self.writers)))


@pytest.fixture(scope="module")
def network(postgresql: Any) -> Iterator[Network]:
    if not (PLACE / "installed.json").exists():
        absent = f"no Bluesky in {PLACE}: sh tests/functional/bluesky/install.sh"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent)
    environment = os.environ | {
        "DB_POSTGRES_URL": postgresql.create(migrated=False),
        "DB_POSTGRES_SCHEMA": "bluesky",
        "REDIS_HOST": "none.invalid",  # asked for, and not used
    }
    process = subprocess.Popen(
        [PLACE / "wheel" / "bin" / "node", HERE / "network.mjs", PLACE],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        pds = json.loads(process.stdout.readline())["pds"]
        with ThreadPoolExecutor(4) as several:
            writers = [*several.map(partial(account, pds), range(ACCOUNTS))]
        yield Network(pds, writers)
        for writer in writers:
            writer.client.request.close()
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def account(pds: str, number: int) -> Writer:
    """A new account."""
    import atproto

    client, handle = atproto.Client(pds), f"author{number}.test"
    made = client.com.atproto.server.create_account(
        {"handle": handle, "email": f"{handle}@example.com", "password": "a-long-password"}
    )
    session = atproto.Session(handle, made.did, made.access_jwt, made.refresh_jwt, pds)
    client.login(session_string=session.encode(), fetch_bsky_profile=False)
    return Writer(made.did, client)


@dataclass
class Listening:
    """The product as processes, and its store."""

    processes: Processes
    store: Store

    def watch(self, brand: str, source: str, *settings: str) -> None:
        self.processes.run("brand", "add", brand, "--query", brand)
        words = [word for setting in settings for word in ("--set", setting)]
        self.processes.run("watch", "add", brand, source, *words)

    def kill_at(self, posts: int, process: subprocess.Popen[bytes]) -> int:
        """End a process as a power cut would, once so many posts are stored; how many were."""
        deadline = time.monotonic() + 120
        while self.count(Post) < posts:
            assert process.poll() is None, self.processes.said()
            assert time.monotonic() < deadline, self.processes.said()
            time.sleep(0.01)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return self.count(Post)

    def count(self, table: Any) -> int:
        with self.store.session() as session:
            return session.exec(select(func.count()).select_from(table)).one()

    def stored(self) -> dict[str, str]:
        """Texts by address."""
        with self.store.session() as session:
            return {p.native_id: p.text for p in session.exec(select(Post))}


@pytest.fixture
def listening(tmp_path: Path, network: Network) -> Iterator[Listening]:
    client = network.writers[0].client
    password = client.com.atproto.server.create_app_password({"name": tmp_path.name}).password
    data = tmp_path / "data"
    processes = Processes(
        tmp_path,
        {
            "LISTENING_DATA_DIR": str(data),
            "LISTENING_SOURCES_ALLOW_PRIVATE": "true",
            "LISTENING_BLUESKY_HANDLE": "author0.test",
            "LISTENING_BLUESKY_APP_PASSWORD": password,
        },
    )
    processes.run("migrate")
    store = Store.from_settings(Settings(data_dir=data))
    yield Listening(processes, store)
    processes.end()
    store.close()


def test_by_firehose_killed_half_way(network: Network, listening: Listening) -> None:
    service = network.pds.replace("http://", "ws://")
    listening.watch(
        "Brindlecup", "firehose", f"service={service}", "history=yes", "profiles=no", "listen=300"
    )
    reading = listening.processes.start("watch", "run", "1")
    with ThreadPoolExecutor(1) as aside:
        writing = aside.submit(network.write, "brindlecup")
        assert ACCOUNTS <= listening.kill_at(150, reading) < ACCOUNTS * EACH
        second = listening.processes.start("watch", "run", "1")
        written = writing.result()
    wait_for(lambda: listening.count(Post) == ACCOUNTS * EACH, "not everything is read")
    assert listening.stored() == written
    assert listening.count(Mention) == ACCOUNTS * EACH
    assert listening.count(Author) == ACCOUNTS
    with listening.store.session() as session:
        new = session.exec(select(func.sum(col(Sweep.posts_new)))).one()
    assert new == ACCOUNTS * EACH, "each was stored once"

    writer = network.writers[3]
    edited, deleted = [uri for uri in written if writer.did in uri][:2]
    writer.edit(edited, "brindlecup, on second thoughts")
    writer.client.delete_post(deleted)
    wait_for(lambda: deleted not in listening.stored(), "the deletion is not read")
    assert listening.stored()[edited] == "brindlecup, on second thoughts"
    second.kill()
    second.wait()


def test_by_search_killed_half_way(
    network: Network, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = network.write("quillberry")
    indexed = network.writers[0].client.app.bsky.feed.search_posts

    def found() -> int:
        """How many the index has; it reads the firehose as we do."""
        number, cursor = 0, None
        while True:
            page = indexed({"q": "quillberry", "limit": 100, "cursor": cursor})
            number, cursor = number + len(page.posts), page.cursor
            if not cursor or not page.posts:
                return number

    wait_for(lambda: found() == ACCOUNTS * EACH, "not everything is in the index")
    listening.watch("quillberry", "bluesky", f"service={network.pds}")
    reading = listening.processes.start("watch", "run", "1")
    assert 100 <= listening.kill_at(100, reading) < ACCOUNTS * EACH
    listening.processes.run("watch", "run", "1")
    assert listening.stored() == written
    with listening.store.session() as session:
        handles = set(session.exec(select(Author.handle)))
        followers = set(session.exec(select(Author.followers)))
    assert handles == {f"author{number}.test" for number in range(ACCOUNTS)}
    assert followers == {0}
    listening.processes.run("watch", "run", "1")
    assert listening.count(Post) == ACCOUNTS * EACH

    for name in ("HANDLE", "APP_PASSWORD"):
        own = f"LISTENING_BLUESKY_{name}"
        monkeypatch.setenv(own, listening.processes.environment[own])
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    did = network.writers[7].did
    asking = Client("bluesky")
    recent = Bluesky(asking).recent(did, {"service": network.pds}, 5)
    asking.close()
    get_settings.cache_clear()
    assert [post.text for post in recent] == [f"quillberry {n} ✈️" for n in (9, 8, 7, 6, 5)]
    assert {post.author_native_id for post in recent} == {did}
