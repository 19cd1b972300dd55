"""Stances from literal mentions; every expected number can be checked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening import advocacy
from listening.advocacy import MAX_EVIDENCE, Prior, Said, Verdict, prior_of, stance, weight
from listening.discounting import Discount
from tests.factories import NOON, at, said


@pytest.fixture(scope="module", autouse=True)
def constants() -> Iterator[None]:
    """Round ones, so that the numbers below can be checked by hand however they are tuned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advocacy, "PRIOR_WEIGHT", 1.0)
        patch.setattr(advocacy, "Z", 1.2816)
        patch.setattr(advocacy, "MARGIN", 0.1)
        yield


UNDECIDED = Prior(mean=0.0, variance=0.25, mentions=100)
AS_OF = at(NOON)


def verdict(*mentions: Said, prior: Prior = UNDECIDED) -> Verdict:
    return stance(mentions, prior, as_of=AS_OF)


# The prior


def test_nothing_said_is_an_even_prior() -> None:
    assert prior_of([]) == Prior(0.0, 0.25, 0)


def test_the_prior_is_the_mean_with_the_spread_within_authors() -> None:
    # Author 1 is 0.5 off their own mean twice, author 2 tells nothing about spread:
    # (0.25 + 0.25 + 0.25 * 10) / (1 + 10).
    found = prior_of([said(1.0), said(0.0), said(-0.25, author=2)])
    assert found.mean == pytest.approx(0.25)
    assert found.variance == pytest.approx(3 / 11)
    assert found.mentions == 3


def test_what_is_not_counted_is_not_in_the_prior() -> None:
    found = prior_of(
        [said(0.5), said(-1.0, spam=True), said(-1.0, copy_of_earlier=True), said(None)]
    )
    assert (found.mean, found.mentions) == (0.5, 1)


# Weights


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        (said(), 1.0),
        (said(salience=0.5), 0.625),
        (said(salience=0.0), 0.25),
        (said(at="2026-08-02T12:00Z"), 0.5),  # 30 days
        (said(at="2026-07-03T12:00Z"), 0.25),  # 60 days
        (said(at="2026-08-02T12:00Z", salience=0.0), 0.125),
        (said(at="2027-01-01T00:00Z"), 1.0),  # the future is as fresh as today
        (said(None), 0.0),
        (said(spam=True), 0.0),
        (said(copy_of_earlier=True), 0.0),
        (said(spam=True, overridden=True), 1.0),
    ],
)
def test_weight_falls_with_age_and_with_salience(mention: Said, expected: float) -> None:
    assert weight(mention, as_of=AS_OF, half_life_days=30) == expected


# Direct language


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        (said(0.0, recommends=True), 0.5),
        (said(-1.0, recommends=True), 0.0),
        (said(1.0, recommends=True), 1.0),
        (said(0.0, warns=True), -0.5),
        (said(0.2, warns=True, recommends=True), 0.2),
        (said(-1.0, recommends=True, overridden=True), -1.0),
    ],
)
def test_direct_language_moves_polarity_half_way(mention: Said, expected: float) -> None:
    assert mention.pull == expected


# Irony


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        (said(0.9, ironic=0.9), True),
        (said(0.9, ironic=0.89), False),
        (said(0.9, ironic=None), False),
        (said(-0.5, ironic=0.95, recommends=True), True),  # counted as praise
        (said(0.0, ironic=0.95), False),
        (said(-0.9, ironic=0.95), False),  # a joke at the brand's expense is no praise
        (said(1.0, ironic=0.95, overridden=True), False),
        (said(None, ironic=0.95), False),
    ],
)
def test_praise_that_may_be_ironic(mention: Said, expected: bool) -> None:
    assert mention.doubtful is expected


def test_praise_that_may_be_ironic_weighs_the_same_and_says_so() -> None:
    meant = verdict(said(0.9, id=1), said(0.9, id=2))
    joked = verdict(said(0.9, id=1, ironic=0.95), said(0.9, id=2, ironic=0.95))
    assert (meant.kind, joked.kind) == ("advocate", "advocate")
    assert joked.score == meant.score
    assert joked.reason == "2 of 2 mentions lean positive; 2 of the positive may be ironic"


# The score and its interval


def test_the_score_is_shrunken_to_the_brands_own_mean() -> None:
    # The prior weighs as much as one mention: (-0.5 + 1 + 1) / 3.
    found = verdict(said(1.0, id=1), said(1.0, id=2), prior=Prior(-0.5, 0.25, 9))
    assert found.score == pytest.approx(0.5)


def test_the_interval_is_eighty_percent_and_narrows_with_weight() -> None:
    found = verdict(*(said(0.0, id=n) for n in range(3)))
    assert (found.low, found.high) == pytest.approx((-1.2816 * 0.25, 1.2816 * 0.25))


