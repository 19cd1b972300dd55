"""Lemmy as https://join-lemmy.org/api/v0.19/ describes it (API version 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.lemmy import Lemmy
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

HOST = "lemmy.world"


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def person(number: int, **facts: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"user{number}",
        "actor_id": f"https://{HOST}/u/user{number}",
        "published": "2024-01-01T00:00:00Z",
        "local": True,
        "deleted": False,
        "banned": False,
        "bot_account": False,
        "instance_id": 1,
        **facts,
    }


def post_view(number: int, at: datetime, name: str, **facts: Any) -> dict[str, Any]:
    return {
        "post": {
            "id": number,
            "name": name,
            "creator_id": number,
            "community_id": 5,
            "published": stamp(at),
            "ap_id": f"https://{HOST}/post/{number}",
            "local": True,
            "language_id": 37,
            "deleted": False,
            "removed": False,
            "nsfw": False,
            **facts,
        },
        "creator": person(number),
        "community": {"id": 5, "name": "flying", "actor_id": "https://lemmy.ml/c/flying"},
        "counts": {"post_id": number},
    }


def comment_view(number: int, at: datetime, content: str, **facts: Any) -> dict[str, Any]:
    return {
        "comment": {
            "id": number,
            "creator_id": number,
            "post_id": 1,
            "content": content,
            "published": stamp(at),
            "ap_id": f"https://{HOST}/comment/{number}",
            "path": f"0.{number}",
            "local": True,
            "language_id": 0,
            "deleted": False,
            "removed": False,
            **facts,
        },
        "creator": person(number),
        "post": post_view(1, at, "JetBlue — why?")["post"],
        "community": {"id": 5, "name": "flying", "actor_id": "https://lemmy.ml/c/flying"},
        "counts": {"comment_id": number},
    }


def comment(number: int, at: datetime, text: str) -> RawPost:
    return RawPost(
        source="lemmy",
        native_id=f"https://{HOST}/comment/{number}",
        author_native_id=f"https://{HOST}/u/user{number}",
        author_handle=f"user{number}@{HOST}",
        text=text,
        url=f"https://{HOST}/comment/{number}",
        published_at=at,
        kind=PostKind.COMMENT,
        reply_to=f"https://{HOST}/post/1",
        thread=f"https://{HOST}/post/1",
        tags=("flying@lemmy.ml",),
    )


class LemmyCase(Case):
    name = "lemmy"
    bad_field = "ap_id"
    edits = True  # what is read again within an hour
    deletes = True

    def __init__(self) -> None:
        self.start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
        rich = post_view(
            1,
            self.start,
            "JetBlue — why?",
            body="It **ends** a [route](https://example.org/r).\n\n![](https://example.org/p.png)",
            url="https://example.com/news",
        )
        rich["counts"] = {"post_id": 1, "upvotes": 9, "downvotes": 2, "score": 7, "comments": 3}
        rich["creator"]["display_name"] = "One ✈️"
        bare = post_view(2, self.moment(2), "JetBlue again")
        del bare["community"]
        self.views: dict[str, list[dict[str, Any]]] = {
            "posts": [rich, bare],
            "comments": [comment_view(n, self.moment(n), f"jetblue {n} ✈️") for n in range(10, 130)],
        }
        self.posts = [
            RawPost(
                source="lemmy",
                native_id=f"https://{HOST}/post/1",
                author_native_id=f"https://{HOST}/u/user1",
                author_handle=f"user1@{HOST}",
                author_name="One ✈️",
                text="It ends a route.",
                title="JetBlue — why?",
                url=f"https://{HOST}/post/1",
                published_at=self.start,
                thread=f"https://{HOST}/post/1",
                likes=9,
                replies=3,
                media=("link", "image"),
                links=("https://example.com/news", "https://example.org/r"),
                tags=("flying@lemmy.ml",),
            ),
            RawPost(
                source="lemmy",
                native_id=f"https://{HOST}/post/2",
                author_native_id=f"https://{HOST}/u/user2",
                author_handle=f"user2@{HOST}",
                text="JetBlue again",
                title="JetBlue again",
                url=f"https://{HOST}/post/2",
                published_at=self.moment(2),
                thread=f"https://{HOST}/post/2",
            ),
            *(comment(n, self.moment(n), f"jetblue {n} ✈️") for n in range(10, 130)),
        ]
        self.later = comment(200, self.moment(200), "JetBlue, once more")

    def moment(self, number: int) -> datetime:
        return self.start + timedelta(seconds=5 * number)

    def source(self, client: Client) -> Source:
        return Lemmy(client)

    def answer(self, asked: Asked) -> Reply:
        assert (asked.host, asked.path) == (HOST, "/api/v3/search")
        query = asked.query
        assert query.keys() == {"q", "type_", "listing_type", "sort", "limit", "page"}
        assert (query["q"], query["sort"], query["listing_type"]) == ("JetBlue", "New", "All")
        kind, size, page = query["type_"], int(query["limit"]), int(query["page"])
        assert kind in ("Posts", "Comments")
        assert 1 <= size <= 50
        assert page >= 1
        own = kind.lower().removesuffix("s")
        views = sorted(self.views[kind.lower()], key=lambda one: one[own]["published"])[::-1]
        empty: dict[str, Any] = {"comments": [], "posts": [], "communities": [], "users": []}
        shown = views[(page - 1) * size : page * size]
        return Reply({"type_": kind, **empty, kind.lower(): shown})

    def post_later(self) -> None:
        self.views["comments"].append(comment_view(200, self.moment(200), "JetBlue, once more"))

    def empty(self) -> None:
        self.views = {"posts": [], "comments": []}

    def break_one(self) -> str:
        broken = comment_view(300, self.moment(150), "jetblue broken")
        del broken["comment"]["ap_id"]
        self.views["comments"].append(broken)
        return "jetblue broken"

    def edit(self) -> RawPost:
        self.views["posts"][1]["post"] |= {"body": "Edited", "updated": stamp(self.moment(210))}
        return RawPost(
            source="lemmy",
            native_id=f"https://{HOST}/post/2",
            author_native_id=f"https://{HOST}/u/user2",
            author_handle=f"user2@{HOST}",
            text="Edited",
            title="JetBlue again",
            url=f"https://{HOST}/post/2",
            published_at=self.moment(2),
            thread=f"https://{HOST}/post/2",
        )

    def delete(self) -> str:
        last = next(one for one in self.views["comments"] if one["comment"]["id"] == 129)
        last["comment"] |= {"deleted": True, "content": ""}
        return f"https://{HOST}/comment/129"
