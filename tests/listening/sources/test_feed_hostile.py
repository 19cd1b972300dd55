"""Hostile feeds: bombs, what they would have fetched, and any bytes at all."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.fetching.http import Answer
from listening.sources.errors import FormatChangedError
from listening.sources.feedentries import decoded
from tests.listening.sources.platform import Reply, serving
from tests.listening.sources.test_feed import WHERE, rss, said


def laughs(times: int) -> str:
    entities = "".join(
        f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 12)
    )  # 10^11 words
    return rss(
        *["<title>&lol11;</title>"] * times,
        head=f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY lol0 "lol">{entities}]>',
    )


def blow_up(times: int) -> str:
    return rss(
        f"<title>{'&a;' * 200 * times}</title>",
        head=f'<!DOCTYPE rss [\n<!ENTITY a "{"a" * 200 * times}">\n]>\n',
    )


def hidden(times: int) -> str:
    """Behind a comment that looks like an element, which is where feedparser looks up to."""
    return laughs(times).replace("<!DOCTYPE", "<!-- <rss> --><?x <rss> ?><!DOCTYPE", 1)


def attributes(times: int) -> str:
    entity = f'<!DOCTYPE rss [\n<!ENTITY a "{"a" * 200 * times}">\n]>\n'
    return rss(*["<title>x</title><enclosure url='&a;&a;&a;' type='&a;'/>"] * times, head=entity)


def nested(times: int) -> str:
    return rss("<title>x</title>" + "<b>" * 100 * times)


def unfinished(times: int) -> str:
    return f"<!DOCTYPE rss [{'<!-- <' * 100 * times}"


def junk(times: int) -> str:
    return f"<br />Warning {laughs(times)}"


HOSTILE = [laughs, blow_up, hidden, attributes, nested, unfinished, junk]


def work_of(body: bytes) -> tuple[int, int]:
    """Calls that reading takes, and characters that come of it."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        feed = said(body)
        size = sum(len(repr(post)) for post in feed.posts)
    except FormatChangedError:
        size = 0
    finally:
        sys.setprofile(before)
    return calls, size


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda made: made.__name__)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_bomb_costs_what_its_size_costs(hostile: Callable[[int], str], encoding: str) -> None:
    small, large = hostile(20).encode(encoding), hostile(40).encode(encoding)
    work_of(small)  # what is loaded once
    (calls, size), (more, larger) = work_of(small), work_of(large)
    assert len(large) < 2.1 * len(small)
    assert calls < 200 * len(small), "what little there is takes little"
    assert more < 2.3 * calls + 1000, "twice as much takes twice as long"
    assert size < 3 * len(small) + 20_000 and larger < 3 * len(large) + 40_000


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "{}/secret">]>',
        '<!DOCTYPE rss SYSTEM "{}/secret.dtd" [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE rss [<!ENTITY % p SYSTEM "{}/secret"> %p;]>',
        '<?xml-stylesheet href="{}/secret"?>',
    ],
)
def test_nothing_is_fetched_for_a_feed(declared: str) -> None:
    with serving(lambda asked: Reply("secret")) as platform:
        feed = said(rss("<title>say &x; now</title>", head=declared.format(platform.address)))
        assert platform.asked == []
    assert [post.text for post in feed.posts] == ["say &x; now"]


@pytest.mark.parametrize(
    "body",
    [
        rss("<title>x</title>" + "".join(f"<category>{n}</category>" for n in range(2000))),
        rss("<title>x</title>", *(f"<x{n}:a xmlns:x{n}='u{n}'/>" for n in range(500))),
    ],
    ids=["categories", "namespaces"],
)
def test_what_would_cost_the_square_of_its_size_is_refused(body: str) -> None:
    with pytest.raises(FormatChangedError):
        said(body)


PIECES = st.sampled_from(
    "<rss> <channel> <item> </item> <title> </title> <entry> <feed> <guid> <link> <x:y> <![CDATA[ "
    "]]> &#99999999999; &#xD800; &lt; &a; <!DOCTYPE [ ]> <!-- --> <?xml ?> <pubDate> 2026 "
    "<content type='xhtml'> <author> a@b.c <source> <enclosure <media:content href='http://["
    " \x00 \ud800 é".split(" ")
)


@given(st.lists(PIECES, max_size=40).map("".join), st.binary(max_size=20))
def test_any_bytes_are_a_feed_or_told_as_none(text: str, tail: bytes) -> None:
    body = f"<rss><channel><item>{text}".encode("utf-8", "surrogatepass") + tail
    for told in (body, tail):
        try:
            for post in said(told, "text/xml; charset=utf-7").posts:
                post.text.encode()
        except FormatChangedError:
            pass
        assert isinstance(decoded(Answer(200, {}, told, WHERE)), str)