def test_the_interval_ends_with_the_scale() -> None:
    found = verdict(*(said(1.0, id=n) for n in range(3)), prior=Prior(1.0, 0.25, 9))
    assert (found.score, found.high) == (1.0, 1.0)


def test_an_old_mention_counts_half_at_the_half_life() -> None:
    old = said(1.0, id=1, at="2026-03-05T12:00Z")  # 180 days
    assert verdict(old, said(-1.0, id=2)).score == pytest.approx((0.5 - 1) / 2.5)


# Which kind


def test_two_praises_make_an_advocate_two_complaints_a_detractor() -> None:
    praise, blame = (verdict(said(x, id=1), said(x, id=2)) for x in (1.0, -1.0))
    assert (praise.kind, blame.kind) == ("advocate", "detractor")
    assert praise.low == pytest.approx(2 / 3 - 1.2816 * sqrt(0.25 / 3))
    assert blame.high == pytest.approx(-praise.low)


def test_the_interval_decides_not_the_score() -> None:
    found = verdict(said(0.5, id=1), said(0.5, id=2))
    assert found.score == pytest.approx(1 / 3)
    assert found.low == pytest.approx(1 / 3 - 0.36997, abs=1e-4)
    assert found.kind == "passive"


def test_an_interval_that_only_clears_zero_is_no_stance() -> None:
    barely = verdict(said(1.0, id=1), said(1.0, id=2), prior=Prior(-0.6, 0.25, 9))
    assert 0 < barely.low < 0.1
    assert barely.kind == "passive"


def test_one_post_alone_never_makes_a_stance() -> None:
    sure = Prior(mean=0.9, variance=0.001, mentions=1000)
    found = verdict(said(1.0), prior=sure)
    assert found.low > 0.8
    assert found.kind == "passive"
    assert verdict(said(1.0, id=1), said(1.0, id=2), prior=sure).kind == "advocate"


def test_a_text_copied_many_times_is_one_opinion() -> None:
    copies = [said(1.0, id=n, copy_of_earlier=True) for n in range(2, 40)]
    found = verdict(said(1.0, id=1), *copies)
    assert (found.kind, found.mentions, found.opinions) == ("passive", 39, 1)
    assert found.score == 0.5


def test_spam_is_no_opinion_unless_a_person_says_so() -> None:
    praise = [said(1.0, id=n, spam=True) for n in (1, 2)]
    assert (verdict(*praise).kind, verdict(*praise).score) == ("passive", 0.0)
    believed = [said(1.0, id=n, spam=True, overridden=True) for n in (1, 2)]
    assert verdict(*believed).kind == "advocate"


def test_recommending_weighs_more_than_praise() -> None:
    plain, direct = (
        verdict(said(0.5, id=1, recommends=r), said(0.5, id=2, recommends=r)) for r in (False, True)
    )
    assert (plain.kind, direct.kind) == ("passive", "advocate")
    assert direct.recommends == 2
    assert direct.score == pytest.approx(0.5)  # (0.75 + 0.75) / 3


# Evidence


def test_evidence_begins_with_what_made_the_score() -> None:
    found = verdict(
        said(1.0, id=1, spam=True),
        said(-1.0, id=2),
        said(1.0, id=3, at="2026-03-05T12:00Z"),
        said(0.9, id=4),
    )
    assert [(e.mention_id, e.weight, e.pull, e.not_counted) for e in found.evidence] == [
        (4, 1.0, 0.9, None),
        (3, 0.5, 1.0, None),
        (2, 1.0, -1.0, None),
        (1, 0.0, 1.0, "spam"),
    ]


def test_a_detractors_evidence_begins_with_the_complaints() -> None:
    found = verdict(said(1.0, id=1), said(-0.5, id=2), said(-1.0, id=3), said(-1.0, id=4))
    assert [e.mention_id for e in found.evidence] == [3, 4, 2, 1]


def test_what_speaks_against_is_not_crowded_out_by_what_is_not_counted() -> None:
    spam = [said(1.0, id=n, spam=True) for n in range(10, 10 + MAX_EVIDENCE)]
    found = verdict(*spam, said(1.0, id=1), said(1.0, id=2), said(-1.0, id=3))
    assert [e.mention_id for e in found.evidence[:3]] == [1, 2, 3]
    assert len(found.evidence) == MAX_EVIDENCE


def test_an_unscored_mention_is_shown_without_a_polarity() -> None:
    (evidence,) = verdict(said(None, id=7)).evidence
    assert (evidence.pull, evidence.not_counted) == (None, "not scored")


# The reason in words


