"""Errors that point, the normal form, and queries of any size."""

from __future__ import annotations

import pytest

from listening.errors import QueryError
from listening.query import Document, Matcher, explain, parse

ERRORS = [
    ("", 1, "the query is empty"),
    ("  ", 1, "the query is empty"),
    ("<<<only this>>>", 1, "the query is empty"),
    ("a b", 3, 'write "a b" in quotes'),
    ("a AND b c", 9, 'write "b c" in quotes'),
    ('a "b c"', 3, "an operator is missing here"),
    ("a (b)", 3, "an operator is missing here"),
    ("(a) title:b", 5, "an operator is missing here"),
    ("a and b", 3, "operators are written in capitals: AND"),
    ("not a", 5, "operators are written in capitals: NOT"),
    ('a "b', 3, "this quotation mark is never closed"),
    ("a OR {b", 6, "this brace is never closed"),
    ("a}", 2, "no opening brace"),
    ("rating:[3", 8, "this square bracket is never closed"),
    ("a ]", 3, "no opening square bracket"),
    ("a <<<b", 3, "this comment is never closed"),
    ("(a", 1, "this parenthesis is never closed"),
    ("a OR (b AND (c)", 6, "this parenthesis is never closed"),
    ("a)", 2, "no opening parenthesis"),
    (")", 1, "no opening parenthesis"),
    ("a OR ()", 7, "nothing stands between the parentheses"),
    ("a AND", 6, "a term is missing after AND"),
    ("a AND  ", 6, "a term is missing after AND"),
    ("(a OR)", 6, "a term is missing after OR"),
    ("AND a", 1, "expected a term at the beginning, not AND"),
    ("a AND OR b", 7, "expected a term after AND, not OR"),
    ("title:", 7, "a term is missing after title:"),
    ("title:AND", 7, "must follow title:"),
    ("a - b", 3, "a minus sign must touch"),
    ("NOT a", 1, "only says what to leave out"),
    ("-a", 1, "only says what to leave out"),
    ("  NOT a AND NOT b", 3, "only says what to leave out"),
    ("a OR NOT b", 1, "only says what to leave out"),
    ("country:(NOT us)", 9, "write NOT country:"),
    ("*", 1, "cannot begin with *"),
    ("*jet", 1, "cannot begin with *"),
    ('a OR "jet *blue"', 11, "cannot begin with *"),
    ("a OR ??", 6, "wildcards alone match everything"),
    ("a OR !!!", 6, "nothing to look for"),
    ('""', 2, "nothing to look for"),
    ("捷*空", 2, "cannot begin with *"),
    ("a NEAR b", 3, "NEAR needs a number of words"),
    ("a NEAR/x b", 3, "NEAR needs a number of words"),
    ("a ONEAR/5f b", 3, "ONEAR needs a number of words"),
    ("a SENTENCE b", 3, "SENTENCE needs a number of sentences"),
    ("a SENTENCE/0 b", 3, "SENTENCE/1 is the smallest"),
    ("a NEAR/1001 b", 3, "the distance is at most 1000"),
    ("a NEAR/5 NOT b", 10, "NOT cannot stand within a distance"),
    ("a NOT b NEAR/2 c", 3, "NOT cannot stand within a distance"),
    ("a NEAR/5 (b AND c)", 10, "AND cannot stand beside NEAR/5"),
    ("a NEAR/5 title:b", 10, "a field cannot stand within a distance"),
    ("a~5", 2, "a distance follows a phrase or a group"),
    ('"a"~5', 4, "two words or more"),
    ('"a b"~', 6, "a number of words must follow ~"),
    ('"a b c d e f g h i"~5', 2, "at most 8 terms"),
    ("(a AND b AND c AND d AND e AND f AND g AND h AND i)~5", 1, "at most 8 terms"),
    ("(a OR b)~5", 9, "terms joined by AND"),
    ("(a AND NOT b)~5", 1, "NOT cannot stand within a distance"),
    ("foo:x", 1, "there is no field foo:"),
    ("a AND titel:x", 7, "did you mean title:?"),
    ("sentiment:positive", 1, "it is a filter of lists, not of queries"),
    ("title:[1 TO 2]", 7, "title takes words"),
    ("rating:x", 8, "rating takes a range"),
    ("rating:[a TO 5]", 9, "rating takes a range"),
    ("rating:[3 5]", 8, "rating takes a range"),
    ("rating:[5 TO 3]", 8, "the range is empty"),
    ("reach:(a OR b)", 7, "reach takes a range"),
    ("a [3 TO 5]", 3, "a range follows a field"),
    ("[3 TO 5]", 1, "a range follows a field"),
    ("engagementType:LIKE", 16, "engagementType is one of COMMENT, REPLY, RETWEET, QUOTE"),
    ("authorVerified:yes", 16, "authorVerified is one of true, false"),
    ("title:(a OR url:b)", 7, "a field cannot stand within title:"),
    ("country:(a NEAR/2 b)", 9, "compared as a whole"),
    ("(a AND (b OR " * 60 + "c" + "))" * 60, 132, "nested more than 100 deep"),
]


