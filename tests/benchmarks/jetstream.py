"""How many events of Jetstream a second are read and matched against a hundred brands.

One process, one core. The stream is made of real posts (Bluesky, and tweets in eight languages) in
the shape that Jetstream's README shows: of a hundred events 80 are posts, a third of them replies
and a third with links, tags or images, 8 deletions, 7 likes, 3 accounts, 2 identities. Brands are
those of the part "matching". The baseline, on the same events in the same run, is `json.loads`
alone: what nobody who listens can do without. Last, the same through a websocket on loopback,
whose server has the other core.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from listening.matching import BrandMatcher, BrandRule
from listening.sources.blueskylive import Taker
from listening.sources.jetstream import read_event
from listening.sources.live import Heard, Stream, hear
from tests.benchmarks.matching import brands, texts_of

SEED = 7
EVENTS = 50_000
CID = "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi"
POST = "app.bsky.feed.post"


def texts(data: Path) -> list[tuple[str, str]]:
    """Texts with their languages."""
    found = [(text, "en") for text in texts_of([data / "mentions/bluesky_posts.csv.gz"], "text")]
    for folder in sorted((data / "xlmt").iterdir()):
        for path in sorted(folder.glob("*text*")):
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [(line, folder.name[:2]) for line in lines if line.strip()]
    return found


def stream(said: Sequence[tuple[str, str]], number: int) -> list[str]:
    """Events as they come over the wire."""
    dice = random.Random(SEED)
    kinds = dice.choices(
        ["post", "delete", "like", "account", "identity"], [80, 8, 7, 3, 2], k=number
    )
    start = int(time.time() * 1e6) - 3_600_000_000
    made = (event(dice, kind, said, start + n) for n, kind in enumerate(kinds))
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in made]


def event(
    dice: random.Random, kind: str, said: Sequence[tuple[str, str]], at: int
) -> dict[str, Any]:
    """One event."""
    did = f"did:plc:{dice.getrandbits(110):024x}"[:32]
    found: dict[str, Any] = {"did": did, "time_us": at}
    if kind in ("account", "identity"):
        told = {"active": True} if kind == "account" else {"handle": "someone.bsky.social"}
        told |= {"did": did, "seq": at % 10**9, "time": "2026-09-01T06:11:04.870Z"}
        return found | {"kind": kind, kind: told}
    key = f"3l{dice.getrandbits(55):011x}"
    commit: dict[str, Any] = {"rev": key, "operation": "delete", "collection": POST, "rkey": key}
    if kind == "like":
        subject = {"cid": CID, "uri": f"at://{did}/{POST}/{key}"}
        record = {"createdAt": "2026-09-01T19:46:02.102Z", "subject": subject}
        commit |= {"operation": "create", "collection": "app.bsky.feed.like", "record": record}
    if kind == "post":
        commit |= {"operation": "create", "record": post(dice, *dice.choice(said)), "cid": CID}
    return found | {"kind": "commit", "commit": commit}


def post(dice: random.Random, text: str, language: str) -> dict[str, Any]:
    """A record."""
    found: dict[str, Any] = {
        "$type": POST, "createdAt": "2026-09-01T19:46:02.102Z", "langs": [language], "text": text,
    }  # fmt: skip
    other = {"cid": CID, "uri": f"at://did:plc:{dice.getrandbits(92):024x}/{POST}/3kvoqm6a4yc2p"}
    if dice.random() < 0.33:
        found["reply"] = {"parent": other, "root": other}
    chance = dice.random()
    if chance < 0.1:
        blob = {"$type": "blob", "mimeType": "image/jpeg", "ref": {"$link": CID}, "size": 512345}
        image = {"alt": "", "aspectRatio": {"height": 1500, "width": 2000}, "image": blob}
        found["embed"] = {"$type": "app.bsky.embed.images", "images": [image]}
    elif chance < 0.2:
        card = {"description": text, "title": text[:40], "uri": "https://example.com/news/one"}
        found["embed"] = {"$type": "app.bsky.embed.external", "external": card}
    elif chance < 0.25:
        found["embed"] = {"$type": "app.bsky.embed.record", "record": other}
    elif chance < 0.33:
        index = {"byteEnd": 10, "byteStart": 0}
        tag = {"$type": "app.bsky.richtext.facet#tag", "tag": "news"}
        found["facets"] = [{"features": [tag], "index": index}]
    return found


def rate(run: Callable[[], int], number: int) -> tuple[float, int]:
    """Events a second, best of three, and what came of them."""
    best, result = 0.0, 0
    for _ in range(3):
        start = time.process_time()
        result = run()
        best = max(best, number / (time.process_time() - start))
    return best, result


def send(events: list[str], port: Any) -> None:
    """A server that sends them to one listener after the other."""
    from websockets.sync.server import ServerConnection, serve

    def play(connection: ServerConnection) -> None:
        for one in events:
            connection.send(one)
        connection.recv()

    with serve(play, "127.0.0.1", 0) as server:
        port.send(server.socket.getsockname()[1])
        server.serve_forever()


def heard_over_loopback(events: list[str], taker: Taker) -> float:
    """Events a second by the clock, from the first to the last."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=send, args=(events, theirs))
    server.start()
    try:
        address = f"ws://127.0.0.1:{ours.recv()}"
        listened = Stream(
            address=lambda _: address,
            read=lambda frame, heard: read_event(frame, heard, taker),
            most=1_000_000,
        )
        start, frames = time.perf_counter(), 0
        for heard in hear(listened, Heard(None)):
            frames += heard.frames
            if frames == len(events):
                return frames / (time.perf_counter() - start)
        raise AssertionError(f"{frames} of {len(events)} events came")
    finally:
        server.terminate()
        server.join()


def run(data: Path) -> None:
    """Print events/s of parsing alone, of reading, and of reading and matching."""
    said = texts(data)
    events = stream(said, EVENTS)
    size = sum(len(one.encode()) for one in events) / len(events)
    print(f"{len(events):,} events of {size:.0f} bytes on average, of {len(said):,} texts")
    queries = brands([text for text, _ in said], 100)
    rules = [BrandRule(n, f"brand {n}", query, frozenset()) for n, query in queries.items()]
    matcher = BrandMatcher(rules)

    def read(taker: Taker) -> int:
        heard = Heard(None)
        for one in events:
            read_event(one, heard, taker)
        assert not heard.bad_rows
        return len(heard.posts)

    def parse() -> int:
        return sum(isinstance(json.loads(one), dict) for one in events)

    matching = Taker("stream", lambda post: bool(matcher.match(post)))
    for name, way in (
        ("json.loads alone", parse),
        ("read", lambda: read(Taker("stream", lambda _: True))),
        ("read and matched, 100 brands", lambda: read(matching)),
    ):
        speed, found = rate(way, len(events))
        print(f"  {name:30} {speed:10,.0f} events/s  {found:,} found")
    os.environ["LISTENING_SOURCES_ALLOW_PRIVATE"] = "true"
    speed = heard_over_loopback(events, matching)
    print(f"  {'the same over a websocket':30} {speed:10,.0f} events/s")
