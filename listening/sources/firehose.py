"""Bluesky while people write, by the stream that each of its servers has of its accounts.

That is com.atproto.sync.subscribeRepos. Frames are two objects of CBOR, a header and a body, in
which records lie as a CAR file (https://atproto.com/specs/event-stream and /specs/sync).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import structlog

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
from listening.sources.live import LISTEN, CutError, Heard, Stream, listen_of, place_of
from listening.sources.normalise import clean, count, moment, part

_log = structlog.get_logger(__name__)
_SERVICE = "wss://bsky.network"
_PATH = "/xrpc/com.atproto.sync.subscribeRepos"
_MOST = 5_000_000  # bytes of a frame; blocks are at most 2 MB
_MESSAGE, _ERROR = 1, -1  # the kinds of frames
_SHOWN = 20_000  # bytes of a frame that is kept aside

_SPEC = SourceSpec(
    name="firehose",
    help="Posts of Bluesky while they are written, from any of its servers; needs no key.",
    settings=(
        SourceSetting(
            name="service",
            help="address of a relay or a personal data server",
            default=_SERVICE,
        ),
        SourceSetting(
            name="history",
            help="begin with the oldest that the server still has, not with what comes",
            kind="flag",
            default=False,
        ),
        LISTEN,
        PROFILES,
    ),
    rate_limit="none is told; one connection at a time",
    terms="https://bsky.social/about/support/tos",
    gives=f"{GIVES}, edits, deletions of posts and accounts",
    lacks="likes, reposts, replies, quotes, views, declared location; windows of the past",
    backfill=False,
    recent=True,
    # A place in the stream stays one; begun anew, what was written meanwhile would be missed.
    goes_on_with=(LISTEN.name, PROFILES.name, KEEP_ALL.name),
    posts_as=SOURCE,
)


class Firehose:
    """Everything that a server's accounts do passes through; posts that mention a brand are kept.

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
        """Yield what was written since, oldest first; see `hear`. There are no windows of it."""
        place, whose = place_of(params, _SERVICE), whose_of(params, wanted)
        reader = _Reader(Taker(f"{place}{_PATH}", whose))
        first = 0 if params.get("history") is True else None

        def address(last: int | None) -> str:
            at = first if last is None else last
            return f"{place}{_PATH}" + (f"?{urlencode({'cursor': at})}" if at is not None else "")

        stream = Stream(address=address, read=reader.read, most=_MOST, **self._waits)
        yield from batches(
            stream,
            Heard(count(part(cursor, "seq"))),
            listen_of(params),
            name="seq",
            params=params,
            client=self._client,
            whose=whose,
        )

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last posts of somebody."""
        return recent_posts(asking(self._client), author_native_id, most)


class _Reader:
    """Takes frames apart."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    def read(self, frame: str | bytes, heard: Heard) -> None:
        """Take a frame into what was heard.

        Raises:
            CutError: the server says that it ends the stream.
        """
        import libipld

        try:
            if isinstance(frame, str):
                raise ValueError("it is text")
            header, body = libipld.decode_dag_cbor_multi(frame)
        except Exception as error:  # the decoder raises whatever it likes
            self._aside(heard, frame, "frame", f"it is no frame of CBOR ({error})")
            return
        kind = part(header, "op")
        if kind == _ERROR:
            self._refused(body, heard)
        elif kind == _MESSAGE:
            self._message(clean(part(header, "t")), body, heard, frame)

    def _refused(self, body: Any, heard: Heard) -> None:
        """The server ends the stream, and says why."""
        name = clean(part(body, "error"))
        if name == "FutureCursor" and heard.last is not None:
            # It counts anew. Where it was left is not to be found again.
            _log.warning(
                "the server counts anew: it is read as if for the first time", seq=heard.last
            )
            heard.last = heard.until = None
        raise CutError(f"it ends the stream ({name}: {clean(part(body, 'message'))})")

    def _message(self, name: str, body: Any, heard: Heard, frame: str | bytes) -> None:
        if name == "#info":
            if part(body, "name") == "OutdatedCursor" and heard.last is not None:
                _log.warning("events since the last sweep are not kept any more", seq=heard.last)
            return
        at, seen = count(part(body, "seq")), moment(part(body, "time"))
        if at is None:
            self._aside(heard, frame, "seq", None)
            return
        heard.reached(at, seen)
        if name == "#commit":
            self._commit(body, heard, seen or datetime.now(UTC), frame)
        elif name == "#account":
            status = part(body, "status")
            self._taker.account(heard, part(body, "did"), part(body, "active"), status)
        elif name == "#tombstone":  # as servers said it before there was #account
            self._taker.account(heard, part(body, "did"), False, "deleted")

    def _commit(self, body: Any, heard: Heard, seen: datetime, frame: str | bytes) -> None:
        operations = part(body, "ops")
        mine = [
            (op, clean(op.get("path")).partition("/"))
            for op in (operations if isinstance(operations, list) else ())
            if isinstance(op, dict) and clean(op.get("path")).startswith(f"{COLLECTION}/")
        ]
        if not mine:
            return
        blocks = self._blocks(part(body, "blocks"))
        for op, (_, _, key) in mine:
            cid, did = op.get("cid"), part(body, "repo")
            record = blocks.get(cid) if isinstance(cid, bytes) else None
            self._taker.post(
                heard,
                operation=op.get("action"),
                did=did,
                key=key,
                record=record,
                seen=seen,
                raw={"repo": did, "path": op.get("path"), "record": record},
            )

    @staticmethod
    def _blocks(car: Any) -> Mapping[Any, Any]:
        """What a CAR file holds, by its address; nothing where it cannot be read."""
        import libipld

        try:
            return libipld.decode_car(car)[1]
        except Exception:
            return {}

    def _aside(self, heard: Heard, frame: str | bytes, field: str, why: str | None) -> None:
        raw = frame if isinstance(frame, str) else base64.b64encode(frame[:_SHOWN]).decode()
        self._taker.aside(heard, raw, field, why)
