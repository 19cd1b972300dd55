"""Flagged authors and cases in the order in which people work on them."""

from __future__ import annotations

import pytest

from listening.store.cases.cases import FoundCase, case_views, count_cases, store_cases
from listening.store.flags.flags import refresh_flags
from listening.store.flags.reviews import latest_reviews
from listening.store.flags.stances import count_stances, stance_views
from listening.store.mentions.mentions import count_mentions, views
from listening.store.session import Store
from listening.store.tables import (
    Case,
    CaseStatus,
    Priority,
    Review,
    ReviewVerdict,
    SentimentLabel,
    Stance,
    StanceKind,
)
from listening.triage import Urgency
from tests.factories import NOON, analyse, at, author_id, brand, load, mentions, opinion, post


@pytest.fixture
def spoken(store: Store) -> Store:
    """Four authors with one mention of JetBlue each; the last is the oldest."""
    brand(store, "JetBlue")
    load(
        store, *(post(id=f"p{n}", author=f"a{n}", at=f"2026-09-0{9 - n}T12:00Z") for n in range(4))
    )
    return store


# Stances


def flag(store: Store, scores: dict[str, float], kind: StanceKind) -> None:
    with store.work() as session:
        for author, score in scores.items():
            session.add(
                Stance(
                    brand_id=1, author_id=author_id(store, author), kind=kind, score=score,
                    low=score - 0.1, high=score + 0.1, mentions=1, opinions=1,
                    recommends=0, warns=0, reason="",
                )
            )  # fmt: skip
        refresh_flags(session, 1)


def listed(store: Store, kind: StanceKind, **page: int) -> list[str]:
    with store.session() as session:
        return [v.author.native_id for v in stance_views(session, brand_id=1, kind=kind, **page)]


def test_the_surest_come_first(spoken: Store) -> None:
    flag(spoken, {"a0": 0.5, "a1": 0.9}, StanceKind.ADVOCATE)
    flag(spoken, {"a2": -0.5, "a3": -0.9}, StanceKind.DETRACTOR)
    assert listed(spoken, StanceKind.ADVOCATE) == ["a1", "a0"]
    assert listed(spoken, StanceKind.DETRACTOR) == ["a3", "a2"]
    assert listed(spoken, StanceKind.PASSIVE) == []


def test_equal_intervals_are_in_a_fixed_order_and_paged(spoken: Store) -> None:
    flag(spoken, dict.fromkeys(["a3", "a1", "a0", "a2"], 0.5), StanceKind.ADVOCATE)
    pages = [listed(spoken, StanceKind.ADVOCATE, limit=3, offset=n) for n in (0, 3)]
    assert pages == [["a0", "a1", "a2"], ["a3"]]


def test_counts_by_kind(spoken: Store) -> None:
    flag(spoken, {"a0": 0.5, "a1": 0.9}, StanceKind.ADVOCATE)
    flag(spoken, {"a2": 0.0}, StanceKind.PASSIVE)
    with spoken.session() as session:
        assert count_stances(session, 1) == {StanceKind.ADVOCATE: 2, StanceKind.PASSIVE: 1}
        assert count_stances(session, 2) == {}


def test_the_latest_review_counts(spoken: Store) -> None:
    flag(spoken, {"a0": 0.5, "a1": 0.4}, StanceKind.ADVOCATE)
    a0 = author_id(spoken, "a0")
    with spoken.work() as session:
        for verdict in (ReviewVerdict.CONFIRMED, ReviewVerdict.DISMISSED):
            session.add(Review(brand_id=1, author_id=a0, verdict=verdict, by="ann"))
            session.flush()
        refresh_flags(session, 1, [a0])
    with spoken.session() as session:
        found = stance_views(session, brand_id=1, kind=StanceKind.ADVOCATE)
        assert latest_reviews(session, 1, [a0])[a0].verdict is ReviewVerdict.DISMISSED
        counted = count_stances(session, 1)
    # Dismissed last: gone from the list and from its count.
    assert [(v.stance.author_id, v.review) for v in found] == [(author_id(spoken, "a1"), None)]
    assert counted == {StanceKind.ADVOCATE: 1}
    assert [(v.segment, v.noise) for v in found] == [(None, False)]  # no run yet


