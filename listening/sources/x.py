"""X, by the recent search of its API, version 2 (https://docs.x.com/x-api/posts/search)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.sources.base import (
    ANYTHING,
    Batch,
    Credential,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.credentials import credentials
from listening.sources.errors import AuthenticationError
from listening.sources.normalise import clean, count, optional, part
from listening.sources.searching import QUERY, bad_row, terms_of
from listening.sources.xposts import by_id, listed, post_of

_API = "https://api.x.com/2/tweets/search/recent"
_TOKEN = "LISTENING_X_BEARER_TOKEN"  # noqa: S105  its name
_CONSOLE = "https://console.x.com"
_PAGE = 100
_LONGEST = 512  # characters of a query
_REACH = timedelta(days=7) - timedelta(minutes=5)  # how far back the search goes, and some slack
_FIRST = timedelta(days=1)  # every post that is read costs money
_OVERLAP = timedelta(minutes=1)
_EPOCH = 1_288_834_974_657  # milliseconds: ids count from here
_BARE = re.compile(r"[#@$]?\w+")
_OPERATORS = frozenset(("or", "and", "not"))
_FIELDS = {
    "tweet.fields": "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,"
    "entities,lang,note_tweet,public_metrics,referenced_tweets",
    "expansions": "author_id,attachments.media_keys",
    "user.fields": "location,name,public_metrics,username,verified",
    "media.fields": "media_key,type",
}

_SPEC = SourceSpec(
    name="x",
    help="Posts of X of the last seven days, by search; each post read is paid for.",
    settings=(
        QUERY,
        SourceSetting(name="reposts", help="read plain reposts too", kind="flag", default=False),
    ),
    credentials=(
        Credential(
            name=_TOKEN,
            help="the bearer token of an X app with credits bought for it",
            where=_CONSOLE,
        ),
    ),
    rate_limit="450 requests in 15 minutes",
    terms="https://docs.x.com/developer-terms/policy",
    gives="text, author with followers, location and check mark, address, time, language, likes, "
    "reposts, replies, quotes, views, media, links, hashtags, thread, what is replied to, quoted "
    "or reposted; edits",
    lacks="anything older than seven days, deletions, the whole text of what is reposted",
    backfill=True,
)


class X:
    """Several terms one query; each from the newest back to what is known, page by page.

    The cursor holds the page to go on with, and what is known only moves once the last is read.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("x", rate="1/second; 450/15 minutes")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A query that X would refuse is refused here."""
        if query := str(params.get("query") or "").strip():
            _fits(query, params)
        return dict(params)

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was posted since, query after query, the newest first."""
        began = datetime.now(UTC)
        if window is not None and window.until <= began - _REACH:
            raise SettingsError(
                "x: its search reaches seven days back; nothing of that window is to be had."
            )
        state: dict[str, Any] = dict(cursor or {})
        for query in _queries(params, wanted):
            if part(state, query, "next"):  # one that was stopped: to its end, then what is new
                for own, batch in self._pages(query, _resumed(state[query], began), window):
                    state = {**state, query: own}
                    yield replace(batch, cursor=state)
            known = state.get(query) or {}
            if window is not None and known.get("known"):
                continue
            for own, batch in self._pages(query, _begin(known, window, began), window):
                state = {**state, query: own}
                yield replace(batch, cursor=state)
        yield Batch(cursor=state, read_until=began)

    def _pages(
        self, query: str, own: Mapping[str, Any], window: Window | None
    ) -> Iterator[tuple[dict[str, Any], Batch]]:
        """The pages of a query that are left, each with what is then known of it."""
        while True:
            asked = {name: own.get(name) for name in ("since_id", "start_time", "end_time")}
            answer = self._get({"query": query, **asked, "next_token": own.get("next")})
            told = _told(answer)
            meta = part(told, "meta")
            top = max(_number(own.get("top")), _number(part(meta, "newest_id")))
            token = optional(part(meta, "next_token"))
            batch = _read(told, answer, window)
            if token is None or token == own.get("next"):
                known = max(top, _number(own.get("known")))
                yield {"known": str(known or _number_at(datetime.now(UTC) - _OVERLAP))}, batch
                return
            low = optional(part(meta, "oldest_id"))
            own = {**own, "top": str(top), "next": token, "low": low}
            yield own, batch

    def _get(self, asked: Mapping[str, Any]) -> Answer:
        token = credentials(_SPEC)[_TOKEN]
        answer = self._client.get(
            _API,
            {**asked, **_FIELDS, "max_results": _PAGE},
            headers={"authorization": f"Bearer {token}"},
            accept=(401, 402, 403),
        )
        answer = replace(answer, body=answer.body.replace(token.encode(), b"***"))
        if answer.status == 200:
            return answer
        why = {
            401: f"X rejects {_TOKEN} (401): it is none, or was regenerated; copy the bearer "
            f"token of the app from {_CONSOLE}",
            402: f"The account of {_TOKEN} has no credits left (402); buy some at {_CONSOLE}",
            403: f"The app of {_TOKEN} may not search (403): put it into a project with credits "
            f"at {_CONSOLE}",
        }
        raise AuthenticationError(why.get(answer.status, f"X answers {answer.status}"))


