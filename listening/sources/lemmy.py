"""Lemmy, any instance: posts and comments by search and by community, by version 3 of its API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.importing.rows import BadRow
from listening.sources.base import (
    ANYTHING,
    Batch,
    PostKind,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.errors import UnavailableError
from listening.sources.normalise import (
    clean,
    count,
    html_text,
    links_in,
    moment,
    optional,
    part,
    web_address,
)
from listening.sources.searching import QUERY, bad_row, terms_of
from listening.sources.servers import base_of, host_of, server_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_HOME = "lemmy.world"
_API = "/api/v3"
_PAGE = 50
# Posts of other instances arrive a while after they were made; so much is read again each time.
_OVERLAP = timedelta(hours=1)
_FIRST = timedelta(days=7)
_COMMUNITY = re.compile(r"\w+(@[\w.-]+)?", re.ASCII)
_LONGEST = 50_000  # characters of a post
_FENCE = re.compile(r"^:::[ \t]*(?:spoiler\b)?", re.MULTILINE)
_PICTURE = re.compile(r"\.(jpe?g|png|gif|webp|avif)$", re.IGNORECASE)

_SPEC = SourceSpec(
    name="lemmy",
    help="Posts and comments of Lemmy by search or of whole communities, as one instance has them.",
    settings=(
        SourceSetting(name="instance", help="the server that is asked", default=_HOME),
        QUERY,
        SourceSetting(
            name="communities",
            help="with commas, such as technology or technology@lemmy.world: everything in them "
            "is read, and with a query only they are searched; none: all are searched",
        ),
    ),
    rate_limit="set by each instance; 60 requests a minute are asked for",
    terms="https://legal.lemmy.world/tos/",
    gives="text, title, author, address, time, upvotes, replies, pictures and links, thread, "
    "community as tag, deletions by author or moderator while they are listed",
    lacks="language, followers, views, which comment is replied to unless it is the post, edits "
    "later than an hour",
    backfill=True,
    recent=True,
    try_with={},
)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is in one answer, the newest first, and what asks for the next."""

    posts: Sequence[RawPost]
    bad: Sequence[tuple[str, BadRow]]
    deleted: Sequence[tuple[str, str]]
    deleted_authors: Sequence[tuple[str, str]]
    last: datetime | None
    following: int | str | None


_Ask = Callable[[int | str | None], _Page]