def test_a_later_verdict_brings_a_dismissed_author_back(spoken: Store) -> None:
    flag(spoken, {"a0": 0.5}, StanceKind.ADVOCATE)
    a0 = author_id(spoken, "a0")
    with spoken.work() as session:
        for verdict in (ReviewVerdict.DISMISSED, ReviewVerdict.CONTACTED):
            session.add(Review(brand_id=1, author_id=a0, verdict=verdict, by="ann"))
            session.flush()
        refresh_flags(session, 1, [a0])
    with spoken.session() as session:
        (found,) = stance_views(session, brand_id=1, kind=StanceKind.ADVOCATE)
    assert found.review is not None
    assert found.review.verdict is ReviewVerdict.CONTACTED


# Cases


def urgent(value: float, priority: str = "low") -> Urgency:
    return Urgency(value, {"risk": value}, (), priority)


def open_cases(store: Store, opened: str = NOON, **found: tuple[float, str, str]) -> None:
    numbers = {native: view.mention.id for native, view in mentions(store).items()}
    with store.work() as session:
        cases = [
            FoundCase(numbers[native], urgent(value, priority), group)
            for native, (value, priority, group) in found.items()
        ]
        store_cases(session, 1, cases, opened_at=at(opened))


def queue(store: Store, status: CaseStatus = CaseStatus.OPEN) -> list[tuple[str, float, int]]:
    with store.session() as session:
        found = case_views(session, brand_id=1, status=status)
        return [(v.mention.post.native_id, v.case.urgency, v.similar) for v in found]


def case(store: Store, native_id: str) -> Case:
    with store.session() as session:
        return next(
            view.case
            for status in CaseStatus
            for view in case_views(session, brand_id=1, status=status)
            if view.mention.post.native_id == native_id
        )


def touch(store: Store, native_id: str, **changes: object) -> None:
    number = case(store, native_id).id
    with store.work() as session:
        found = session.get(Case, number)
        for name, value in changes.items():
            setattr(found, name, value)


def test_the_most_urgent_comes_first_with_the_number_of_similar_ones(spoken: Store) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"), p1=(0.9, "high", "g"), p2=(0.5, "medium", "h"))
    assert queue(spoken) == [("p1", 0.9, 1), ("p2", 0.5, 0), ("p0", 0.2, 1)]


def test_similar_cases_are_counted_among_those_of_the_status(spoken: Store) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"), p1=(0.9, "high", "g"))
    touch(spoken, "p1", status=CaseStatus.CLOSED)
    assert queue(spoken) == [("p0", 0.2, 0)]
    assert queue(spoken, CaseStatus.CLOSED) == [("p1", 0.9, 0)]
    with spoken.session() as session:
        assert count_cases(session, 1) == {CaseStatus.OPEN: 1, CaseStatus.CLOSED: 1}


def test_the_due_time_counts_from_the_opening(spoken: Store) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"), p1=(0.9, "high", "g"))
    assert case(spoken, "p0").due_at == at("2026-09-04T12:00Z")
    assert case(spoken, "p1").due_at == at("2026-09-01T16:00Z")


def test_urgency_is_brought_up_to_date_and_the_opening_stays(spoken: Store) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"))
    open_cases(spoken, opened="2026-09-02T12:00Z", p0=(0.3, "low", "h"))
    found = case(spoken, "p0")
    assert (found.urgency, found.terms, found.group_key) == (0.3, {"risk": 0.3}, "h")
    assert found.opened_at == at(NOON)


def test_an_untouched_case_goes_with_its_reason(spoken: Store) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"), p1=(0.9, "high", "g"))
    open_cases(spoken, p1=(0.9, "high", "g"))
    assert queue(spoken) == [("p1", 0.9, 0)]


