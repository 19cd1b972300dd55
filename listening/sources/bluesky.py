"""Bluesky by its own search (https://docs.bsky.app), logged in with an app password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching.http import Answer, Client, origin_of
from listening.importing.rows import BadRow
from listening.sources.base import (
    ANYTHING,
    KEEP_ALL,
    Batch,
    Credential,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.blueskyauthors import PROFILES, Ask, Authors, everybody, recent_posts, said
from listening.sources.blueskyposts import GIVES, post_of_view
from listening.sources.blueskysession import Session
from listening.sources.credentials import credentials
from listening.sources.normalise import moment, optional, part
from listening.sources.searching import QUERY, bad_row, terms_of

_SEARCH = "app.bsky.feed.searchPosts"
_PAGE = 100
# So many posts down one list; then another begins where it ended, as lists do not go on for ever.
_LIST = 5000
_SHORT = 1000  # posts at which a list is taken to have ended of itself
# Posts come into the index a while after they were made; so much is read again each time.
_OVERLAP = timedelta(minutes=10)
_FIRST = timedelta(days=7)
_TICK = timedelta(milliseconds=1)
_HANDLE, _PASSWORD = "LISTENING_BLUESKY_HANDLE", "LISTENING_BLUESKY_APP_PASSWORD"
_APP_PASSWORDS = "https://bsky.app/settings/app-passwords"

_SPEC = SourceSpec(
    name="bluesky",
    help="Posts of Bluesky, by its search.",
    settings=(
        QUERY,
        SourceSetting(
            name="service",
            help="address of the personal data server to log in at",
            default="https://bsky.social",
        ),
        PROFILES,
    ),
    credentials=(
        Credential(name=_HANDLE, help="handle of an account, such as name.bsky.social"),
        Credential(name=_PASSWORD, help="an app password of it", where=_APP_PASSWORDS),
    ),
    rate_limit="3,000 requests in 5 minutes; 30 logins in 5 minutes, 300 a day",
    terms="https://bsky.social/about/support/tos",
    gives=f"{GIVES}, likes, reposts, replies, quotes, whether verified",
    lacks="views, declared location, edits, deletions",
    backfill=True,
    recent=True,
    goes_on_with=(PROFILES.name,),
)


class Bluesky:
    """One search a term, from the newest post back to what is known, so that none is skipped."""

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("bluesky", rate="8/second; 2400/5 minutes")
        self._session = Session(self._client)

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The server is an address, and the password does not travel in the clear."""
        found = dict(params)
        if "service" in found:
            found["service"] = _origin(str(found["service"]))
        return found

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was posted since, page by page, the newest first."""
        ask = self._asking(params)
        authors = Authors(ask if params.get(PROFILES.name, True) else None)
        whose = everybody if params.get(KEEP_ALL.name) is True else wanted.mentions
        until = window.until if window else _now()
        queries = [str(params["query"])] if params.get("query") else []
        queries = queries or list(dict.fromkeys(map(_quoted, terms_of(_SPEC, params, wanted))))
        # Terms that are searched for no longer are forgotten.
        known = part(cursor, "terms")
        state = {query: dict(part(known, query) or {}) for query in queries}
        for query in queries:
            for posts, bad in _walks(ask, query, state[query], until, window):
                yield Batch(
                    cursor={"terms": {name: dict(own) for name, own in state.items()}},
                    posts=authors.add_to(posts, whose),
                    bad_rows=bad,
                    read_until=_read_until(state),
                )

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last posts of somebody."""
        return recent_posts(self._asking(params), author_native_id, most)

    def _asking(self, params: Mapping[str, Any]) -> Ask:
        service = _origin(str(params.get("service") or "https://bsky.social"))
        held = credentials(_SPEC)
        handle, password = held[_HANDLE].removeprefix("@"), held[_PASSWORD]

        def ask(method: str, given: Mapping[str, Any]) -> Answer:
            return self._session.ask(service, handle, password, method, given)

        return ask


