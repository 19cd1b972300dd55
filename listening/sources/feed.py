"""RSS and Atom feeds at any address, asked politely: only for what has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from listening.errors import ListeningError, SettingsError
from listening.fetching.addresses import shown, wire_address
from listening.fetching.http import Client
from listening.sources.base import (
    ANYTHING,
    Batch,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.feedentries import Feed, read
from listening.sources.normalise import clean, web_address

_BATCH = 500  # posts
_MARK = 1000  # characters of an ETag or a date that are kept
_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"
_WRITTEN = re.compile(r"/*(?:[a-z]+(?::/*|//+))*", re.IGNORECASE)
_HOST = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+|\[[0-9a-f:.]+\])(?::\d+)?", re.IGNORECASE)

_SPEC = SourceSpec(
    name="feed",
    help="RSS and Atom feeds of blogs, news sites, forums.",
    settings=(
        SourceSetting(
            name="address", help="of the feed; several with spaces between them", required=True
        ),
        SourceSetting(
            name="all_mentions",
            help="every entry is about the brand, named or not",
            kind="flag",
            default=False,
        ),
    ),
    rate_limit="60 requests a minute to one host",
    gives="text, title, author, address, time, language, categories, links, images and videos, "
    "number of comments, what a comment replies to, edits",
    lacks="what has left the feed, engagement, followers, deletions",
)


class FeedSource:
    """One feed after another; a pull begins after the one that was asked last.

    A feed that does not answer keeps no other from being read: the pull fails at its end. Only
    where the very first fails nothing else is asked, since it may be our own network, and the
    next pull begins with another.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("feed", rate="60/minute")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Addresses, each once, in one spelling.

        Raises:
            SettingsError: one is none; says how it may have been meant.
        """
        found = [_address(told) for told in clean(params["address"]).split()]
        return {**params, "address": " ".join(dict.fromkeys(filter(None, found)))}

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what the feeds have, where they have changed, oldest first of each."""
        known = cursor or {}
        addresses = params["address"].split()
        feeds = {a: own for a, own in (known.get("feeds") or {}).items() if a in addresses}
        last = known.get("last")
        turn = addresses.index(last) + 1 if last in addresses else 0
        began = datetime.now(UTC)
        failed: ListeningError | None = None
        answered = False
        for address in [*addresses[turn:], *addresses[:turn]]:
            last = address
            try:
                found = self._asked(address, feeds.get(address) or {}, began)
            except ListeningError as error:
                # Where it had moved to it may be no longer.
                feeds[address] = {k: v for k, v in feeds.get(address, {}).items() if k != "url"}
                if not answered:
                    yield Batch(cursor={"last": last, "feeds": dict(feeds)})
                    raise
                failed = failed or error
                continue
            answered = True
            if found is None:
                continue
            feed, own, origin = found
            before = {**(feeds.get(address) or {}), "seen": feed.seen}
            for begin in range(0, max(len(feed.posts), 1), _BATCH):
                ended = begin + _BATCH >= len(feed.posts)
                # Not before its end is it known as it is now.
                feeds[address] = own if ended else before
                yield Batch(
                    cursor={"last": last, "feeds": dict(feeds)},
                    posts=feed.posts[begin : begin + _BATCH],
                    bad_rows=feed.bad_rows if ended else (),
                    again={shown(origin): 1} if ended else {},
                )
        yield Batch(
            cursor={"last": last, "feeds": dict(feeds)}, read_until=None if failed else began
        )
        if failed is not None:
            raise failed

    def _asked(
        self, address: str, known: Mapping[str, Any], now: datetime
    ) -> tuple[Feed, dict[str, Any], str] | None:
        """The feed, what to remember of it, where it is; None: it is as it was."""
        answer = self._client.get(
            known.get("url") or address,
            headers={
                "accept": _ACCEPT,
                **({"if-none-match": known["etag"]} if known.get("etag") else {}),
                **({"if-modified-since": known["modified"]} if known.get("modified") else {}),
            },
            accept=(304,),
        )
        if answer.status == 304:
            return None
        feed = read(answer, address, known.get("seen") or {}, now)
        own = {
            "url": web_address(answer.moved) or known.get("url"),
            "etag": _mark(answer.headers.get("etag")),
            "modified": _mark(answer.headers.get("last-modified")),
            "seen": feed.seen,
        }
        return feed, {name: value for name, value in own.items() if value}, answer.url


def _mark(told: str | None) -> str | None:
    """What the server wants to hear again; nothing where it is absurd."""
    return told if told and len(told) <= _MARK and told.isprintable() else None


def _address(told: str) -> str:
    """A web address in one spelling; what stands around it is left out."""
    bare = told.strip(",;<>\"'")
    if not bare:
        return ""
    try:
        parts, found = urlsplit(bare), wire_address(bare)
    except (ValueError, SettingsError):
        raise SettingsError(
            f"feed: address: {shown(bare)!r} is no web address{_meant(bare)}."
        ) from None
    if parts.hostname in ("http", "https"):
        raise SettingsError(f"feed: address: {shown(bare)!r} is no web address{_meant(bare)}.")
    if parts.username or parts.password:
        raise SettingsError(
            f"feed: address: {shown(bare)} holds a password, which would be shown wherever the "
            "watch is; only feeds that need none can be read."
        )
    return found


def _meant(told: str) -> str:
    """How a mistyped address may have been meant."""
    rest = _WRITTEN.sub("", told, count=1)
    if not _HOST.fullmatch(rest.partition("/")[0]) or told.lower().startswith("file:"):
        return ": write it whole, as in https://example.com/feed.xml"
    return f"; did you mean https://{rest}?"
