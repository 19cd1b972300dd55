"""Brands, their aliases, and the rules that matching needs."""

from __future__ import annotations

import pytest

from listening.errors import ConflictError, ListeningError, NotFoundError, StoreError
from listening.matching import BrandRule
from listening.store.brands.brands import (
    add_brand,
    aliases_of,
    brand_rules,
    get_brand,
    list_brands,
    query_for,
    set_aliases,
    slug_of,
)
from listening.store.session import Store
from listening.store.tables import AliasKind
from tests.factories import brand


def test_spellings_of_a_name_are_one_brand(store: Store) -> None:
    brand(store, " Jet  Blue ")
    with store.work() as session:
        assert get_brand(session, "JET BLUE").name == "Jet  Blue"
        with pytest.raises(ConflictError, match="There is a brand 'jet blue' already"):
            add_brand(session, "jet blue", query="x")


def test_an_unknown_brand_names_those_there_are(store: Store) -> None:
    with store.session() as session, pytest.raises(NotFoundError, match=r"known: none yet"):
        get_brand(session, "Acme")
    brand(store, "Delta")
    brand(store, "acme")
    with store.session() as session:
        with pytest.raises(NotFoundError, match=r"No brand 'KLM' \(known: acme, Delta\)"):
            get_brand(session, "KLM")
        assert [b.name for b in list_brands(session)] == ["acme", "Delta"]


@pytest.mark.parametrize(
    ("name", "aliases", "query"),
    [
        ("JetBlue", (), '"JetBlue"'),
        (" Jet Blue ", ("B6", "Jet Blue"), '"Jet Blue" OR "B6"'),
        ('The "A"', ("", " "), '"The  A "'),
    ],
)
def test_a_query_from_names(name: str, aliases: tuple[str, ...], query: str) -> None:
    assert query_for(name, aliases) == query


def test_names_fold() -> None:
    assert slug_of("  Straße\tNORD ") == "strasse nord"


def test_rules_of_all_brands_or_the_named(store: Store) -> None:
    jetblue = brand(store, "JetBlue", "jetblue", own=["@JetBlue", "jetblue ", "did:x"])
    delta = brand(store, "Delta", "delta")
    with store.session() as session:
        assert brand_rules(session) == [
            BrandRule(delta, "Delta", "delta", frozenset()),
            BrandRule(jetblue, "JetBlue", "jetblue", frozenset({"jetblue", "did:x"})),
        ]
        assert [rule.id for rule in brand_rules(session, ["jetblue"])] == [jetblue]
        with pytest.raises(NotFoundError):
            brand_rules(session, ["JetBlue", "KLM"])


def test_aliases_are_replaced_kind_by_kind(store: Store) -> None:
    with store.work() as session:
        added = add_brand(session, "A", query="a", names=["B6", "b6"], own_accounts=["@a"])
        set_aliases(session, added, AliasKind.NAME, ["JB", " "])
        assert aliases_of(session, added, AliasKind.NAME) == ["jb"]
        assert aliases_of(session, added, AliasKind.OWN_ACCOUNT) == ["a"]


@pytest.mark.parametrize("name", ["", "  ", "line\nend", "\x1b[31mred"])
def test_a_name_that_is_none_is_refused(store: Store, name: str) -> None:
    with store.work() as session, pytest.raises(ListeningError, match="is no name for a brand"):
        add_brand(session, name, query="x")


def test_a_name_that_is_not_utf8_is_told(store: Store) -> None:
    with pytest.raises(StoreError, match="is not UTF-8"), store.work() as session:
        add_brand(session, "caf\udce9", query="x")
