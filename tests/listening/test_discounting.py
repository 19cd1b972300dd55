"""Whose word weighs less: literal accounts and texts, and those that look alike and are not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.discounting import Account, Discount, Uttered, discounts_of, sells
from tests.factories import NOON, at

NAMES = ["JetBlue", "Jet Blue"]
NOBODY = Account("u1", "sam", "Sam")


def spoken(*texts: str, minutes: float = 600) -> list[Uttered]:
    """Said at unequal times, so that no clock is found in them."""
    start = at(NOON)
    return [
        Uttered(start + timedelta(minutes=minutes * n + 7 * (n % 3)), text)
        for n, text in enumerate(texts)
    ]


def kinds(account: Account, *texts: str, minutes: float = 600) -> list[tuple[str, float]]:
    found = discounts_of(account, spoken(*texts, minutes=minutes), NAMES)
    return [(one.kind, one.weight) for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "I work at JetBlue and we are proud of it",
        "i work for @jetblue, ask me anything",
        "As a JetBlue employee, I can tell you",
        "I'm a proud Jet Blue crew member",
        "I’m employed by JetBlue",
        "We're hiring! Come fly with JetBlue",
        "here at JetBlue, we care",
    ],
)
def test_who_says_that_they_work_there_weighs_nothing(text: str) -> None:
    assert kinds(NOBODY, text, "JetBlue again") == [("employee", 0.0)]


@pytest.mark.parametrize(
    "text",
    [
        "I work at a hospital and fly JetBlue",
        "my wife works at JetBlue",
        "If I work at JetBlue one day, I'll tell them",
        "I used to work at JetBlue",
        "I don't work at JetBlue",
        "JetBlue employees are kind",
        "you work at JetBlue?",
        "she lied to me as a JetBlue rep does",
    ],
)
def test_who_only_speaks_of_those_who_work_there_weighs_in_full(text: str) -> None:
    assert kinds(NOBODY, text) == []


def test_the_reason_quotes_what_was_said() -> None:
    (found,) = discounts_of(NOBODY, spoken("Well, I work  at JetBlue"), NAMES)
    assert found == Discount("employee", 0.0, "says “I work at JetBlue”")


@pytest.mark.parametrize(
    ("handle", "own"),
    [
        ("JetBlue", True),
        ("@jetblue_help", True),
        ("AskJetBlue", True),
        ("jetblueofficial", True),
        ("jetbluefan", False),
        ("ilovejetblue", False),
        ("jet", False),
    ],
)
def test_the_brands_own_accounts_are_known_by_their_handles(handle: str, own: bool) -> None:
    assert (kinds(Account("u1", handle), "JetBlue news") == [("own", 0.0)]) is own


def test_a_brand_of_three_letters_is_a_word_that_handles_are() -> None:
    assert discounts_of(Account("u1", "KLM"), spoken("KLM"), ["KLM"]) == ()


@pytest.mark.parametrize(
    ("account", "bot"),
    [
        (Account("u1", "news_bot"), True),
        (Account("u1", "FlightDealBot"), True),
        (Account("u1", "x", "weather bot"), True),
        (Account("u1", "talbot"), False),
        (Account("u1", "abbott"), False),
        (Account("u1", "botanist"), False),
    ],
)
def test_a_bot_calls_itself_one(account: Account, bot: bool) -> None:
    assert (kinds(account, "JetBlue") == [("bot", 0.0)]) is bot


def test_fifteen_mentions_within_ten_minutes_are_a_burst() -> None:
    texts = [f"JetBlue number {n} of all kinds" for n in range(15)]
    start = at(NOON)
    burst = [
        Uttered(start + timedelta(seconds=35 * n + 17 * (n % 3)), t) for n, t in enumerate(texts)
    ]
    assert [d.why for d in discounts_of(NOBODY, burst, NAMES)] == ["15 mentions within 10 minutes"]
    slower = [Uttered(start + 1.2 * (one.at - start), one.text) for one in burst]
    assert [d.why for d in discounts_of(NOBODY, slower, NAMES)] == []


def test_the_same_again_and_again() -> None:
    texts = ["Fly JetBlue today http://a.b/1", "fly @JetBlue JetBlue TODAY!"] * 4
    assert kinds(NOBODY, *texts) == [("bot", 0.25)]
    assert kinds(NOBODY, *texts[:7]) == []


def test_by_the_clock() -> None:
    start = at(NOON)
    hourly = [Uttered(start + timedelta(hours=n), f"JetBlue says {n} word{n}") for n in range(12)]
    (found,) = discounts_of(NOBODY, hourly, NAMES)
    assert (found.kind, found.weight, found.why) == ("bot", 0.25, "12 mentions by the clock")
    assert discounts_of(NOBODY, hourly[:11], NAMES) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use my code FLY10 for JetBlue", True),
        ("JetBlue vouchers 20% off", True),
        ("DM me to order JetBlue miles", True),
        ("JetBlue seats from $49 https://deals.example", True),
        ("JetBlue seats are from $49", False),
        ("JetBlue charged me $49, look https://t.co/a", False),
        ("JetBlue promo code: FLY10 until Sunday", True),
        ("here's a JetBlue promo code", True),
        ("JetBlue would not take the promo code", False),
        ("does anyone have a JetBlue promo code?", False),
        ("our promo code? here: https://a.example", True),
        ("I love JetBlue", False),
    ],
)
def test_selling_language(text: str, expected: bool) -> None:
    assert sells(text) is expected


def test_a_reseller_sells_in_half_of_the_mentions_and_twice_at_least() -> None:
    sale = "JetBlue vouchers, 20% off"
    assert kinds(NOBODY, sale + " now", sale + " again") == [("reseller", 0.25)]
    assert kinds(NOBODY, sale, "fine", "good") == []
    assert kinds(NOBODY, sale, sale + " x", "fine", "good", "so so") == []


def test_a_shops_name_needs_one_sale_alone() -> None:
    assert kinds(Account("u1", "miles_outlet"), "JetBlue 20% off") == [("reseller", 0.25)]
    assert kinds(Account("u1", "miles_outlet"), "JetBlue was late") == []


def test_the_heaviest_comes_first() -> None:
    found = kinds(Account("u1", "deals_bot"), "JetBlue 20% off", "JetBlue 30% off")
    assert found == [("bot", 0.0), ("reseller", 0.25)]


def test_a_persons_mark_has_the_last_word() -> None:
    texts = spoken("I work at JetBlue")
    assert discounts_of(NOBODY, texts, NAMES, "genuine", "ann") == ()
    assert discounts_of(NOBODY, texts, NAMES, "reseller", "ann") == (
        Discount("reseller", 0.0, "marked as a reseller by ann"),
    )