@pytest.mark.parametrize(
    "touched", [{"status": CaseStatus.PENDING}, {"owner": "ann"}, {"version": 2}]
)
def test_a_case_that_somebody_works_on_stays(spoken: Store, touched: dict[str, object]) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"))
    touch(spoken, "p0", **touched)
    open_cases(spoken)
    open_cases(spoken, p0=(0.4, "medium", "g"))
    found = case(spoken, "p0")
    assert found.urgency == 0.4
    assert {name: getattr(found, name) for name in touched} == touched


# Mentions


def test_mentions_in_the_order_of_publication(spoken: Store) -> None:
    with spoken.session() as session:
        found = [view.post.native_id for view in views(session, brand_id=1)]
        own = list(views(session, author_id=author_id(spoken, "a2")))
        one = list(views(session, mention_ids=[own[0].mention.id]))
        assert count_mentions(session, 1) == 4
    assert found == ["p3", "p2", "p1", "p0"]
    assert [view.post.native_id for view in (*own, *one)] == ["p2", "p2"]


@pytest.mark.parametrize(
    ("sentiment", "polarity", "label"),
    [
        ((0.7, 0.2, 0.1), -0.6, SentimentLabel.NEGATIVE),
        ((0.1, 0.6, 0.3), 0.2, SentimentLabel.NEUTRAL),
        ((0.1, 0.2, 0.7), 0.6, SentimentLabel.POSITIVE),
        (None, None, None),
    ],
)
def test_sentiment_is_the_likeliest_and_polarity_the_difference(
    spoken: Store, sentiment, polarity, label
) -> None:
    from tests.factories import Opinion

    analyse(spoken, {"p0": Opinion(sentiment=sentiment)})
    found = mentions(spoken)["p0"]
    assert found.polarity == (None if polarity is None else pytest.approx(polarity))
    assert found.sentiment is label


def test_a_mention_that_nobody_analysed_has_no_sentiment(spoken: Store) -> None:
    analyse(spoken, {"p1": opinion(1.0)})
    found = mentions(spoken)
    assert (found["p0"].analysis, found["p0"].polarity, found["p0"].sentiment) == (None, None, None)
    assert found["p1"].polarity == 1.0


def test_a_persons_priority_outlives_what_is_computed(spoken: Store) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"), p1=(0.5, "medium", "g"))
    touch(spoken, "p0", priority=Priority.HIGH, priority_by="ann", version=2)
    open_cases(spoken, p0=(0.3, "low", "g"), p1=(0.5, "medium", "g"))
    found = case(spoken, "p0")
    assert (found.priority, found.urgency, found.rank) == (Priority.HIGH, 0.3, 20.3)
    assert found.due_at == at("2026-09-01T16:00Z")
    assert [native for native, *_ in queue(spoken)] == ["p0", "p1"]


def test_what_was_raised_for_being_late_stays_raised_and_late(spoken: Store) -> None:
    open_cases(spoken, p0=(0.2, "low", "g"))
    missed = at("2026-09-04T12:00Z")
    touch(spoken, "p0", priority=Priority.MEDIUM, escalated_at=missed)
    open_cases(spoken, p0=(0.25, "low", "g"))
    found = case(spoken, "p0")
    assert (found.priority, found.rank, found.due_at) == (Priority.MEDIUM, 10.25, missed)


def test_who_complains_again_after_a_closed_case_gets_a_new_one_that_says_so(
    spoken: Store,
) -> None:
    load(spoken, post(id="p4", author="a0"), post(id="p5", author="a1"))
    open_cases(spoken, p0=(0.2, "low", "g"), p1=(0.2, "low", "h"))
    touch(spoken, "p0", status=CaseStatus.CLOSED, closed_at=at(NOON), version=2)
    open_cases(spoken, p0=(0.9, "high", "g"), p4=(0.4, "low", "i"), p5=(0.4, "low", "i"))
    assert case(spoken, "p0").urgency == 0.2  # closed: as it was
    assert case(spoken, "p4").after_id == case(spoken, "p0").id
    assert case(spoken, "p5").after_id is None  # the other case of a1 is open