@pytest.mark.parametrize(("query", "column", "message"), ERRORS)
def test_errors_point(query: str, column: int, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert message in str(caught.value)
    assert caught.value.column == column
    first, _, caret = str(caught.value).split("\n")
    assert first.startswith(f"column {column}: ")
    assert caret.strip() == "^"


def test_the_caret_stands_under_the_column() -> None:
    with pytest.raises(QueryError) as caught:
        parse("jet blue")
    assert str(caught.value) == (
        'column 5: there is no operator between two words; write "jet blue" in quotes for the '
        "phrase, or AND or OR between them\n"
        "  jet blue\n"
        "      ^"
    )


def test_the_caret_counts_wide_characters_twice() -> None:
    with pytest.raises(QueryError) as caught:
        parse("捷蓝 b")
    assert str(caught.value).endswith("\n  捷蓝 b\n       ^")


def test_an_error_names_the_line_where_there_are_several() -> None:
    with pytest.raises(QueryError) as caught:
        parse("jet OR\nblue sky\nOR x")
    assert caught.value.column == 6
    assert str(caught.value).startswith("line 2, column 6: ")
    assert str(caught.value).endswith("\n  blue sky\n       ^")


def test_a_long_line_is_shown_around_the_caret() -> None:
    with pytest.raises(QueryError) as caught:
        parse("x OR " * 100 + "y z")
    _, line, caret = str(caught.value).split("\n")
    assert caught.value.column == 503
    assert len(line) <= 80
    assert line[caret.index("^")] == "z"


NORMAL = [
    ("a", "a"),
    ("((a))", "a"),
    ('"a"', "a"),
    ('" a   b "', '"a b"'),
    ("“a b”", '"a b"'),
    ("a|b", "a OR b"),
    ("a NOT b", "a AND NOT b"),
    ("a -b", "a AND NOT b"),
    ("a OR (b OR c)", "a OR b OR c"),
    ("a AND (b AND c)", "a AND b AND c"),
    ("(a OR b) AND c", "(a OR b) AND c"),
    ("a OR (b AND c)", "a OR b AND c"),
    ("a NOT (b OR c)", "a AND NOT (b OR c)"),
    ("a NOT NOT b", "a AND b"),
    ("a NEAR/5 b", "a NEAR/5 b"),
    ("a ONEAR/5 b", "a NEAR/5f b"),
    ("a SENTENCE/2 b", "a SENTENCE/2 b"),
    ("a NEAR/5 b NEAR/2 c", "(a NEAR/5 b) NEAR/2 c"),
    ('"a b"~5', "a NEAR/5 b"),
    ('"a b c"~5', "(a AND b AND c)~5"),
    ("(a AND (b OR (c AND d)))~5", "a NEAR/5 (b OR c NEAR/5 d)"),
    ("(a AND b AND (c OR d))~5", "(a AND b AND (c OR d))~5"),
    ("NOT (a NEAR/1 b) AND c", "NOT (a NEAR/1 b) AND c"),
    ("{Big  Data}", "{Big Data}"),
    ('"AND"', '"AND"'),
    ('"NEAR/5"', '"NEAR/5"'),
    ('"-a"', '"-a"'),
    ('"foo:bar"', '"foo:bar"'),
    ('"a(b)"', '"a(b)"'),
    ("TITLE:a", "title:a"),
    ("lang:en", "language:en"),
    ("title:(a OR b)", "title:(a OR b)"),
    ("engagementType:(comment|reply)", "engagementType:(COMMENT OR REPLY)"),
    ("authorFollowers:[500 TO 100000]", "authorFollowers:[500 TO 100000]"),
    ("rating:[* TO 3.5]", "rating:[* TO 3.5]"),
    ("rating:5", "rating:[5 TO 5]"),
    ("a <<<why>>> OR b", "a OR b"),
]


@pytest.mark.parametrize(("query", "normal"), NORMAL)
def test_normal_form(query: str, normal: str) -> None:
    parsed = parse(query)
    assert parsed.text == query
    assert str(parsed) == normal
    assert parse(normal).tree == parsed.tree


def test_equal_trees_are_equal_and_others_are_not() -> None:
    assert parse("a OR b").tree == parse('"a" | (b)').tree
    assert parse("a OR b").tree != parse("b OR a").tree
    assert parse("{a}").tree != parse("a").tree


def test_terms() -> None:
    query = parse(
        '(jet OR "jet blue" OR @jet OR jet) AND title:sky AND plane* AND a NEAR/2 b '
        "AND country:us NOT (refund OR title:x)"
    )
    assert query.terms() == ("jet", "jet blue", "@jet", "sky", "a", "b")


def test_ten_thousand_terms() -> None:
    query = parse(" OR ".join(f"w{i}" for i in range(10_000)))
    assert len(query.terms()) == 10_000
    assert parse(str(query)).tree == query.tree
    assert Matcher({0: query}).match(Document("so w9999 it is"))[0].spans == ((3, 8),)


def test_a_thousand_parentheses() -> None:
    assert str(parse("(" * 1000 + "a" + ")" * 1000)) == "a"
    assert str(parse("NOT " * 1000 + "a")) == "a"


def test_the_deepest_tree_there_may_be() -> None:
    query = parse("(a AND (b OR " * 49 + "c" + "))" * 49)
    assert parse(str(query)).tree == query.tree
    assert explain(query, Document("a b")).held is True
    assert len(explain(query, Document("a c")).lines()) == 197