@pytest.mark.parametrize(
    ("mentions", "expected"),
    [
        ([said(None)], "no scored mention; 1 not counted (not scored)"),
        ([said(1.0)], "one independent mention: too little to tell"),
        (
            [said(1.0, id=1), said(1.0, id=2), said(0.1, id=3)],
            "2 of 3 mentions lean positive",
        ),
        (
            [said(-1.0, id=1, warns=True), said(-1.0, id=2, warns=True), said(-1.0, id=3)],
            "3 of 3 mentions lean negative; warns others twice",
        ),
        ([said(1.0, id=1), said(-1.0, id=2)], "1 of 2 mentions leans positive, 1 leans negative"),
        (
            [said(0.4, id=n, recommends=True) for n in range(3)] + [said(1.0, spam=True)],
            "3 of 3 mentions lean positive; recommends it 3 times; 1 not counted (spam)",
        ),
        (
            [said(0.3, id=1), said(-0.3, id=2), said(-0.3, id=3), said(0.0, copy_of_earlier=True)],
            "2 of 3 mentions lean negative; 1 not counted (copy)",
        ),
        (  # labelled neutral, both: by its polarity the one, by its warning the other
            [said(-0.33, id=1), said(0.0, id=2, warns=True), said(-0.2, id=3), said(-0.9, id=4)],
            "3 of 4 mentions lean negative; warns others",
        ),
    ],
)
def test_the_reason_counts_what_was_said(mentions: list[Said], expected: str) -> None:
    assert verdict(*mentions).reason == expected


# Whatever was said

mention = st.builds(
    said,
    polarity=st.none() | st.floats(-1, 1),
    at=st.sampled_from([NOON, "2026-08-01T00:00Z", "2020-01-01T00:00Z", "2030-01-01T00:00Z"]),
    salience=st.floats(0, 1),
    recommends=st.booleans(),
    warns=st.booleans(),
    spam=st.booleans(),
    copy_of_earlier=st.booleans(),
)
mentions = st.lists(mention, min_size=1, max_size=12).map(
    lambda found: [said_again(one, n) for n, one in enumerate(found)]
)
prior = st.builds(Prior, st.floats(-1, 1), st.floats(0, 1), st.just(100))


def said_again(one: Said, number: int) -> Said:
    fields = {name: getattr(one, name) for name in one.__dataclass_fields__}
    return Said(**fields | {"mention_id": number})


@given(mentions, prior)
def test_the_score_lies_within_its_interval_on_the_scale(
    mentions: list[Said], prior: Prior
) -> None:
    found = verdict(*mentions, prior=prior)
    assert -1 <= found.low <= found.score <= found.high <= 1


@given(mentions, prior, st.floats(0, 1))
def test_one_more_full_praise_never_lowers_the_score(
    mentions: list[Said], prior: Prior, salience: float
) -> None:
    before = verdict(*mentions, prior=prior).score
    after = verdict(*mentions, said(1.0, id=99, salience=salience), prior=prior).score
    assert after >= before - 1e-12


@given(mentions, prior, st.randoms())
def test_the_order_of_mentions_does_not_matter(mentions: list[Said], prior: Prior, random) -> None:
    shuffled = random.sample(mentions, len(mentions))
    assert verdict(*shuffled, prior=prior) == verdict(*mentions, prior=prior)


# Discounts and campaigns


def test_an_employees_word_weighs_nothing_and_says_so() -> None:
    at_work = (Discount("employee", 0.0, "says so"),)
    found = verdict(*(said(1.0, id=n, discounts=at_work) for n in range(4)))
    assert (found.kind, found.opinions, found.score) == ("passive", 0, 0.0)
    assert found.reason == (
        "no mention that counts; weighs nothing as an employee; 4 not counted (employee)"
    )
    assert {e.not_counted for e in found.evidence} == {"employee"}
    assert found.discounts == at_work


def test_a_resellers_word_weighs_a_quarter() -> None:
    down = (Discount("reseller", 0.25, "sells"),)
    found = verdict(*(said(1.0, id=n, discounts=down) for n in range(4)))
    # Four of a quarter each over a prior of one: (0 + 1) / (1 + 1).
    assert found.score == pytest.approx(0.5)
    assert [e.weight for e in found.evidence] == [0.25] * 4
    assert "weighs less as a reseller" in found.reason
    assert found.opinions == 4


def test_whoever_is_discounted_is_not_in_the_prior() -> None:
    down = (Discount("reseller", 0.25, "sells"),)
    assert prior_of([said(0.5), said(-1.0, author=2, discounts=down)]).mean == 0.5


def test_a_copied_campaign_weighs_nothing_its_first_text_neither() -> None:
    found = verdict(said(-1.0, id=1, coordinated=True), said(-1.0, id=2), said(-1.0, id=3))
    assert (found.opinions, found.coordinated) == (2, 1)
    assert "1 not counted (coordinated)" in found.reason


def test_the_newest_that_count_come_by_falling_id() -> None:
    found = verdict(said(1.0, id=7), said(-0.5, id=9), said(1.0, id=8, spam=True))
    assert found.newest == ((9, -0.5), (7, 1.0))
