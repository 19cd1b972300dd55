"""The stream of a server as com.atproto.sync.subscribeRepos describes it, over a real websocket.

Frames are encoded here by hand from the specifications of event streams, DAG-CBOR and CAR.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from listening.config import get_settings
from listening.schedule import Schedule
from listening.sources import live, registry
from listening.sources.base import ANYTHING, Batch, PostKind, RawPost, Wanted
from listening.sources.errors import FormatChangedError, UnavailableError
from listening.sources.firehose import Firehose
from listening.store.brands.brands import get_brand
from listening.store.posts.posts import read_posts
from listening.store.session import Store
from listening.store.watches.sweeps import waiting_rows
from listening.store.watches.watches import add_watch
from tests.factories import brand
from tests.listening.sources.streams import Played, playing
from workers.jobs.sweeping import sweep_watch

POST = "app.bsky.feed.post"
START = datetime(2026, 9, 1, 10, 0, tzinfo=UTC)
JETBLUE = Wanted(brand="JetBlue", mentions=lambda post: "jetblue" in post.text.lower())


@dataclass(frozen=True)
class Link:
    """A content address, as CBOR tags it."""

    cid: bytes


def head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    size = next(n for n in (1, 2, 4, 8) if value < 256**n)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + value.to_bytes(size, "big")


def cbor(value: Any) -> bytes:
    """DAG-CBOR."""
    if isinstance(value, Link):
        return head(6, 42) + cbor(b"\x00" + value.cid)
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    keys = sorted(value, key=lambda key: (len(key), key))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(value[key]) for key in keys)


def varint(value: int) -> bytes:
    out = b""
    while value >= 128:
        out, value = out + bytes([value % 128 | 128]), value // 128
    return out + bytes([value])


def link(block: bytes) -> Link:
    return Link(b"\x01\x71\x12\x20" + hashlib.sha256(block).digest())


def car(*blocks: bytes) -> bytes:
    """A CAR file of blocks."""
    begin = cbor({"version": 1, "roots": [link(blocks[0])]})
    parts = [varint(len(begin)) + begin]
    for block in blocks:
        body = link(block).cid + block
        parts.append(varint(len(body)) + body)
    return b"".join(parts)


def written(seq: int) -> str:
    return (START + timedelta(seconds=seq)).isoformat().replace("+00:00", "Z")


def frame(seq: int, name: str, **body: Any) -> bytes:
    told = {"seq": seq, "time": written(seq), **body}
    return cbor({"op": 1, "t": f"#{name}"}) + cbor(told)


def ended(name: str) -> bytes:
    return cbor({"op": -1}) + cbor({"error": name, "message": "so it is"})


def commit(
    seq: int,
    number: int,
    text: str | None = None,
    action: str = "create",
    blocks: bytes | None = None,
    **facts: Any,
) -> bytes:
    """One record of somebody's posts that is made, changed or taken away, beside a like."""
    record = {"$type": POST, "text": text, "createdAt": written(seq), **facts}
    block, like = cbor(record), cbor({"$type": "app.bsky.feed.like"})
    signed = cbor({"did": f"did:plc:a{number}", "version": 3})
    own = {"action": action, "path": f"{POST}/k{number}", "cid": link(block) if text else None}
    other = {"action": "create", "path": "app.bsky.feed.like/l1", "cid": link(like)}
    return frame(
        seq,
        "commit",
        repo=f"did:plc:a{number}",
        commit=link(signed),
        rev="3l3qo2vutsw2b",
        since=None,
        rebase=False,
        tooBig=False,
        blobs=[],
        ops=[other, own],
        blocks=blocks or car(signed, like, *([block] if text else [])),
    )


def uri(number: int) -> str:
    return f"at://did:plc:a{number}/{POST}/k{number}"


def post(number: int, seq: int, text: str, **facts: Any) -> RawPost:
    return RawPost(
        **{
            "source": "bluesky",
            "native_id": uri(number),
            "author_native_id": f"did:plc:a{number}",
            "text": text,
            "url": f"https://bsky.app/profile/did:plc:a{number}/post/k{number}",
            "published_at": START + timedelta(seconds=seq),
            "thread": uri(number),
            **facts,
        }
    )


class Hose:
    """A server, the connector that listens to it, and what it is told."""

    def __init__(self) -> None:
        self.events: dict[int, Any] = {}
        self.before: list[Any] = []  # what each listener gets first
        self.slept: list[float] = []
        self.params: dict[str, Any] = {"profiles": False, "history": True}
        self.source = Firehose(silence=0.15, sleep=self.slept.append)

    def frames(self, asked: dict[str, str]) -> list[Any]:
        """What follows a cursor; with none, what comes from now on, which here is nothing."""
        assert asked.keys() <= {"cursor"}
        if "cursor" not in asked:
            return list(self.before)
        last = int(asked["cursor"])
        if self.events and last > max(self.events):
            return [ended("FutureCursor")]
        return [*self.before, *(one for seq, one in sorted(self.events.items()) if seq > last)]

    def listen_at(self, played: Played) -> None:
        self.played, self.params["service"] = played, played.address

    def pull(self, cursor: Any = None, wanted: Wanted = ANYTHING) -> list[Batch]:
        return list(self.source.pull(self.params, cursor, None, wanted))


