"""Reddit as https://www.reddit.com/dev/api and its wiki on OAuth describe it."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.reddit import Reddit
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

ID, SECRET = "reddit-app-id", "reddit-app-secret"


def link(number: int, at: int, title: str, **facts: Any) -> dict[str, Any]:
    """A post, as `t3` of a listing."""
    return {
        "kind": "t3",
        "data": {
            "name": f"t3_{number}",
            "id": str(number),
            "author": f"flyer{number}",
            "title": title,
            "selftext": "",
            "selftext_html": None,
            "is_self": True,
            "permalink": f"/r/travel/comments/{number}/a/",
            "url": f"https://www.reddit.com/r/travel/comments/{number}/a/",
            "subreddit": "travel",
            "created_utc": float(at),
            "edited": False,
            "removed_by_category": None,
            **facts,
        },
    }


def comment(number: int, at: int, body: str, **facts: Any) -> dict[str, Any]:
    """A comment, as `t1` of a listing."""
    return {
        "kind": "t1",
        "data": {
            "name": f"t1_{number}",
            "id": str(number),
            "author": f"flyer{number}",
            "body": body,
            "body_html": f'<div class="md"><p>{body}</p>\n</div>',
            "permalink": f"/r/travel/comments/1/a/{number}/",
            "subreddit": "travel",
            "created_utc": float(at),
            "link_id": "t3_1",
            "parent_id": "t3_1",
            "score": 1,
            "score_hidden": True,
            **facts,
        },
    }


def post(number: int, at: int, text: str) -> RawPost:
    return RawPost(
        source="reddit",
        native_id=f"t3_{number}",
        author_native_id=f"flyer{number}",
        author_handle=f"flyer{number}",
        text=text,
        title=text,
        url=f"https://www.reddit.com/r/travel/comments/{number}/a/",
        published_at=datetime.fromtimestamp(at, UTC),
        thread=f"t3_{number}",
        tags=("travel",),
    )


def answered(number: int, at: int, text: str, **facts: Any) -> RawPost:
    return replace(
        post(number, at, text),
        native_id=f"t1_{number}",
        title=None,
        url=f"https://www.reddit.com/r/travel/comments/1/a/{number}/",
        kind=PostKind.COMMENT,
        thread="t3_1",
        reply_to="t3_1",
        **facts,
    )


class RedditCase(Case):
    name = "reddit"
    environment: ClassVar = {
        "LISTENING_REDDIT_CLIENT_ID": ID,
        "LISTENING_REDDIT_CLIENT_SECRET": SECRET,
    }
    bad_field = "author"
    edits = True
    deletes = True

    def __init__(self) -> None:
        self.now = int(datetime.now(UTC).timestamp())
        start = self.start = self.now - 86_400
        self.tokens = 0
        self.things = [
            link(
                1,
                start,
                "JetBlue to Lisbon?",
                selftext="I flew **JetBlue** &amp; [slept](https://example.com/seat) ✈️",
                selftext_html='<div class="md"><p>I flew <strong>JetBlue</strong> &amp; '
                '<a href="https://example.com/seat">slept</a> ✈️</p>\n</div>',
                score=42,
                num_comments=0,
                link_flair_text="Question",
            ),
            link(
                2,
                start + 1,
                "JetBlue's new seats",
                is_self=False,
                url="https://example.com/a.jpg",
                post_hint="image",
                score=-3,
            ),
            link(3, start + 2, "JetBlue, again", crosspost_parent="t3_1"),
            *(link(n, start + n, f"jetblue {n}") for n in range(4, 130)),
        ]
        self.posts = [
            replace(
                post(1, start, "I flew JetBlue & slept ✈️"),
                title="JetBlue to Lisbon?",
                likes=42,
                replies=0,
                links=("https://example.com/seat",),
                media=("link",),
                tags=("travel", "Question"),
            ),
            replace(
                post(2, start + 1, "JetBlue's new seats"),
                links=("https://example.com/a.jpg",),
                media=("image", "link"),
            ),
            replace(post(3, start + 2, "JetBlue, again"), kind=PostKind.REPOST, repost_of="t3_1"),
            *(post(n, start + n, f"jetblue {n}") for n in range(4, 130)),
        ]
        self.later = post(200, self.now - 20, "JetBlue later")

    def source(self, client: Client) -> Source:
        return Reddit(client)

    def answer(self, asked: Asked) -> Reply:
        if asked.host == "www.reddit.com":
            return self.token(asked)
        assert (asked.method, asked.host) == ("GET", "oauth.reddit.com")
        assert asked.query["raw_json"] == "1"
        if asked.headers["authorization"] != f"bearer token-{self.tokens}":
            return Reply({"message": "Unauthorized", "error": 401}, 401)
        if asked.path == "/api/info":
            names = asked.query["id"].split(",")
            assert len(names) <= 100
            return self.listing([one for one in self.things if one["data"]["name"] in names])
        return self.page(asked)

    def token(self, asked: Asked) -> Reply:
        assert (asked.method, asked.path) == ("POST", "/api/v1/access_token")
        basic = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
        assert asked.headers["authorization"] == f"Basic {basic}"
        assert asked.body == b"grant_type=client_credentials"
        self.tokens += 1
        return Reply(
            {
                "access_token": f"token-{self.tokens}",
                "token_type": "bearer",
                "expires_in": 86400,
                "scope": "*",
            }
        )

    def shown(self, asked: Asked) -> list[dict[str, Any]]:
        """What a path lists, in any order."""
        assert asked.path == "/search"
        assert {n: asked.query[n] for n in ("q", "sort", "type", "t")} == {
            "q": '"JetBlue"', "sort": "new", "type": "link", "t": "all",
        }  # fmt: skip
        return [one for one in self.things if one["kind"] == "t3"]

    def page(self, asked: Asked) -> Reply:
        """The newest that are left, after a thing; nothing where that is not there any more."""
        found = [
            one
            for one in sorted(self.shown(asked), key=lambda one: -one["data"]["created_utc"])
            if one["data"].get("author") != "[deleted]"
        ][:1000]
        size, after = int(asked.query["limit"]), asked.query.get("after")
        if after is not None:
            names = [one["data"]["name"] for one in found]
            found = found[names.index(after) + 1 :] if after in names else []
        return self.listing(found[:size], more=len(found) > size)

    def listing(self, things: list[dict[str, Any]], *, more: bool = False) -> Reply:
        after = things[-1]["data"]["name"] if more else None
        return Reply(
            {
                "kind": "Listing",
                "data": {"after": after, "before": None, "dist": len(things), "modhash": None,
                         "geo_filter": "", "children": things},
            },
            headers={"x-ratelimit-used": "3", "x-ratelimit-remaining": "997.0",
                     "x-ratelimit-reset": "312"},
        )  # fmt: skip

    def post_later(self) -> None:
        self.things.append(link(200, self.now - 20, "JetBlue later"))

    def empty(self) -> None:
        self.things.clear()

    def break_one(self) -> str:
        broken = link(300, self.now - 900, "jetblue broken")
        del broken["data"]["author"]
        self.things.append(broken)
        return "jetblue broken"

    def edit(self) -> RawPost:
        self.things[0] = link(
            1,
            self.start,
            "JetBlue to Lisbon?",
            selftext="JetBlue, edited",
            selftext_html='<div class="md"><p>JetBlue, edited</p>\n</div>',
            edited=float(self.now),
        )
        return replace(post(1, self.start, "JetBlue, edited"), title="JetBlue to Lisbon?")

    def delete(self) -> str:
        gone = self.posts[-1].native_id
        (data,) = [one["data"] for one in self.things if one["data"]["name"] == gone]
        data |= {
            "author": "[deleted]",
            "selftext": "[deleted]",
            "body": "[deleted]",
            "removed_by_category": "deleted",
        }
        return gone


class SubredditCase(RedditCase):
    params: ClassVar = {"subreddits": "r/travel"}

    def __init__(self) -> None:
        super().__init__()
        start = self.start
        self.things = [
            *self.things[:5],
            comment(20, start + 20, "JetBlue it is 😀"),
            comment(21, start + 21, "Yes", parent_id="t1_20", score=7, score_hidden=False),
        ]
        self.posts = [
            *self.posts[:5],
            answered(20, start + 20, "JetBlue it is 😀"),
            replace(
                answered(21, start + 21, "Yes"), kind=PostKind.REPLY, reply_to="t1_20", likes=7
            ),
        ]

    def shown(self, asked: Asked) -> list[dict[str, Any]]:
        kind = {"/r/travel/new": "t3", "/r/travel/comments": "t1"}[asked.path]
        return [one for one in self.things if one["kind"] == kind]
