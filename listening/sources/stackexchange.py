"""Stack Exchange, any of its sites: questions and answers (https://api.stackexchange.com/docs)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.importing.rows import BadRow
from listening.sources.base import (
    ANYTHING,
    Batch,
    Credential,
    PostKind,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.credentials import credentials
from listening.sources.errors import (
    AuthenticationError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.normalise import (
    clean,
    count,
    html_text,
    moment,
    optional,
    part,
    web_address,
    words,
)
from listening.sources.searching import QUERY, bad_row, terms_of
from listening.sources.servers import server_of

_API = "https://api.stackexchange.com/2.3"
_HOME = "stackoverflow"
_KEY = "LISTENING_STACKEXCHANGE_KEY"
_PAGE = 100
_PAGES = 25  # of one query that are shown without an account
_SEARCH, _POSTS, _USERS = "search/excerpts", "posts", "users/posts"  # each with its own back-off
# Posts are found by the search a while after they were made; so much is read again each time.
_OVERLAP = timedelta(hours=1)
_FIRST = timedelta(days=7)
_EDITS = timedelta(days=30)  # how old a post may be whose edits are still read
_SITE = re.compile(r"[a-z0-9][a-z0-9.-]*")
_PAUSE = re.compile(r"in (\d{1,6}) seconds")
_REFUSED = (401, 402, 403, 405, 406)  # error ids: the key, or what it may do

_SPEC = SourceSpec(
    name="stackexchange",
    help="Questions and answers of one Stack Exchange site by search.",
    settings=(
        SourceSetting(name="site", help="such as stackoverflow, superuser, travel", default=_HOME),
        QUERY,
    ),
    credentials=(
        Credential(
            name=_KEY,
            help="key of a registered app: 10,000 requests a day rather than 300",
            where="https://stackapps.com/apps/oauth/register",
            optional=True,
        ),
    ),
    rate_limit="300 requests a day, 10,000 with a key; two for a hundred posts",
    terms="https://stackoverflow.com/legal/api-terms-of-use",
    gives="text, title and tags of questions, author, address, time, score as likes, number of "
    "answers, thread and question that is answered, edits of the last 30 days",
    lacks="comments, language, followers, views, handles, deletions, posts of accounts that are "
    "gone, scores below zero",
    backfill=True,
    recent=True,
    try_with={},
)


class StackExchange:
    """One search a term, oldest first; what it finds is then read whole, a hundred at once.

    Of a term the cursor has `until`, when it was last read to the end, or, while it is being
    read, `at`, how far: by last activity, so that edits are found; by making in a back-fill.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("stackexchange", rate="30/minute")
        self._until: dict[str, float] = {}  # when a method may be asked again

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The site as the platform names it: an address is taken too."""
        typed = clean(params.get("site", _HOME)).casefold()
        site = typed
        if "." in typed or "/" in typed:
            host = server_of("stackexchange: site", typed, _HOME)
            site = host.removeprefix("http://").removeprefix("www.")
            if site.endswith(".stackexchange.com"):
                site = site.removesuffix(".stackexchange.com")
            elif site.endswith(".com"):
                site = site.removesuffix(".com")
        if not _SITE.fullmatch(site):
            raise SettingsError(
                f"stackexchange: {typed!r} is no site; write its name, such as {_HOME} or travel."
            )
        return {**params, "site": site}

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was posted or edited since, term by term."""
        site = str(params.get("site", _HOME))
        began = datetime.now(UTC).replace(microsecond=0)
        state = dict(cursor or {})
        terms = terms_of(_SPEC, params, wanted)
        for term in sorted(terms, key=lambda one: _turn(state.get(one))):
            for posts, bad, reached in self._pages(site, term, state.get(term), window, began):
                state = {**state, term: reached}
                yield Batch(cursor=state, posts=posts, bad_rows=bad)
        yield Batch(cursor=state, read_until=None if window else began)

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last questions and answers of somebody."""
        site, _, user = author_native_id.rpartition("/")
        if not site or count(user) is None:
            raise UnavailableError(f"{author_native_id!r} is no account of Stack Exchange.")
        answer, found = self._ask(
            _USERS,
            f"users/{user}/posts",
            {
                "site": site,
                "sort": "creation",
                "order": "desc",
                "pagesize": min(most, _PAGE),
                "filter": "withbody",
            },
        )
        return _read(_items(answer, found), {}, answer, site)[0][:most]

    def _pages(
        self, site: str, term: str, known: Any, window: Window | None, began: datetime
    ) -> Iterator[tuple[list[RawPost], list[tuple[str, BadRow]], dict[str, Any]]]:
        """Posts of a page, what could not be read, and how far it then is."""
        at, until = moment(part(known, "at")), moment(part(known, "until"))
        if window is not None:
            if part(known, "done"):
                return
            sort, lower = "creation", "fromdate"
            bounds = {"todate": _seconds(window.until), lower: _seconds(at or window.since)}
        else:
            sort, lower = "activity", "min"
            since = until - _OVERLAP if until else began - _FIRST
            oldest = moment(part(known, "from")) or (since - _EDITS if until else since)
            bounds = {lower: _seconds(at or since), "fromdate": _seconds(oldest)}
        page, seen = 1, set[str]()
        while True:
            answer, found = self._ask(
                _SEARCH,
                _SEARCH,
                {
                    "q": f'"{term}"' if " " in term else term,
                    "site": site,
                    "sort": sort,
                    "order": "asc",
                    "page": page,
                    "pagesize": _PAGE,
                    **bounds,
                },
            )
            hits = _items(answer, found)
            posts, bad = self._whole(site, [hit for hit in hits if _id(hit) not in seen], answer)
            seen |= {native for hit in hits if (native := _id(hit))}
            if window is not None:
                posts = [post for post in posts if window.since <= post.published_at < window.until]
            dates = [made for hit in hits if (made := count(part(hit, _DATES[sort])))]
            reached = max([bounds[lower], *dates])
            more = part(found, "has_more") is True and bool(hits) and page < _PAGES
            if not more:
                yield posts, bad, {"done": True} if window else {"until": _seconds(began)}
                return
            yield posts, bad, {"at": reached, "from": bounds["fromdate"]}
            # On by time, not by page: what was edited meanwhile moves the pages.
            page = 1 if reached > bounds[lower] else page + 1
            bounds = {**bounds, lower: reached}

    def _whole(
        self, site: str, hits: list[Any], answer: Answer
    ) -> tuple[list[RawPost], list[tuple[str, BadRow]]]:
        """What a search found, read whole: it shows neither texts nor authors."""
        known = {native: hit for hit in hits if (native := _id(hit))}
        bad = [bad_row(answer.url, hit, "question_id") for hit in hits if _id(hit) is None]
        if not known:
            return [], bad
        told, found = self._ask(
            _POSTS,
            f"posts/{';'.join(known)}",
            {"site": site, "pagesize": _PAGE, "filter": "withbody"},
        )
        posts, unread = _read(_items(told, found), known, told, site)
        return posts, bad + unread

    def _ask(self, method: str, path: str, query: Mapping[str, Any]) -> tuple[Answer, Any]:
        """An answer; what it says of limits is obeyed from the next request on."""
        now = time.time()
        wait = max(self._until.get(method, 0.0), self._until.get("", 0.0)) - now
        if wait > 0:
            raise RateLimitError("Stack Exchange asks for a pause.", retry_after=wait)
        # The key is no secret to the platform, which takes it nowhere but in the address.
        answer = self._client.get(
            f"{_API}/{path}", {**query, "key": credentials(_SPEC).get(_KEY)}, accept=(400,)
        )
        found = answer.json()
        if answer.status == 400 or part(found, "error_id") is not None:
            raise _error(answer, found, str(query.get("site")))
        if backoff := count(part(found, "backoff")):
            self._until[method] = now + backoff
        if count(part(found, "quota_remaining")) == 0:
            self._until[""] = now + 86_400 - now % 86_400  # it is filled again at midnight UTC
        return answer, found


def _turn(state: Any) -> int:
    """What is half read comes first, then what never was, then what was read longest ago."""
    return -1 if part(state, "at") else count(part(state, "until")) or 0


_DATES = {"activity": "last_activity_date", "creation": "creation_date"}


def _seconds(when: datetime) -> int:
    return int(when.timestamp())


def _items(answer: Answer, found: Any) -> list[Any]:
    items = part(found, "items")
    if not isinstance(items, list):
        raise answer.changed("no items")
    return items


def _id(hit: Any) -> str | None:
    """The id of what was found: an answer has that of its question too."""
    native = count(part(hit, "answer_id")) or count(part(hit, "question_id"))
    return None if native is None else str(native)


def _error(answer: Answer, found: Any, site: str) -> Exception:
    """What a refusal means: the platform says it in numbers of its own."""
    number, said = count(part(found, "error_id")), clean(part(found, "error_message"))[:200]
    if number == 502:
        told = _PAUSE.search(said)
        return RateLimitError(
            f"Stack Exchange: {said}", retry_after=float(told[1]) if told else None
        )
    if number in _REFUSED or "`key`" in said:
        return AuthenticationError(f"Stack Exchange does not let us in: {said} ({_KEY})")
    if number in (500, 503):
        return UnavailableError(f"Stack Exchange: {said}")
    if number == 400 and "site" in said:
        return SettingsError(f"stackexchange: there is no site {site!r} ({said}).")
    return answer.changed(said or f"status {answer.status}")


def _read(
    items: list[Any], hits: Mapping[str, Any], answer: Answer, site: str
) -> tuple[list[RawPost], list[tuple[str, BadRow]]]:
    posts, bad = [], []
    for one in items:
        if part(one, "owner", "user_type") == "does_not_exist":
            continue  # whose account is gone is nobody's any more
        found = _post(one, hits.get(str(part(one, "post_id"))), site)
        if isinstance(found, RawPost):
            posts.append(found)
        else:
            # The place on a page that moves on says nothing: the same row is to stay the same.
            bad.append(bad_row(answer.url, one, found))
    return posts, bad


def _post(one: Any, hit: Any, site: str) -> RawPost | str:
    """A post, with what the search told of it; or which field is missing."""
    native, user = count(part(one, "post_id")), count(part(one, "owner", "user_id"))
    published = moment(part(one, "creation_date"))
    if native is None or user is None or published is None:
        return "post_id" if native is None else "owner" if user is None else "creation_date"
    text, links = html_text(part(one, "body"))
    question = part(one, "post_type") != "answer"
    title = _plain(part(one, "title")) or _plain(part(hit, "title"))
    asked = native if question else count(part(hit, "question_id"))
    thread = None if asked is None else f"{site}/{asked}"
    pictured = "<img" in clean(part(one, "body"))
    return RawPost(
        source="stackexchange",
        native_id=f"{site}/{native}",
        author_native_id=f"{site}/{user}",
        author_name=_plain(part(one, "owner", "display_name")),
        text=text or (title if question and title else ""),
        title=title if question else None,
        url=web_address(part(one, "link")),
        published_at=published,
        kind=PostKind.POST if question else PostKind.REPLY,
        reply_to=None if question else thread,
        thread=thread,
        likes=count(part(one, "score")),
        replies=count(part(hit, "answer_count")) if question else None,
        media=(*(("image",) if pictured else ()), *(("link",) if links else ())),
        links=links,
        tags=words(part(hit, "tags")) if question else (),
    )


def _plain(value: Any) -> str | None:
    """A title or name: they come ready for HTML."""
    return optional(unescape(value)) if isinstance(value, str) else None