@pytest.fixture
def hose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hose]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    found = Hose()
    with playing(found.frames) as played:
        found.listen_at(played)
        yield found
    get_settings.cache_clear()


def posts_of(batches: list[Batch]) -> list[RawPost]:
    return [post for batch in batches for post in batch.posts]


def texts_of(batches: list[Batch]) -> list[str]:
    return [post.text for post in posts_of(batches)]


def test_what_is_written_is_read(hose: Hose) -> None:
    other = {"uri": uri(9), "cid": "x"}
    hose.events = {
        3: commit(3, 1, "JetBlue — très bien ✈️", langs=["fr"]),
        4: commit(4, 2, "this", embed={"$type": "app.bsky.embed.record", "record": other}),
        7: commit(7, 3, "of tomorrow", createdAt="2200-01-01T00:00:00Z"),
    }
    found = hose.pull()
    assert posts_of(found) == [
        post(1, 3, "JetBlue — très bien ✈️", language="fr"),
        post(2, 4, "this", kind=PostKind.QUOTE, repost_of=uri(9)),
        post(3, 7, "of tomorrow"),
    ]
    assert (found[-1].cursor, found[-1].read_until) == ({"seq": 7}, START + timedelta(seconds=7))
    assert hose.played.asked == [{"cursor": "0"}]


def test_without_history_it_begins_with_what_comes(hose: Hose) -> None:
    del hose.params["history"]
    hose.events = {3: commit(3, 1, "of old")}
    hose.before = [commit(9, 2, "of now")]
    found = hose.pull()
    assert texts_of(found) == ["of now"]
    assert (found[-1].cursor, hose.played.asked) == ({"seq": 9}, [{}])


def test_a_silent_server_is_nothing(hose: Hose) -> None:
    del hose.params["history"]
    found = hose.pull()
    assert (texts_of(found), found[-1].cursor, found[-1].read_until) == ([], {}, None)


def test_only_what_is_wanted_is_taken_but_every_edit(hose: Hose) -> None:
    hose.events = {
        1: commit(1, 1, "JetBlue is late"),
        2: commit(2, 2, "so am I"),
        3: commit(3, 3, "no names any more", action="update"),
        4: frame(4, "identity", did="did:plc:a4", handle="four.test"),
        5: frame(5, "sync", did="did:plc:a4", rev="3l3", blocks=b""),
        6: frame(6, "wholly-new", something=True),
    }
    found = hose.pull(wanted=JETBLUE)
    assert texts_of(found) == ["JetBlue is late", "no names any more"]
    assert found[-1].cursor == {"seq": 6}
    hose.params["keep_all"] = True
    assert len(texts_of(hose.pull(wanted=JETBLUE))) == 3


def test_what_is_taken_away_is_told(hose: Hose) -> None:
    hose.events = {
        1: commit(1, 1, action="delete"),
        2: frame(2, "account", did="did:plc:a2", active=False, status="deleted"),
        3: frame(3, "account", did="did:plc:a3", active=False, status="deactivated"),
        4: frame(4, "account", did="did:plc:a4", active=True),
        5: frame(5, "tombstone", did="did:plc:a5"),
    }
    found = hose.pull(wanted=JETBLUE)
    assert [key for batch in found for key in batch.deleted] == [("bluesky", uri(1))]
    assert [key for batch in found for key in batch.deleted_authors] == [
        ("bluesky", "did:plc:a2"),
        ("bluesky", "did:plc:a5"),
    ]


