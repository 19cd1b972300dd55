"""Whatever is written: a query or a QueryError, and the fast way is the slow way."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from listening.errors import QueryError
from listening.query import Document, Matcher, Query, explain, parse

PIECES = [
    *("AND", "OR", "NOT", "NEAR/3", "NEAR/0f", "ONEAR/2", "SENTENCE/1", "(", ")", '"', "{", "}"),
    *("~2", "[3 TO 5]", "title:", "rating:", "country:", "-", "*", "?", "<<<", ">>>", "|", "a"),
    *("b", "c*", "@a", "é", "💙", "捷蓝", "ก็", "\u0301", "_", "'", "&", ".", " ", "\n"),
]


def parsed(text: str) -> Query | None:
    try:
        return parse(text)
    except QueryError as error:
        assert error.column is not None
        assert error.column >= 1
        return None


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_any_string_is_a_query_or_a_query_error(text: str) -> None:
    query = parsed(text)
    if query is not None:
        assert parse(str(query)).tree == query.tree
        Matcher({0: query}).match(Document(text, title=text, url=text, country=text))


LETTERS = ["a", "b", "ab", "aé", "é", "e", "E\u0301", "ß", "SS", "İ", "1", "ﬁ", "捷", "蓝", "ก็"]
MARKS = ["💙", "👍🏽", "👍", "_", "'", "’", "@", "#", "&", ".", "-", "+", "\u200b", "\ufe0f", "ـ"]
GAPS = [" ", " ", " ", "\n", ". ", ", "]
TEXTS = st.lists(st.sampled_from(LETTERS + MARKS + GAPS), max_size=14).map("".join)
WORDS = [
    *("a", "b", "ab", "a*", "a?", "?b", "e", "é", "É*", "ss", "i", "fi", "@a", "#a", "a&b", "a.b"),
    *("a_b", "b++", "捷", "捷蓝", "蓝*", "ก็", "💙", "👍", "👍🏽", "👍💙", "{a}", "{É}", "{E*}"),
    *('"a b"', '"a 捷"', '"e a*"', '"a-b"', "don't", "a'b", "title:a", 'title:"a b"', "content:b"),
    *("url:a", "country:a", "rating:[1 TO 2]", '"a b"~2', '"a b a"~1', "@_a_", "1"),
]
TERMS = st.sampled_from(WORDS)
PLACED = st.sampled_from([word for word in WORDS if ":" not in word])
OPERATORS = st.sampled_from(["NEAR/0", "NEAR/2", "NEAR/1f", "SENTENCE/1", "SENTENCE/2"])
NEARS = st.builds(lambda a, o, b: f"({a} {o} {b})", PLACED, OPERATORS, PLACED)
QUERIES = st.recursive(
    TERMS | NEARS,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a} OR {b})", inner, inner),
        st.builds(lambda a, b: f"({a} AND {b})", inner, inner),
        st.builds(lambda a, b: f"({a} NOT {b})", inner, inner),
    ),
    max_leaves=6,
)
TITLES = st.none() | TEXTS


@given(st.lists(QUERIES, min_size=1, max_size=4), TEXTS, TITLES, st.sampled_from([None, 1, 3]))
@settings(max_examples=600, deadline=None)
@example(["aé"], "aé👍🏽b", None, None)
def test_the_fast_way_is_the_slow_way(
    queries: list[str], text: str, title: str | None, rating: float | None
) -> None:
    trees = {i: parse(query) for i, query in enumerate(queries)}
    document = Document(text, title=title, url=text, country=title, rating=rating)
    fast = Matcher(trees).match(document)
    slow = {i: explain(query, document) for i, query in trees.items()}
    assert fast == {i: told.match for i, told in slow.items() if told.held}
    for match in fast.values():
        for spans, of in ((match.spans, text), (match.title_spans, title or "")):
            assert all(0 <= start < end <= len(of) for start, end in spans)
            assert list(spans) == sorted(set(spans))
