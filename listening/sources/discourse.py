"""Discourse, any public forum: its latest posts, or its search (https://docs.discourse.org)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

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
from listening.sources.normalise import (
    count,
    html_text,
    language,
    moment,
    optional,
    part,
    web_address,
)
from listening.sources.searching import QUERY, bad_row, terms_of
from listening.sources.servers import base_of, server_of

_PAGE = 50  # posts, and of old versions ids, that one answer holds
_PAGES = 10  # that one search gives
_GAPS = 10  # pages without a post, of old versions, until it is believed that there is no more
_OVERLAP = timedelta(hours=1)
_FIRST = timedelta(days=7)
_LIKE = 2  # the action that is a like
# Words of others: quotes, and previews of what is linked to. The innermost first.
_ASIDE = re.compile(r"<aside\b[^<>]*+>(?:(?!<aside\b).)*?</aside>", re.DOTALL | re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^<>]{0,4000}+>")
_ALT = re.compile(r"\balt=\"([^\"]*+)\"")
_EMOJI = 'class="emoji'

_SPEC = SourceSpec(
    name="discourse",
    help="Posts of one Discourse forum: all that are new, or those that its search finds.",
    settings=(
        SourceSetting(name="forum", help="its address, such as meta.discourse.org", required=True),
        SourceSetting(
            name="search",
            help="search it rather than read all that is new: for forums with very many posts",
            kind="flag",
            default=False,
        ),
        QUERY,
    ),
    rate_limit="set by each forum; 60 requests a minute are asked for, 200 is what most allow",
    terms="https://www.discourse.org/terms",
    gives="text without what it quotes, title of a topic's first post, author, address, time, "
    "likes, replies, quotes, readers as views, pictures and links, topic as thread, deletions and "
    "edits of the latest 50",
    lacks="followers, tags, which post is replied to, edits and deletions of older posts; by "
    "search more than one post of a topic and more than 500 a day",
    backfill=True,
)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is in one answer."""

    posts: Sequence[RawPost] = ()
    bad: Sequence[tuple[str, BadRow]] = ()
    deleted: Sequence[tuple[str, str]] = ()
    ids: Sequence[int] = ()
    moments: Sequence[datetime] = ()

    def within(self, since: datetime | None, until: datetime | None) -> Sequence[RawPost]:
        """The posts of a span."""
        return [
            post
            for post in self.posts
            if (since is None or since <= post.published_at)
            and (until is None or post.published_at < until)
        ]


@dataclass(slots=True)
class _Reading:
    """A pull: of which forum, since when, and how far it is."""

    forum: str
    began: datetime
    window: Window | None
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return base_of(self.forum)

    @property
    def until(self) -> datetime | None:
        return self.window.until if self.window else None

    def batch(self, page: _Page, state: Mapping[str, Any], since: datetime | None) -> Batch:
        """A page, and where the pull then stands."""
        self.state = dict(state)
        return Batch(
            cursor=self.state,
            posts=page.within(since, self.until),
            bad_rows=page.bad,
            deleted=page.deleted,
        )