def _walks(
    ask: Ask, query: str, own: dict[str, Any], until: datetime, window: Window | None
) -> Iterator[tuple[list[RawPost], list[tuple[str, BadRow]]]]:
    """Pages of a query until everything up to a moment is read; `own` is what the cursor keeps.

    Attributes of `own`: `read`, everything before is read; and while a walk is on its way
    back `from` there `to` the moment where it began, `below`, everything from there on is read.
    """
    read = moment(own.get("read"))
    while read is None or read < until:
        since, end, below = (moment(own.get(name)) for name in ("from", "to", "below"))
        if since is None or end is None:
            since = window.since if window else (read - _OVERLAP if read else until - _FIRST)
            end, below = until, None
            own |= {"from": since.isoformat(), "to": end.isoformat()}
        for page in _pages(ask, query, since, below or end):
            posts = [post for post in page.posts if since <= post.published_at < end]
            if page.below is not None:
                own["below"] = page.below.isoformat()
            if page.last:
                own.clear()
                own["read"] = end.isoformat()
            yield posts, page.bad
        read = end


class _Page:
    """One answer of a search.

    Attributes:
        posts, bad: as read.
        oldest: of its posts.
        below: a search for what is older than this goes on after it.
        last: nothing follows.
    """

    def __init__(self, answer: Answer) -> None:
        views = part(answer.json(), "posts")
        if not isinstance(views, list):
            raise answer.changed("no posts")
        self.posts: list[RawPost] = []
        self.bad: list[tuple[str, BadRow]] = []
        self.size, self.last = len(views), False
        for view in views:
            found = post_of_view(view)
            if isinstance(found, RawPost):
                self.posts.append(found)
            elif found is not None:
                self.bad.append(bad_row(answer.url, view, found))
        self.next = optional(part(answer.json(), "cursor"))
        self.oldest = min((post.published_at for post in self.posts), default=None)
        # Of the oldest millisecond all are asked for again: several may have been made in it.
        self.below = self.oldest and self.oldest + _TICK


def _pages(ask: Ask, query: str, since: datetime, until: datetime) -> Iterator[_Page]:
    """Everything between two moments, the newest first; the last page says so."""
    at, read = None, 0
    while True:
        page = _search(ask, query, since, until, at)
        read += page.size
        at = page.next
        if page.oldest is not None and page.oldest < since:
            page.last = True  # a server that does not know `since`
        elif not page.size or at is None or read >= _LIST:
            page.last = read < _SHORT or page.below is None or page.below >= until
            if page.below is not None and not page.last:
                until, at, read = page.below, None, 0
        yield page
        if page.last:
            return


def _search(ask: Ask, query: str, since: datetime, until: datetime, at: str | None) -> _Page:
    answer = ask(
        _SEARCH,
        {
            "q": query,
            "sort": "latest",
            "since": _written(since),
            "until": _written(until),
            "limit": _PAGE,
            "cursor": at,
        },
    )
    if answer.status == 400:
        raise answer.changed(f"it refuses the search ({said(answer)})")
    return _Page(answer)


def _read_until(state: Mapping[str, Mapping[str, Any]]) -> datetime | None:
    """Until when everything is read, of every term."""
    moments = [moment(own.get("read")) for own in state.values()]
    found = [at for at in moments if at is not None]
    return min(found) if len(found) == len(moments) and found else None


def _quoted(term: str) -> str:
    """A term as the search wants it: its marks left out, as words are found with and without."""
    bare = term.lstrip("@#").replace('"', " ").strip()
    return bare if re.fullmatch(r"\w+", bare) else f'"{bare}"'


def _origin(service: str) -> str:
    scheme, _, _ = origin_of(service)
    place = urlsplit(service).netloc
    if "@" in place:
        raise SettingsError("bluesky: service holds no password; that is an app password's place.")
    if scheme == "http" and not get_settings().sources_allow_private:
        raise SettingsError("bluesky: service begins with https://, as a password goes there.")
    return f"{scheme}://{place}"


def _now() -> datetime:
    return datetime.now(UTC)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
