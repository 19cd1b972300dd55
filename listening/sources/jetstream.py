"""Bluesky while people write, by Jetstream (https://github.com/bluesky-social/jetstream)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from listening.fetching.http import Client
from listening.sources.base import (
    ANYTHING,
    KEEP_ALL,
    Batch,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.blueskyauthors import PROFILES, asking, recent_posts
from listening.sources.blueskylive import Taker, batches, whose_of
from listening.sources.blueskyposts import COLLECTION, GIVES, SOURCE
from listening.sources.live import LISTEN, Heard, Stream, listen_of, place_of
from listening.sources.normalise import count, moment, part

_SERVICE = "wss://jetstream2.us-east.bsky.network/subscribe"
_MOST = 1_000_000  # bytes of an event; the server leaves out what is larger
_FIRST = timedelta(minutes=5)
# Microseconds that are read again where a pull begins: another server of the name may answer.
_OVERLAP = 2_000_000

_SPEC = SourceSpec(
    name="jetstream",
    help="Posts of Bluesky while they are written; needs no key.",
    settings=(
        SourceSetting(
            name="service", help="address of a Jetstream server's stream", default=_SERVICE
        ),
        LISTEN,
        PROFILES,
    ),
    rate_limit="none is told; one connection at a time",
    terms="https://bsky.social/about/support/tos",
    gives=f"{GIVES}, edits, deletions of posts and accounts",
    lacks="likes, reposts, replies, quotes, views, declared location; what is older than the "
    "server keeps, a day or so",
    backfill=True,
    recent=True,
    posts_as=SOURCE,
    try_with={"listen": "20"},
    # A place in the stream stays one; begun anew, what was written meanwhile would be missed.
    goes_on_with=(LISTEN.name, PROFILES.name, KEEP_ALL.name),
)


class Jetstream:
    """Every post of the network passes through; those that mention a brand are kept.

    Args:
        client: asks the public index who wrote.
        silence: see `Stream`.
        sleep: see `Stream`.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        silence: float = 5.0,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._client = client or Client("bluesky-public", rate="8/second; 2400/5 minutes")
        self._waits: dict[str, Any] = {"silence": silence} | ({"sleep": sleep} if sleep else {})

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The address is one, and the time a time."""
        listen_of(params)
        told = {"service": place_of(params, _SERVICE)} if "service" in params else {}
        return {**params, **told}

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was written since, oldest first; see `hear`."""
        service, whose = place_of(params, _SERVICE), whose_of(params, wanted)
        taker = Taker(service, whose)
        known = count(part(cursor, "time_us"))
        since = window.since if window else datetime.now(UTC) - _FIRST
        first = int(since.timestamp() * 1_000_000)
        least = first if window else 0

        def address(last: int | None) -> str:
            return f"{service}?" + urlencode(
                {
                    "wantedCollections": COLLECTION,
                    "maxMessageSizeBytes": _MOST,
                    "cursor": first if last is None else max(last - _OVERLAP, least),
                }
            )

        stream = Stream(
            address=address,
            read=lambda frame, heard: read_event(frame, heard, taker),
            most=_MOST + 10_000,
            **self._waits,
        )
        yield from batches(
            stream,
            Heard(known, stop_at=window.until if window else None),
            0.0 if window else listen_of(params),
            name="time_us",
            params=params,
            client=self._client,
            whose=whose,
        )

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last posts of somebody."""
        return recent_posts(asking(self._client), author_native_id, most)


def read_event(frame: str | bytes, heard: Heard, taker: Taker) -> None:
    """Take an event into what was heard."""
    try:
        event = json.loads(frame)
    except (ValueError, RecursionError):
        raw = frame if isinstance(frame, str) else frame[:1000].hex()
        taker.aside(heard, raw, "event", "it is no JSON")
        return
    at = part(event, "time_us")
    when = moment(at) if isinstance(at, int) else None
    if when is None:
        taker.aside(heard, event, "time_us")
        return
    if not heard.reached(at, when):
        return
    did, kind = event.get("did"), event.get("kind")
    told: Any = event.get(kind) if isinstance(kind, str) else None
    if kind == "commit" and part(told, "collection") == COLLECTION:
        taker.post(
            heard,
            operation=told.get("operation"),
            did=did,
            key=told.get("rkey"),
            record=told.get("record"),
            seen=when,
            raw=event,
        )
    elif kind == "account":
        taker.account(heard, did, part(told, "active"), part(told, "status"))
