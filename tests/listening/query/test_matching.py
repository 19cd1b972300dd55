"""Literal tables: a query, a text, whether it holds."""

from __future__ import annotations

import pytest

from listening.query import Document, Match, Matcher, explain, parse


def holds(query: str, document: Document | str) -> bool:
    """Through the matcher, and checked to be the same straight from the tree."""
    if isinstance(document, str):
        document = Document(document)
    parsed = parse(query)
    fast = Matcher({0: parsed}).match(document)
    slow = explain(parsed, document)
    assert (0 in fast) is slow.held
    if fast:
        assert fast[0] == slow.match
    return 0 in fast


def spans(query: str, text: str) -> tuple[tuple[int, int], ...]:
    return Matcher({0: parse(query)}).match(Document(text))[0].spans


WORDS = [
    # boundaries
    ("jet", "jet", True),
    ("jet", "a jet", True),
    ("jet", "jet!", True),
    ("jet", "(jet)", True),
    ("jet", "one\njet\ntwo", True),
    ("jet", "jet💙", True),
    ("jet", "💙jet💙", True),
    ("jet", "jetblue", False),
    ("jet", "blujet", False),
    ("jet", "jet2", False),
    ("jet", "", False),
    ("jet", "jet-lag", True),
    ("jet", "my_jet", False),
    ("jet", "_jet_", True),
    ("jet", "__jet__ x", True),
    ("my_jet", "my_jet flies", True),
    ("jet", "a jet’s wing", True),
    ("jetblue", "JetBlue's crew", True),
    ("avion", "l'avion", True),
    # case and width
    ("JETBLUE", "jetblue", True),
    ("jetblue", "JETBLUE", True),
    ("jetblue", "ｊｅｔｂｌｕｅ", True),
    ("strasse", "STRAßE", True),
    ("straße", "strasse", True),
    # apostrophes
    ("don't", "I don’t know", True),
    ("don’t", "I don't know", True),
    ("don't", "I dont know", False),
    # symbols within and around
    ("C++", "I write C++.", True),
    ("C++", "I write C.", False),
    ("C++", "C++11", True),
    ("C++", "see C+", False),
    ("C#", "C# or F#", True),
    ("C#", "plan C", False),
    ("AT&T", "my at&t bill", True),
    ("AT&T", "at t", False),
    ("AT&T", "chat&talk", False),
    ("U.S.", "the U.S. team", True),
    ("U.S.", "the U.S", True),
    ("U.S.", "join us now", False),
    ("U.S.", "u s", False),
    (".NET", "built on .NET today", True),
    (".NET", "a net", False),
    ("$AAPL", "buy $aapl now", True),
    ("$AAPL", "buy aapl now", False),
    ("100%", "100% sure", True),
    ("100%", "100 sure", False),
    ("jetblue.com", "see jetblue.com/deals", True),
    ("jetblue.com", "jetblue com", False),
    ("e-mail", "an e-mail", True),
    ("e-mail", "an e mail", True),
    ("e-mail", "an email", False),
    ("nike", "Nike™ shoes", True),
    ("nike", "Nike® shoes", True),
    # accents
    ("cafe", "Café", True),
    ("cafe", "cafe", True),
    ("café", "CAFÉ", True),
    ("café", "cafe", False),
    ("café", "cafe\u0301 noir", True),
    ("cafe", "cafe\u0301", True),
    ("lodz", "Łódź", True),
    ("Łódź", "Lodz", False),
    ("istanbul", "İstanbul", True),
    # invisible characters
    ("jetblue", "jet\u00adblue", True),
    ("jetblue", "@\u200bjetblue", True),
    # emoji
    ("💙", "love💙you", True),
    ("💙", "love❤you", False),
    ("❤", "I ❤\ufe0f NY", True),
    ("❤\ufe0f", "I ❤ NY", True),
    ("👍", "good 👍🏽", True),
    ("👍🏽", "good 👍", False),
    ("👍🏽", "good 👍🏽", True),
    ("👍💙", "good 👍🏽💙", True),
    ("👩‍💻", "a 👩‍💻 codes", True),
    ("🇺🇸", "from 🇺🇸!", True),
    ("🇺🇸", "from 🇬🇧!", False),
    # scripts without spaces: substrings
    ("捷蓝", "我坐捷蓝航空回家", True),
    ("捷蓝航空", "我坐捷蓝 航空回家", False),
    ("全日空", "昨日は全日空で", True),
    ("สายการบิน", "เจ็ตบลูเป็นสายการบินที่ดี", True),
    ("สายการบิน", "เจ็ตบลู", False),
    ("iphone", "新しいiPhoneを買った", True),
    ("Tシャツ", "白いＴシャツ", True),
    ("捷?航空", "捷蓝航空", True),
    ("捷蓝*", "捷蓝航空", True),
    # Arabic, Hebrew, Devanagari, Cyrillic
    ("طيران", "شركة طيران جديدة", True),
    ("طيران", "الطيران", False),
    ("كتاب", "كِتَاب", True),
    ("كِتَاب", "كتاب", False),
    ("احمد", "أحمد", True),
    ("हिन्दी", "मैं हिन्दी बोलता हूँ", True),
    ("हिन", "हिन्दी", False),
    ("елка", "Ёлка", True),
    ("ёлка", "елка", False),
    # handles and hashtags
    ("jetblue", "@JetBlue hi", True),
    ("jetblue", "#JetBlue hi", True),
    ("@jetblue", "@JetBlue hi", True),
    ("@jetblue", "#jetblue hi", False),
    ("@jetblue", "jetblue hi", False),
    ("@jetblue", "me@jetblue", False),
    ("@jetblue", "@jetblue_uk hi", False),
    ("@jetblue", "@jetblue.bsky.social", False),
    ("@jetblue", "thanks @jetblue.", True),
    ("@jetblue.bsky.social", "hi @jetblue.bsky.social!", True),
    ("@jet_blue", "hi @jet_blue!", True),
    ("@_jet_", "hi @_jet_ there", True),
    ("@_jet_", "hi @jet there", False),
    ("#jetblue", "#JetBlue", True),
    ("#jetblue", "@jetblue jetblue", False),
    ("#jetblue", "#jetbluefail", False),
    ("#jet*", "#jetbluefail", True),
    ("#jet*", "jetbluefail", False),
    # wildcards
    ("jet*", "jetblue", True),
    ("jet*", "jet", True),
    ("jet*", "ajet", False),
    ("jet*", "jet_lag", True),
    ("col*r", "colour", True),
    ("col*r", "color", True),
    ("col*r", "col or", False),
    ("wom?n", "women", True),
    ("wom?n", "womn", False),
    ("?at", "cat", True),
    ("?at", "at", False),
    ("cafe*", "Cafés", True),
    ("café*", "cafes", False),
    ("c*l*r", "colour", True),
    ("c*l*r", "colours", False),
    ("a*a*a*a*a*a*a*a*a*a*a*b", "a" * 400, False),
    ("jetblue.com/*", "see jetblue.com", True),
    ("jet_*", "jet_lag", True),
    ("jet_*", "jetlag", False),
    # phrases
    ('"jet blue"', "jet blue", True),
    ('"jet blue"', "Jet-Blue", True),
    ('"jet blue"', "jet,\nblue", True),
    ('"jet blue"', "jet big blue", False),
    ('"jet blue"', "blue jet", False),
    ('"jet blue"', "jet 💙 blue", False),
    ('"jet blue"', "jet_blue", False),
    ('"jet blu*"', "jet blues", True),
    ('"  jet   blue "', "jet blue", True),
    ("“jet blue”", "jet blue", True),
    ('"at t"', "AT&T", True),
    ('"AND"', "you and me", True),
    ('"jet 💙"', "jet💙", True),
    # case in braces
    ("{BT}", "call BT now", True),
    ("{BT}", "call bt now", False),
    ("{BT*}", "call BTs now", True),
    ("{BT*}", "call Bts now", False),
    ("{Big Data}", "of Big Data", True),
    ("{Big Data}", "of big data", False),
    ("{Cafe}", "Café", True),
    ("{Café}", "Cafe", False),
    ("{Straße}", "Straße", True),
    # booleans and precedence: NOT > NEAR > AND > OR
    ("a AND b", "b a", True),
    ("a AND b", "a", False),
    ("a OR b", "b", True),
    ("a|b", "b", True),
    ("a OR b AND c", "a", True),
    ("a OR b AND c", "b", False),
    ("(a OR b) AND c", "a", False),
    ("a NOT b", "a", True),
    ("a NOT b", "a b", False),
    ("a AND NOT b", "a b", False),
    ("a -b", "a b", False),
    ("a -b", "a c", True),
    ('a -"b c"', "a c b", True),
    ("a -(b OR c)", "a c", False),
    ("a OR c NOT b", "a b", True),
    ("NOT NOT a", "a", True),
    ("a NOT (b AND NOT c)", "a b c", True),
    ("a AND b NEAR/0 c", "a x b c", True),
    ("a AND b NEAR/0 c", "a b x c", False),
    ("a <<<what a comment OR>>> OR b", "b", True),
]


