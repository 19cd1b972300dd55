"""Stack Exchange as https://api.stackexchange.com/docs describes it, version 2.3."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.stackexchange import StackExchange
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

SEARCHED = {"q", "site", "sort", "order", "min", "fromdate", "todate", "page", "pagesize", "key"}


def packed(body: Any, status: int = 200) -> Reply:
    """Whatever is asked for, the platform answers with gzip."""
    return Reply(gzip.compress(json.dumps(body).encode()), status, {"Content-Encoding": "gzip"})


def answer(native: int, at: int, body: str, **facts: Any) -> dict[str, Any]:
    """All that the platform knows of an answer to question 1."""
    return {
        "post_id": native,
        "post_type": "answer",
        "question_id": 1,
        "creation_date": at,
        "last_activity_date": at,
        "owner": {"user_id": 1000 + native, "user_type": "registered"},
        "body": body,
        "title": "Is &quot;JetBlue&quot; on time &mdash; ever?",
        **facts,
    }


def bare(native: int, at: int, text: str) -> RawPost:
    """The same as it must be read."""
    return RawPost(
        source="stackexchange",
        native_id=f"travel/{native}",
        author_native_id=f"travel/{1000 + native}",
        text=text,
        published_at=datetime.fromtimestamp(at, UTC),
        kind=PostKind.REPLY,
        reply_to="travel/1",
        thread="travel/1",
    )


class StackExchangeCase(Case):
    name = "stackexchange"
    params: ClassVar = {"site": "https://travel.stackexchange.com/"}
    bad_field = "owner"
    edits = True

    def __init__(self) -> None:
        self.now = int(datetime.now(UTC).timestamp())
        self.start = self.now - 3000
        rich = answer(
            1,
            self.start,
            '<p>I fly &lt;often&gt; — see <a href="https://example.org/a">this</a>.</p>'
            '<pre><code>late = True\n</code></pre><p><img src="https://i.sstatic.net/x.png"></p>',
            post_type="question",
            score=7,
            answer_count=130,
            tags=["airlines", "jetblue"],
            link="https://travel.stackexchange.com/q/1",
            owner={"user_id": 5, "user_type": "registered", "display_name": "T&#246;ne &amp; Co"},
        )
        gone = {"user_type": "does_not_exist", "display_name": "user9"}
        self.all = [
            rich,
            *(answer(n, self.start + n, f"<p>jetblue {n} ✈️</p>") for n in range(2, 130)),
            answer(140, self.start + 140, "<p>JetBlue, from nobody</p>", owner=gone),
        ]
        self.posts = [
            replace(
                bare(1, self.start, "I fly <often> — see this.\n\nlate = True"),
                author_native_id="travel/5",
                author_name="Töne & Co",
                title='Is "JetBlue" on time — ever?',
                url="https://travel.stackexchange.com/q/1",
                kind=PostKind.POST,
                reply_to=None,
                likes=7,
                replies=130,
                media=("image", "link"),
                links=("https://example.org/a",),
                tags=("airlines", "jetblue"),
            ),
            *(bare(n, self.start + n, f"jetblue {n} ✈️") for n in range(2, 130)),
        ]
        self.later = bare(200, self.now - 20, "JetBlue again")

    def source(self, client: Client) -> Source:
        return StackExchange(client)

    def answer(self, asked: Asked) -> Reply:
        assert asked.host == "api.stackexchange.com"
        assert asked.headers["accept-encoding"] == "gzip"
        assert asked.query["site"] == "travel"
        assert int(asked.query["pagesize"]) <= 100
        if asked.path.startswith("/2.3/posts/"):
            assert asked.query.keys() == {"site", "pagesize", "filter"}
            assert asked.query["filter"] == "withbody"
            wanted = asked.path.rpartition("/")[2].split(";")
            assert 1 <= len(wanted) <= 100
            keys = ("post_id", "post_type", "creation_date", "last_activity_date", "owner",
                    "body", "score", "link")  # fmt: skip
            found = [one for one in self.all if str(one["post_id"]) in wanted]
            items = [{key: one[key] for key in keys if key in one} for one in found]
            return packed({"items": items, "has_more": False, "quota_remaining": 290})
        assert asked.path == "/2.3/search/excerpts"
        return self.searched(asked.query)

    def searched(self, query: dict[str, str]) -> Reply:
        assert query.keys() <= SEARCHED
        assert (query["q"], query["order"]) == ("JetBlue", "asc")
        by = {"activity": "last_activity_date", "creation": "creation_date"}[query["sort"]]
        found = [
            one
            for one in self.all
            if one[by] >= int(query.get("min", 0))
            and int(query["fromdate"]) <= one["creation_date"] <= int(query.get("todate", self.now))
        ]
        found.sort(key=lambda one: (one[by], one["post_id"]))
        page, size = int(query["page"]), int(query["pagesize"])
        assert 1 <= page <= 25
        shown = [
            {
                "item_type": one["post_type"],
                "question_id": 1,
                **({"answer_id": one["post_id"]} if one["post_type"] == "answer" else {}),
                **{key: one[key] for key in ("title", "creation_date", "last_activity_date")},
                **{key: one[key] for key in ("tags", "answer_count") if key in one},
                "excerpt": one["body"][:10],
            }
            for one in found[(page - 1) * size : page * size]
        ]
        more = len(found) > page * size
        return packed({"items": shown, "has_more": more, "quota_max": 300, "quota_remaining": 291})

    def post_later(self) -> None:
        self.all.append(answer(200, self.now - 20, "<p>JetBlue again</p>"))

    def empty(self) -> None:
        self.all.clear()

    def break_one(self) -> str:
        broken = answer(300, self.now - 900, "<p>jetblue broken</p>")
        del broken["owner"]
        self.all.append(broken)
        return "jetblue broken"

    def edit(self) -> RawPost:
        self.all[1] |= {"body": "<p>JetBlue, edited</p>", "last_activity_date": self.now - 10}
        return bare(2, self.start + 2, "JetBlue, edited")
