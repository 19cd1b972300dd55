"""Hacker News, stories and comments, by Algolia's search of it (https://hn.algolia.com/api)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from listening.fetching.http import Answer, Client
from listening.importing.rows import BadRow
from listening.sources.base import (
    ANYTHING,
    Batch,
    PostKind,
    RawPost,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.normalise import clean, count, html_text, moment, optional, part, web_address
from listening.sources.searching import QUERY, bad_row, terms_of

_API = "https://hn.algolia.com/api/v1/search_by_date"
_PAGE = 100
_MOST = 1000  # hits that one query gives, however many there are
# Posts are found by the search a while after they were made; so much is read again each time.
_OVERLAP = timedelta(minutes=10)
_FIRST = timedelta(days=7)

_SPEC = SourceSpec(
    name="hackernews",
    help="Stories and comments of Hacker News.",
    settings=(QUERY,),
    rate_limit="10,000 requests an hour",
    terms="https://www.ycombinator.com/legal/",
    gives="text, title, author, address, time, points of stories, thread and what is replied to",
    lacks="points of comments, reposts, views, followers, deletions",
    backfill=True,
    recent=True,
    try_with={},
)


class HackerNews:
    """One query a term, from the newest back to what is known, so that no page is skipped.

    Windows of time are halved until each holds fewer hits than a query gives.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("hackernews", rate="150/minute")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Nothing can be wrong."""
        return dict(params)

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was posted since, window after window of time, oldest first."""
        state = dict(cursor or {})
        for term in terms_of(_SPEC, params, wanted):
            begin, end = self._span(state.get(term), window)
            for until, hits, answer in self._slices(term, begin, end):
                posts, bad = _read(hits, answer)
                state = {**state, term: int(until.timestamp())}
                yield Batch(cursor=state, posts=posts, bad_rows=bad, read_until=until)

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last stories and comments of somebody."""
        answer = self._client.get(
            _API, {"tags": f"author_{author_native_id}", "hitsPerPage": min(most, _PAGE)}
        )
        return list(_read(_hits(answer), answer)[0])

    @staticmethod
    def _span(known: Any, window: Window | None) -> tuple[datetime, datetime]:
        if window is not None:
            begin = max(window.since, moment(known) or window.since)
            return begin, window.until
        end = datetime.now(UTC).replace(microsecond=0)
        last = moment(known)
        return (last - _OVERLAP if last else end - _FIRST), end

    def _slices(
        self, term: str, begin: datetime, end: datetime
    ) -> Iterator[tuple[datetime, list[Any], Answer]]:
        """All hits of spans, each with its end, oldest first."""
        waiting = [(begin, end)]
        while waiting:
            since, until = waiting.pop()
            answer = self._ask(term, since, until, 0)
            total = count(part(answer.json(), "nbHits"))
            if total is None:
                raise answer.changed("no nbHits")
            if total > _MOST and until - since > timedelta(seconds=2):
                middle = since + (until - since) / 2
                middle = middle.replace(microsecond=0)
                waiting += [(middle, until), (since, middle)]
                continue
            hits = _hits(answer)
            for page in range(1, -(-min(total, _MOST) // _PAGE)):
                hits += _hits(self._ask(term, since, until, page))
            yield until, hits, answer

    def _ask(self, term: str, since: datetime, until: datetime, page: int) -> Answer:
        return self._client.get(
            _API,
            {
                "query": f'"{term}"',
                "tags": "(story,comment)",
                "numericFilters": f"created_at_i>={int(since.timestamp())},"
                f"created_at_i<{int(until.timestamp())}",
                "hitsPerPage": _PAGE,
                "page": page,
                "typoTolerance": "false",
            },
        )


def _hits(answer: Answer) -> list[Any]:
    hits = part(answer.json(), "hits")
    if not isinstance(hits, list):
        raise answer.changed("no hits")
    return hits


def _read(hits: list[Any], answer: Answer) -> tuple[list[RawPost], list[tuple[str, BadRow]]]:
    posts, bad = [], []
    for hit in hits:
        found = _post(hit)
        if isinstance(found, RawPost):
            posts.append(found)
        else:
            bad.append(bad_row(answer.url, hit, found))
    return posts, bad


def _post(hit: Any) -> RawPost | str:
    """A hit as a post; or which field is missing."""
    native, author = optional(part(hit, "objectID")), optional(part(hit, "author"))
    published = moment(part(hit, "created_at_i")) or moment(part(hit, "created_at"))
    if native is None or author is None or published is None:
        return "objectID" if native is None else "author" if author is None else "created_at_i"
    comment = part(hit, "comment_text") is not None
    text, links = html_text(part(hit, "comment_text") if comment else part(hit, "story_text"))
    title = None if comment else optional(part(hit, "title"))
    link = web_address(part(hit, "url"))
    parent, story = optional(part(hit, "parent_id")), optional(part(hit, "story_id"))
    return RawPost(
        source="hackernews",
        native_id=native,
        author_native_id=author,
        author_handle=author,
        text=text or clean(title),
        title=title,
        url=f"https://news.ycombinator.com/item?id={native}",
        published_at=published,
        kind=PostKind.COMMENT if comment else PostKind.POST,
        reply_to=parent if comment else None,
        thread=story if comment else native,
        likes=None if comment else count(part(hit, "points")),
        replies=None if comment else count(part(hit, "num_comments")),
        links=tuple(dict.fromkeys([*([link] if link and not comment else []), *links])),
        media=("link",) if link or links else (),
    )
