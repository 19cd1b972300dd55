"""Queries that somebody waits for are small, and tried for a bounded time."""

from __future__ import annotations

import pytest

from listening.errors import QueryError
from listening.query import Document, clauses, parse, parse_small
from listening.query.clauses import try_query
from listening.searching import search_of


def test_a_query_of_many_terms_is_a_brands_alone() -> None:
    most = " OR ".join(["a*b"] * 199 + ["rating:[1 TO 2]"])
    assert parse_small(most) == parse(most)
    more = f"{most} OR title:c"
    parse(more)
    with pytest.raises(QueryError, match=r"has 201 terms.* at most 200"):
        parse_small(more)
    with pytest.raises(QueryError, match="at most 200"):
        search_of([("q", more)])


def test_a_deep_query_is_a_brands_alone() -> None:
    def nested(depth: int) -> str:
        text = "a"
        for level in range(depth - 1):
            text = f"({text}) {'OR' if level % 2 else 'AND'} a"
        return text

    assert parse_small(nested(20)).tree.depth == 20
    with pytest.raises(QueryError, match=r"nested 21 deep.* at most 20"):
        parse_small(nested(21))


def test_after_its_time_the_query_alone_is_tried() -> None:
    documents = [Document(text="a b"), Document(text="b")]
    tried = try_query(parse("a OR (b AND NOT c)"), documents, seconds=-1)
    assert [(one.text, one.held) for one in tried.clauses] == [("a OR b AND NOT c", 2)]
    assert (tried.documents, tried.left_out, len(tried.matches)) == (2, 5, 2)
    whole = try_query(parse("a OR (b AND NOT c)"), documents)
    assert (len(whole.clauses), whole.left_out) == (6, 0)


def test_a_query_that_takes_too_long_is_tried_on_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clauses, "LONGEST", -1)
    tried = try_query(parse("a"), [Document(text="a")])
    assert (tried.documents, tried.matches) == (0, [])
