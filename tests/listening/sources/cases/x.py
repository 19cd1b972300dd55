"""X as https://docs.x.com/x-api/posts/search and its data dictionary describe it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.x import X
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

TOKEN = "AAAAbearer%2Fof%3DtheX"
_KNOWN = {
    "query", "max_results", "since_id", "start_time", "end_time", "next_token",
    "tweet.fields", "expansions", "user.fields", "media.fields",
}  # fmt: skip


def id_at(at: int, number: int = 0) -> str:
    """The id of a post made at a moment: milliseconds since X's epoch, then 22 bits."""
    return str(((at * 1000 - 1288834974657) << 22) + number)


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def tweet(number: int, at: int, text: str, **facts: Any) -> dict[str, Any]:
    native = id_at(at, number)
    return {
        "id": native,
        "author_id": "11",
        "created_at": stamp(at),
        "text": text,
        "edit_history_tweet_ids": [native],
        **facts,
    }


class XCase(Case):
    name = "x"
    params: ClassVar = {"reposts": "yes"}
    environment: ClassVar = {"LISTENING_X_BEARER_TOKEN": TOKEN}
    bad_field = "author_id"
    edits = True
    page = 2

    def __init__(self) -> None:
        self.now = int(datetime.now(UTC).timestamp())
        start = self.start = self.now - 36_000
        self.users = {
            "11": {"id": "11", "name": "Blue Flyer ✈️", "username": "blueflyer", "verified": True,
                   "location": "Boston, MA", "public_metrics": {"followers_count": 1200,
                   "following_count": 3, "tweet_count": 9, "listed_count": 0}},
            "12": {"id": "12", "name": "Plain", "username": "plain12"},
        }  # fmt: skip
        self.media = {"3_900": {"media_key": "3_900", "type": "photo"}}
        self.tweets = [
            tweet(
                1,
                start,
                "I like JetBlue &amp; its crew ✈️ https://t.co/a1 #travel https://t.co/p1",
                conversation_id=id_at(start, 1),
                lang="en",
                public_metrics={"retweet_count": 2, "reply_count": 1, "like_count": 30,
                                "quote_count": 0, "bookmark_count": 4, "impression_count": 900},
                entities={
                    "urls": [
                        {"start": 34, "end": 49, "url": "https://t.co/a1",
                         "expanded_url": "https://example.com/crew"},
                        {"start": 58, "end": 73, "url": "https://t.co/p1", "media_key": "3_900",
                         "expanded_url": "https://x.com/blueflyer/status/1/photo/1"},
                    ],
                    "hashtags": [{"start": 50, "end": 57, "tag": "travel"}],
                },
                attachments={"media_keys": ["3_900"]},
            ),
            tweet(2, start + 60, "JetBlue says", author_id="12", lang="qme"),
            tweet(
                3,
                start + 120,
                "@blueflyer me too",
                author_id="13",  # an account that the answer does not tell of
                conversation_id=id_at(start, 1),
                in_reply_to_user_id="11",
                referenced_tweets=[{"type": "replied_to", "id": id_at(start, 1)}],
            ),
            tweet(
                4,
                start + 180,
                "RT @blueflyer: I like JetBlue",
                author_id="12",
                public_metrics={"retweet_count": 2, "reply_count": 0, "like_count": 0,
                                "quote_count": 0, "bookmark_count": 0, "impression_count": 0},
                referenced_tweets=[{"type": "retweeted", "id": id_at(start, 1)}],
            ),
            tweet(
                5,
                start + 240,
                "The beginning of a long post on JetBlue…",
                author_id="12",
                lang="in",
                note_tweet={"text": "The beginning of a long post on JetBlue, and its end"},
                referenced_tweets=[{"type": "quoted", "id": id_at(start, 1)}],
            ),
        ]  # fmt: skip
        one = {
            "author_native_id": "11", "author_handle": "blueflyer",
            "author_name": "Blue Flyer ✈️", "author_followers": 1200,
            "author_location": "Boston, MA", "author_verified": True,
        }  # fmt: skip
        two = {"author_native_id": "12", "author_handle": "plain12", "author_name": "Plain"}
        first = id_at(start, 1)
        self.posts = [
            self.post(
                1, 0, "I like JetBlue & its crew ✈️ https://example.com/crew #travel", **one,
                language="en", thread=first, likes=30, reposts=2, replies=1, quotes=0, views=900,
                media=("image", "link"), links=("https://example.com/crew",), tags=("travel",),
            ),
            self.post(2, 60, "JetBlue says", **two),
            self.post(
                3, 120, "@blueflyer me too", author_native_id="13", author_handle=None,
                kind=PostKind.REPLY, reply_to=first, thread=first,
            ),
            self.post(
                4, 180, "RT @blueflyer: I like JetBlue", **two, kind=PostKind.REPOST,
                repost_of=first,
            ),
            self.post(
                5, 240, "The beginning of a long post on JetBlue, and its end", **two,
                language="id", kind=PostKind.QUOTE, repost_of=first,
            ),
        ]  # fmt: skip
        self.later = self.post(9, self.now - 60 - start, "JetBlue again", **one)

    def post(self, number: int, after: int, text: str, **facts: Any) -> RawPost:
        at = self.start + after
        return RawPost(
            source="x",
            native_id=id_at(at, number),
            text=text,
            url=f"https://x.com/{facts['author_handle'] or 'i'}/status/{id_at(at, number)}",
            published_at=datetime.fromtimestamp(at, UTC),
            **facts,
        )

    def source(self, client: Client) -> Source:
        return X(client)

    def answer(self, asked: Asked) -> Reply:
        assert (asked.method, asked.host, asked.path) == (
            "GET", "api.x.com", "/2/tweets/search/recent",
        )  # fmt: skip
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        query = asked.query
        assert query.keys() <= _KNOWN
        assert query["max_results"] == "100"
        assert query["query"] == "JetBlue"
        return self.found(query)

    def found(self, query: dict[str, str]) -> Reply:
        """A page of the posts of the last seven days, the newest first."""
        now = datetime.now(UTC)
        assert not {"since_id", "start_time"} <= query.keys()
        since, until = now - timedelta(days=7), now
        if "start_time" in query:
            begin = datetime.fromisoformat(query["start_time"])
            assert begin >= since
            since = begin
        if "end_time" in query:
            until = datetime.fromisoformat(query["end_time"])
            assert since < until <= now - timedelta(seconds=10)
        known = int(query.get("since_id", 0))
        assert known == 0 or known > int(id_at(int(since.timestamp())))
        below = int(query.get("next_token", "b99999999999999999999")[1:])
        found = [
            one
            for one in sorted(self.tweets, key=lambda one: -int(one["id"]))
            if known < int(one["id"]) < below
            and since <= datetime.fromisoformat(one["created_at"]) < until
        ]
        shown = found[: self.page]
        if not shown:
            return Reply({"meta": {"result_count": 0}})
        authors = {one.get("author_id") for one in shown}
        keys = {key for one in shown for key in one.get("attachments", {}).get("media_keys", ())}
        includes = {
            "users": [own for native, own in self.users.items() if native in authors],
            "media": [own for key, own in self.media.items() if key in keys],
        }
        meta = {
            "newest_id": shown[0]["id"],
            "oldest_id": shown[-1]["id"],
            "result_count": len(shown),
        }
        if len(found) > len(shown):
            meta["next_token"] = f"b{shown[-1]['id']}"
        told = {name: own for name, own in includes.items() if own}
        return Reply({"data": shown, **({"includes": told} if told else {}), "meta": meta})

    def post_later(self) -> None:
        self.tweets.append(tweet(9, self.now - 60, "JetBlue again"))

    def empty(self) -> None:
        self.tweets.clear()

    def break_one(self) -> str:
        broken = tweet(8, self.now - 900, "jetblue broken")
        del broken["author_id"]
        self.tweets.append(broken)
        return "jetblue broken"

    def edit(self) -> RawPost:
        first = self.tweets[0]["id"]
        at = self.now - 30
        edited = tweet(7, at, "JetBlue, edited", edit_history_tweet_ids=[first, id_at(at, 7)])
        self.tweets[0] = edited
        who = {
            name: getattr(self.posts[0], name)
            for name in ("author_native_id", "author_handle", "author_name", "author_followers",
                         "author_location", "author_verified")
        }  # fmt: skip
        return RawPost(
            source="x",
            native_id=first,
            text="JetBlue, edited",
            url=f"https://x.com/blueflyer/status/{id_at(at, 7)}",
            published_at=datetime.fromtimestamp(at, UTC),
            **who,
        )