@pytest.mark.parametrize(("query", "text", "expected"), WORDS)
def test_words(query: str, text: str, expected: bool) -> None:
    assert holds(query, text) is expected


NEAR = [
    ("a NEAR/0 b", "a b", True),
    ("a NEAR/0 b", "b a", True),
    ("a NEAR/0 b", "a x b", False),
    ("a NEAR/1 b", "a x b", True),
    ("a NEAR/1 b", "b, x, a", True),
    ("a NEAR/1 b", "a x y b", False),
    ("a NEAR/1f b", "a x b", True),
    ("a NEAR/1f b", "b x a", False),
    ("a ONEAR/1 b", "a x b", True),
    ("a ONEAR/1 b", "b x a", False),
    ("a NEAR/2 b", "a x y z x a y b", True),
    ("a NEAR/5 a", "a", False),
    ("a NEAR/5 a", "a x a", True),
    ("jet* NEAR/5 jetblue", "jetblue", False),
    ("jet* NEAR/5 jetblue", "jetblue jets", True),
    ('"a b" NEAR/3 b', "a b", False),
    ('"a b" NEAR/3 b', "b a b", True),
    ("(a OR b) NEAR/0 (c OR d)", "b d", True),
    ("(a OR b) NEAR/0 (c OR d)", "a b x d c", False),
    # the farther b is the one near c
    ("(a NEAR/5 b) NEAR/0 c", "a b x x b c", True),
    ("a NEAR/1 b NEAR/1 c", "a b x c", True),
    ("a NEAR/1 b NEAR/1 c", "a b x x c", False),
    ("a NEAR/0 b", "JetBlue's a b", True),
    # a possessive is one word: nothing stands in between but "late"
    ("jetblue NEAR/1 again", "JetBlue's late again", True),
    ("{A} NEAR/0 b", "a b", False),
    ("💙 NEAR/0 jet", "jet💙", True),
    ("捷蓝 NEAR/1 好", "捷蓝很好", True),
    ("捷蓝 NEAR/0 好", "捷蓝很好", False),
    # ~
    ('"a b"~0', "b a", True),
    ('"a b"~1', "b x a", True),
    ('"a b"~1', "b x x a", False),
    ('"a b c"~1', "c x a b", True),
    ('"a b c"~1', "c x a x b", False),
    ('"a b c"~9', "a b", False),
    ('"a a"~9', "a", False),
    ('"a a a"~9', "a x a", False),
    ('"a a a"~9', "a x a a", True),
    ("(a AND b)~1", "b x a", True),
    ("(a AND (b OR c))~0", "c a", True),
    ("(a AND (b OR c))~0", "c x a", False),
    ("(a AND b AND c)~0", "c b a", True),
    ("(a AND b AND c)~0", "c b x a", False),
    # sentences
    ("a SENTENCE/1 b", "a x b. c", True),
    ("a SENTENCE/1 b", "b? a!", False),
    ("a SENTENCE/2 b", "b? a!", True),
    ("a SENTENCE/2 b", "b? x! a", False),
    ("a SENTENCE/1 b", "a v1.0 b", True),
    ("word SENTENCE/1 b", "the U.S. word b", True),
    ("a SENTENCE/1 b", "a\nb", False),
    ("好 SENTENCE/1 坏", "好。坏", False),
    ("好 SENTENCE/2 坏", "好。坏", True),
    ("a SENTENCE/1 a", "a", False),
]


