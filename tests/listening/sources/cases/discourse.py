"""Discourse as https://docs.discourse.org and its source describe it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.discourse import Discourse
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

HOST = "meta.discourse.org"
_QUERY = re.compile(r'"JetBlue" order:latest after:(\d{4}-\d\d-\d\d)(?: before:(\d{4}-\d\d-\d\d))?')


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def post(native: int, at: datetime, cooked: str, **facts: Any) -> dict[str, Any]:
    """A post as everybody sees it who is not logged in."""
    return {
        "id": native,
        "name": None,
        "username": f"user{native}",
        "created_at": stamp(at),
        "cooked": cooked,
        "post_number": 2,
        "post_type": 1,
        "updated_at": stamp(at),
        "reply_to_post_number": None,
        "topic_id": 8,
        "topic_slug": "routes",
        "topic_title": "Routes — all",
        "actions_summary": [],
        "user_id": 1000 + native,
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
        **facts,
    }


def bare(native: int, at: datetime, text: str) -> RawPost:
    """The same as it must be read."""
    return RawPost(
        source="discourse",
        native_id=f"{HOST}/p/{native}",
        author_native_id=f"{HOST}/u/{1000 + native}",
        author_handle=f"user{native}",
        text=text,
        url=f"https://{HOST}/t/routes/8/2",
        published_at=at,
        kind=PostKind.REPLY,
        thread=f"{HOST}/t/8",
    )


class DiscourseCase(Case):
    name = "discourse"
    params: ClassVar = {"forum": f"https://{HOST}/"}
    bad_field = "user_id"
    edits = True  # of the latest 50
    deletes = True
    last: ClassVar = 89

    def __init__(self) -> None:
        self.start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
        rich = post(
            1,
            self.start,
            '<aside class="quote no-group" data-post="3"><div class="title"><img class="avatar" '
            'src="https://example.org/a.png"> two:</div><blockquote><p>It never flies.</p>'
            '</blockquote></aside>\n<p>JetBlue does — see <a href="https://example.org/r">this</a> '
            '<img src="https://example.org/e.png" title=":smile:" class="emoji" alt=":smile:"></p>'
            '<p><img src="https://example.org/plane.png" width="690"></p>',
            name="One ✈️",
            post_number=1,
            reply_count=3,
            quote_count=0,
            reads=41,
            locale="en",
            actions_summary=[{"id": 2, "count": 5}],
        )
        self.listed = [
            rich,
            *(post(n, self.moment(n), f"<p>jetblue {n} ✈️</p>") for n in range(2, self.last + 1)),
        ]
        self.posts = [
            replace(
                bare(1, self.start, "JetBlue does — see this :smile:"),
                author_name="One ✈️",
                title="Routes — all",
                url=f"https://{HOST}/t/routes/8/1",
                kind=PostKind.POST,
                language="en",
                likes=5,
                replies=3,
                quotes=0,
                views=41,
                media=("image", "link"),
                links=("https://example.org/r",),
            ),
            *(bare(n, self.moment(n), f"jetblue {n} ✈️") for n in range(2, self.last + 1)),
        ]
        self.later = bare(200, self.moment(200), "JetBlue again")

    def moment(self, number: int) -> datetime:
        return self.start + timedelta(seconds=5 * number)

    def source(self, client: Client) -> Source:
        return Discourse(client)

    def answer(self, asked: Asked) -> Reply:
        assert (asked.host, asked.path) == (HOST, "/posts.json")
        assert asked.query.keys() <= {"before"}
        found = sorted(self.listed, key=lambda one: -one["id"])
        if "before" in asked.query:
            found = [one for one in found if one["id"] < int(asked.query["before"])]
        return Reply({"latest_posts": found[:50]})

    def post_later(self) -> None:
        self.listed.append(post(200, self.moment(200), "<p>JetBlue again</p>"))

    def empty(self) -> None:
        self.listed.clear()

    def break_one(self) -> str:
        broken = post(150, self.moment(150), "<p>jetblue broken</p>")
        del broken["user_id"]
        self.listed.append(broken)
        return "jetblue broken"

    def edit(self) -> RawPost:
        self.listed[-1] |= {"cooked": "<p>JetBlue, edited</p>", "version": 2}
        return bare(self.last, self.moment(self.last), "JetBlue, edited")

    def delete(self) -> str:
        last = next(one for one in self.listed if one["id"] == self.last)
        last |= {"user_deleted": True, "cooked": "<p>(post deleted by author)</p>"}
        return f"{HOST}/p/{self.last}"


class DiscourseSearchCase(DiscourseCase):
    """The same forum by its search, which shows the beginnings of posts; five a page here."""

    last = 12
    params: ClassVar = {"forum": HOST, "search": "yes"}

    def answer(self, asked: Asked) -> Reply:
        assert asked.host == HOST
        if single := re.fullmatch(r"/posts/(\d+)\.json", asked.path):
            assert asked.query == {}
            shown = next(one for one in self.listed if one["id"] == int(single[1]))
            return Reply({name: own for name, own in shown.items() if name != "topic_title"})
        assert asked.path == "/search.json"
        assert asked.query.keys() == {"q", "page"}
        page = int(asked.query["page"])
        assert 1 <= page <= 10
        told = _QUERY.fullmatch(asked.query["q"])
        assert told is not None
        after, before = told[1], told[2] or "9999-01-01"
        found = [one for one in self.listed if after < one["created_at"][:10] < before]
        found.sort(key=lambda one: one["created_at"], reverse=True)
        hits = [
            {name: one[name] for name in ("id", "username", "created_at", "topic_id")}
            | {"blurb": one["cooked"][:20], "like_count": 0}
            for one in found[(page - 1) * 5 : page * 5]
        ]
        more = len(found) > page * 5 or None
        return Reply(
            {
                "posts": hits,
                "topics": [{"id": 8, "title": "Routes — all", "slug": "routes"}],
                "users": [],
                "categories": [],
                "grouped_search_result": {"more_full_page_results": more},
            }
        )
