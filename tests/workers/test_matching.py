"""A new or changed query against the posts that are there already."""

from __future__ import annotations

import pytest
from sqlmodel import select

from listening.errors import NotFoundError
from listening.store.brands.brands import get_brand
from listening.store.session import Store
from listening.store.tables import Mention, SentimentLabel
from tests.factories import brand, load, mentions, post
from workers.jobs.matching import match_stored


def listen_for(store: Store, name: str, query: str) -> None:
    with store.work() as session:
        get_brand(session, name).query = query


@pytest.fixture
def spoken(store: Store) -> Store:
    brand(store, "JetBlue")
    load(store, post("JetBlue", id="p1"), post("B6 it was", id="p2"), post("Delta", id="p3"))
    return store


def test_a_wider_query_adds_and_keeps(spoken: Store) -> None:
    before = mentions(spoken)["p1"].mention.id
    listen_for(spoken, "JetBlue", "jetblue OR b6")
    assert match_stored(spoken) == (1, 0)
    found = mentions(spoken)
    assert (sorted(found), found["p1"].mention.id) == (["p1", "p2"], before)


def test_another_query_removes(spoken: Store) -> None:
    listen_for(spoken, "JetBlue", "b6")
    assert match_stored(spoken) == (1, 1)
    assert list(mentions(spoken)) == ["p2"]


def test_the_same_query_changes_nothing(spoken: Store) -> None:
    assert match_stored(spoken) == (0, 0)


def test_what_a_person_judged_stays(spoken: Store) -> None:
    with spoken.work() as session:
        session.exec(select(Mention)).one().override = SentimentLabel.NEGATIVE
    listen_for(spoken, "JetBlue", "b6")
    assert match_stored(spoken) == (1, 0)
    assert mentions(spoken)["p1"].sentiment is SentimentLabel.NEGATIVE


def test_what_was_imported_as_all_about_the_brand_stays(spoken: Store) -> None:
    load(spoken, post("lovely", id="p4"), post("JetBlue", id="p1"), all_about="JetBlue")
    listen_for(spoken, "JetBlue", "b6")
    match_stored(spoken)
    assert sorted(mentions(spoken)) == ["p1", "p2", "p4"]


def test_only_named_brands_change_while_all_count_for_salience(spoken: Store) -> None:
    load(spoken, post("JetBlue or Delta", id="p5"))
    delta = brand(spoken, "Delta")
    listen_for(spoken, "JetBlue", "b6 OR jetblue")
    assert match_stored(spoken, ["Delta"]) == (2, 0)
    assert {id: v.mention.salience for id, v in mentions(spoken, delta).items()} == {
        "p3": 1.0,
        "p5": 0.5,
    }
    assert sorted(mentions(spoken, 1)) == ["p1", "p5"]


def test_own_accounts_gain_no_mentions(store: Store) -> None:
    load(store, post("JetBlue", id="p1", author="jetblue"), post("JetBlue", id="p2"))
    brand(store, "JetBlue", own=["JetBlue"])
    assert match_stored(store) == (1, 0)
    assert list(mentions(store)) == ["p2"]


def test_an_unknown_brand_is_told(spoken: Store) -> None:
    with pytest.raises(NotFoundError, match="KLM"):
        match_stored(spoken, ["KLM"])
