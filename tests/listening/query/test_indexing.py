"""The words that an index holds, and what is asked of it: never too little."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from listening.query import Document, Matcher, parse
from listening.query.indexing import (
    LONGEST,
    OVERLONG,
    All,
    Any,
    Wanted,
    Word,
    index_words,
    wanted,
)
from tests.listening.query.test_any_input import QUERIES, TEXTS, TITLES


def word(text: str) -> Word:
    return Word(text)


@pytest.mark.parametrize(
    ("title", "text", "words"),
    [
        (None, "JetBlue's @JetBlue, jetblue!", "jetblue s"),
        ("Café", "ＣＡＦÉ cafe", "cafe"),
        (None, "捷蓝 snake_case __x", "捷 蓝 snake_case x"),
        (None, "straße 👍🏽", "strasse 👍 🏽"),
        (None, "!!!", ""),
        (None, "x" * 100, "x" * LONGEST),
        (None, " ".join(map(str, range(60_000))), OVERLONG),
    ],
)
def test_words_of_a_post(title: str | None, text: str, words: str) -> None:
    assert index_words(title, text) == words


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("JetBlue", word("jetblue")),
        ("@jetblue", word("jetblue")),
        ("{BT}", word("bt")),
        ("café", word("cafe")),
        ('"jet blue"', All((word("jet"), word("blue")))),
        ("delay*", Word("delay", prefix=True)),
        ("de*", None),
        ('"late de*"', word("late")),
        ("a AND b*", word("a")),
        ("bag OR seat", Any((word("bag"), word("seat")))),
        ("bag OR country:US", None),
        ("bag AND NOT seat", word("bag")),
        ("bag NEAR/3 lost", All((word("bag"), word("lost")))),
        ("title:bag", word("bag")),
        ("rating:[1 TO 2]", None),
        ("bag AND (lost OR la?e)", word("bag")),
        ("y" * 90, word("y" * LONGEST)),
    ],
)
def test_what_a_query_wants(query: str, asked: Wanted | None) -> None:
    assert wanted(parse(query).tree) == asked


def holds(asked: Wanted, words: set[str]) -> bool:
    if isinstance(asked, Word):
        return any(w.startswith(asked.text) for w in words) if asked.prefix else asked.text in words
    every = all if isinstance(asked, All) else any
    return every(holds(part, words) for part in asked.parts)


@given(QUERIES, TEXTS, TITLES)
@settings(max_examples=1_500, deadline=None)
def test_nothing_is_missed(query: str, text: str, title: str | None) -> None:
    tree = parse(query)
    found = Matcher({0: tree}).match(Document(text, title=title))
    asked = wanted(tree.tree)
    if found and asked is not None:
        assert holds(asked, set(index_words(title, text).split()))
