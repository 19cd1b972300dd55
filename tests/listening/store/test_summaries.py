"""A brand's figures, counted by hand over seven mentions."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update
from sqlmodel import Session

from listening.reports import BrandSummary, Day
from listening.store.brands.brands import get_brand
from listening.store.counts.summaries import brand_summary
from listening.store.flags.flags import refresh_flags
from listening.store.session import Store
from listening.store.tables import (
    Case,
    Mention,
    MentionSentiment,
    Priority,
    SentimentLabel,
    Stance,
    StanceKind,
)
from tests.factories import Opinion, analyse, author_id, brand, load, mentions, opinion, post


@pytest.fixture
def spoken(store: Store) -> Store:
    """Five mentions of JetBlue, two of Delta."""
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(
        store,
        post("JetBlue, great", id="p1", author="a1", at="2026-09-01T12:00Z", author_followers=10),
        post("JetBlue, awful", id="p2", author="a1", at="2026-09-01T23:30Z"),
        # In New York, the server's own zone, this is still the day before.
        post("JetBlue or Delta", id="p3", author="a2", at="2026-09-03T00:30Z"),
        post(
            "JetBlue, wunderbar", id="p4", author="a3", at="2026-09-03T09:00Z", author_followers=5
        ),
        post("JetBlue, new", id="p5", author="a3", at="2026-09-03T10:00Z"),
        post("Delta", id="p6", author="a4", at="2026-09-04T00:00Z"),
        post("lovely", id="p7", author="a5", at="2026-09-05T00:00Z"),
    )
    told = {"p1": opinion(0.8), "p2": opinion(-0.8), "p3": opinion(0.0), "p6": opinion(0.2)}
    analyse(store, told | {"p4": opinion(None, not_scored="language")})
    return store


def summary(store: Store, name: str = "JetBlue") -> BrandSummary:
    with store.session() as session:
        return brand_summary(session, get_brand(session, name))


def test_mentions_and_authors(spoken: Store) -> None:
    found = summary(spoken)
    assert (found.mentions, found.authors, found.share_of_voice) == (5, 3, 5 / 7)
    assert (found.negative, found.neutral, found.positive) == (1, 1, 1)
    assert found.net_sentiment == 0.0


def test_what_is_not_scored_says_why(spoken: Store) -> None:
    assert summary(spoken).not_scored == {"language": 1, "not analysed yet": 1}


def test_a_post_counts_for_each_brand_as_it_speaks_of_it(spoken: Store) -> None:
    analyse(spoken, {"p3": Opinion(sentiment=(0.0, 1.0, 0.0), towards=(0.1, 0.1, 0.8))})
    delta = int(mentions(spoken, 2)["p3"].mention.id or 0)
    with spoken.work() as session:
        changed = update(MentionSentiment).where(MentionSentiment.mention_id == delta)
        session.execute(changed.values(negative=0.8, positive=0.1))
    found, other = summary(spoken), summary(spoken, "Delta")
    assert (found.negative, found.neutral, found.positive) == (1, 0, 2)
    assert (other.negative, other.neutral, other.positive) == (1, 1, 0)


def test_a_mention_that_nobody_read_is_not_analysed_yet(spoken: Store) -> None:
    number = int(mentions(spoken, 1)["p1"].mention.id or 0)
    with spoken.work() as session:
        session.delete(session.get(MentionSentiment, number))
    found = summary(spoken)
    assert (found.positive, found.scored) == (0, 2)
    assert found.not_scored == {"language": 1, "not analysed yet": 2}


def test_a_persons_word_scores_a_mention(spoken: Store) -> None:
    number = mentions(spoken)["p4"].mention.id
    with spoken.work() as session:
        changed = update(Mention).where(Mention.id == number)
        session.execute(changed.values(override=SentimentLabel.POSITIVE))
    found = summary(spoken)
    assert (found.positive, found.not_scored) == (2, {"not analysed yet": 1})


def test_reach_tells_its_coverage(spoken: Store) -> None:
    found = summary(spoken)
    # a1 has 10 followers and two mentions, a3 has 5 and two, a2's are unknown.
    assert (found.reach_total, found.reach_unique, found.reach_known) == (30, 15, 2)


def test_days_are_those_of_utc_with_gaps_filled(spoken: Store) -> None:
    found = summary(spoken)
    assert found.days == (
        Day(date(2026, 9, 1), 2, 1, 0, 1),
        Day(date(2026, 9, 2), 0, 0, 0, 0),
        Day(date(2026, 9, 3), 3, 0, 1, 0),
    )
    assert (found.first, found.last) == (date(2026, 9, 1), date(2026, 9, 3))


def test_flags_and_open_cases(spoken: Store) -> None:
    view = mentions(spoken)["p2"]

    def flagged(session: Session, name: str, author: str, kind: StanceKind) -> None:
        session.add(
            Stance(
                brand_id=get_brand(session, name).id, author_id=author_id(spoken, author),
                kind=kind, score=0, low=0, high=0, mentions=1, opinions=1, recommends=0, warns=0,
                reason="",
            )
        )  # fmt: skip

    with spoken.work() as session:
        flagged(session, "JetBlue", "a1", StanceKind.ADVOCATE)
        flagged(session, "JetBlue", "a2", StanceKind.DETRACTOR)
        flagged(session, "JetBlue", "a3", StanceKind.PASSIVE)
        flagged(session, "Delta", "a2", StanceKind.ADVOCATE)
        jetblue = get_brand(session, "JetBlue").id
        session.add(
            Case(
                mention_id=view.mention.id, brand_id=jetblue, author_id=view.author.id,
                source="file", published_at=view.post.published_at, priority=Priority.LOW,
                urgency=0.1, rank=0.1,
            )
        )  # fmt: skip
        for name in ("JetBlue", "Delta"):
            refresh_flags(session, int(get_brand(session, name).id or 0))
    found = summary(spoken)
    assert (found.advocates, found.detractors, found.open_cases) == (1, 1, 1)
    other = summary(spoken, "Delta")
    assert (other.advocates, other.detractors, other.open_cases) == (1, 0, 0)


def test_a_brand_nobody_mentions(store: Store) -> None:
    brand(store, "JetBlue")
    found = summary(store)
    assert (found.mentions, found.share_of_voice, found.days) == (0, None, ())
    assert (found.first, found.net_sentiment, found.not_scored) == (None, None, {})
