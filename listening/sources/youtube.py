"""Comments of YouTube, by its Data API, version 3 (https://developers.google.com/youtube/v3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.normalise import clean, count, moment, optional, part
from listening.sources.searching import QUERY, bad_row, terms_of
from listening.sources.youtubeposts import comment_of

_API = "https://www.googleapis.com/youtube/v3"
_KEY = "LISTENING_YOUTUBE_KEY"
_CONSOLE = "https://console.cloud.google.com/apis/credentials"
_PACIFIC = ZoneInfo("America/Los_Angeles")  # where YouTube's days begin
_DAY = 86_400
_VIDEOS = 50  # the newest that the search has found: a request each, every time
_COUNTED = 200  # threads whose number of replies is remembered
_REPLY_PAGES = 10
# Comments are edited, and answered, for a while; so much is read again each time.
_OVERLAP = timedelta(days=2)
_FIRST = timedelta(days=7)
_CHANNEL = re.compile(r"UC[\w-]{22}", re.ASCII)
_VIDEO = re.compile(
    r"(?:https?://(?:www\.|m\.)?(?:youtu\.be/|youtube\.com/(?:watch\?v=|shorts/|live/)))?"
    r"([\w-]{11})(?:[?&].*)?",
    re.ASCII,
)
_SPENT = {"quotaExceeded", "dailyLimitExceeded"}
_TOO_FAST = {"rateLimitExceeded", "userRateLimitExceeded"}
_GONE = {"videoNotFound", "channelNotFound", "commentNotFound"}
_STALE = {"invalidPageToken", "processingFailure"}

_SPEC = SourceSpec(
    name="youtube",
    help="Comments and replies below videos of YouTube, found by search or named.",
    settings=(
        QUERY,
        SourceSetting(name="channels", help="ids (UC...), with commas: below all their videos"),
        SourceSetting(name="videos", help="ids or addresses, with commas"),
        SourceSetting(
            name="searches",
            help="searches a day, of the 100 that YouTube gives all watches together; none are "
            "made where channels or videos are named and no query is",
            default="24",
        ),
    ),
    credentials=(
        Credential(
            name=_KEY,
            help="an API key of a Google Cloud project with the YouTube Data API v3 switched on",
            where=_CONSOLE,
        ),
    ),
    rate_limit="100 searches and 10,000 other requests a day, until midnight Pacific time",
    terms="https://developers.google.com/youtube/terms/developer-policies",
    gives="text, author, address, time, likes, number of replies, video, what is replied to",
    lacks="videos themselves, titles, language, followers, deletions; replies to comments of "
    "more than two days ago; comments below more than the 50 newest videos found",
    backfill=True,
    goes_on_with=("searches",),  # the cursor counts those of the day
)


class _RefusedError(UnavailableError):
    """One thing that YouTube does not give; the others go on."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class YouTube:
    """A few searches a day for videos; the threads of each from the newest back to what is known.

    The cursor holds the videos, the page to go on with, and the searches of the day.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("youtube", rate="5/second; 200/minute")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ids in one spelling, and a number of searches that YouTube allows."""
        channels, videos = _named(params)
        searches = _searches(params)
        if searches is None or not 1 <= searches <= 100:
            raise SettingsError("youtube: searches is a number from 1 to 100: --set searches=24")
        told = {"channels": ", ".join(channels), "videos": ", ".join(videos)}
        told["searches"] = str(searches)
        return {**params, **{name: value for name, value in told.items() if value}}

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was commented since: below the videos found, then what is named."""
        began = datetime.now(UTC)
        state: dict[str, Any] = {"videos": [], "listings": {}, "replies": {}, **(cursor or {})}
        channels, named = _named(params)
        if str(params.get("query") or "").strip() or not (channels or named):
            query, most = _query(params, wanted), _searches(params) or 1
            searched = self._search(query, most, state, window, began)
            if searched is not None:
                state = searched
                yield Batch(cursor=state)
        failed: _RefusedError | None = None
        listings = [("videoId", one) for one in dict.fromkeys([*state["videos"], *named])]
        listings += [("allThreadsRelatedToChannelId", one) for one in channels]
        for kind, native in listings:
            try:
                for found, batch in self._pages(kind, native, state, window, began):
                    state = found
                    yield replace(batch, cursor=state)
            except _RefusedError as error:
                if native in state["videos"]:
                    state = {**state, "videos": [v for v in state["videos"] if v != native]}
                elif error.reason in _GONE:
                    failed = failed or error
        if failed is not None:
            raise failed
        yield Batch(cursor=state, read_until=began)

    def _search(
        self,
        query: str,
        most: int,
        state: Mapping[str, Any],
        window: Window | None,
        now: datetime,
    ) -> dict[str, Any] | None:
        """The cursor with what one search found; None where it is not its time yet."""
        day = now.astimezone(_PACIFIC).date().isoformat()
        made = state.get("searches", 0) if state.get("day") == day else 0
        last = moment(part(state, "searched", query))
        waits = last is not None and now - last < timedelta(seconds=_DAY / most)
        if made >= most or waits:
            return None
        answer = self._get(
            "search",
            {
                "part": "snippet",
                "type": "video",
                "order": "date",
                "maxResults": 50,
                "q": query,
                "publishedBefore": _stamp(window.until) if window else None,
            },
        )
        found = [optional(part(one, "id", "videoId")) for one in _items(answer)]
        videos = list(dict.fromkeys(v for v in [*found, *state["videos"]] if v))[:_VIDEOS]
        away = {f"videoId={v}" for v in state["videos"] if v not in videos}
        return {
            **state,
            "videos": videos,
            "listings": {n: own for n, own in state["listings"].items() if n not in away},
            "day": day,
            "searches": made + 1,
            "searched": {query: int(now.timestamp())},
        }

    def _pages(
        self, kind: str, native: str, state: Mapping[str, Any], window: Window | None, now: datetime
    ) -> Iterator[tuple[dict[str, Any], Batch]]:
        """The threads of a video or channel, page by page, with the cursor after each."""
        name = f"{kind}={native}"
        own: dict[str, Any] = dict(state["listings"].get(name) or {})
        if window is not None and own.get("done"):
            return
        known = moment(own.get("known"))
        since = window.since if window else known - _OVERLAP if known else now - _FIRST
        until = window.until if window else None
        while True:
            try:
                answer = self._comments(kind, native, own.get("page"))
            except _RefusedError as error:
                if error.reason not in _STALE or not own.get("page"):
                    raise
                own = {**own, "page": None}  # from the newest again
                continue
            threads, token = _items(answer), optional(part(answer.json(), "nextPageToken"))
            batch, replies = self._read(threads, answer, state["replies"], since, until)
            times = [moment(part(one, *_TOP, "snippet", "publishedAt")) for one in threads]
            newest = max((int(at.timestamp()) for at in times if at), default=0)
            top = max(newest, own.get("top") or 0)
            oldest = times[-1] if times else None
            last = token is None or token == own.get("page") or not threads
            if last or (oldest is not None and oldest < since):
                own = {"known": top or own.get("known") or int(now.timestamp()), "done": True}
            else:
                own = {"known": own.get("known"), "top": top, "page": token}
            state = {
                **state,
                "listings": {**state["listings"], name: own},
                "replies": dict([*state["replies"].items(), *replies.items()][-_COUNTED:]),
            }
            yield state, batch
            if own.get("done"):
                return

    def _read(
        self,
        threads: Sequence[Any],
        answer: Answer,
        counted: Mapping[str, int],
        since: datetime,
        until: datetime | None,
    ) -> tuple[Batch, dict[str, int]]:
        """The comments of a page, replies and all; how many replies which threads have."""
        posts, bad, replies = [], [], {}
        for thread in threads:
            video = optional(part(thread, "snippet", "videoId"))
            total = count(part(thread, "snippet", "totalReplyCount"))
            native = optional(part(thread, *_TOP, "id"))
            below = part(thread, "replies", "comments")
            below = below if isinstance(below, list) else []
            # A thread comes with a few of its replies only.
            if native and total and total > len(below) and counted.get(native) != total:
                below = list(self._replies(native)) or below
                replies[native] = total
            for comment in (part(thread, *_TOP), *below):
                found = comment_of(comment, video, native, total)
                if not isinstance(found, RawPost):
                    bad.append(bad_row(answer.url, comment, found))
                elif since <= found.published_at and (not until or found.published_at < until):
                    posts.append(found)
        return Batch(cursor={}, posts=posts, bad_rows=bad), replies

    def _replies(self, thread: str) -> Iterator[Any]:
        page = None
        for _ in range(_REPLY_PAGES):
            answer = self._comments("parentId", thread, page)
            yield from _items(answer)
            page = optional(part(answer.json(), "nextPageToken"))
            if page is None:
                return

    def _comments(self, kind: str, native: str, page: str | None) -> Answer:
        """A page of threads, the newest first, or of the replies of one."""
        threads = kind != "parentId"
        return self._get(
            "commentThreads" if threads else "comments",
            {
                "part": "snippet,replies" if threads else "snippet",
                kind: native,
                "order": "time" if threads else None,
                "maxResults": 100,
                "textFormat": "plainText",
                "pageToken": page,
            },
        )

    def _get(self, path: str, asked: Mapping[str, Any]) -> Answer:
        key = credentials(_SPEC)[_KEY]
        answer = self._client.get(
            f"{_API}/{path}",
            asked,
            headers={"x-goog-api-key": key},
            accept=(400, 401, 403, 404),
        )
        answer = replace(answer, body=answer.body.replace(key.encode(), b"***"))
        if answer.status == 200:
            return answer
        raise _refusal(answer, path)


_TOP = ("snippet", "topLevelComment")


def _refusal(answer: Answer, path: str) -> Exception:
    """What a refusal means, by the reasons that it gives."""
    try:
        told = part(answer.json(), "error")
    except FormatChangedError:
        told = None
    listed = [*_list(part(told, "errors")), *_list(part(told, "details"))]
    reasons = {clean(part(one, "reason")) for one in listed} - {""}
    reason = min(reasons, default="no reason given")[:60]
    if reasons & _SPENT:
        return RateLimitError(
            f"The quota of {_KEY} is spent until midnight Pacific time.",
            retry_after=seconds_to_midnight(datetime.now(UTC)),
        )
    if reasons & _TOO_FAST:
        return RateLimitError("YouTube asks for a pause.", retry_after=60)
    for known in (*_STALE, *_GONE, "commentsDisabled"):
        if known in reasons:
            return _RefusedError(f"YouTube gives nothing at {path}: {known}.", known)
    invalid = reasons & {"keyInvalid", "API_KEY_INVALID"}
    if answer.status in (401, 403) or invalid:
        return AuthenticationError(
            f"YouTube rejects {_KEY} ({answer.status}, {reason}): it is an API key of a project "
            f"with the YouTube Data API v3 switched on, which may be used from here; {_CONSOLE}"
        )
    if answer.status == 404:
        return UnavailableError(f"{_API}/{path} is not there (404).")
    return answer.changed(f"it refuses the request ({answer.status}, {reason})")


def seconds_to_midnight(now: datetime) -> float:
    """Seconds until YouTube's next day begins."""
    here = now.astimezone(_PACIFIC)
    next_day = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (next_day.astimezone(UTC) - now).total_seconds()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _items(answer: Answer) -> list[Any]:
    items = part(answer.json(), "items")
    if not isinstance(items, list):
        raise answer.changed("no items")
    return items


def _searches(params: Mapping[str, Any]) -> int | None:
    return count(str(params.get("searches") or "24"))


def _query(params: Mapping[str, Any], wanted: Wanted) -> str:
    """All terms as one search: searches are scarce."""
    terms = terms_of(_SPEC, params, wanted)
    own = terms if params.get("query") else ['"' + t.replace('"', " ") + '"' for t in terms]
    return "|".join(own)


def _named(params: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Channels and videos that a watch names, as ids.

    Raises:
        SettingsError: one is none.
    """
    channels = str(params.get("channels") or "").replace(",", " ").split()
    for told in channels:
        if not _CHANNEL.fullmatch(told):
            raise SettingsError(
                f"youtube: channels: {told!r} is no id of a channel; it begins with UC and stands "
                "on the channel's page: About, Share, Copy channel ID."
            )
    videos = []
    for told in str(params.get("videos") or "").replace(",", " ").split():
        found = _VIDEO.fullmatch(told)
        if found is None:
            raise SettingsError(f"youtube: videos: {told!r} is no id or address of a video.")
        videos.append(found[1])
    return list(dict.fromkeys(channels)), list(dict.fromkeys(videos))
