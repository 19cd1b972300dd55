"""Mastodon, any instance: hashtags, the public timeline, search (https://docs.joinmastodon.org)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote

from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.importing.rows import BadRow
from listening.logs import keep_secret
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
from listening.sources.errors import AuthenticationError, UnavailableError
from listening.sources.mastodonposts import post_of, tag_of
from listening.sources.normalise import moment, optional, part
from listening.sources.searching import bad_row
from listening.sources.servers import base_of, host_of, server_of

_HOME = "mastodon.social"
_TOKEN = "LISTENING_MASTODON_TOKEN"  # noqa: S105  a name
_PAGE = 40
# Posts of other instances arrive a while after they were made, with ids of when they were made.
_OVERLAP = timedelta(minutes=10)
_FIRST = timedelta(days=7)
_FIRST_PUBLIC = timedelta(hours=1)
_MOST_TAGS = 20
_SHIFT = 16  # an id of Mastodon is milliseconds since 1970 and so many bits of something else
_LINK = re.compile(r'<([^<>]*)>\s*;\s*rel="?(next|prev)"?')

_SPEC = SourceSpec(
    name="mastodon",
    help="Posts of Mastodon by hashtag, the public timeline or search, as one instance sees them.",
    settings=(
        SourceSetting(name="instance", help="the server that is asked", default=_HOME),
        SourceSetting(
            name="hashtags", help="with commas; none: the brand's names, letters and digits only"
        ),
        SourceSetting(
            name="public",
            help="the public timeline too: local (of the instance), remote or all",
            default="no",
        ),
    ),
    credentials=(
        Credential(
            name=_TOKEN,
            help="access tokens with read:search and read:statuses, each as instance=token, with "
            "spaces between; where there is one for the instance, it is searched as well",
            where="https://docs.joinmastodon.org/client/token/",
            optional=True,
        ),
    ),
    rate_limit="300 requests in 5 minutes",
    terms="https://mastodon.social/terms-of-service",
    gives="text, content warning as title, author with name and followers, address, time, "
    "language, favourites, boosts, replies, quotes, media, hashtags, boosts and quotes of what",
    lacks="posts without the hashtag unless searched, which post is replied to, views, deletions, "
    "edits later than ten minutes; recent posts of accounts that opted out (noindex, not "
    "discoverable) are not read",
    backfill=True,
    recent=True,
    try_with={},
)


@dataclass(frozen=True, slots=True)
class _Page:
    """Posts of one answer, the newest first, and the ids to go on from."""

    posts: Sequence[RawPost] = ()
    bad: Sequence[tuple[str, BadRow]] = ()
    newer: str | None = None
    older: str | None = None
    oldest: datetime | None = None

    def within(self, since: datetime, until: datetime | None) -> _Page:
        """The same with the posts of a span only."""
        kept = [
            post
            for post in self.posts
            if since <= post.published_at and (until is None or post.published_at < until)
        ]
        return _Page(kept, self.bad, self.newer, self.older, self.oldest)


_Ask = Callable[[Mapping[str, str | None]], _Page]
_Step = tuple[_Page | None, dict[str, Any]]


class Mastodon:
    """One listing a hashtag: first from the newest back, then forward from what is known.

    Of a listing the cursor has either `known`, up to where everything is read; or `up`, how far a
    reading forward has come; or `down`, how far one back from `top` has. `read` is when.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("mastodon", rate="300/5 minutes")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The instance and the hashtags in one spelling."""
        found = dict(params)
        found["instance"] = server_of("mastodon: instance", params.get("instance", _HOME), _HOME)
        if given := str(params.get("hashtags") or ""):
            tags = [(one, tag_of(one)) for one in re.split(r"[,\s]+", given) if one]
            for one, tag in tags:
                if not tag:
                    raise SettingsError(
                        f"mastodon: {one!r} is no hashtag: it needs a letter; write "
                        "--set hashtags=one,two."
                    )
            found["hashtags"] = ",".join(dict.fromkeys(tag for _, tag in tags))
        public = str(params.get("public", "no")).casefold()
        if public not in ("no", "local", "remote", "all"):
            raise SettingsError(f"mastodon: public is local, remote, all or no, not {public!r}.")
        found["public"] = public
        _token(found["instance"])
        return found

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what is new in each listing, one after the other."""
        began = datetime.now(UTC)
        instance = params.get("instance", _HOME)
        token = _token(instance)
        state = dict(cursor or {})
        listings = _listings(params, wanted, token)
        for name, path, query in sorted(listings, key=lambda one: _turn(state.get(one[0]))):

            def ask(
                bounds: Mapping[str, str | None],
                path: str = path,
                query: Mapping[str, str] = query,
            ) -> _Page:
                return self._page(instance, token, path, {**query, **bounds})

            known = state.get(name)
            for page, reached in _steps(
                ask, known if isinstance(known, dict) else {}, window, began, name
            ):
                state = {**state, name: reached}
                if page is None:
                    state[name] |= {"read": began.timestamp()}
                else:
                    yield Batch(cursor=state, posts=page.posts, bad_rows=page.bad)
        yield Batch(cursor=state, read_until=None if window else began)

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last public posts and boosts of somebody who did not opt out of being found."""
        instance = params.get("instance", _HOME)
        token = _token(instance)
        host = host_of(author_native_id)
        name = author_native_id.rstrip("/").rpartition("/")[2].lstrip("@")
        if not host or not name:
            raise UnavailableError(f"{author_native_id!r} is no account of Mastodon.")
        answer = self._get(
            f"{base_of(instance)}/api/v1/accounts/lookup",
            {"acct": f"{name}@{host}"},
            token,
        )
        account = answer.json()
        native = optional(part(account, "id"))
        if native is None:
            raise answer.changed("an account without id")
        if any(account.get(told) is True for told in ("noindex", "suspended", "limited")):
            return []
        if account.get("discoverable") is False:
            return []
        path = f"/api/v1/accounts/{quote(native, safe='')}/statuses"
        limit = {"limit": str(min(most, _PAGE))}
        return list(self._page(instance, token, path, limit).posts)[:most]

    def _page(
        self, instance: str, token: str | None, path: str, query: Mapping[str, str | None]
    ) -> _Page:
        answer = self._get(base_of(instance) + path, {"limit": str(_PAGE), **query}, token)
        if answer.status == 404:
            if path.startswith("/api/v1/timelines/tag/") and b'"error"' in answer.body:
                return _Page()  # a hashtag that nobody has used yet
            raise UnavailableError(f"{instance} has no {path}.")
        found = answer.json()
        statuses = part(found, "statuses") if path.endswith("/search") else found
        if not isinstance(statuses, list):
            raise answer.changed("no list of statuses")
        return _read(statuses, answer)

    def _get(self, url: str, query: Mapping[str, str | None], token: str | None) -> Answer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self._client.get(url, query, headers=headers, accept=(404, 422))
        if answer.status == 404 and "/accounts/" in url:
            raise UnavailableError("The account is gone.")
        if answer.status == 422:  # so instances say it that show nothing without an account
            raise AuthenticationError(
                f"{host_of(url)} shows this to nobody without a token; set {_TOKEN}, or "
                "ask another instance."
            )
        return answer


def _listings(
    params: Mapping[str, Any], wanted: Wanted, token: str | None
) -> list[tuple[str, str, dict[str, str]]]:
    """Name, path and query of everything to read."""
    given = str(params.get("hashtags") or "")
    tags = given.split(",") if given else [tag_of(term) for term in wanted.terms]
    tags = [tag for tag in dict.fromkeys(tags) if tag]
    listings: list[tuple[str, str, dict[str, str]]] = [
        (f"tag/{tag}", f"/api/v1/timelines/tag/{quote(tag)}", {}) for tag in tags
    ]
    public = params.get("public", "no")
    if public != "no":
        of = {} if public == "all" else {str(public): "true"}
        listings.append((f"public/{public}", "/api/v1/timelines/public", of))
    if token:
        listings += [
            (f"search/{term}", "/api/v2/search", {"q": f'"{term}"', "type": "statuses"})
            for term in wanted.terms
        ]
    if not listings or len(tags) > _MOST_TAGS or len(listings) > 2 * _MOST_TAGS:
        raise SettingsError(
            f"mastodon: the query of {wanted.brand or 'the brand'} names "
            + ("too many words" if listings else "no word that is a hashtag")
            + "; say which to read: --set hashtags=..."
        )
    return listings


def _turn(state: Any) -> float:
    """What is half read comes first, then what never was, then what was read longest ago."""
    if part(state, "up") or part(state, "down"):
        return -1.0
    read = part(state, "read")
    return float(read) if isinstance(read, int | float) else 0.0


def _steps(
    ask: _Ask, state: Mapping[str, Any], window: Window | None, began: datetime, name: str
) -> Iterator[_Step]:
    """Pages of a listing, each with where it then stands; the last without a page."""
    search = name.startswith("search/")
    if window is not None:
        return _down(ask, state, window.since, window.until)
    if not search and (state.get("up") or (state.get("known") and not state.get("down"))):
        return _up(ask, state)
    first = _FIRST_PUBLIC if name.startswith("public/") else _FIRST
    return _down(ask, state, began - first, None)


def _up(ask: _Ask, state: Mapping[str, Any]) -> Iterator[_Step]:
    """Forward: what came right after what is known, page after page."""
    at = str(state.get("up") or _earlier(str(state["known"])))
    top = str(state.get("up") or state["known"])
    while (page := ask({"min_id": at})).newer is not None:
        if _rank(page.newer) <= _rank(at):
            break
        at = page.newer
        top = max(top, at, key=_rank)
        yield page, {"up": at}
    yield None, {"known": top}


def _down(
    ask: _Ask, state: Mapping[str, Any], since: datetime, until: datetime | None
) -> Iterator[_Step]:
    """Back from the newest, or from the end of a window, to what is known or too old."""
    if state.get("done"):
        return
    known, top, down = (state.get(name) for name in ("known", "top", "down"))
    kept = {"known": known} if known else {}
    floor = _earlier(str(known)) if known else None
    if until is not None and down is None:
        newest = ask({}).newer
        down = _id_at(until) if newest and _is_timed(newest) else None
    while (page := ask({"max_id": down})).older is not None:
        if down is not None and _rank(page.older) >= _rank(down):
            break
        top, down = top or page.newer, page.older
        yield page.within(since, until), {**kept, "top": top, "down": down}
        if (page.oldest and page.oldest < since) or (floor and _rank(down) <= _rank(floor)):
            break
    if until is not None:
        yield None, {"done": True}
    elif top or known:
        yield None, {"known": top or known}


def _rank(native: str) -> tuple[int, str]:
    """Ids in their order; those of other software are texts of one length."""
    return len(native), native


def _is_timed(native: str) -> bool:
    return native.isascii() and native.isdigit() and 16 < len(native) < 20


def _id_at(when: datetime) -> str:
    return str(int(when.timestamp() * 1000) << _SHIFT)


def _earlier(native: str) -> str:
    """The id that a post made a little earlier would have."""
    if not _is_timed(native):
        return native
    back = int(_OVERLAP.total_seconds() * 1000) << _SHIFT
    return str(max(int(native) - back, 1))


def _read(statuses: list[Any], answer: Answer) -> _Page:
    posts, bad = [], []
    for status in statuses:
        found = post_of(status)
        if isinstance(found, RawPost):
            posts.append(found)
        elif found is not None:
            # The place on a page that moves on says nothing: the same row is to stay the same.
            bad.append(bad_row(answer.url, status, found))
    ids = [native for status in statuses if (native := optional(part(status, "id")))]
    moments = [at for status in statuses if (at := moment(part(status, "created_at")))]
    turns = dict.fromkeys(("prev", "next"))
    for address, turn in _LINK.findall(answer.headers.get("link", "")):
        query = parse_qs(address.partition("?")[2])
        told = query.get("min_id" if turn == "prev" else "max_id")
        turns[turn] = told[0] if told else None
    return _Page(
        posts,
        bad,
        newer=turns["prev"] or max(ids, key=_rank, default=None),
        older=turns["next"] or min(ids, key=_rank, default=None),
        oldest=min(moments, default=None),
    )


def _token(instance: str) -> str | None:
    """The token of this very instance: no other is ever told it."""
    given = credentials(_SPEC).get(_TOKEN, "")
    tokens = {}
    for pair in given.split():
        name, equals, token = pair.partition("=")
        keep_secret(token or pair)
        if not equals or not token:
            raise SettingsError(
                f"{_TOKEN}: write instance=token, such as {_HOME}=..., so that no other instance "
                "is told it."
            )
        tokens[server_of(_TOKEN, name, _HOME)] = token
    return tokens.get(instance)
