"""The App Store's feed of customer reviews, in its JSON form."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.appstore import AppStore
from listening.sources.base import PostKind, RawPost, Source
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

PACIFIC = timezone(timedelta(hours=-7))
_PATH = re.compile(r"/us/rss/customerreviews/page=(\d+)/id=123456789/sortby=mostrecent/json")
_SIZE = 50


def label(text: str, **attributes: str) -> dict[str, Any]:
    return {"label": text, **({"attributes": attributes} if attributes else {})}


def review(number: int, written: datetime, text: str, **facts: Any) -> dict[str, Any]:
    return {
        "author": {
            "uri": label(f"https://itunes.apple.com/us/reviews/id{7000 + number}"),
            "name": label(f"name {number}"),
            "label": "",
        },
        "updated": label(written.astimezone(PACIFIC).isoformat()),
        "im:rating": label("4"),
        "im:version": label("3.1"),
        "id": label(str(number)),
        "title": label(f"Title {number}"),
        "content": label(text, type="text"),
        "link": {
            "attributes": {
                "rel": "related",
                "href": "https://itunes.apple.com/us/review?id=123456789&type=Purple%20Software",
            }
        },
        "im:voteSum": label("0"),
        "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
        "im:voteCount": label("0"),
        **facts,
    }


def read(number: int, written: datetime, text: str, **facts: Any) -> RawPost:
    told: dict[str, Any] = {
        "author_name": f"name {number}",
        "title": f"Title {number}",
        "rating": 4.0,
        "likes": 0,
        "tags": ("version 3.1",),
        **facts,
    }
    return RawPost(
        source="appstore",
        native_id=str(number),
        author_native_id=str(7000 + number),
        text=text,
        url="https://itunes.apple.com/us/review?id=123456789&type=Purple%20Software",
        published_at=written,
        kind=PostKind.REVIEW,
        country="us",
        **told,
    )


APP = {
    "im:name": label("The App"),
    "rights": label("© The Maker"),
    "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
    "id": label("https://apps.apple.com/us/app/id123456789?uo=2", **{"im:id": "123456789"}),
    "title": label("The App - The Maker"),
}


def feed(page: int, entries: list[dict[str, Any]], last: str) -> dict[str, Any]:
    """A page; without reviews it has no `entry`, and one alone is no list."""
    told: dict[str, Any] = {
        "author": {"name": label("iTunes Store"), "uri": label("http://www.apple.com/itunes/")},
        "updated": label("2026-11-22T02:39:26-07:00"),
        "rights": label("Copyright 2008 Apple Inc."),
        "title": label("iTunes Store: Customer Reviews"),
        "icon": label("http://itunes.apple.com/favicon.ico"),
        "link": [
            {"attributes": {"rel": "alternate", "type": "text/html", "href": "https://x.example"}},
            {"attributes": {"rel": "last", "href": last}},
        ],
        "id": label(f"https://itunes.apple.com/us/rss/customerreviews/page={page}"),
    }
    if entries:
        told["entry"] = entries if len(entries) > 1 else entries[0]
    return {"feed": told}


class AppStoreCase(Case):
    name = "appstore"
    params: ClassVar = {"app": "https://apps.apple.com/us/app/the-app/id123456789?mt=8"}
    bad_field = "author"
    edits = True

    def __init__(self) -> None:
        now = datetime.now(PACIFIC).replace(microsecond=0)
        self.now = now
        self.reviews = [
            review(n, now - timedelta(days=1, hours=n), f"fine {n} ✨") for n in range(2, 119)
        ]
        bare = review(119, now - timedelta(days=9), "only a text")
        for name in ("im:rating", "im:version", "im:voteSum", "title"):
            del bare[name]
        bare["author"] = {"uri": bare["author"]["uri"]}
        first = review(
            1, now - timedelta(days=1), "とても\n楽しい", **{"im:voteSum": label("12")}
        )  # fmt: skip
        self.reviews = [first, *self.reviews, bare]
        self.posts = [
            read(1, now - timedelta(days=1), "とても\n楽しい", likes=12),
            *(read(n, now - timedelta(days=1, hours=n), f"fine {n} ✨") for n in range(2, 119)),
            read(
                119, now - timedelta(days=9), "only a text",
                author_name=None, title=None, rating=None, likes=None, tags=(),
            ),
        ]  # fmt: skip
        self.later = read(500, now - timedelta(minutes=1), "crashes", rating=1.0)

    def source(self, client: Client) -> Source:
        return AppStore(client)

    def answer(self, asked: Asked) -> Reply:
        assert asked.host == "itunes.apple.com"
        found = _PATH.fullmatch(asked.path)
        assert found, asked.path
        page = int(found[1])
        if page > 10:
            return Reply("CustomerReviews RSS page depth is limited to 10", 400)
        ordered = sorted(self.reviews, key=lambda one: one["updated"]["label"], reverse=True)
        shown = ordered[(page - 1) * _SIZE : page * _SIZE]
        pages = -(-len(ordered) // _SIZE)
        last = (
            f"https://itunes.apple.com/us/rss/customerreviews/page={pages}/id=123456789/"
            f"sortby=mostrecent/xml?urlDesc=/customerreviews/page={page}/id=123456789/json"
            if pages
            else ""
        )
        return Reply(feed(page, [*([APP] if page == 1 and shown else []), *shown], last))

    def post_later(self) -> None:
        self.reviews.append(
            review(500, self.now - timedelta(minutes=1), "crashes", **{"im:rating": label("1")})
        )

    def empty(self) -> None:
        self.reviews.clear()

    def break_one(self) -> str:
        broken = review(600, self.now - timedelta(hours=1), "broken one")
        del broken["author"]
        self.reviews.append(broken)
        return "broken one"

    def edit(self) -> RawPost:
        self.reviews = [review(1, self.now, "worse now", **{"im:rating": label("2")})]
        return read(1, self.now, "worse now", rating=2.0)
