"""Urgency from literal posts; every expected number can be checked by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.triage import Urgency, due_at, needs_answer, risk_words, urgency
from tests.factories import NOON, at


def rated(
    text: str = "meh",
    *,
    polarity: float = -0.5,
    followers: int | None = None,
    complaints: int = 1,
    hours_old: float = 0,
) -> Urgency:
    as_of = at(NOON)
    return urgency(
        text,
        polarity=polarity,
        followers=followers,
        complaints=complaints,
        published_at=as_of - timedelta(hours=hours_old),
        as_of=as_of,
    )


def test_every_term_in_one_sum() -> None:
    # 0.25 * 0.8 + 0.35 * 0.8 + 0.15 * 0.5 + 0.10 * 0.5 + 0.15 * 0.5
    found = rated("I want a refund", polarity=-0.8, followers=999, complaints=2, hours_old=72)
    assert found == Urgency(
        value=0.68,
        terms={"negativity": 0.8, "risk": 0.8, "repeat": 0.5, "freshness": 0.5, "reach": 0.5},
        risks=("money",),
        priority="high",
    )


def test_an_unknown_reach_is_left_out_of_both_sums() -> None:
    # (0.25 * 0.4 + 0.15) / 0.85, not / 1.00
    unknown = rated(polarity=-0.4)
    assert unknown.value == 0.2941
    assert "reach" not in unknown.terms
    nobody = rated(polarity=-0.4, followers=0)
    assert (nobody.value, nobody.terms["reach"]) == (0.25, 0.0)


@pytest.mark.parametrize(
    ("followers", "reach"),
    [(0, 0.0), (9, 0.1667), (999_999, 1.0), (80_000_000, 1.0)],
)
def test_reach_grows_with_the_power_of_ten_up_to_a_million(followers: int, reach: float) -> None:
    assert rated(followers=followers).terms["reach"] == reach


@pytest.mark.parametrize(("complaints", "repeat"), [(0, 0.0), (1, 0.0), (2, 0.5), (4, 0.75)])
def test_complaining_again_is_more_urgent(complaints: int, repeat: float) -> None:
    assert rated(complaints=complaints).terms["repeat"] == repeat


@pytest.mark.parametrize(("hours", "freshness"), [(0, 1.0), (72, 0.5), (144, 0.25), (-5, 1.0)])
def test_freshness_halves_in_three_days(hours: float, freshness: float) -> None:
    assert rated(hours_old=hours).terms["freshness"] == freshness


def test_only_negativity_counts() -> None:
    assert rated(polarity=0.9).terms["negativity"] == 0.0
    assert rated(polarity=-0.9).terms["negativity"] == 0.9


@pytest.mark.parametrize(
    ("text", "risks"),
    [
        ("It caught fire in the kitchen", ["danger"]),
        ("gave me an ELECTRIC SHOCK", ["danger"]),
        ("there was smoke coming out of it", ["danger"]),
        ("my lawyer will write to you", ["law"]),
        ("you charged me twice", ["money"]),
        ("where is my money", ["money"]),
        ("what a rip-off", ["money"]),
        ("we are stranded in Denver", ["damage"]),
        ("never again", ["leaving"]),
        ("still waiting, no reply", ["unanswered"]),
        ("on hold for 3 hours", ["unanswered"]),
        ("unsafe, refused a refund, and nobody answers", ["danger", "money", "unanswered"]),
        ("a lovely flight", []),
        ("the issue is pursued", []),
        ("sparkling water", []),
    ],
)
def test_risk_words_by_group_highest_first(text: str, risks: list[str]) -> None:
    found = risk_words(text)
    assert [name for name, _ in found] == risks
    assert [level for _, level in found] == sorted((x for _, x in found), reverse=True)


def test_the_highest_risk_is_the_term() -> None:
    assert rated("I will sue, never again").terms["risk"] == 0.9


def test_danger_to_people_is_high_whatever_the_rest_says() -> None:
    found = rated("it exploded", polarity=0.0, followers=0, hours_old=10_000)
    assert (found.value, found.priority) == (0.55, "high")


@pytest.mark.parametrize(
    ("text", "polarity", "value", "priority"),
    [
        ("meh", -0.4, 0.2941, "low"),  # (0.1 + 0.15) / 0.85
        ("still waiting", -0.4, 0.5, "medium"),  # (0.1 + 0.175 + 0.15) / 0.85
        ("you overcharged us", -0.4, 0.6235, "high"),  # (0.1 + 0.28 + 0.15) / 0.85
    ],
)
def test_priority_follows_urgency(text: str, polarity: float, value: float, priority: str) -> None:
    found = rated(text, polarity=polarity)
    assert (found.value, found.priority) == (value, priority)


@pytest.mark.parametrize(
    ("priority", "due"),
    [
        ("high", "2026-09-01T16:00Z"),
        ("medium", "2026-09-02T12:00Z"),
        ("low", "2026-09-04T12:00Z"),
    ],
)
def test_the_answer_is_due_hours_after_opening(priority: str, due: str) -> None:
    assert due_at(priority, at(NOON)) == at(due)


@pytest.mark.parametrize(
    ("text", "negative", "polarity", "case"),
    [
        ("worst coffee ever", True, -0.9, True),
        ("lovely weather", False, 0.9, False),
        ("water pooling under it, next to the plug", False, -0.1, True),
        ("water pooling under it, next to the plug", False, 0.1, False),
        ("it arrived on a tuesday", False, -0.1, False),
        ("water pooling under it", False, None, False),
    ],
)
def test_what_is_a_case(text: str, negative: bool, polarity: float | None, case: bool) -> None:
    assert needs_answer(text, negative=negative, polarity=polarity) is case


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("I got an electric tingle off the wand", "danger"),
        ("there is a burn mark on my wrist", "danger"),
        ("you charged my card for it twice", "money"),
        ("Asked for a refund. Nothing. They refused", None),
        ("asked for a refund and they refused", "money"),
        ("my lawyer will be in touch", "law"),
        ("third time asking, anyone in there?", "unanswered"),
        ("a leaky pump", "damage"),
        ("I am switching to tea", "leaving"),
    ],
)
def test_risk_words(text: str, risk: str | None) -> None:
    found = risk_words(text)
    assert (found[0][0] if found else None) == risk
