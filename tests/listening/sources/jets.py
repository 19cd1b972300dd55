"""A Jetstream server with events, and the connector that listens to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from listening.sources.base import ANYTHING, Batch, RawPost, Wanted, Window
from listening.sources.jetstream import Jetstream
from tests.listening.sources.streams import Played

POST = "app.bsky.feed.post"
JETBLUE = Wanted(brand="JetBlue", mentions=lambda post: "jetblue" in post.text.lower())


@dataclass
class Clock:
    """When a test's events begin; a first pull begins five minutes ago."""

    start: datetime = field(default_factory=lambda: datetime.now(UTC))

    def set(self) -> None:
        self.start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=4)


CLOCK = Clock()


def micros(seconds: float) -> int:
    return int(CLOCK.start.timestamp() * 1_000_000 + seconds * 1_000_000)


def event(seconds: float, kind: str, number: int = 1, **told: Any) -> dict[str, Any]:
    return {"did": f"did:plc:a{number}", "time_us": micros(seconds), "kind": kind, kind: told}


def commit(
    seconds: float, number: int, text: str | None = None, operation: str = "create", **record: Any
) -> dict[str, Any]:
    """A record of somebody's posts that is made, changed or taken away."""
    told: dict[str, Any] = {
        "rev": "3l3qo2vutsw2b",
        "operation": operation,
        "collection": POST,
        "rkey": f"k{number}",
    }
    if text is not None:
        told["cid"] = "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi"
        told["record"] = {"$type": POST, "text": text, "createdAt": "2026-09-01T10:00:00.5Z"}
        told["record"] |= record
    return event(seconds, "commit", number, **told)


def uri(number: int) -> str:
    return f"at://did:plc:a{number}/{POST}/k{number}"


def post(number: int, text: str, **facts: Any) -> RawPost:
    return RawPost(
        **{
            "source": "bluesky",
            "native_id": uri(number),
            "author_native_id": f"did:plc:a{number}",
            "text": text,
            "url": f"https://bsky.app/profile/did:plc:a{number}/post/k{number}",
            "published_at": datetime(2026, 9, 1, 10, 0, 0, 500_000, tzinfo=UTC),
            "thread": uri(number),
            **facts,
        }
    )


class Jet:
    """A Jetstream server, the connector that listens to it, and what it is told."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.slept: list[float] = []
        self.params: dict[str, Any] = {"profiles": False}
        self.source = Jetstream(silence=0.15, sleep=self.slept.append)

    def frames(self, asked: dict[str, str]) -> list[Any]:
        """What follows a cursor, that event included; what is no event follows any."""
        assert asked.keys() == {"wantedCollections", "cursor", "maxMessageSizeBytes"}
        assert asked["wantedCollections"] == POST
        since = int(asked["cursor"])
        return [
            json.dumps(one) if isinstance(one, dict) else one
            for one in self.events
            if not isinstance(one, dict) or one.get("time_us", since) >= since
        ]

    def listen_at(self, played: Played) -> None:
        self.played = played
        self.params["service"] = f"{played.address}/subscribe"

    def pull(
        self, cursor: Any = None, window: Window | None = None, wanted: Wanted = ANYTHING
    ) -> list[Batch]:
        return list(self.source.pull(self.params, cursor, window, wanted))


def posts_of(batches: list[Batch]) -> list[RawPost]:
    return [post for batch in batches for post in batch.posts]


def texts_of(batches: list[Batch]) -> list[str]:
    return [post.text for post in posts_of(batches)]
