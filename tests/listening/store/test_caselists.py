"""The queue by what is asked for, page by page, and how many there are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.store.cases.actions import Verb
from listening.store.cases.lists import (
    NOBODY,
    CaseFilter,
    CaseOrder,
    count_listed,
    list_cases,
)
from listening.store.session import Store
from listening.store.tables import CaseStatus, Priority
from listening.store.tables.types import now
from tests.caseload import do, open_cases, person
from tests.factories import at, author_id, brand, load, post

ALL = tuple(CaseStatus)


@pytest.fixture
def queue(store: Store) -> Store:
    """Five cases; p4 is closed and p3 snoozed, p0 is Rita's."""
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(
        store,
        post("JetBlue lost my Bag", id="p0", author="a0", at="2026-09-01T08:00Z"),
        post("JetBlue seat 100% broken", id="p1", author="a0", at="2026-09-02T08:00Z"),
        post("JetBlue lost it", id="p2", author="a1", at="2026-09-03T08:00Z", source="bluesky",
             title="A bag, again"),
        post("JetBlue and Delta", id="p3", author="a2", at="2026-09-04T08:00Z"),
        post("JetBlue late", id="p4", author="a3", at="2026-09-05T08:00Z"),
    )  # fmt: skip
    open_cases(
        store,
        p0=(0.2, "low", "g"), p1=(0.5, "medium", "g"), p2=(0.9, "high", "h"), p3=(0.6, "high", "i"),
        p4=(0.7, "high", "i"),
    )  # fmt: skip
    open_cases(store, brand=2, p3=(0.6, "high", "i"))
    rita = person(store, "rita")
    do(store, rita, "p0", Verb.ASSIGN, owner="rita")
    do(store, rita, "p4", Verb.CLOSE)
    from listening.store.cases.actions import Action, act
    from listening.store.tables import Case
    from tests.factories import mentions

    number = mentions(store, 1)["p3"].mention.id
    with store.work() as session:
        from sqlmodel import select

        case = session.exec(select(Case).where(Case.mention_id == number)).one()
        action = Action(verb=Verb.SNOOZE, until=now() + timedelta(days=2))
        act(session, rita, 1, int(case.id or 0), action, version=None)
    return store


def listed(
    store: Store, order: CaseOrder = CaseOrder.URGENCY, size: int = 50, **chosen: object
) -> list[str]:
    """Native ids, read page after page."""
    found: list[str] = []
    after = None
    for _ in range(10):
        with store.session() as session:
            page = list_cases(
                session,
                1,
                CaseFilter(**chosen),
                order=order,
                after=after,
                limit=size,  # type: ignore[arg-type]
            )
        found += [view.mention.post.native_id for view in page.cases]
        after = page.after
        if after is None:
            return found
    raise AssertionError("the pages do not end")


def test_the_most_urgent_the_soonest_due_and_the_newest_come_first(queue: Store) -> None:
    assert listed(queue) == ["p2", "p1", "p0"]
    assert listed(queue, CaseOrder.DUE) == ["p2", "p1", "p0"]
    assert listed(queue, CaseOrder.NEWEST) == ["p2", "p1", "p0"]
    assert listed(queue, statuses=ALL) == ["p2", "p4", "p3", "p1", "p0"]
    assert listed(queue, CaseOrder.NEWEST, statuses=ALL) == ["p4", "p3", "p2", "p1", "p0"]


@pytest.mark.parametrize("order", list(CaseOrder))
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_of_any_size_make_the_same_list(queue: Store, order: CaseOrder, size: int) -> None:
    assert listed(queue, order, size, statuses=ALL) == listed(queue, order, statuses=ALL)


def test_equal_ranks_are_told_apart_at_the_end_of_a_page(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(7)))
    open_cases(store, **{f"p{n}": (0.5, "medium", "g") for n in range(7)})
    whole = [f"p{n}" for n in reversed(range(7))]
    assert listed(store) == whole
    assert listed(store, size=2) == whole
    assert listed(store, CaseOrder.DUE, 3) == list(reversed(whole))


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"statuses": (CaseStatus.CLOSED,)}, ["p4"]),
        ({"statuses": (CaseStatus.SNOOZED, CaseStatus.OPEN)}, ["p2", "p3", "p1", "p0"]),
        ({"priorities": (Priority.MEDIUM, Priority.LOW)}, ["p1", "p0"]),
        ({"xpriorities": (Priority.HIGH,)}, ["p1", "p0"]),
        ({"owners": ("rita",)}, ["p0"]),
        ({"owners": (NOBODY,)}, ["p2", "p1"]),
        ({"owners": (NOBODY, "rita")}, ["p2", "p1", "p0"]),
        ({"xowners": ("rita",)}, ["p2", "p1"]),
        ({"xowners": (NOBODY,)}, ["p0"]),
        ({"sources": ("bluesky",)}, ["p2"]),
        ({"xsources": ("bluesky",)}, ["p1", "p0"]),
        ({"group": "g"}, ["p1", "p0"]),
        ({"starred": True}, []),
        ({"starred": False, "checked": False}, ["p2", "p1", "p0"]),
        ({"words": ("BAG",)}, ["p2", "p0"]),
        ({"words": ("lost", "bag")}, ["p2", "p0"]),
        ({"words": ("100%",)}, ["p1"]),
        ({"words": ("1_0",)}, []),
        ({"overdue": at("2026-09-02T12:00Z"), "statuses": ALL}, ["p2", "p3"]),
    ],
)
def test_what_is_asked_for(queue: Store, chosen: dict[str, object], found: list[str]) -> None:
    assert listed(queue, **chosen) == found


def test_an_authors_cases_and_risks(queue: Store) -> None:
    assert listed(queue, author_id=author_id(queue, "a0")) == ["p1", "p0"]
    assert listed(queue, risks=("danger",)) == []
    assert listed(queue, xrisks=("danger",)) == ["p2", "p1", "p0"]


def test_similar_ones_are_counted_with_the_same_state(queue: Store) -> None:
    with queue.session() as session:
        page = list_cases(session, 1, CaseFilter(statuses=ALL))
    assert {v.mention.post.native_id: v.similar for v in page.cases} == {
        "p0": 1, "p1": 1, "p2": 0, "p3": 0, "p4": 0,
    }  # fmt: skip


def test_counts_by_state_go_by_the_filter_but_its_state(queue: Store) -> None:
    with queue.session() as session:
        whole = count_listed(session, 1, CaseFilter())
        high = count_listed(session, 1, CaseFilter(priorities=(Priority.HIGH,)))
    assert whole == {
        CaseStatus.OPEN: 3, CaseStatus.PENDING: 0, CaseStatus.SNOOZED: 1, CaseStatus.CLOSED: 1,
    }  # fmt: skip
    assert [high[status] for status in CaseStatus] == [1, 0, 1, 1]


def test_a_page_of_the_queue_reads_an_index_in_its_order(queue: Store) -> None:
    if queue.dialect != "sqlite":
        pytest.skip("PostgreSQL sorts five rows rather than read an index")
    with queue.session() as session:
        plan = session.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM support_case WHERE brand_id = 1 AND status = 'open' "
            "AND rank IS NOT NULL AND rank <= 20.5 AND (rank < 20.5 OR id < 9) "
            "ORDER BY rank DESC, id DESC LIMIT 51"
        )
        steps = [row[3] for row in plan]
    assert len(steps) == 1
    assert "USING INDEX ix_case_rank (brand_id=? AND status=? AND rank" in steps[0]
