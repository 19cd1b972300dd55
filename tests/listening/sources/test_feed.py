"""Feeds: real ones of a real generator from a real server, and odd ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from feedgen.feed import FeedGenerator

from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.schedule import Schedule
from listening.sources import registry
from listening.sources.base import Batch, RawPost
from listening.sources.errors import FormatChangedError, UnavailableError
from listening.sources.feed import FeedSource
from listening.sources.feedentries import Feed, read
from listening.store.brands.brands import get_brand
from listening.store.posts.posts import read_posts
from listening.store.session import Store
from listening.store.watches.watches import add_watch
from tests.factories import brand
from tests.listening.sources.platform import Asked, Reply, serving
from workers.jobs.sweeping import sweep_watch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHERE = "https://blog.example/feed"


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def source() -> Iterator[FeedSource]:
    client = Client("feed-test", rate="100000/second", sleep=lambda _: None)
    yield FeedSource(client)
    client.close()


def said(body: str | bytes, kind: str = "", seen: dict[str, int] | None = None) -> Feed:
    content = body.encode() if isinstance(body, str) else body
    headers = {"content-type": kind} if kind else {}
    return read(Answer(200, headers, content, WHERE), WHERE, seen or {}, NOW)


def rss(*items: str, head: str = "", channel: str = "") -> str:
    told = "".join(f"<item>{item}</item>" for item in items)
    return f"{head}<rss version='2.0'><channel>{channel}{told}</channel></rss>"


def posts_of(batches: list[Batch]) -> list[RawPost]:
    return [post for batch in batches for post in batch.posts]


class Blog:
    """A server of feeds as feedgen makes them, with an ETag of what they are."""

    def __init__(self) -> None:
        self.entries = {n: f"JetBlue number {n}" for n in (1, 2, 3)}
        self.edited: set[int] = set()
        self.form = "atom"

    def answer(self, asked: Asked) -> Reply:
        made = FeedGenerator()
        made.id("https://blog.example/")
        made.title("A blog")
        made.description("Of flying")
        made.link(href="https://blog.example/", rel="alternate")
        made.language("en")
        made.updated(datetime(2026, 11, 1, tzinfo=UTC))
        for number, text in self.entries.items():
            one = made.add_entry()
            written = datetime(2026, 11, number, 8, tzinfo=UTC)
            one.id(f"https://blog.example/{number}")
            one.link(href=f"https://blog.example/{number}")
            one.title(f"Post {number}")
            one.content(f"<p>{text} &amp; more</p>", type="html")
            one.author(name="Writer", email="writer@blog.example")
            one.category(term="air")
            one.published(written)
            one.updated(written + timedelta(days=number in self.edited))
        body = made.atom_str() if self.form == "atom" else made.rss_str()
        mark = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
        if asked.headers.get("if-none-match") == mark:
            return Reply(status=304, headers={"ETag": mark})
        return Reply(body, headers={"ETag": mark, "Content-Type": "text/xml"})


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_a_real_feed_swept_three_times(
    form: str, store: Store, source: FeedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.REGISTRY, "feed", source)
    brand(store, "JetBlue")
    blog = Blog()
    blog.form = form
    statuses: list[int] = []

    def answer(asked: Asked) -> Reply:
        reply = blog.answer(asked)
        statuses.append(reply.status)
        return reply

    with serving(answer) as platform:
        params = registry.settle(source, {"address": f"{platform.address}/feed.xml"})
        with store.work() as session:
            own = get_brand(session, "JetBlue")
            watch, _ = add_watch(session, own, "feed", params, Schedule(interval=900))
            number = int(watch.id or 0)

        def swept() -> tuple[int, int, int]:
            report = sweep_watch(store, number, holder="one", asked=True)
            assert report.error is None
            counts = report.counts
            return counts.posts_new, counts.posts_edited, counts.mentions_new

        assert swept() == (3, 0, 3)
        assert swept() == (0, 0, 0)
        blog.entries[4] = "JetBlue once more"
        blog.entries[2] = "JetBlue, on second thoughts"
        blog.edited.add(2)
        assert swept() == (1, 1, 1)
    assert statuses == [200, 304, 200]
    with store.session() as session:
        found = {raw.native_id: raw for part in read_posts(session) for _, _, raw in part}
    assert {key: raw.text for key, raw in found.items()} == {
        "https://blog.example/1": "JetBlue number 1 & more",
        "https://blog.example/2": "JetBlue, on second thoughts & more",
        "https://blog.example/3": "JetBlue number 3 & more",
        "https://blog.example/4": "JetBlue once more & more",
    }
    second = found["https://blog.example/2"]
    assert second.published_at == datetime(2026, 11, 2, 8, tzinfo=UTC), "an edit does not move it"
    assert (second.title, second.tags, second.language) == ("Post 2", ("air",), "en")
    assert second.author_native_id.startswith("blog.example/")


def test_last_modified_is_enough(source: FeedSource) -> None:
    day = "Sun, 22 Nov 2026 10:00:00 GMT"

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-modified-since") == day:
            return Reply(status=304)
        return Reply(rss("<title>one</title>"), headers={"Last-Modified": day})

    with serving(answer) as platform:
        params = {"address": f"{platform.address}/feed"}
        first = list(source.pull(params, None))
        second = list(source.pull(params, first[-1].cursor))
    assert (len(posts_of(first)), len(posts_of(second))) == (1, 0)
    assert second[-1].cursor == first[-1].cursor
    assert second[-1].read_until is not None


@pytest.mark.parametrize(("status", "asked_next"), [(301, "/new"), (308, "/new"), (302, "/old")])
def test_what_has_moved_for_good_is_asked_there(
    source: FeedSource, status: int, asked_next: str
) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/old":
            return Reply(status=status, headers={"Location": "/new"})
        return Reply(rss("<guid isPermaLink='false'>1</guid><title>one</title>"))

    with serving(answer) as platform:
        params = {"address": f"{platform.address}/old"}
        first = list(source.pull(params, None))
        before = len(platform.asked)
        second = list(source.pull(params, first[-1].cursor))
        assert platform.asked[before].path == asked_next
        ids = [post.native_id for post in posts_of([*first, *second])]
    assert ids == [f"{params['address']}#1"] * 2, "a post is the same wherever its feed lies"


def test_a_feed_that_fails_keeps_no_other_from_being_read(source: FeedSource) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/dead":
            return Reply("gone", 410)
        return Reply(rss(f"<title>{asked.path}</title>"))

    with serving(answer) as platform:
        own = platform.address
        params = {"address": f"{own}/dead {own}/a {own}/b"}
        batches = []
        with pytest.raises(UnavailableError):
            for batch in source.pull(params, None):
                batches.append(batch)
        assert posts_of(batches) == [], "where the first fails it may be our network"
        cursor = batches[-1].cursor
        batches = []
        with pytest.raises(UnavailableError, match="/dead is not there"):
            for batch in source.pull(params, cursor):
                batches.append(batch)
    assert [post.text for post in posts_of(batches)] == ["/a", "/b"]


def test_a_long_feed_is_known_only_when_all_of_it_is_stored(source: FeedSource) -> None:
    body = rss(*(f"<title>post {n}</title>" for n in range(1200)))

    def answer(asked: Asked) -> Reply:
        known = asked.headers.get("if-none-match") == '"1"'
        return Reply(status=304) if known else Reply(body, headers={"ETag": '"1"'})

    with serving(answer) as platform:
        params = {"address": f"{platform.address}/feed"}
        first = next(iter(source.pull(params, None)))
        rest = list(source.pull(params, first.cursor))
    assert len(first.posts) == 500
    assert [len(batch.posts) for batch in rest] == [500, 500, 200, 0]
    assert {post.published_at for post in posts_of(rest)} == {first.posts[0].published_at}


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("www.blog.example/feed", "did you mean https://www.blog.example/feed?"),
        ("feed://blog.example/rss", "did you mean https://blog.example/rss?"),
        ("feed:https://blog.example/rss", "did you mean https://blog.example/rss?"),
        ("htps://blog.example/rss", "did you mean https://blog.example/rss?"),
        ("http//blog.example/rss", "did you mean https://blog.example/rss?"),
        ("https:/blog.example/rss", "did you mean https://blog.example/rss?"),
        ("https://https://blog.example/rss", "did you mean https://blog.example/rss?"),
        ("blog.example:8080/rss", "did you mean https://blog.example:8080/rss?"),
        ("file:///etc/passwd", "write it whole, as in https://example.com/feed.xml"),
        ("JetBlue", "write it whole, as in https://example.com/feed.xml"),
        ("https://", "write it whole, as in https://example.com/feed.xml"),
        ("https://blog.example:port/", "is no web address"),
        ("https://me:secret@blog.example/rss", "holds a password"),
    ],
)
def test_a_mistyped_address_is_told_with_the_fix(source: FeedSource, told: str, meant: str) -> None:
    with pytest.raises(SettingsError) as refused:
        registry.settle(source, {"address": told})
    assert meant in str(refused.value)
    assert "secret" not in str(refused.value)


def test_addresses_are_kept_in_one_spelling(source: FeedSource) -> None:
    told = (
        "https://blog.example/feed,\n <HTTPS://Blog.Example/feed#top> https://bücher.example/ä?q=ö"
    )
    assert source.check({"address": told}) == {
        "address": "https://blog.example/feed https://xn--bcher-kva.example/%C3%A4?q=%C3%B6"
    }


def test_a_page_is_told_with_the_feed_it_names() -> None:
    page = """<!DOCTYPE html><html><head><link rel="stylesheet" href="/a.css">
    <link rel="alternate" type="application/rss+xml" href="/rss?a=1&amp;b=2"></head></html>"""
    with pytest.raises(FormatChangedError) as changed:
        said(page, "text/html")
    assert "a web page and no feed" in str(changed.value)
    assert "--set address=https://blog.example/rss?a=1&b=2 " in str(changed.value)
    assert changed.value.raw == page


@pytest.mark.parametrize(
    "body", ["", "  ", "Not found", '{"version": "1"}', "<x/>", "<!--", "\x00"]
)
def test_what_is_no_feed_is_told(body: str) -> None:
    with pytest.raises(FormatChangedError):
        said(body)


SIGN = "Käse – “gut”"


@pytest.mark.parametrize(
    ("written", "declared", "header"),
    [
        ("utf-8", "utf-8", "application/rss+xml"),
        ("utf-8", "utf-8", "text/xml"),  # which by an old rule means ASCII
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),  # wrong
        ("utf-8", "iso-8859-1", ""),  # wrong
        ("utf-8", "", ""),
        ("utf-8-sig", "", ""),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "utf-16", "application/xml"),
        ("utf-32", "utf-32", ""),
        ("cp1252", "windows-1252", ""),
        ("cp1252", "iso-8859-1", ""),  # as it is meant
        ("cp1252", "utf-8", "text/xml; charset=utf-8"),  # wrong twice
        ("cp1252", "", "text/xml; charset=windows-1252"),
        ("cp1252", "no-such-thing", "text/xml; charset=base64"),
    ],
)
def test_encodings_declared_and_wrong(written: str, declared: str, header: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    (post,) = said(rss(f"<title>{SIGN}</title>", head=head).encode(written), header).posts
    assert post.text == SIGN


@pytest.mark.parametrize("name", ["shift_jis", "euc-jp", "iso-2022-jp", "gb18030"])
def test_encodings_of_the_east(name: str) -> None:
    head = f'<?xml version="1.0" encoding="{name}"?>'
    (post,) = said(rss("<title>東京は晴れ</title>", head=head).encode(name)).posts
    assert post.text == "東京は晴れ"


def test_a_broken_byte_breaks_no_other_sign() -> None:
    body = rss(f"<title>{SIGN} {SIGN}</title>").encode() + b"<!-- \xff -->"
    (post,) = said(body).posts
    assert post.text == f"{SIGN} {SIGN}"


def test_what_an_entry_leaves_out() -> None:
    feed = said(
        rss(
            "<link>https://blog.example/1</link><title>by its link</title>",
            "<guid isPermaLink='false'>7</guid><title>by its number</title>",
            "<title>by its words</title>",
            "<guid>tag:x,2026:1</guid><title>Q&amp;A: is 1 &lt; 2?</title>",
            "<link>https://blog.example/silent</link>",
        )
    )
    words = hashlib.sha256(b"by its words\n").hexdigest()[:32]
    assert [post.native_id for post in feed.posts] == [
        "https://blog.example/1", f"{WHERE}#7", f"{WHERE}#{words}", "tag:x,2026:1"
    ]  # fmt: skip
    assert [row.field for _, row in feed.bad_rows] == ["text"]
    assert {post.published_at for post in feed.posts} == {NOW}, "when it was first seen"
    assert {post.author_native_id for post in feed.posts} == {"blog.example"}
    assert feed.posts[3].text == "Q&A: is 1 < 2?"


def test_when_it_was_first_seen_stays() -> None:
    body = rss("<title>a</title>", channel="<pubDate>Sat, 21 Nov 2026 08:00:00 GMT</pubDate>")
    first = said(body)
    assert first.posts[0].published_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    anew = body.replace("21 Nov", "22 Nov")
    assert said(anew, seen=first.seen).posts == first.posts
    assert said(anew).posts != first.posts


def test_a_feed_from_the_future_has_entries_of_now() -> None:
    body = rss("<title>a</title>", channel="<pubDate>Sat, 21 Nov 2099 08:00:00 GMT</pubDate>")
    assert said(body).posts[0].published_at == NOW


def test_an_old_form_and_names_of_html() -> None:
    body = """<?xml version="1.0"?>
    <!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
     "http://my.netscape.com/publish/formats/rss-0.91.dtd">
    <rss version="0.91"><channel><item><title>Caf&eacute; &#8211;&nbsp;&#0;&#xD800;open</title>
    </item></channel></rss>"""
    assert said(body).posts[0].text == "Café – open"
