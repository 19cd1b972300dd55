"""Reddit, posts by search and whole subreddits, by its API (https://www.reddit.com/dev/api)."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import quote

from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.logs import keep_secret
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
from listening.sources.credentials import credentials
from listening.sources.errors import AuthenticationError, FormatChangedError, UnavailableError
from listening.sources.normalise import clean, count, moment, optional, part
from listening.sources.redditposts import is_gone, post_of
from listening.sources.searching import QUERY, bad_row, terms_of

_API = "https://oauth.reddit.com"
_TOKENS = "https://www.reddit.com/api/v1/access_token"
_ID, _SECRET = "LISTENING_REDDIT_CLIENT_ID", "LISTENING_REDDIT_CLIENT_SECRET"
_APPS = "https://www.reddit.com/prefs/apps"
_PAGE = 100
_PAGES = 10  # of a listing: it ends at about 1,000, however many there are
# The search finds posts a while after they were made; so much is read again each time.
_OVERLAP = timedelta(hours=1)
_FIRST = timedelta(days=7)
_AGAIN = 300  # of the latest posts, asked for by name each time: were they edited, are they gone?
_SOON = 60.0  # seconds before a token runs out at which it counts as expired
_SUBREDDIT = re.compile(r"/?(?:r/)?(\w{2,24})/?", re.ASCII)
_IN_TOKEN = re.compile(rb'("access_token"\s*:\s*")[^"]*')

_SPEC = SourceSpec(
    name="reddit",
    help="Posts of Reddit by search; every post and comment of the subreddits named.",
    settings=(
        QUERY,
        SourceSetting(
            name="subreddits",
            help="names, with commas: all their posts and comments are read, and the rest of "
            "Reddit is searched only where `query` is set too",
        ),
    ),
    credentials=(
        Credential(name=_ID, help="the id of a Reddit app of the kind script", where=_APPS),
        Credential(name=_SECRET, help="the secret of that Reddit app", where=_APPS),
    ),
    rate_limit="100 requests a minute; a listing ends at about 1,000",
    terms="https://redditinc.com/policies/data-api-terms",
    gives="text, title, author, address, time, score, number of comments, thread and what is "
    "replied to, crossposts, media; of the last 300 that were found, edits and deletions",
    lacks="comments outside of the subreddits named, followers, language, reposts, views",
    backfill=True,
    recent=True,
)


class _ClosedError(UnavailableError):
    """A subreddit or account that is private, banned or not there; the others go on."""


class Reddit:
    """Each listing from the newest back to what is known, then stored oldest first.

    Listings are told apart by time: one that begins after a post that was deleted is empty.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("reddit", rate="90/minute")
        self._token = ("", "", 0.0)  # of which app, what, until when

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Names of subreddits in one spelling."""
        names = _subreddits(params)
        return {**params, **({"subreddits": ", ".join(names)} if names else {})}

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was posted since, listing by listing; then what became of the latest."""
        began = datetime.now(UTC)
        state: dict[str, Any] = {"known": {}, "recent": [], **(cursor or {})}
        before: list[str] = list(state["recent"])
        met: set[str] = set()
        late: list[tuple[list[Any], Answer]] = []
        kept = wanted.mentions if params.get(KEEP_ALL.name) is not True else bool
        closed: _ClosedError | None = None
        for path, asked in _listings(params, wanted):
            name = f"{path} {asked['q']}" if "q" in asked else path
            try:
                fresh, rest, answer = self._span(
                    path, asked, moment(state["known"].get(name)), window, began
                )
            except _ClosedError as error:
                closed = closed or error
                continue
            late.append((rest, answer))
            for known, page in fresh:
                batch = _read(page, answer)
                met |= {post.native_id for post in batch.posts}
                state = _after(state, batch, kept)
                state["known"] = {**state["known"], name: known}
                yield replace(batch, cursor=state)
        # What is read again comes last: a pull that is stopped early gets on all the same.
        for rest, answer in chain(late, self._ask_again(before, met, window)):
            if rest:
                batch = _read(rest, answer)
                met |= {post.native_id for post in batch.posts}
                state = _after(state, batch, kept)
                yield replace(batch, cursor=state)
        if closed is not None:
            raise closed
        yield Batch(cursor=state, read_until=began)

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last posts and comments of somebody."""
        answer = self._get(
            f"/user/{quote(author_native_id, safe='')}/overview",
            {"sort": "new", "limit": min(most, _PAGE)},
        )
        return list(_read(_listing(answer)[0], answer).posts)[:most]

    def _span(
        self,
        path: str,
        asked: Mapping[str, Any],
        known: datetime | None,
        window: Window | None,
        now: datetime,
    ) -> tuple[list[tuple[int, list[Any]]], list[Any], Answer]:
        """What a listing has of a span of time.

        Pages of what is new, oldest first, each with what is then known; what is read again;
        and the answer that they are from.
        """
        begin = known or (window.since if window else now - _FIRST)
        since = begin - _OVERLAP if known and not window else begin
        until = window.until if window else now + _OVERLAP
        found, answer = self._newest(path, asked, since)
        dated = [(at or begin, child) for at, child in found if not at or since <= at < until]
        first = begin - timedelta(seconds=0 if known else 1)
        fresh = sorted((one for one in dated if one[0] > first), key=lambda one: one[0])
        pages = [fresh[start : start + _PAGE] for start in range(0, len(fresh), _PAGE)]
        return (
            [(int(page[-1][0].timestamp()), [child for _, child in page]) for page in pages],
            [child for at, child in dated if at <= first],
            answer,
        )

    def _newest(
        self, path: str, asked: Mapping[str, Any], since: datetime
    ) -> tuple[list[tuple[datetime | None, Any]], Answer]:
        """The things of a listing back to a moment, as far as it goes."""
        found: list[tuple[datetime | None, Any]] = []
        after: str | None = None
        for _ in range(_PAGES):
            answer = self._get(path, {**asked, "limit": _PAGE, "after": after})
            children, after = _listing(answer)
            page = [(moment(part(one, "data", "created_utc")), one) for one in children]
            found += page
            oldest = page[-1][0] if page else None
            if after is None or not page or (oldest is not None and oldest < since):
                break
        return found, answer

    def _ask_again(
        self, before: Sequence[str], met: set[str], window: Window | None
    ) -> Iterator[tuple[list[Any], Answer]]:
        """What has become of the latest posts that were not met in this pull."""
        names = [one for one in before if one not in met] if window is None else []
        for start in range(0, len(names), _PAGE):
            answer = self._get("/api/info", {"id": ",".join(names[start : start + _PAGE])})
            yield _listing(answer)[0], answer

    def _get(self, path: str, asked: Mapping[str, Any]) -> Answer:
        """An answer of the API; a token that has expired is renewed once."""
        for renewed in (False, True):
            token = self._access(anew=renewed)
            answer = self._refused_or(path, asked, token)
            if answer.status != 401:
                break
        else:
            raise AuthenticationError(
                f"Reddit rejects the token that it gave for {_ID} and {_SECRET} (401): is the app "
                f"still there, and approved? {_APPS}"
            )
        reason = clean(part(_json_or_none(answer), "reason")) or "it does not exist"
        of_one = path.startswith(("/r/", "/user/"))
        # A subreddit that never was leads to a search for its name.
        elsewhere = of_one and not answer.url.casefold().startswith(f"{_API}{path}".casefold())
        named = of_one and (answer.status == 404 or reason != "it does not exist")
        if elsewhere or (answer.status in (403, 404) and named):
            raise _ClosedError(f"Reddit has nothing to read at {path}: {reason[:100]}.")
        if answer.status == 403:
            raise AuthenticationError(
                f"Reddit does not let the app of {_ID} read {path} (403): is it approved? {_APPS}"
            )
        if answer.status == 404:
            raise UnavailableError(f"{_API}{path} is not there (404).")
        return answer

    def _refused_or(self, path: str, asked: Mapping[str, Any], token: str) -> Answer:
        answer = self._client.get(
            f"{_API}{path}",
            {**asked, "raw_json": 1},
            headers={"authorization": f"bearer {token}"},
            accept=(401, 403, 404),
        )
        body = answer.body.replace(token.encode(), b"***")
        return replace(answer, body=body.replace(credentials(_SPEC)[_SECRET].encode(), b"***"))

    def _access(self, *, anew: bool) -> str:
        """A token for the app, the one at hand as long as it lasts."""
        own = credentials(_SPEC)
        app, token, until = self._token
        pair = f"{own[_ID]}:{own[_SECRET]}"
        if not anew and app == pair and time.monotonic() < until:
            return token
        basic = base64.b64encode(pair.encode()).decode()
        keep_secret(basic)
        answer = self._client.request(
            "POST",
            _TOKENS,
            headers={
                "authorization": f"Basic {basic}",
                "content-type": "application/x-www-form-urlencoded",
            },
            content=b"grant_type=client_credentials",
            accept=(400, 401, 403),
        )
        if answer.status != 200:
            raise AuthenticationError(
                f"Reddit rejects {_ID} and {_SECRET}, the id and secret of an app "
                f"({answer.status}); compare them at {_APPS}"
            )
        # Whatever else it is, an answer that is not understood must tell no token.
        hidden = replace(answer, body=_IN_TOKEN.sub(rb"\1***", answer.body))
        hidden.json()
        told = answer.json()
        token = clean(part(told, "access_token"))
        if not token:
            raise hidden.changed("no access_token")
        keep_secret(token)
        lasts = (count(part(told, "expires_in")) or 3600) - _SOON
        self._token = (pair, token, time.monotonic() + lasts)
        return token


def _subreddits(params: Mapping[str, Any]) -> list[str]:
    names = []
    for told in str(params.get("subreddits") or "").replace(",", " ").split():
        found = _SUBREDDIT.fullmatch(told)
        if found is None:
            raise SettingsError(
                f"reddit: subreddits: {told!r} is no name of one; write --set subreddits=name,other"
            )
        names.append(found[1])
    return list(dict.fromkeys(names))


def _listings(params: Mapping[str, Any], wanted: Wanted) -> Iterator[tuple[str, dict[str, Any]]]:
    """What to read: path and parameters."""
    names, own = _subreddits(params), bool(str(params.get("query") or "").strip())
    for name in names:
        yield f"/r/{name}/new", {}
        yield f"/r/{name}/comments", {}
    if own or not names:
        for term in terms_of(_SPEC, params, wanted):
            asked = term if own else '"' + term.replace('"', " ") + '"'
            yield "/search", {"q": asked, "sort": "new", "t": "all", "type": "link"}


def _json_or_none(answer: Answer) -> Any:
    """What a refusal says in JSON; not all do."""
    try:
        return answer.json() if answer.status != 200 else None
    except FormatChangedError:
        return None


def _listing(answer: Answer) -> tuple[list[Any], str | None]:
    told = answer.json()
    children = part(told, "data", "children")
    if part(told, "kind") != "Listing" or not isinstance(children, list):
        raise answer.changed("no Listing")
    return children, optional(part(told, "data", "after"))


def _after(
    state: Mapping[str, Any], batch: Batch, kept: Callable[[RawPost], bool]
) -> dict[str, Any]:
    """The cursor once a batch is stored: what is to be asked for again is the latest."""
    latest = [post.native_id for post in batch.posts if kept(post)]
    away = {*latest, *(native for _, native in batch.deleted)}
    known = [native for native in state["recent"] if native not in away]
    return {**state, "recent": [*known, *latest][-_AGAIN:]}


def _read(children: Sequence[Any], answer: Answer) -> Batch:
    posts, bad, gone = [], [], []
    for child in children:
        found = post_of(child)
        if isinstance(found, RawPost):
            posts.append(found)
        elif is_gone(part(child, "data")):
            gone.append(("reddit", clean(part(child, "data", "name"))))
        else:
            bad.append(bad_row(answer.url, child, found))
    return Batch(cursor={}, posts=posts, bad_rows=bad, deleted=gone)
