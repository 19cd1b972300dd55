"""What lists and exports say of a mention, and in which order of columns."""

from __future__ import annotations

import pytest

from listening.store.brands.brands import get_brand
from listening.store.cases.cases import FoundCase, store_cases
from listening.store.rows import case_rows, mention_rows
from listening.store.session import Store
from listening.triage import Urgency
from tests.factories import NOON, Opinion, analyse, at, brand, load, mentions, opinion, post


@pytest.fixture
def spoken(store: Store) -> Store:
    brand(store, "JetBlue")
    load(store, *(post(id=f"p{n}", at=f"2026-09-0{n}T12:00Z") for n in (1, 2, 3, 4)))
    analyse(
        store,
        {
            "p1": Opinion(
                sentiment=(0.7, 0.2, 0.1), towards=(0.1, 0.1, 0.8),
                emotion=(0.1, 0.2, 0.3, 0.4), ironic=0.123456, offensive=0.5,
            ),
            "p2": opinion(-1.0),
            "p3": opinion(None, not_scored="language"),
        },
    )  # fmt: skip
    return store


def rows(store: Store) -> dict[str, dict[str, object]]:
    with store.session() as session:
        return {row["native_id"]: row for row in mention_rows(session)}


def test_a_mention_says_how_it_speaks_of_the_brand_and_of_everything(spoken: Store) -> None:
    found = rows(spoken)["p1"]
    assert {
        name: found[name]
        for name in ("sentiment", "polarity", "negative", "neutral", "positive", "not_scored")
    } == {
        "sentiment": "positive", "polarity": 0.7, "negative": 0.1, "neutral": 0.1,
        "positive": 0.8, "not_scored": None,
    }  # fmt: skip
    assert dict(list(found.items())[-14:-1]) == {
        "sentiment_basis": "target", "post_sentiment": "negative", "emotion": "sadness",
        "ironic": 0.1235, "offensive": 0.5, "post_negative": 0.7, "post_neutral": 0.2,
        "post_positive": 0.1, "anger": 0.1, "joy": 0.2, "optimism": 0.3, "sadness": 0.4,
        "corrected": False,
    }  # fmt: skip


def test_what_is_unknown_of_a_mention_is_none(spoken: Store) -> None:
    found = rows(spoken)
    assert (found["p2"]["sentiment_basis"], found["p2"]["emotion"]) == ("post", None)
    for native, why in (("p3", "language"), ("p4", "not analysed yet")):
        last = list(found[native].values())[-14:-1]
        assert (found[native]["not_scored"], last) == (why, [None] * 13)


def test_the_columns_that_files_are_read_by_keep_their_places(spoken: Store) -> None:
    assert list(rows(spoken)["p1"])[:34] == [
        "brand", "mention_id", "source", "native_id", "published_at", "author_id", "author",
        "author_native_id", "followers", "title", "text", "url", "kind", "language", "sentiment",
        "polarity", "negative", "neutral", "positive", "not_scored", "overridden", "salience",
        "recommends", "warns", "spam", "likes", "reposts", "replies", "quotes", "views", "rating",
        "country", "tags", "sentiment_basis",
    ]  # fmt: skip


def test_a_case_says_what_its_sentiment_was_read_from(spoken: Store) -> None:
    number = int(mentions(spoken)["p1"].mention.id or 0)
    with spoken.work() as session:
        case = FoundCase(number, Urgency(0.5, {"risk": 0.5}, (), "low"), "g")
        store_cases(session, 1, [case], opened_at=at(NOON))
    with spoken.session() as session:
        (found,) = case_rows(session, get_brand(session, "JetBlue"))
    assert found["polarity"] == 0.7
    assert list(found)[-6:] == [
        "mention_id", "sentiment_basis", "post_sentiment", "emotion", "ironic", "offensive",
    ]  # fmt: skip
    assert list(found.values())[-5:] == ["target", "negative", "sadness", 0.1235, 0.5]