class Lemmy:
    """Listings from the newest back to what is known.

    Of a listing the cursor has `until`, when it was last read to the end, and, while one is being
    read, `began` and the `next` page.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("lemmy", rate="60/minute")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The instance and the communities in one spelling."""
        found = dict(params)
        found["instance"] = server_of("lemmy: instance", params.get("instance", _HOME), _HOME)
        if given := str(params.get("communities") or ""):
            names = [
                one.removeprefix("/").removeprefix("c/").removeprefix("!")
                for one in re.split(r"[,\s]+", given)
                if one
            ]
            for name in names:
                if not _COMMUNITY.fullmatch(name):
                    raise SettingsError(
                        f"lemmy: {name!r} is no community; write its name, such as technology or "
                        "technology@lemmy.world."
                    )
            found["communities"] = ",".join(dict.fromkeys(name.lower() for name in names))
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
        base = base_of(params.get("instance", _HOME)) + _API
        state = dict(cursor or {})
        listings = _listings(params, wanted)
        for name, path, query in sorted(listings, key=lambda one: _turn(state.get(one[0]))):

            def ask(
                at: int | str | None, path: str = path, query: Mapping[str, str] = query
            ) -> _Page:
                turn = {"page_cursor": at} if isinstance(at, str) else {"page": at or 1}
                answer = self._client.get(base + path, {**query, "limit": _PAGE, **turn})
                return _page(answer, "comments" if _is_comments(path, query) else "posts", at)

            known = state.get(name)
            for page, reached in _steps(
                ask, known if isinstance(known, dict) else {}, window, began
            ):
                state = {**state, name: reached}
                yield Batch(
                    cursor=state,
                    posts=page.posts,
                    bad_rows=page.bad,
                    deleted=page.deleted,
                    deleted_authors=page.deleted_authors,
                )
        yield Batch(cursor=state, read_until=None if window else began)

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last posts and comments of somebody, as far as the instance knows them."""
        host, name = host_of(author_native_id), author_native_id.rstrip("/").rpartition("/")[2]
        if not host or not name:
            raise UnavailableError(f"{author_native_id!r} is no account of Lemmy.")
        answer = self._client.get(
            f"{base_of(params.get('instance', _HOME))}{_API}/user",
            {"username": f"{name}@{host}", "sort": "New", "limit": min(most, _PAGE)},
        )
        if part(answer.json(), "person_view", "person", "deleted") is True:
            raise UnavailableError(f"{author_native_id} is gone.")
        found = [
            post for listed in ("posts", "comments") for post in _page(answer, listed, None).posts
        ]
        return sorted(found, key=lambda post: post.published_at, reverse=True)[:most]


def _listings(
    params: Mapping[str, Any], wanted: Wanted
) -> list[tuple[str, str, Mapping[str, str]]]:
    """Name, path and query of everything to read."""
    given = str(params.get("communities") or "")
    communities = given.split(",") if given else []
    latest = {"type_": "All", "sort": "New"}
    if communities and not params.get("query"):
        return [
            (f"{kind}/{name}", f"/{kind}/list", {**latest, "community_name": name})
            for name in communities
            for kind in ("post", "comment")
        ]
    everywhere = {"listing_type": "All", "sort": "New"}
    return [
        (
            "/".join(filter(None, ("search", kind, name, term))),
            "/search",
            {"q": term, "type_": kind, **everywhere, **({"community_name": name} if name else {})},
        )
        for term in terms_of(_SPEC, params, wanted)
        for name in communities or [""]
        for kind in ("Posts", "Comments")
    ]


def _is_comments(path: str, query: Mapping[str, str]) -> bool:
    return path == "/comment/list" or query["type_"] == "Comments"


def _steps(
    ask: _Ask, state: Mapping[str, Any], window: Window | None, began: datetime
) -> Iterator[tuple[_Page, dict[str, Any]]]:
    """Pages back to what is known, each with where the listing then stands."""
    if state.get("done"):
        return
    until = moment(state.get("until"))
    kept = {} if until is None else {"until": until.timestamp()}
    start = moment(state.get("began")) or began
    floor = until - _OVERLAP if until else began - _FIRST
    if window is not None:
        floor = window.since
    done = {"done": True} if window else {"until": start.timestamp()}
    at, before = state.get("next"), None
    while True:
        page = ask(at)
        at = page.following
        # The last of the page tells: pinned posts come first, however old. Where it is not older
        # than the page before, the server does not turn pages.
        ends = at is None or page.last is None or page.last < floor
        ends = ends or (before is not None and page.last is not None and page.last >= before)
        if window is not None or until is None:
            page = _within(page, floor, window)
        yield page, done if ends else {**kept, "began": start.timestamp(), "next": at}
        if ends:
            break
        before = page.last


def _turn(state: Any) -> float:
    """What is half read comes first, then what never was, then what was read longest ago."""
    if part(state, "next") is not None:
        return -1.0
    until = part(state, "until")
    return float(until) if isinstance(until, int | float) else 0.0


def _within(page: _Page, since: datetime, window: Window | None) -> _Page:
    posts = [
        post
        for post in page.posts
        if since <= post.published_at and (window is None or post.published_at < window.until)
    ]
    return _Page(posts, page.bad, page.deleted, page.deleted_authors, page.last, page.following)


def _page(answer: Answer, listed: str, at: int | str | None) -> _Page:
    views = part(answer.json(), listed)
    if not isinstance(views, list):
        raise answer.changed(f"no {listed}")
    own = listed.removesuffix("s")
    posts, bad, deleted, authors = [], [], [], []
    for view in views:
        native = optional(part(view, own, "ap_id"))
        author = optional(part(view, "creator", "actor_id"))
        if author and part(view, "creator", "deleted") is True:
            authors.append(("lemmy", author))
        elif native and any(part(view, own, gone) is True for gone in ("deleted", "removed")):
            deleted.append(("lemmy", native))
        elif isinstance(found := _read(view, own), RawPost):
            posts.append(found)
        else:
            # The place on a page that moves on says nothing: the same row is to stay the same.
            bad.append(bad_row(answer.url, view, found))
    moments = [made for view in views if (made := moment(part(view, own, "published")))]
    following = optional(part(answer.json(), "next_page")) if listed == "posts" else None
    number = at + 1 if isinstance(at, int) else 2 if at is None else None
    return _Page(
        posts,
        bad,
        deleted,
        authors,
        moments[-1] if moments else None,
        (following or number) if views else None,
    )


def _read(view: Any, own: str) -> RawPost | str:
    """A post or comment; or which field is missing."""
    native, author = optional(part(view, own, "ap_id")), part(view, "creator", "actor_id")
    published = moment(part(view, own, "published"))
    if native is None or not isinstance(author, str) or published is None:
        return "ap_id" if native is None else "published" if published is None else "creator"
    comment = own == "comment"
    name, community = optional(part(view, "creator", "name")), part(view, "community")
    title = None if comment else optional(part(view, "post", "name"))
    text, links, pictured = _plain(part(view, own, "content" if comment else "body"))
    link = None if comment else web_address(part(view, "post", "url"))
    kind = clean(part(view, "post", "url_content_type")).partition("/")[0]
    if link and _PICTURE.search(re.split("[?#]", link)[0]):
        kind = "image"
    shown = kind if link and kind in ("image", "video") else None
    links = tuple(dict.fromkeys([*([link] if link else []), *links]))
    media = [shown or ("link" if link else None), "image" if pictured else None]
    if len(links) > (1 if shown else 0):
        media.append("link")
    thread = optional(part(view, "post", "ap_id"))
    top = len(clean(part(view, "comment", "path")).split(".")) == 2
    place = [clean(part(community, "name")), host_of(part(community, "actor_id"))]
    return RawPost(
        source="lemmy",
        native_id=native,
        author_native_id=author,
        author_handle=f"{name}@{host_of(author)}" if name else None,
        author_name=optional(part(view, "creator", "display_name")),
        text=text or (title or ""),
        title=title,
        url=web_address(native),
        published_at=published,
        kind=PostKind.COMMENT if comment else PostKind.POST,
        # The path has ids of this instance; only of the post there is one of them all.
        reply_to=thread if comment and top else None,
        thread=thread,
        likes=count(part(view, "counts", "upvotes")),
        replies=count(part(view, "counts", "child_count" if comment else "comments")),
        media=tuple(dict.fromkeys(one for one in media if one)),
        links=links,
        tags=("@".join(place),) if all(place) else (),
    )


def _plain(markdown: Any) -> tuple[str, tuple[str, ...], bool]:
    """Text of Markdown, the addresses in it, and whether it shows a picture."""
    if not isinstance(markdown, str) or not markdown.strip():
        return "", (), False
    markup = _parser().render(_FENCE.sub("", clean(markdown)[:_LONGEST]))
    text, links = html_text(markup)
    return text, tuple(dict.fromkeys([*links, *links_in(text)])), "<img" in markup


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])
