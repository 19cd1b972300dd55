"""Bluesky as its lexicons describe it: a login, a search by time, profiles."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.bluesky import Bluesky
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

POST = "app.bsky.feed.post"
CID = "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi"


def did(number: int) -> str:
    return f"did:plc:{number:024d}"


def written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def view(number: int, at: datetime, text: str, **facts: Any) -> dict[str, Any]:
    """A post view that has only what the lexicon asks for."""
    return {
        "uri": f"at://{did(number)}/{POST}/3lk{number:04d}",
        "cid": CID,
        "author": {"did": did(number), "handle": f"author{number}.test"},
        "record": {"$type": POST, "text": text, "createdAt": written(at)},
        "indexedAt": written(at + timedelta(seconds=1)),
        **facts,
    }


def plain(number: int, at: datetime, text: str) -> RawPost:
    """How `view` is to be read."""
    uri = f"at://{did(number)}/{POST}/3lk{number:04d}"
    return RawPost(
        source="bluesky",
        native_id=uri,
        author_native_id=did(number),
        author_handle=f"author{number}.test",
        text=text,
        url=f"https://bsky.app/profile/{did(number)}/post/3lk{number:04d}",
        published_at=at,
        thread=uri,
    )


class BlueskyCase(Case):
    name = "bluesky"
    environment: ClassVar = {
        "LISTENING_BLUESKY_HANDLE": "listener.test",
        "LISTENING_BLUESKY_APP_PASSWORD": "abcd-efgh-ijkl-mnop",
    }
    bad_field = "author.did"

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        start = self.now - timedelta(days=1)
        moments = {number: start + timedelta(seconds=number) for number in range(1, 131)}
        self.views = [view(number, at, f"JetBlue {number} ✈️") for number, at in moments.items()]
        self.posts = [plain(number, at, f"JetBlue {number} ✈️") for number, at in moments.items()]
        parent, root = f"at://{did(1)}/{POST}/3lk0001", f"at://{did(9)}/{POST}/3lk0009"
        self.views[1] = view(
            2,
            moments[2],
            "I flew #JetBlue — très bien: example.com/a…",
            replyCount=3,
            repostCount=0,
            likeCount=12,
            quoteCount=1,
        )
        self.views[1]["record"] |= {
            "langs": ["en-US", "fr"],
            "reply": {"parent": {"uri": parent, "cid": CID}, "root": {"uri": root, "cid": CID}},
            "tags": ["travel"],
            "facets": [
                {
                    "index": {"byteStart": 7, "byteEnd": 15},
                    "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "JetBlue"}],
                },
                {
                    "index": {"byteStart": 31, "byteEnd": 44},
                    "features": [
                        {
                            "$type": "app.bsky.richtext.facet#link",
                            "uri": "https://example.com/a/long/one",
                        }
                    ],
                },
            ],
            "embed": {
                "$type": "app.bsky.embed.recordWithMedia",
                "record": {"record": {"uri": f"at://{did(8)}/{POST}/3lk0008", "cid": CID}},
                "media": {"$type": "app.bsky.embed.images", "images": []},
            },
        }
        self.views[1]["author"] |= {
            "displayName": "Author Two",
            "verification": {
                "verifications": [],
                "verifiedStatus": "valid",
                "trustedVerifierStatus": "none",
            },
        }
        self.posts[1] = replace(
            plain(2, moments[2], "I flew #JetBlue — très bien: example.com/a…"),
            author_name="Author Two",
            author_verified=True,
            author_followers=4200,
            language="en-us",
            kind=PostKind.REPLY,
            reply_to=parent,
            thread=root,
            repost_of=f"at://{did(8)}/{POST}/3lk0008",
            likes=12,
            reposts=0,
            replies=3,
            quotes=1,
            links=("https://example.com/a/long/one",),
            media=("image", "link"),
            tags=("travel", "JetBlue"),
        )
        self.later = plain(200, self.now - timedelta(seconds=20), "JetBlue again")
        self.token = "access-1"
        self.logins = 0

    def source(self, client: Client) -> Source:
        return Bluesky(client)

    def answer(self, asked: Asked) -> Reply:
        assert asked.host == "bsky.social"
        method = asked.path.removeprefix("/xrpc/")
        if method == "com.atproto.server.createSession":
            assert asked.method == "POST"
            assert json.loads(asked.body) == {
                "identifier": "listener.test",
                "password": "abcd-efgh-ijkl-mnop",
            }
            self.logins += 1
            return self.session()
        if method == "com.atproto.server.refreshSession":
            assert (asked.method, asked.body) == ("POST", b"")
            assert asked.headers["authorization"] == "Bearer refresh-1"
            self.token = "access-2"
            return self.session()
        assert asked.method == "GET"
        if asked.headers["authorization"] != f"Bearer {self.token}":
            return Reply({"error": "ExpiredToken", "message": "Token has expired"}, 400)
        if method == "app.bsky.actor.getProfiles":
            assert asked.query.keys() == {"actors"}
            assert len(asked.lists["actors"]) <= 25
            return Reply({"profiles": [self.profile(one) for one in asked.lists["actors"]]})
        assert method == "app.bsky.feed.searchPosts"
        return self.found(asked)

    def session(self) -> Reply:
        return Reply(
            {
                "did": did(0),
                "handle": "listener.test",
                "accessJwt": self.token,
                "refreshJwt": "refresh-1",
            }
        )

    def profile(self, who: str) -> dict[str, Any]:
        number = int(who.removeprefix("did:plc:"))
        found: dict[str, Any] = {"did": who, "handle": f"author{number}.test"}
        return {**found, "followersCount": 4200} if number == 2 else found

    def found(self, asked: Asked) -> Reply:
        query = asked.query
        assert query.keys() - {"cursor"} == {"q", "sort", "since", "until", "limit"}
        assert (query["q"], query["sort"]) == ("JetBlue", "latest")
        assert 1 <= int(query["limit"]) <= 100
        shown = [
            one
            for one in self.views
            if query["since"] <= one["record"]["createdAt"] < query["until"]
        ]
        shown.sort(key=lambda one: one["record"]["createdAt"], reverse=True)
        start = int(query.get("cursor", 0))
        end = start + int(query["limit"])
        cursor = {"cursor": str(end)} if end < len(shown) else {}
        return Reply({"posts": shown[start:end], **cursor})

    def post_later(self) -> None:
        self.views.append(view(200, self.now - timedelta(seconds=20), "JetBlue again"))

    def empty(self) -> None:
        self.views.clear()

    def break_one(self) -> str:
        broken = view(300, self.now - timedelta(minutes=15), "JetBlue broken")
        del broken["author"]
        self.views.append(broken)
        return "JetBlue broken"