def _begin(own: Mapping[str, Any], window: Window | None, now: datetime) -> dict[str, Any]:
    """A query from its newest page on, back to where it was read up to."""
    oldest = now - _REACH
    if window is not None:
        # X takes no end of less than ten seconds ago.
        end = min(window.until + timedelta(seconds=1), now - timedelta(seconds=15))
        return {
            "start_time": _stamp(max(window.since, oldest)),
            "end_time": _stamp(max(end, oldest + timedelta(seconds=1))),
        }
    known = _number(own.get("known"))
    since = known - (int(_OVERLAP.total_seconds() * 1000) << 22)
    if known and since > _number_at(oldest):
        return {"known": str(known), "since_id": str(since)}
    first = oldest if known else now - _FIRST
    return {**({"known": str(known)} if known else {}), "start_time": _stamp(first)}


def _resumed(own: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """A query that was stopped, from the page on that comes next.

    What it asked for may be out of reach meanwhile: then X would refuse the page.
    """
    oldest = now - _REACH
    begins = _number(own.get("since_id"))
    if begins > _number_at(oldest) or clean(own.get("start_time")) >= _stamp(oldest):
        return own
    low = datetime.fromtimestamp(((_number(own.get("low")) >> 22) + _EPOCH) / 1000 + 1, UTC)
    kept = {name: own[name] for name in ("known", "top") if name in own}
    end = max(low, oldest + timedelta(seconds=1))
    return {**kept, "start_time": _stamp(oldest), "end_time": _stamp(end)}


def _number(value: Any) -> int:
    digits = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(value) if digits and len(value) < 20 else 0


def _number_at(at: datetime) -> int:
    """The id that a post of a moment would have."""
    return max(int(at.timestamp() * 1000) - _EPOCH, 0) << 22


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _queries(params: Mapping[str, Any], wanted: Wanted) -> list[str]:
    """Terms joined into as few queries as hold them.

    Raises:
        SettingsError: one alone is too long.
    """
    if str(params.get("query") or "").strip():
        return [_fits(term, params) for term in terms_of(_SPEC, params, wanted)]
    # More terms than searches a sweep may be: they are joined.
    terms = wanted.terms or terms_of(_SPEC, params, wanted)
    queries: list[str] = []
    joined = ""
    for term in dict.fromkeys(map(_quoted, terms)):
        more = f"{joined} OR {term}" if joined else term
        if joined and len(_whole(more, params)) > _LONGEST:
            queries.append(_fits(joined, params))
            more = term
        joined = more
    return [*queries, _fits(joined, params)]


def _quoted(term: str) -> str:
    if _BARE.fullmatch(term) and term.casefold() not in _OPERATORS:
        return term
    return '"' + " ".join(term.replace('"', " ").split()) + '"'


def _whole(query: str, params: Mapping[str, Any]) -> str:
    return query if params.get("reposts") is True else f"({query}) -is:retweet"


def _fits(query: str, params: Mapping[str, Any]) -> str:
    whole = _whole(query, params)
    if len(whole) > _LONGEST:
        raise SettingsError(
            f"x: a query has {len(whole)} characters, and X takes {_LONGEST}; write a shorter "
            "one: --set query=..."
        )
    return whole


def _told(answer: Answer) -> Any:
    """What was found: none is no `data` at all."""
    told = answer.json()
    data, found = part(told, "data"), part(told, "meta", "result_count")
    if not isinstance(data, list) and not (data is None and count(found) == 0):
        raise answer.changed("neither data nor an empty result_count")
    return told


def _read(told: Any, answer: Answer, window: Window | None) -> Batch:
    """A page: its posts, and what the errors beside them say is gone."""
    authors = by_id(part(told, "includes", "users"), "id")
    media = by_id(part(told, "includes", "media"), "media_key")
    posts, bad = [], []
    for tweet in listed(part(told, "data")):
        found = post_of(tweet, authors, media)
        if not isinstance(found, RawPost):
            bad.append(bad_row(answer.url, tweet, found))
        elif window is None or window.since <= found.published_at < window.until:
            posts.append(found)
    gone: dict[str, list[tuple[str, str]]] = {"tweet": [], "user": []}
    for error in listed(part(told, "errors")):
        kind, native = part(error, "resource_type"), optional(part(error, "resource_id"))
        lost = clean(part(error, "type")).endswith("/resource-not-found")
        if lost and native and kind in gone and _number(native):
            gone[kind].append(("x", native))
    return Batch(
        cursor={}, posts=posts, bad_rows=bad, deleted=gone["tweet"], deleted_authors=gone["user"]
    )