def test_a_pull_goes_on_after_any_step(hose: Hose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MOST", 3)
    hose.events = {n * 2: commit(n * 2, n, f"post {n}") for n in range(1, 12)}
    cursor, seen = None, []
    for _ in range(4):
        pulled = hose.source.pull(hose.params, cursor)
        batch = next(pulled)
        pulled.close()  # type: ignore[attr-defined]
        cursor = batch.cursor
        seen += texts_of([batch])
    assert seen == [f"post {n}" for n in range(1, 12)], "each once, in order"
    assert texts_of(hose.pull(cursor)) == []


def test_what_cannot_be_read_is_kept_aside(hose: Hose) -> None:
    hose.events = {
        1: commit(1, 1, "before"),
        2: b"\xff\x00 no frame",
        3: "text",
        4: commit(4, 3, "JetBlue", blocks=b"no CAR"),
        5: commit(5, 4, "JetBlue", createdAt=7),
        6: cbor({"op": 1, "t": "#commit"}) + cbor({"repo": "did:plc:a1"}),
        7: cbor({"op": 1, "t": "#commit"}),
        8: cbor({"op": 3}) + cbor({}),
        9: frame(9, "commit", repo="did:plc:a9", ops="none", blocks=None),
        10: commit(10, 5, "after"),
    }
    found = hose.pull()
    assert texts_of(found) == ["before", "after"]
    rows = [row for batch in found for _, row in batch.bad_rows]
    assert [row.field for row in rows] == [
        "frame", "frame", "record", "record.createdAt", "seq", "frame",
    ]  # fmt: skip
    origin = f"{hose.params['service']}/xrpc/com.atproto.sync.subscribeRepos"
    assert {one for batch in found for one, _ in batch.bad_rows} == {origin}
    assert "/k4" in rows[3].raw and "JetBlue" in rows[3].raw


def test_a_stream_of_nothing_but_that_has_changed(hose: Hose) -> None:
    hose.before = [b"\xff%d" % n for n in range(60)]
    with pytest.raises(FormatChangedError):
        hose.pull()


def test_a_stream_that_is_cut_is_opened_again(hose: Hose) -> None:
    hose.events = {n: commit(n, n, f"post {n}") for n in range(1, 9)}
    hose.played.cuts = [3, 2]
    assert texts_of(hose.pull()) == [f"post {n}" for n in range(1, 9)]
    assert hose.played.asked == [{"cursor": "0"}, {"cursor": "3"}, {"cursor": "5"}]


def test_a_listener_that_is_too_slow_goes_on_where_it_was(hose: Hose) -> None:
    hose.events = {1: commit(1, 1, "one"), 2: ended("ConsumerTooSlow"), 3: commit(3, 3, "three")}
    pulled = hose.source.pull(hose.params, None)
    assert texts_of([next(pulled)]) == ["one"]
    del hose.events[2]
    assert texts_of(list(pulled)) == ["three"]
    assert hose.played.asked[-1] == {"cursor": "1"}


def test_one_that_is_always_too_slow_is_told(hose: Hose) -> None:
    hose.before = [ended("ConsumerTooSlow")]
    with pytest.raises(UnavailableError, match="ConsumerTooSlow: so it is"):
        hose.pull()
    assert len(hose.slept) == 3


def test_a_server_that_counts_anew_is_read_from_its_beginning(hose: Hose) -> None:
    hose.events = {1: commit(1, 1, "one")}
    with capture_logs() as said:
        found = hose.pull({"seq": 5000})
    assert texts_of(found) == ["one"]
    assert found[-1].cursor == {"seq": 1}
    assert hose.played.asked == [{"cursor": "5000"}, {"cursor": "0"}]
    assert [line["event"] for line in said] == [
        "the server counts anew: it is read as if for the first time"
    ]


def test_what_is_not_kept_any_more_is_told(hose: Hose) -> None:
    outdated = cbor({"op": 1, "t": "#info"}) + cbor({"name": "OutdatedCursor"})
    hose.before, hose.events = [outdated], {900: commit(900, 1, "later")}
    with capture_logs() as said:
        assert texts_of(hose.pull({"seq": 3})) == ["later"]
    assert [line["event"] for line in said] == ["events since the last sweep are not kept any more"]


def test_the_spec_says_what_it_is() -> None:
    spec = Firehose().spec
    assert (spec.name, spec.posts_as, spec.backfill) == ("firehose", "bluesky", False)
    assert spec.help.endswith(".") and spec.gives and spec.lacks and spec.rate_limit


def test_swept_and_swept_again_it_is_stored_once(
    hose: Hose, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.REGISTRY, "firehose", hose.source)
    brand(store, "JetBlue")
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        watch, _ = add_watch(session, own, "firehose", hose.params, Schedule(interval=60))
        number = int(watch.id or 0)
    hose.events = {
        1: commit(1, 1, "JetBlue one"),
        2: commit(2, 2, "no name"),
        3: commit(3, 3, "JetBlue three"),
        4: b"\xff",
    }
    first = sweep_watch(store, number, holder="one", asked=True)
    assert (first.error, first.counts.posts_new, first.quarantined) == (None, 2, 1)
    hose.events |= {
        5: frame(5, "account", did="did:plc:a1", active=False, status="deleted"),
        6: commit(6, 3, "JetBlue three, mended", action="update"),
    }
    again = sweep_watch(store, number, holder="two", asked=True)
    assert (again.error, again.counts.posts_new, again.counts.posts_edited) == (None, 0, 1)
    with store.session() as session:
        stored = {raw.native_id: raw.text for part in read_posts(session) for _, _, raw in part}
        assert stored == {uri(3): "JetBlue three, mended"}
        assert [row.field for row in waiting_rows(session)] == ["frame"]
