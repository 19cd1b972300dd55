"""Two feeds: RSS 2.0 (https://www.rssboard.org/rss-specification) and Atom (RFC 4287)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar
from xml.sax.saxutils import escape

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.feed import FeedSource
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

RSS, ATOM = "https://blog.example/rss.xml", "https://news.example/atom.xml"
_RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/">
<channel><title>A blog</title><link>https://www.blog.example/</link>
<description>About flying</description><language>en-US</language>
<lastBuildDate>{built}</lastBuildDate>
{entries}
</channel></rss>"""
_ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0">
<title>The news</title><id>tag:news.example,2026:feed</id>
<link rel="self" href="https://news.example/atom.xml"/><link href="https://news.example/"/>
<updated>2026-09-15T00:00:00Z</updated>
{entries}
</feed>"""

_FULL = """<item><title>JetBlue &amp; me</title><link>https://blog.example/1</link>
<guid isPermaLink="false">1</guid><dc:creator>Writer One</dc:creator>
<pubDate>Tue, 01 Sep 2026 12:00:00 +0200</pubDate>
<category>Travel</category><category>Airlines</category>
<description>Short.</description>
<content:encoded><![CDATA[<p>I flew JetBlue &ndash; ✈️.</p>
<p>See <a href="https://example.com/a">this</a>.</p>]]></content:encoded>
<slash:comments>4</slash:comments>
<enclosure url="https://blog.example/1.jpg" length="1000" type="image/jpeg"/></item>"""
_BARE = """<item><guid isPermaLink="false">2</guid>
<description>jetblue and nothing else</description></item>"""


def entry(number: int, text: str, more: str = "") -> str:
    return (
        f"<entry><id>tag:news.example,2026:{number}</id><title>Number {number}</title>"
        f"<link href='https://news.example/{number}'/>"
        f"<published>2026-09-02T00:00:{number:02}Z</published>"
        f"<updated>2026-09-03T00:00:00Z</updated>"
        f"<content type='text' xml:lang='de'>{escape(text)}</content>{more}</entry>"
    )


def read(number: int, text: str) -> RawPost:
    return RawPost(
        source="feed",
        native_id=f"tag:news.example,2026:{number}",
        author_native_id="news.example",
        author_name="The news",
        text=text,
        title=f"Number {number}",
        url=f"https://news.example/{number}",
        published_at=datetime(2026, 9, 2, 0, 0, number, tzinfo=UTC),
        language="de",
    )


class FeedCase(Case):
    name = "feed"
    params: ClassVar = {"address": f"{RSS}\n<{ATOM}>,"}
    bad_field = "text"
    backfills = False
    edits = True

    def __init__(self) -> None:
        answered = "<thr:in-reply-to ref='tag:news.example,2026:11'/>"
        person = "<author><name>Someone Else</name><uri>https://else.example</uri></author>"
        self.built = "Mon, 14 Sep 2026 10:00:00 GMT"
        self.items = [_FULL, _BARE]
        self.entries = [
            *(entry(n, f"JetBlue < {n}") for n in range(10, 13)),
            entry(13, "No, JetBlue", person + answered),
        ]
        self.posts = [
            RawPost(
                source="feed",
                native_id=f"{RSS}#1",
                author_native_id="blog.example/writer one",
                author_name="Writer One",
                text="I flew JetBlue – ✈️.\n\nSee this.",
                title="JetBlue & me",
                url="https://blog.example/1",
                published_at=datetime(2026, 9, 1, 10, tzinfo=UTC),
                language="en-us",
                replies=4,
                media=("image", "link"),
                links=("https://example.com/a",),
                tags=("Travel", "Airlines"),
            ),
            RawPost(
                source="feed",
                native_id=f"{RSS}#2",
                author_native_id="blog.example",
                author_name="A blog",
                text="jetblue and nothing else",
                published_at=datetime(2026, 9, 14, 10, tzinfo=UTC),
                language="en-us",
            ),
            *(read(n, f"JetBlue < {n}") for n in range(10, 13)),
            RawPost(
                source="feed",
                native_id="tag:news.example,2026:13",
                author_native_id="news.example/someone else",
                author_name="Someone Else",
                text="No, JetBlue",
                title="Number 13",
                url="https://news.example/13",
                published_at=datetime(2026, 9, 2, 0, 0, 13, tzinfo=UTC),
                language="de",
                kind=PostKind.COMMENT,
                reply_to="tag:news.example,2026:11",
            ),
        ]
        self.later = read(50, "JetBlue again")

    def source(self, client: Client) -> Source:
        return FeedSource(client)

    def answer(self, asked: Asked) -> Reply:
        assert asked.url in (RSS, ATOM)
        form, parts = (_RSS, self.items) if asked.url == RSS else (_ATOM, self.entries)
        body = form.format(built=self.built, entries="\n".join(parts))
        mark = f'"{hash(body)}"'
        if asked.headers.get("if-none-match") == mark:
            return Reply(status=304, headers={"ETag": mark})
        kind = "application/rss+xml" if asked.url == RSS else "application/atom+xml"
        return Reply(body, headers={"ETag": mark, "Content-Type": kind})

    def post_later(self) -> None:
        self.entries.append(entry(50, "JetBlue again"))

    def empty(self) -> None:
        self.items.clear()
        self.entries.clear()

    def break_one(self) -> str:
        self.items.append("<item><link>https://blog.example/silent</link></item>")
        return "https://blog.example/silent"

    def edit(self) -> RawPost:
        # That its feed was made anew meanwhile does not move it.
        self.built = "Tue, 15 Sep 2026 10:00:00 GMT"
        self.items = [_BARE.replace("nothing else", "more")]
        return RawPost(
            source="feed",
            native_id=f"{RSS}#2",
            author_native_id="blog.example",
            author_name="A blog",
            text="jetblue and more",
            published_at=datetime(2026, 9, 14, 10, tzinfo=UTC),
            language="en-us",
        )
