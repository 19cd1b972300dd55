"""Whom posts address."""

from __future__ import annotations

from listening.addressed import addressed


def test_the_most_addressed_come_first() -> None:
    texts = ["@JetBlue hi", "hey @jetblue @JETBLUE", ".@United no", "@united and @jetblue", "hello"]
    assert addressed(texts) == ["jetblue", "united"]
    assert addressed(texts, most=1) == ["jetblue"]


def test_who_is_addressed_once_or_seldom_is_no_brand() -> None:
    assert addressed(["@a_once hi", "no", "one"]) == []
    assert addressed(["@rare hi"] * 2 + ["x"] * 98) == []
    assert addressed(["@rare hi"] * 3 + ["x"] * 97) == ["rare"]


def test_an_address_of_mail_or_the_web_is_no_account() -> None:
    assert addressed(["mail me@example.com", "see https://x.example/@someone"] * 3) == []
    assert addressed([]) == []
