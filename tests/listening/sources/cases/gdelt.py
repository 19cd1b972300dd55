"""GDELT as https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/ describes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from listening.fetching.http import Client
from listening.sources.base import RawPost, Source
from listening.sources.gdelt import Gdelt
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

STAMP = "%Y%m%dT%H%M%SZ"


def article(number: int, seen: datetime, title: str, **facts: Any) -> dict[str, Any]:
    return {
        "url": f"https://news{number % 7}.example/{number}",
        "url_mobile": "",
        "title": title,
        "seendate": seen.strftime(STAMP),
        "socialimage": "",
        "domain": f"news{number % 7}.example",
        "language": "English",
        "sourcecountry": "United States",
        **facts,
    }


def plain(number: int, seen: datetime, title: str) -> RawPost:
    return RawPost(
        source="gdelt",
        native_id=f"https://news{number % 7}.example/{number}",
        author_native_id=f"news{number % 7}.example",
        author_name=f"news{number % 7}.example",
        text=title,
        title=title,
        url=f"https://news{number % 7}.example/{number}",
        published_at=seen,
        language="en",
        country="United States",
    )


class GdeltCase(Case):
    name = "gdelt"
    bad_field = "seendate"

    def __init__(self) -> None:
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        self.now = now - timedelta(minutes=now.minute % 15)
        start = self.now - timedelta(days=2)
        times = {n: start + n * timedelta(minutes=15) for n in range(1, 7)}
        # More than one request gives, though not within a quarter of an hour.
        many = {n: start + timedelta(hours=6 + n % 40) for n in range(100, 380)}
        self.articles = [
            article(
                1,
                times[1],
                "JetBlue streicht eine Strecke – und nun?",
                language="German",
                sourcecountry="Germany",
                socialimage="https://news1.example/1.jpg",
            ),
            {
                "url": "https://news2.example/2",
                "title": "JetBlue, with nothing else told",
                "seendate": times[2].strftime(STAMP),
                "domain": "news2.example",
            },
            article(3, times[3], "JetBlue ✈ 东京", language="Klingon"),
            *(article(n, seen, f"JetBlue and {n}") for n, seen in many.items()),
        ]
        self.posts = [
            RawPost(
                source="gdelt",
                native_id="https://news1.example/1",
                author_native_id="news1.example",
                author_name="news1.example",
                text="JetBlue streicht eine Strecke – und nun?",
                title="JetBlue streicht eine Strecke – und nun?",
                url="https://news1.example/1",
                published_at=times[1],
                language="de",
                country="Germany",
                media=("image",),
            ),
            RawPost(
                source="gdelt",
                native_id="https://news2.example/2",
                author_native_id="news2.example",
                author_name="news2.example",
                text="JetBlue, with nothing else told",
                title="JetBlue, with nothing else told",
                url="https://news2.example/2",
                published_at=times[2],
            ),
            RawPost(
                source="gdelt",
                native_id="https://news3.example/3",
                author_native_id="news3.example",
                author_name="news3.example",
                text="JetBlue ✈ 东京",
                title="JetBlue ✈ 东京",
                url="https://news3.example/3",
                published_at=times[3],
                country="United States",
            ),
            *(plain(n, seen, f"JetBlue and {n}") for n, seen in many.items()),
        ]
        self.later = plain(900, self.now, "JetBlue again")

    def source(self, client: Client) -> Source:
        return Gdelt(client)

    def answer(self, asked: Asked) -> Reply:
        assert (asked.host, asked.path) == ("api.gdeltproject.org", "/api/v2/doc/doc")
        told = asked.query
        assert told.keys() == {
            "query", "mode", "format", "sort", "maxrecords", "startdatetime", "enddatetime"
        }  # fmt: skip
        assert told["query"] == "JetBlue", "a single word is not quoted"
        assert (told["mode"], told["format"], told["sort"]) == ("artlist", "json", "dateasc")
        most = int(told["maxrecords"])
        assert most <= 250
        since, until = (
            datetime.strptime(told[name], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            for name in ("startdatetime", "enddatetime")
        )
        assert datetime.now(UTC) - since < timedelta(days=90)
        found = [
            one
            for one in self.articles
            if since
            <= datetime.strptime(one.get("seendate") or one["_seen"], STAMP).replace(tzinfo=UTC)
            <= until
        ]
        found.sort(key=lambda one: str(one.get("seendate")))
        return Reply({"articles": found[:most]} if found else {})

    def post_later(self) -> None:
        self.articles.append(article(900, self.now, "JetBlue again"))

    def empty(self) -> None:
        self.articles.clear()

    def break_one(self) -> str:
        broken = article(950, self.now - timedelta(hours=3), "jetblue broken")
        broken["_seen"] = broken.pop("seendate")
        self.articles.append(broken)
        return "jetblue broken"
