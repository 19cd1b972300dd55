"""Whatever a platform sends: what the store can take of it, or None; in time that is linear."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.sources.normalise import (
    clean,
    count,
    html_text,
    language,
    links_in,
    moment,
    optional,
    part,
    web_address,
    words,
)

TEXTS = st.text(st.characters() | st.sampled_from("\x00\ud800\udfff<>&;/!-=\"' "))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**6, max_value=10**18),
    st.sampled_from([10**400, -(10**400)]),
    st.floats(),
    TEXTS,
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.integers().map(str),
    st.from_regex(r"https?://\S*"),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def storable(text: str) -> bool:
    """As both stores and JSON take it, with nothing around it."""
    text.encode("utf-8")
    return "\x00" not in text and text == text.strip() and json.loads(json.dumps(text)) == text


@given(ANYTHING)
def test_anything_is_read_or_is_none(value: Any) -> None:
    assert storable(clean(value))
    for own in (optional(value), web_address(value), language(value)):
        assert own is None or (own and storable(own))
    assert (found := count(value)) is None or 0 <= found < 2**53
    assert type(found) in (int, type(None))
    published = moment(value)
    if published is not None:
        assert published.utcoffset() == timedelta(0)
        assert datetime(1990, 1, 1, tzinfo=UTC) <= published
        assert published <= datetime.now(UTC) + timedelta(days=1)
    text, links = html_text(value)
    for several in (links, words(value)):
        assert all(one and storable(one) for one in several)
        assert len(set(several)) == len(several)
    assert storable(text)
    assert all(web_address(link) == link for link in links)
    for path in ((), ("a",), (0,), (-1, "a"), ("a", 0, "b")):
        part(value, *path)


@given(TEXTS)
def test_any_text_has_links_or_none(text: str) -> None:
    assert all(web_address(link) == link for link in links_in(text))


MARKUP = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<br/>", "<a href='https://a.b/c'>", '<a href="', "</a>", "<!--"),
            *("-->", "<![CDATA[", "]]>", "<script>", "</script>", "<style", "<title>", "</title>"),
            *("&amp;", "&#0;", "&#xd800;", "&#99999999999;", "&lt", "<", ">", "'", '"', "=", "/"),
            *(" ", "\n", "é", "\x00", "\ud800", "a", "<?", "<!", "</", "<3"),
        ]
    ),
    max_size=30,
).map("".join)


@given(MARKUP)
def test_any_markup_is_a_text(markup: str) -> None:
    text, links = html_text(markup)
    assert storable(text) and set(links) <= {"https://a.b/c"}
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<BR/>three<br />four", "one\ntwo\nthree\nfour"),
        ("<div><div><p>deep</p></div>er</div>", "deep\n\ner"),
        ("<ul><li>one<li>two</ul>three", "one\ntwo\n\nthree"),
        ("<blockquote><p>said</p></blockquote>so", "said\n\nso"),
        ("<h1>head</h1>text<hr>end", "head\n\ntext\n\nend"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("<dl><dt>a<dd>b</dl><figure>c<figcaption>d</figure>e", "a\nb\nc\nd\ne"),
        ("a <b>bold</b> <i>word</i>", "a bold word"),
        ("  a \t b\u00a0c  ", "a b c"),
        ("a &amp; b &lt;b&gt; &eacute; &#233; &#xE9; &nbsp;c", "a & b <b> é é é c"),
        ("&amp;amp; AT&T &unknown; &copy 2026", "&amp; AT&T &unknown; © 2026"),
        ("&#0;&#xD800;&#x110000;a", "\ufffd\ufffd\ufffda"),
        ("&#" + "9" * 5000 + "; a", "\ufffd a"),
        ("&#x" + "f" * 5000 + "; a", "\ufffd a"),
        ("a<!-- b <p> -->c<!---->d<!-->e", "acde"),
        ("a<!-- never closed <p>b", "a"),
        ("a<![CDATA[b < c &amp; d]]>e", "ab < c &amp; de"),
        ("a<![CDATA[b", "ab"),
        ("<!DOCTYPE html><?xml version='1'?>a", "a"),
        ("<script>if (a<b) alert('<p>')</script>a<style>p{}</style>b", "ab"),
        ("<SCRIPT type='x'>a</ScRiPt >b", "b"),
        ("a<script>never closed <p>b</p>", "a"),
        ("a<script/>b", "ab"),
        ("<title>never closed<p>b", "never closed\n\nb"),
        ("<html><head><title>t</title><meta x></head><body>a</body>", "a"),
        ("<head><link x><body>a", "a"),
        ("<template><p>x</p></template><noscript>y</noscript>z", "z"),
        ("a < b and c > d", "a < b and c > d"),
        ("i <3 you </3", "i <3 you </3"),
        ("a <b never closed", "a <b never closed"),
        ("<p>one<p>two <b>bold", "one\n\ntwo bold"),
        ("<p title='a > b'>c</p>", "c"),
        ('<p title="a > b" x>c</p>', "c"),
        ('<p title="it\'s" alt=\'say "x"\'>c', "c"),
        ('<p title="never closed>a<p>b', "a\n\nb"),
        ("<p don't>it's</p>", "it's"),
        ("a</p></div></b></script></br>b", "a\n\nb"),
        ("a\x00b\ud800c", "ab?c"),
        ("ＪｅｔＢｌｕｅ 💙 e\u0301", "ＪｅｔＢｌｕｅ 💙 e\u0301"),
    ],
)
def test_html_is_text(markup: str, text: str) -> None:
    assert html_text(markup)[0] == text


@pytest.mark.parametrize("value", [None, 1, b"<p>a</p>", ["<p>"], {"a": "b"}])
def test_what_is_no_markup_is_nothing(value: Any) -> None:
    assert html_text(value) == ("", ())


@pytest.mark.parametrize(
    ("attributes", "links"),
    [
        ('href="https://a.b/c"', ("https://a.b/c",)),
        ("href='https://a.b/c'", ("https://a.b/c",)),
        ("href=https://a.b/c", ("https://a.b/c",)),
        ("HREF = 'HTTPS://a.b/c'", ("HTTPS://a.b/c",)),
        ('class="x" href="https://a.b/?c=d&amp;e=f"', ("https://a.b/?c=d&e=f",)),
        ('href="https://a.b/?c=d&copy=f"', ("https://a.b/?c=d&copy=f",)),
        ("title='href=\"https://evil/\"' href='https://a.b/'", ("https://a.b/",)),
        ("href='https://a.b/' href='https://evil/'", ("https://a.b/",)),
        ("data-href='https://evil/'", ()),
        ("href='/relative'", ()),
        ("href='javascript:alert(1)'", ()),
        ("href='java&#115;cript:alert(1)'", ()),
        ("href=' https://a.b/ '", ("https://a.b/",)),
        ("href='https://a.b/\nc'", ()),
        ("href", ()),
        ("href=", ()),
        ("", ()),
    ],
)
def test_anchors_lead_somewhere(attributes: str, links: tuple[str, ...]) -> None:
    assert html_text(f"<a {attributes}>x</a> <a {attributes}>y</a>") == ("x y", links)


@pytest.mark.parametrize(
    "piece",
    [
        *("<", "<a", "</", "</a", "<!--", "<!", "<?", "<![CDATA[", "<p>", "<div><div>", "<title>"),
        *("<script>", "<noscript>", "<a href='", "<a ='>", '<a x=">"', "&", "&amp", "&#9", '="'),
        *("<a a ", "<template><title>", "\n ", " ", "<a\t", "a=", ")", "https://a.b/)", "]]>"),
    ],
)
@pytest.mark.usefixtures("bounded")
def test_time_grows_with_the_length_only(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    html_text(text)
    links_in(text)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.b/c, and http://d.e.", ("https://a.b/c", "http://d.e")),
        ("HTTPS://A.b/C", ("HTTPS://A.b/C",)),
        ("(https://a.b/c)", ("https://a.b/c",)),
        ("(see https://en.example/Foo_(bar))", ("https://en.example/Foo_(bar)",)),
        ("https://en.example/Foo_(bar)!", ("https://en.example/Foo_(bar)",)),
        ("<https://a.b/c> \"https://d.e\" 'https://f.g'", ("https://a.b/c", "https://d.e", "https://f.g")),
        ("“https://a.b/c” «https://d.e»", ("https://a.b/c", "https://d.e")),
        ("見て https://a.b/c。これ 「https://d.e」です", ("https://a.b/c", "https://d.e")),
        ("https://a.b https://a.b", ("https://a.b",)),
        ("https://a.b/?c=d&e=f#g...", ("https://a.b/?c=d&e=f#g",)),
        ("https:// http://... https://) ftp://a.b a.b www.a.b", ()),
        ("https://a.b\x00/c", ("https://a.b/c",)),
        ("http://[ http://[::1]/x", ("http://[::1]/x",)),
        ("", ()),
    ],
)  # fmt: skip
def test_addresses_in_a_text(text: str, links: tuple[str, ...]) -> None:
    assert links_in(text) == links


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://a.b/c", "https://a.b/c"),
        (" http://a.b ", "http://a.b"),
        ("HTTP://a.b", "HTTP://a.b"),
        ("https://a.b/Ockham's_(razor)", "https://a.b/Ockham's_(razor)"),
        ("https://a.b/" + "c" * 3988, "https://a.b/" + "c" * 3988),
        ("https://a.b/" + "c" * 3989, None),
        ("https://bücher.example/é", "https://bücher.example/é"),
        *((value, None) for value in ("", "a.b", "//a.b", "https://", "https:///a", "https://?a")),
        *((value, None) for value in ("ftp://a.b", "javascript:alert(1)", "data:,x", "mailto:a@b")),
        *(
            (value, None)
            for value in ("https://a b", "https://a\nb", "https://a\x01b", "https://[")
        ),
        *((value, None) for value in ('https://a"b', "https://a<b", "https://a\\b", None, 1, [])),
    ],
)
def test_an_address_is_of_the_web_or_none(value: Any, address: str | None) -> None:
    assert web_address(value) == address


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" a ", "a"),
        ("a\x00b", "ab"),
        ("\x00 a", "a"),
        ("\ud83d\ude00 \ud83d", "?? ?"),
        ("x" * 1_000_001, "x" * 1_000_000),
        *((value, "") for value in (None, 1, True, b"a", ["a"], {"a": 1}, "", " \n")),
    ],
)
def test_a_text_is_what_stores_take(value: Any, text: str) -> None:
    assert clean(value) == text
    assert optional(value) == (text or (str(value) if value == 1 and value is not True else None))


def test_an_id_that_is_a_number_is_its_digits() -> None:
    assert optional(0) == "0"
    assert optional(2**64) == "18446744073709551616"
    assert optional(-5) == "-5"
    assert moment(10**5000) is None
    assert (optional(10**5000), optional(1.5), optional(True), optional(False)) == (None,) * 4


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *((0, 0), (7, 7), ("7", 7), (" 7 ", 7), (7.0, 7), ("0007", 7), (2**53 - 1, 2**53 - 1)),
        *((value, None) for value in (2**53, 10**400, 10.0**300, "9" * 19, "9" * 5000, -1, -1.0)),
        *((value, None) for value in (True, False, None, "", " ", "a", "1.5", 1.5, "-1", "+1")),
        *(
            (value, None)
            for value in ("1,234", "1_0", "٣", "²", [], {}, float("nan"), float("inf"))
        ),
    ],
)
def test_a_count_is_one_or_none(value: Any, found: int | None) -> None:
    assert count(value) == found
    assert type(count(value)) is type(found)


NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        # seconds, milliseconds, microseconds since 1970, exact
        (1_704_067_200, NEW_YEAR),
        (1_704_067_200.25, NEW_YEAR + timedelta(milliseconds=250)),
        (1_704_067_200_250, NEW_YEAR + timedelta(milliseconds=250)),
        (1_704_067_200_123_457, NEW_YEAR + timedelta(microseconds=123_457)),
        ("1704067200", NEW_YEAR),
        (" 1704067200123 ", NEW_YEAR + timedelta(milliseconds=123)),
        # a date in digits, which no number of seconds in question looks like
        ("20240101", NEW_YEAR),
        (20240101, NEW_YEAR),
        ("20240101123000", NEW_YEAR + timedelta(hours=12.5)),
        (20240101123000, NEW_YEAR + timedelta(hours=12.5)),
        # ISO
        ("2024-01-01", NEW_YEAR),
        ("2024-01-01T00:00:00Z", NEW_YEAR),
        ("2024-01-01T00:00:00.000Z", NEW_YEAR),
        ("2024-01-01 00:00:00", NEW_YEAR),
        ("2024-01-01T01:30:00+01:30", NEW_YEAR),
        ("2023-12-31T19:00:00-0500", NEW_YEAR),
        ("20240101T000000Z", NEW_YEAR),
        ("2024-01-01T00:00:00.123456789Z", NEW_YEAR + timedelta(microseconds=123_456)),
        (datetime(2024, 1, 1), NEW_YEAR),  # noqa: DTZ001  as a library may give it
        (datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), NEW_YEAR),
        ("1990-01-01T00:00:00Z", datetime(1990, 1, 1, tzinfo=UTC)),
        # before there was anything, and beyond a clock that is wrong
        ("1989-12-31T23:59:59Z", None),
        ("1990-01-01T00:00:00+00:01", None),
        ("2999-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("0001-01-01T00:00:00+12:00", None),
        (0, None),
        (-1, None),
        (1e17, None),
        (10**400, None),
        (-(10**400), None),
        ("9" * 5000, None),
        (float("nan"), None),
        (float("inf"), None),
        # nonsense
        *((value, None) for value in (True, None, "", "soon", "٢٠٢٤", "²", [], {}, "2024")),
        *((value, None) for value in ("2024-13-01", "20241301", "2024-01-01T25:00Z", "13:00")),
        (date(2024, 1, 1), None),
    ],
)  # fmt: skip
def test_a_moment_is_one_or_none(value: Any, found: datetime | None) -> None:
    assert moment(value) == found
    if found is not None:
        read = moment(value)
        assert read is not None and read.tzinfo is UTC


def test_a_clock_may_be_wrong_by_a_day() -> None:
    now = datetime.now(UTC)
    assert moment(now + timedelta(hours=23)) == now + timedelta(hours=23)
    assert moment(now + timedelta(hours=25)) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *(("en", "en"), ("EN", "en"), (" en ", "en"), ("en-US", "en-us"), ("en_US", "en-us")),
        *(("zh-Hant-TW", "zh-hant-tw"), ("fil", "fil"), (["de", "en"], "de"), (("de",), "de")),
        *(("es-419", "es-419"), ("sr-Latn", "sr-latn"), ("pt-br", "pt-br")),
        *((value, None) for value in ("", None, 1, True, [], {}, "english", "e", "en-", "-en")),
        *((value, None) for value in ("und", "und-Latn", "zxx", "mul", "mis", "qme", "qht", "qaa")),
        *((value, None) for value in ("日本", "e n", "en-" + "a" * 9, "en" + "-abcdefgh" * 5)),
        *(([["en"]], None), ("en\n", "en")),
    ],
)  # fmt: skip
def test_a_language_is_a_code_or_none(value: Any, code: str | None) -> None:
    assert language(value) == code


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["a", "b", "a"], ("a", "b")),
        (["#a", "##b", "# c", "＃d", "#", "", " "], ("a", "b", "c", "d")),
        (["a", None, 1, ["b"], {"c": 1}], ("a",)),
        (("a",), ("a",)),
        *((value, ()) for value in (None, "abc", b"abc", {"a": 1}, 1, [], [None])),
    ],
)
def test_words_are_each_there_once(values: Any, found: tuple[str, ...]) -> None:
    assert words(values) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", 0, "b"), 1),
        (("a", -1, "b"), 2),
        (("a", 2), None),
        (("a", -3), None),
        (("a", "b"), None),
        (("a", 0, "b", "c"), None),
        (("x",), None),
        ((0,), None),
        (("none", "a"), None),
        ((), {"a": [{"b": 1}, {"b": 2}], "none": None}),
    ],
)
def test_what_lies_at_a_path(path: tuple[str | int, ...], found: Any) -> None:
    assert part({"a": [{"b": 1}, {"b": 2}], "none": None}, *path) == found