@pytest.mark.parametrize(("query", "text", "expected"), NEAR)
def test_near(query: str, text: str, expected: bool) -> None:
    assert holds(query, text) is expected


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("jet", "jet a jet", ((0, 3), (6, 9))),
        ("@jet OR jet", "hi @jet", ((3, 7),)),
        ('"jet blue" OR "blue sky"', "jet blue sky", ((0, 12),)),
        ("a NOT b", "x a", ((2, 3),)),
        ("a OR (b AND c)", "a b", ((0, 1),)),
        ("a NEAR/1 b", "b x x x a b", ((8, 9), (10, 11))),
        ("cafe", "un café", ((3, 7),)),
        ("cafe", "ﬁ cafe\u0301 x", ((2, 7),)),
        ("jet", "… don’t 💙 jet", ((10, 13),)),
        ("jet", "I ❤\ufe0f jet", ((5, 8),)),
        ("strasse", "die Straße", ((4, 10),)),
        ("x", "ßßß x", ((4, 5),)),
        ("كتاب", "كِتَابٌ x", ((0, 7),)),
        ("捷蓝", "坐捷蓝", ((1, 3),)),
        ("C++", "in C++!", ((3, 6),)),
        ("{BT}", "bt BT", ((3, 5),)),
        ("café OR x", "x\u00ad café", ((0, 1), (3, 7))),
    ],
)
def test_spans(query: str, text: str, expected: tuple[tuple[int, int], ...]) -> None:
    assert holds(query, text)
    assert spans(query, text) == expected


