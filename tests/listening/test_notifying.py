"""Events in words and as data: numbers and names of brands, nothing that authors wrote."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from listening import notifying
from listening.notifying import CHOICES, MEANINGS, Event, EventKind
from tests.factories import at

NOON = at("2026-11-28T12:00Z")


@dataclass
class Brand:
    id: int | None = 3
    name: str = "Jet / Blue"
    slug: str = "jet / blue"


BLUE = Brand()


@pytest.mark.parametrize(
    ("event", "key", "subject", "title", "text", "path"),
    [
        (
            notifying.incident(
                BLUE, 7, kind="volume", began_at=NOON, value=1200.0, expected=400.0
            ),
            "incident:7", "brand:3:volume", "Jet / Blue: volume is up, 3.0 times the usual",
            "Volume: 1,200, usually 400.0.\nSince 2026-11-28 12:00 UTC.",
            "/brands/jet%20%2F%20blue",
        ),
        (
            notifying.incident(BLUE, 8, kind="volume", began_at=NOON, value=9.0, expected=0.0),
            "incident:8", "brand:3:volume", "Jet / Blue: volume is up",
            "Volume: 9, usually 0.0.\nSince 2026-11-28 12:00 UTC.", "/brands/jet%20%2F%20blue",
        ),
        (
            notifying.cases_opened(BLUE, [4, 2, 9], urgency=0.8349),
            "cases:2-9", "brand:3", "Jet / Blue: 3 cases of high priority opened",
            "The most urgent has an urgency of 0.83 of 1.", "/brands/jet%20%2F%20blue/triage",
        ),
        (
            notifying.case_overdue(BLUE, 5, due_at=NOON, priority="high"),
            "case:5:2026-11-28T12:00:00+00:00", "case:5",
            "Jet / Blue: a case of high priority is overdue",
            "Case 5 was due 2026-11-28 12:00 UTC.\nNobody has it.",
            "/brands/jet%20%2F%20blue/triage",
        ),
        (
            notifying.detractor_new(BLUE, 11, source="x", followers=120_000, since=NOON),
            "brand:3:author:11:2026-11-28T12:00:00+00:00", "brand:3:author:11",
            "Jet / Blue: an author with 120,000 followers turned detractor",
            "Author 11 of x; the page shows the mentions that say so.",
            "/brands/jet%20%2F%20blue/authors/11",
        ),
        (
            notifying.watch_failing(
                BLUE, 2, source="reddit", failures=3, error="it does not let us in", at=NOON
            ),
            "watch:2:2026-11-28T12:00:00+00:00", "watch:2",
            "Jet / Blue: the watch of reddit fails",
            "Watch 2 failed 3 times in a row: it does not let us in.\n"
            "It is tried again by itself; its page says what was answered.",
            "/settings/watches/2",
        ),
        (
            notifying.sweep_rejected(BLUE, 2, 6, source="feed", rejected=1500, rows=2000),
            "sweep:6", "watch:2", "Jet / Blue: 1,500 of 2,000 rows of feed could not be read",
            "They are kept aside with the reason; the format may have changed.",
            "/settings/watches/2",
        ),
        (
            notifying.report_ready(BLUE, 1, title="Week 48", path="/r/1", lines=["12 mentions"]),
            "report:1", "report:1", "Week 48", "12 mentions", "/r/1",
        ),
    ],
)  # fmt: skip
def test_what_is_told(
    event: Event, key: str, subject: str, title: str, text: str, path: str
) -> None:
    assert (event.key, event.subject, event.title, event.text) == (key, subject, title, text)
    assert event.path == path
    assert (event.brand_id, event.brand) == (3, "Jet / Blue")


def test_as_a_program_is_told() -> None:
    event = notifying.case_overdue(BLUE, 5, due_at=NOON, priority="low", owner="ann")
    assert event.payload(at("2026-11-28T13:00+01:00")) == {
        "event": "case.overdue",
        "at": "2026-11-28T12:00:00+00:00",
        "brand": {"id": 3, "name": "Jet / Blue"},
        "title": "Jet / Blue: a case of low priority is overdue",
        "text": "Case 5 was due 2026-11-28 12:00 UTC.\nIt is with ann.",
        "path": "/brands/jet%20%2F%20blue/triage",
        "facts": {
            "case_id": 5,
            "priority": "low",
            "owner": "ann",
            "due_at": "2026-11-28T12:00:00+00:00",
        },
    }


def test_a_report_is_sent_along() -> None:
    assert notifying.report_ready(BLUE, 4, title="t", path="/").attachment == {"report": 4}


def test_a_test_is_of_no_brand_and_of_no_choice() -> None:
    event = notifying.trial(9, "ann", NOON)
    assert event.payload(NOON)["brand"] is None
    assert event.text == "Sent by ann on 2026-11-28 12:00 UTC. The channel works."
    assert EventKind.TEST not in CHOICES
    assert set(CHOICES) | {EventKind.TEST} == set(EventKind) and set(MEANINGS) == set(CHOICES)
