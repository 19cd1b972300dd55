"""Hacker News as https://hn.algolia.com/api describes it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.hackernews import HackerNews
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

_FILTER = re.compile(r"created_at_i>=(\d+),created_at_i<(\d+)")


def hit(number: int, at: int, **facts: Any) -> dict[str, Any]:
    return {
        "objectID": str(number),
        "author": f"user{number}",
        "created_at_i": at,
        "created_at": "2026-09-01T00:00:00Z",
        "title": None,
        "url": None,
        "points": None,
        "num_comments": None,
        "story_text": None,
        "comment_text": None,
        "parent_id": None,
        "story_id": None,
        "_tags": ["comment"],
        **facts,
    }


def comment(number: int, at: int, text: str) -> RawPost:
    return RawPost(
        source="hackernews",
        native_id=str(number),
        author_native_id=f"user{number}",
        author_handle=f"user{number}",
        text=text,
        url=f"https://news.ycombinator.com/item?id={number}",
        published_at=datetime.fromtimestamp(at, UTC),
        kind=PostKind.COMMENT,
    )


class HackerNewsCase(Case):
    name = "hackernews"
    bad_field = "author"
    edits = True  # what the search reads again within ten minutes

    def __init__(self) -> None:
        # A first pull looks back a week; an edit is seen while the search may still be behind.
        self.now = int(datetime.now(UTC).timestamp())
        start = self.now - 86_400
        link = '<a href="https:&#x2F;&#x2F;example.com&#x2F;a">https://example.com/a</a>'
        self.hits = [
            hit(
                1,
                start,
                title="JetBlue ends a route — why?",
                url="https://example.com/route",
                points=120,
                num_comments=0,
                story_id=1,
            ),
            hit(
                2,
                start + 1,
                comment_text=f"I flew JetBlue &amp; liked it.<p>See {link}",
                parent_id=1,
                story_id=1,
            ),
            *(hit(n, start + n, comment_text=f"jetblue {n} ✈️") for n in range(3, 130)),
        ]
        story = RawPost(
            source="hackernews",
            native_id="1",
            author_native_id="user1",
            author_handle="user1",
            text="JetBlue ends a route — why?",
            title="JetBlue ends a route — why?",
            url="https://news.ycombinator.com/item?id=1",
            published_at=datetime.fromtimestamp(start, UTC),
            thread="1",
            likes=120,
            replies=0,
            links=("https://example.com/route",),
            media=("link",),
        )
        reply = replace(
            comment(2, start + 1, "I flew JetBlue & liked it.\n\nSee https://example.com/a"),
            reply_to="1",
            thread="1",
            links=("https://example.com/a",),
            media=("link",),
        )
        self.posts = [
            story, reply, *(comment(n, start + n, f"jetblue {n} ✈️") for n in range(3, 130))
        ]  # fmt: skip
        self.later = comment(200, self.now - 20, "JetBlue again")

    def source(self, client: Client) -> Source:
        return HackerNews(client)

    def answer(self, asked: Asked) -> Reply:
        assert (asked.host, asked.path) == ("hn.algolia.com", "/api/v1/search_by_date")
        assert asked.query["query"] == '"JetBlue"'
        since, until = map(int, _FILTER.fullmatch(asked.query["numericFilters"]).groups())  # type: ignore[union-attr]
        size, page = int(asked.query["hitsPerPage"]), int(asked.query["page"])
        found = [one for one in self.hits if since <= one.get("created_at_i", since) < until]
        found.sort(key=lambda one: -one.get("created_at_i", 0))
        shown = found[:1000][page * size : (page + 1) * size]
        return Reply({"hits": shown, "nbHits": len(found), "page": page, "hitsPerPage": size})

    def post_later(self) -> None:
        self.hits.append(hit(200, self.now - 20, comment_text="JetBlue again"))

    def empty(self) -> None:
        self.hits.clear()

    def break_one(self) -> str:
        broken = hit(300, self.now - 900, comment_text="jetblue broken")
        del broken["author"]
        self.hits.append(broken)
        return "jetblue broken"

    def edit(self) -> RawPost:
        self.hits = [hit(1, self.now - 30, comment_text="JetBlue, edited")]
        return comment(1, self.now - 30, "JetBlue, edited")