def test_spans_of_text_and_title() -> None:
    found = Matcher({"b": parse("jet AND title:blue")}).match(Document("a jet", title="jet Blue"))
    assert found == {"b": Match(((2, 5),), ((0, 3), (4, 8)))}


def test_a_field_hit_elsewhere_is_no_span() -> None:
    assert Matcher({1: parse("url:jet")}).match(Document("jet", url="http://jet.com")) == {
        1: Match(())
    }


def test_many_queries_at_once() -> None:
    queries = {
        "b6": parse('jetblue OR "jet blue"'),
        "dl": parse("delta NOT force"),
        "en": parse("language:en"),
        "q": parse("?oo"),
    }
    matcher = Matcher(queries)
    assert matcher.match(Document("nothing here")) == {}
    assert matcher.match(Document("Delta to JetBlue")) == {
        "b6": Match(((9, 16),)),
        "dl": Match(((0, 5),)),
    }
    assert set(matcher.match(Document("delta force foo", language="en"))) == {"en", "q"}


def test_no_queries() -> None:
    assert Matcher({}).match(Document("anything", title="at all")) == {}


def test_explanation() -> None:
    query = parse("(jetblue OR delta) NOT title:refund")
    told = explain(query, Document("On JetBlue and jetblue", title="Refund"))
    assert told.held is False
    assert told.lines() == [
        "no  (jetblue OR delta) AND NOT title:refund",
        "  yes jetblue OR delta",
        "    yes jetblue  found 'JetBlue', 'jetblue'",
        "    no  delta",
        "  no  NOT title:refund",
        "    yes title:refund",
        "      yes refund  found 'Refund'",
    ]
    assert told.children[0].match.spans == ((3, 10), (15, 22))