class Discourse:
    """From the newest post back to what is known; of a search by day, as far as it goes.

    The cursor has `known`, the latest post of a reading that came to its end, and while one has
    not, `top`, where it began, and `down`, how far it has come.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("discourse", rate="60/minute")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The forum in one spelling."""
        forum = server_of(
            "discourse: forum", params.get("forum"), "meta.discourse.org", folder=True
        )
        return {**params, "forum": forum}

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was posted since."""
        reading = _Reading(params["forum"], datetime.now(UTC), window, dict(cursor or {}))
        if not (params.get("search") or params.get("query")):
            yield from self._latest(reading)
        else:
            terms = terms_of(_SPEC, params, wanted)
            for term in sorted(terms, key=lambda one: _turn(reading.state.get(one))):
                yield from self._found(reading, term)
        yield Batch(cursor=reading.state, read_until=None if window else reading.began)

    def _latest(self, reading: _Reading) -> Iterator[Batch]:
        """Every post, the latest first, by the ids that they are listed before."""
        state, window = reading.state, reading.window
        if state.get("done"):
            return
        known, top, before = (count(state.get(name)) for name in ("known", "top", "down"))
        since = window.since if window else None if known else reading.began - _FIRST
        if window is not None and before is None:
            before = self._id_at(reading, window.until)
        gaps, ends = 0, False
        while not ends:
            page = self._before(reading, before)
            top = top or max(page.ids, default=None)
            if page.ids:
                before, gaps = min(page.ids), 0
                ends = since is not None and all(made < since for made in page.moments)
            elif before is not None:
                before, gaps = max(before - _PAGE, 0), gaps + 1
            ends = ends or not before or gaps > _GAPS or before <= (known or 0)
            kept: dict[str, Any] = {"known": known} if known else {}
            reached = {**kept, "top": top, "down": before}
            if ends:
                reached = {"done": True} if window else {"known": top} if top else kept
            yield reading.batch(page, reached, since)

    def _before(self, reading: _Reading, before: int | None) -> _Page:
        answer = self._client.get(f"{reading.base}/posts.json", {"before": before})
        listed = part(answer.json(), "latest_posts")
        if not isinstance(listed, list):
            raise answer.changed("no latest_posts")
        # Some versions list the post itself too.
        fresh = [one for one in listed if before is None or (count(part(one, "id")) or 0) < before]
        return _read(fresh, answer, reading.forum)

    def _id_at(self, reading: _Reading, when: datetime) -> int | None:
        """An id soon after the last post made before a moment: ids grow with time."""
        newest = self._before(reading, None)
        low, high = 0, max(newest.ids, default=0) + 1
        while high - low > 4 * _PAGE:
            middle = (low + high) // 2
            page = self._before(reading, middle)
            if page.moments and max(page.moments) >= when:
                high = middle
            else:
                low = middle
        return high

    def _found(self, reading: _Reading, term: str) -> Iterator[Batch]:
        """What the search finds, day by day where it finds more than it shows."""
        own = reading.state.get(term)
        state: dict[str, Any] = own if isinstance(own, dict) else {}
        if state.get("done"):
            return
        window, until = reading.window, moment(state.get("until"))
        since = until - _OVERLAP if until else reading.began - _FIRST
        if window is not None:
            since = window.since
        begun = moment(state.get("began")) or reading.began
        kept = {"until": until.timestamp()} if until else {}
        page, day = count(state.get("page")) or 1, optional(state.get("before"))
        if day is None and window is not None:
            day = (window.until.date() + timedelta(days=1)).isoformat()
        ends = False
        while not ends:
            found, oldest, more = self._search(reading, term, since, day, page)
            page += 1
            if page > _PAGES and more and oldest is not None:
                earlier = (oldest.date() + timedelta(days=1)).isoformat()
                more, page, day = earlier != day, 1, earlier
            ends = not more or (oldest is not None and oldest < since)
            done = {"done": True} if window else {"until": begun.timestamp()}
            reached = {**kept, "began": begun.timestamp(), "page": page, "before": day}
            stands = {**reading.state, term: done if ends else reached}
            yield reading.batch(found, stands, since)

    def _search(
        self, reading: _Reading, term: str, since: datetime, day: str | None, page: int
    ) -> tuple[_Page, datetime | None, bool]:
        """A page of the search with whole posts, when its oldest was made, and if there is more."""
        after: date = since.date() - timedelta(days=1)
        asked = [f'"{term}"', "order:latest", f"after:{after.isoformat()}"]
        asked += [f"before:{day}"] if day else []
        answer = self._client.get(
            f"{reading.base}/search.json", {"q": " ".join(asked), "page": page}
        )
        found = answer.json()
        hits = part(found, "posts")
        if not isinstance(hits, list):
            raise answer.changed("no posts")
        topics = part(found, "topics")
        titles = {
            str(part(one, "id")): part(one, "title")
            for one in (topics if isinstance(topics, list) else [])
        }
        whole = []
        for hit in hits:
            made, native = moment(part(hit, "created_at")), count(part(hit, "id"))
            # What the search shows of a post is its beginning: each is read by itself.
            if native is not None and made is not None and made >= since:
                got = self._client.get(f"{reading.base}/posts/{native}.json", accept=(403, 404))
                if got.status != 200:
                    continue  # gone between the two
                post = got.json()
                if not isinstance(post, dict):
                    raise got.changed("no post")
                whole.append({"topic_title": titles.get(str(part(hit, "topic_id"))), **post})
            elif native is None or made is None:
                whole.append(hit)
        moments = [made for hit in hits if (made := moment(part(hit, "created_at")))]
        more = part(found, "grouped_search_result", "more_full_page_results") is True
        return _read(whole, answer, reading.forum), min(moments, default=None), more


def _turn(state: Any) -> float:
    """What is half read comes first, then what never was, then what was read longest ago."""
    if part(state, "page") is not None:
        return -1.0
    until = part(state, "until")
    return float(until) if isinstance(until, int | float) else 0.0


def _read(listed: list[Any], answer: Answer, forum: str) -> _Page:
    posts, bad, deleted, ids, moments = [], [], [], [], []
    for one in listed:
        native, made = count(part(one, "id")), moment(part(one, "created_at"))
        if native is not None:
            ids.append(native)
        if made is not None:
            moments.append(made)
        gone = part(one, "user_deleted") is True or part(one, "hidden") is True
        if native is not None and (gone or part(one, "deleted_at")):
            deleted.append(("discourse", f"{_name(forum)}/p/{native}"))
            continue
        found = _post(one, forum)
        if isinstance(found, RawPost):
            posts.append(found)
        else:
            # The place on a page that moves on says nothing: the same row is to stay the same.
            bad.append(bad_row(answer.url, one, found))
    return _Page(posts, bad, deleted, ids, moments)


def _post(one: Any, forum: str) -> RawPost | str:
    """A post; or which field is missing."""
    native, author = count(part(one, "id")), optional(part(one, "user_id"))
    published = moment(part(one, "created_at"))
    if native is None or author is None or published is None:
        return "id" if native is None else "user_id" if author is None else "created_at"
    text, links, media = _said(part(one, "cooked"))
    topic, number = count(part(one, "topic_id")), count(part(one, "post_number"))
    path = f"/t/{optional(part(one, 'topic_slug')) or '-'}/{topic}/{number}"
    actions = part(one, "actions_summary")
    likes = [
        count(part(action, "count"))
        for action in (actions if isinstance(actions, list) else [])
        if part(action, "id") == _LIKE
    ]
    return RawPost(
        source="discourse",
        native_id=f"{_name(forum)}/p/{native}",
        author_native_id=f"{_name(forum)}/u/{author}",
        author_handle=optional(part(one, "username")),
        author_name=optional(part(one, "name")),
        text=text,
        title=optional(part(one, "topic_title")) if number == 1 else None,
        url=web_address(base_of(forum) + (f"/p/{native}" if topic is None else path)),
        published_at=published,
        language=language(part(one, "locale")),
        kind=PostKind.POST if number == 1 else PostKind.REPLY,
        thread=None if topic is None else f"{_name(forum)}/t/{topic}",
        likes=next(iter(likes), None),
        replies=count(part(one, "reply_count")),
        quotes=count(part(one, "quote_count")),
        views=count(part(one, "reads")),
        media=media,
        links=links,
    )


def _said(cooked: Any) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Text of a post in its author's words, the addresses in it, and its media."""
    markup = cooked if isinstance(cooked, str) else ""
    markup = _IMAGE.sub(_shown, markup)
    own = markup
    for _ in range(_PAGES):
        own, cut = _ASIDE.subn("\n", own)
        if not cut:
            break
    links = html_text(markup)[1]
    media = ("image" if _IMAGE.search(own) else "", "video" if "<video" in own else "")
    return html_text(own)[0], links, (*filter(None, media), *(("link",) if links else ()))


def _shown(image: re.Match[str]) -> str:
    """A picture as it is, but an emoji as it was typed."""
    return "".join(_ALT.findall(image[0])[:1]) if _EMOJI in image[0] else image[0]


def _name(forum: str) -> str:
    """A forum by its name, as ids have it."""
    return forum.partition("://")[2] or forum
