"""A person's word on sentiment is in the queue at once, and is taken back with the case."""

from __future__ import annotations

import pytest

from listening.config import Settings
from listening.errors import ConflictError
from listening.store.cases.actions import Verb
from listening.store.cases.many import override_case, undo
from listening.store.mentions.overriding import override, undo_override
from listening.store.session import Store
from listening.store.tables import CaseStatus, SentimentLabel
from tests.caseload import case_of, do, events, number_of, person
from tests.factories import analyse, brand, load, mentions, opinion, post
from workers.jobs.flagging import flag

SETTINGS = Settings(stance_half_life_days=180)
NEUTRAL, NEGATIVE = SentimentLabel.NEUTRAL, SentimentLabel.NEGATIVE


@pytest.fixture
def queue(store: Store) -> Store:
    brand(store, "JetBlue")
    load(
        store,
        post("JetBlue lost my suitcase", id="p1", author="a1"),
        post("JetBlue late again", id="p2", author="a1", at="2026-09-02T12:00Z"),
        post("JetBlue is on time", id="p3", author="a1", at="2026-09-03T12:00Z"),
    )
    analyse(store, {"p1": opinion(-0.6), "p2": opinion(-0.9), "p3": opinion(0.9)})
    flag(store, SETTINGS)
    return store


def say(store: Store, who: object, native_id: str, label: SentimentLabel | None) -> None:
    case = case_of(store, native_id)
    with store.work() as session:
        override_case(
            session, who, 1, int(case.id or 0), label, version=case.version,  # type: ignore[arg-type]
        )  # fmt: skip


def test_what_is_not_negative_needs_no_answer(queue: Store) -> None:
    rita = person(queue, "rita")
    say(queue, rita, "p1", NEUTRAL)
    found = case_of(queue, "p1")
    assert (found.status, found.answered_at, found.version) == (CaseStatus.CLOSED, None, 2)
    (event,) = events(queue, "p1")
    assert (event.action, event.after["sentiment"]) == ("override", "neutral")
    assert mentions(queue)["p1"].mention.override is NEUTRAL
    flag(queue, SETTINGS)
    assert case_of(queue, "p1").status is CaseStatus.CLOSED


def test_it_is_taken_back_with_the_mentions_sentiment(queue: Store) -> None:
    rita = person(queue, "rita")
    before = case_of(queue, "p1")
    say(queue, rita, "p1", NEUTRAL)
    with queue.work() as session:
        undo(session, rita, 1, int(before.id or 0))
    changed = {"version", "changed_at", "changed_by"}
    assert case_of(queue, "p1").model_dump(exclude=changed) == before.model_dump(exclude=changed)
    assert mentions(queue)["p1"].mention.override is None


def test_negative_for_sure_is_more_urgent(queue: Store) -> None:
    rita = person(queue, "rita")
    before = case_of(queue, "p2")
    say(queue, rita, "p2", NEGATIVE)
    found = case_of(queue, "p2")
    assert (before.terms["negativity"], found.terms["negativity"]) == (0.9, 1.0)
    assert found.terms["repeat"] == before.terms["repeat"] == 0.5
    assert found.urgency > before.urgency
    # The job finds the same.
    flag(queue, SETTINGS)
    assert case_of(queue, "p2").urgency == found.urgency


def test_a_mention_that_is_negative_after_all_gets_a_case(queue: Store) -> None:
    rita = person(queue, "rita")
    number = int(mentions(queue)["p3"].mention.id or 0)
    with queue.work() as session:
        done = override(session, rita, [number], NEGATIVE)
    found = case_of(queue, "p3")
    assert (found.status, found.terms["repeat"]) == (CaseStatus.OPEN, 0.6667)
    with queue.work() as session:
        undo_override(session, rita, done.entries[0])
    assert case_of(queue, "p3").status is CaseStatus.CLOSED


def test_of_several_at_once_each_case_follows(queue: Store) -> None:
    rita = person(queue, "rita")
    numbers = [int(mentions(queue)[native].mention.id or 0) for native in ("p1", "p2")]
    with queue.work() as session:
        done = override(session, rita, numbers, NEUTRAL)
    assert {case_of(queue, native).status for native in ("p1", "p2")} == {CaseStatus.CLOSED}
    with queue.work() as session:
        undo_override(session, rita, done.entries[0])
    assert {case_of(queue, native).status for native in ("p1", "p2")} == {CaseStatus.OPEN}


def test_what_somebody_closed_is_not_opened_by_a_sentiment(queue: Store) -> None:
    rita = person(queue, "rita")
    do(queue, rita, "p1", Verb.CLOSE)
    say(queue, rita, "p1", NEGATIVE)
    assert case_of(queue, "p1").status is CaseStatus.CLOSED
    number, told = number_of(queue, "p1"), "rita set the sentiment to negative"
    with pytest.raises(ConflictError, match=told), queue.work() as session:
        override_case(session, rita, 1, number, NEUTRAL, version=2)
