"""Recommendation, warning and spam language."""

from __future__ import annotations

import pytest

from nlp.phrases import looks_like_spam, recommends, warns


@pytest.mark.parametrize(
    "text",
    [
        "Highly recommend this machine",
        "I'd recommend it to anyone with a small kitchen",
        "you won't regret it",
        "just buy one, trust me",
        "worth every penny",
        "told my sister: get one!",
        "If you have a newborn: quiet mode, buy it. You'll thank me.",
        "Everyone should try this",
    ],
)
def test_recommends(text: str) -> None:
    assert recommends(text)
    assert not warns(text)


@pytest.mark.parametrize(
    "text",
    [
        "would not recommend",
        "I can't recommend it to anyone",
        "don't buy it",
        "they recommended a reset",
        "I bought it last week",
        "nobody should buy it",
    ],
)
def test_does_not_recommend(text: str) -> None:
    assert not recommends(text)


@pytest.mark.parametrize(
    "text",
    [
        "stay away from this brand",
        "do NOT buy",
        "dont waste your money",
        "save your money",
        "Total waste of money.",
        "avoid @user at all costs",
        "buyer beware",
        "I can't recommend it",
        "never flying with you again",
    ],
)
def test_warns(text: str) -> None:
    assert warns(text)


@pytest.mark.parametrize(
    "text",
    [
        "I stayed away for a week",
        "we use it again and again",
        "it never fails",
        "look at the crema",
    ],
)
def test_does_not_warn(text: str) -> None:
    assert not warns(text)


@pytest.mark.parametrize(
    "text",
    [
        "GIVEAWAY! Follow and retweet to win http",
        "earn $500 daily from your phone, DM me",
        "join our crypto airdrop http",
        "50% off this weekend only http",
        "check out my channel",
    ],
)
def test_spam(text: str) -> None:
    assert looks_like_spam(text)


@pytest.mark.parametrize(
    "text",
    ["they charged me $500 twice", "is the giveaway machine any good?", "my channel 4 is broken"],
)
def test_not_spam(text: str) -> None:
    assert not looks_like_spam(text)
