"""YouTube as https://developers.google.com/youtube/v3/docs describes its Data API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.youtube import YouTube
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

KEY = "AIza-the-key-of-YouTube"
VIDEO = "jetblue0001"
_ASKED = {
    "/youtube/v3/search": {"part", "type", "order", "maxResults", "q", "publishedBefore"},
    "/youtube/v3/commentThreads": {
        "part", "videoId", "allThreadsRelatedToChannelId", "order", "maxResults", "textFormat",
        "pageToken",
    },
    "/youtube/v3/comments": {"part", "parentId", "maxResults", "textFormat", "pageToken"},
}  # fmt: skip


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def comment(native: str, at: int, text: str, **facts: Any) -> dict[str, Any]:
    return {
        "kind": "youtube#comment",
        "etag": "e",
        "id": native,
        "snippet": {
            "authorDisplayName": "@flyer-1",
            "authorChannelId": {"value": "UCflyer1"},
            "textDisplay": text,
            "textOriginal": text,
            "publishedAt": stamp(at),
            "updatedAt": stamp(at),
            **facts,
        },
    }


def thread(top: dict[str, Any], *replies: dict[str, Any], video: str = VIDEO) -> dict[str, Any]:
    return {
        "kind": "youtube#commentThread",
        "etag": "e",
        "id": top["id"],
        "snippet": {
            "videoId": video,
            "topLevelComment": top,
            "canReply": True,
            "totalReplyCount": len(replies),
            "isPublic": True,
        },
        "replies": {"comments": list(replies)},
    }


def listed(kind: str, items: list[Any], start: int, size: int) -> Reply:
    """A page of a list, with the token of the next where there is one."""
    told: dict[str, Any] = {
        "kind": f"youtube#{kind}ListResponse",
        "etag": "e",
        "pageInfo": {"totalResults": len(items), "resultsPerPage": size},
        "items": items[start : start + size],
    }
    if start + size < len(items):
        told["nextPageToken"] = f"page-{start + size}"
    return Reply(told)


def refusal(status: int, reason: str, message: str = "no") -> Reply:
    """An error as Google words it."""
    errors = [{"message": message, "domain": "youtube", "reason": reason}]
    return Reply({"error": {"code": status, "message": message, "errors": errors}}, status)


class YouTubeCase(Case):
    name = "youtube"
    environment: ClassVar = {"LISTENING_YOUTUBE_KEY": KEY}
    bad_field = "authorChannelId"
    edits = True
    page = 2
    within = 1  # replies that come with their thread

    def __init__(self) -> None:
        self.now = int(datetime.now(UTC).timestamp())
        start = self.start = self.now - 36_000
        self.searches = 0
        self.videos = [VIDEO]
        self.threads = [
            thread(
                comment("Ug1", start, "JetBlue ✈️ https://example.com/x", likeCount=5),
                comment("Ug1.b", start + 40, "indeed", parentId="Ug1"),
                comment("Ug1.a", start + 30, "I doubt it", parentId="Ug1", likeCount=0),
            ),
            thread(
                comment(
                    "Ug2",
                    start + 100,
                    "jetblue two",
                    authorDisplayName="Some Name",
                    authorChannelId={"value": "UCflyer2"},
                )
            ),
            thread(
                comment("Ug3", start + 200, "jetblue three"),
                comment("Ug3.a", start + 210, "three, yes", parentId="Ug3"),
            ),
        ]
        self.posts = [
            self.post(
                "Ug1", 0, "JetBlue ✈️ https://example.com/x", likes=5, replies=2,
                links=("https://example.com/x",), media=("link",),
            ),
            self.reply("Ug1.a", 30, "I doubt it", likes=0),
            self.reply("Ug1.b", 40, "indeed"),
            self.post(
                "Ug2", 100, "jetblue two", author_native_id="UCflyer2", author_name="Some Name",
                author_handle=None, replies=0,
            ),
            self.post("Ug3", 200, "jetblue three", replies=1),
            self.reply("Ug3.a", 210, "three, yes"),
        ]  # fmt: skip
        self.later = self.post("Ug9", self.now - 60 - start, "JetBlue again", replies=0)

    def post(self, native: str, after: int, text: str, **facts: Any) -> RawPost:
        who = {"author_native_id": "UCflyer1", "author_name": "@flyer-1"}
        told = {**who, "author_handle": "flyer-1", **facts}
        return RawPost(
            source="youtube",
            native_id=native,
            text=text,
            url=f"https://www.youtube.com/watch?v={VIDEO}&lc={native}",
            published_at=datetime.fromtimestamp(self.start + after, UTC),
            thread=VIDEO,
            **{"kind": PostKind.COMMENT, **told},
        )

    def reply(self, native: str, after: int, text: str, **facts: Any) -> RawPost:
        above = native.partition(".")[0]
        return self.post(native, after, text, kind=PostKind.REPLY, reply_to=above, **facts)

    def source(self, client: Client) -> Source:
        return YouTube(client)

    def answer(self, asked: Asked) -> Reply:
        assert (asked.method, asked.host) == ("GET", "www.googleapis.com")
        assert asked.headers["x-goog-api-key"] == KEY
        assert asked.query.keys() <= _ASKED[asked.path]
        if asked.path.endswith("/search"):
            return self.found(asked)
        assert asked.query["maxResults"] == "100" and asked.query["textFormat"] == "plainText"
        start = int(asked.query.get("pageToken", "page-0").removeprefix("page-"))
        if asked.path.endswith("/comments"):
            assert asked.query["part"] == "snippet"
            (above,) = [one for one in self.threads if one["id"] == asked.query["parentId"]]
            return listed("comment", above["replies"]["comments"], start, self.page)
        assert asked.query["part"] == "snippet,replies" and asked.query["order"] == "time"
        return listed("commentThread", self.below(asked), start, self.page)

    def found(self, asked: Asked) -> Reply:
        self.searches += 1
        assert asked.query["q"] == '"JetBlue"'
        assert (asked.query["type"], asked.query["order"]) == ("video", "date")
        items = [
            {"kind": "youtube#searchResult", "etag": "e",
             "id": {"kind": "youtube#video", "videoId": video}, "snippet": {"title": "JetBlue"}}
            for video in self.videos
        ]  # fmt: skip
        return listed("search", items, 0, 50)

    def below(self, asked: Asked) -> list[dict[str, Any]]:
        """The threads of a video, the newest first, each with a few of its replies."""
        assert asked.query["videoId"] in self.videos
        found = [
            {**one, "replies": {"comments": one["replies"]["comments"][: self.within]}}
            for one in self.threads
            if one["snippet"]["videoId"] == asked.query["videoId"]
        ]
        for one in found:
            if not one["replies"]["comments"]:
                del one["replies"]
        return sorted(
            found,
            key=lambda one: one["snippet"]["topLevelComment"]["snippet"]["publishedAt"],
            reverse=True,
        )

    def post_later(self) -> None:
        self.threads.append(thread(comment("Ug9", self.now - 60, "JetBlue again")))

    def empty(self) -> None:
        self.threads.clear()

    def break_one(self) -> str:
        broken = comment("Ug8", self.now - 900, "jetblue broken")
        del broken["snippet"]["authorChannelId"]
        self.threads.append(thread(broken))
        return "jetblue broken"

    def edit(self) -> RawPost:
        self.threads = [thread(comment("Ug1", self.start, "JetBlue, edited"))]
        return self.post("Ug1", 0, "JetBlue, edited", replies=0)
