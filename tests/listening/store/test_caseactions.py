"""What is done to cases: checked, written with its history, never over somebody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from listening.access import Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.cases.actions import Action, Verb, act
from listening.store.cases.many import act_on_many, group_of, undo, undo_batch
from listening.store.cases.owners import own_login, owners
from listening.store.session import Store
from listening.store.tables import AuditEntry, CaseStatus, Change, Priority
from listening.store.tables.types import now
from tests.caseload import case_of, do, events, number_of, open_cases, person
from tests.factories import NOON, at, brand, load, post


@pytest.fixture
def queue(store: Store) -> Store:
    """Three open cases of JetBlue, two of them alike."""
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(3)))
    open_cases(store, p0=(0.2, "low", "g"), p1=(0.5, "medium", "g"), p2=(0.7, "high", "h"))
    return store


def test_closing_is_written_with_its_history_its_audit_and_its_news(queue: Store) -> None:
    rita = person(queue, "rita")
    closed = do(queue, rita, "p0", Verb.CLOSE)
    assert (closed.status, closed.version, closed.changed_by) == (CaseStatus.CLOSED, 2, "rita")
    assert closed.closed_at is not None
    assert closed.closed_at == closed.answered_at
    (event,) = events(queue, "p0")
    assert (event.by, event.action, event.version) == ("rita", "close", 2)
    assert event.before == {
        "status": "open", "answered_at": None, "closed_at": None, "in_time": None,
    }  # fmt: skip
    with queue.session() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.noun == "case")).one()
        news = session.exec(select(Change).where(Change.noun_id == closed.id)).one()
    assert (entry.action, entry.by, entry.before, entry.after) == (
        "case.close", "rita", event.before, event.after,
    )  # fmt: skip
    assert (news.noun, news.brand_id, news.version, news.by) == ("case", 1, 2, "rita")


def test_two_people_never_overwrite_each_other(queue: Store) -> None:
    rita, omar = person(queue, "rita"), person(queue, "omar")
    do(queue, rita, "p0", Verb.ASSIGN, owner="rita")
    do(queue, rita, "p0", Verb.CLOSE)
    with pytest.raises(ConflictError) as refused:
        do(queue, omar, "p0", Verb.ASSIGN, version=1, owner="omar")
    assert str(refused.value) == (
        "Nothing was changed: meanwhile rita gave it to rita; rita closed it. "
        "Look at the case again, then decide."
    )
    assert case_of(queue, "p0").owner == "rita"


def test_who_may_only_look_changes_nothing(queue: Store) -> None:
    viewer, stranger = person(queue, "vera", Role.VIEWER), person(queue, "sam", None, b2=Role.ADMIN)
    with pytest.raises(ForbiddenError):
        do(queue, viewer, "p0", Verb.CLOSE)
    with pytest.raises(NotFoundError):
        do(queue, stranger, "p0", Verb.CLOSE)
    assert case_of(queue, "p0").version == 1


def test_a_case_of_another_brand_is_not_found(queue: Store) -> None:
    rita = person(queue, "rita")
    with pytest.raises(NotFoundError), queue.work() as session:
        act(session, rita, 2, number_of(queue, "p0"), Action(verb=Verb.CLOSE), version=1)


def test_owners_are_those_who_may_answer(queue: Store) -> None:
    rita = person(queue, "rita")
    person(queue, "vera", Role.VIEWER)
    person(queue, "local", None, b1=Role.SUPPORT)
    person(queue, "elsewhere", None, b2=Role.SUPPORT)
    with queue.session() as session:
        assert [one.login for one in owners(session, 1)] == ["local", "rita"]
        assert own_login(session, rita) == "rita"
    assert do(queue, rita, "p0", Verb.ASSIGN, owner="local").owner == "local"
    for name in ("vera", "elsewhere", "nobody"):
        with pytest.raises(InvalidError) as refused:
            do(queue, rita, "p0", Verb.ASSIGN, owner=name)
        assert refused.value.field == "owner"
    assert do(queue, rita, "p0", Verb.ASSIGN, owner=None).owner is None


def test_a_persons_priority_moves_the_case_and_its_due_time_and_is_taken_off(queue: Store) -> None:
    rita = person(queue, "rita")
    found = do(queue, rita, "p0", Verb.PRIORITY, priority=Priority.HIGH)
    assert (found.priority, found.priority_by, found.rank) == (Priority.HIGH, "rita", 20.2)
    assert found.due_at == at(NOON) + timedelta(hours=4)
    open_cases(queue, p0=(0.3, "low", "g"), p1=(0.5, "medium", "g"), p2=(0.7, "high", "h"))
    assert case_of(queue, "p0").priority is Priority.HIGH
    found = do(queue, rita, "p0", Verb.PRIORITY, priority=None)
    assert (found.priority, found.priority_by, found.rank) == (Priority.LOW, None, 0.3)


def test_snoozes_end_in_the_future(queue: Store) -> None:
    rita = person(queue, "rita")
    for until in (None, now() - timedelta(minutes=1), now() + timedelta(days=91)):
        with pytest.raises(InvalidError) as refused:
            do(queue, rita, "p0", Verb.SNOOZE, until=until)
        assert refused.value.field == "until"
    tomorrow = now() + timedelta(days=1)
    found = do(queue, rita, "p0", Verb.SNOOZE, until=tomorrow)
    assert (found.status, found.snoozed_until) == (CaseStatus.SNOOZED, tomorrow)


def test_a_closed_case_is_only_opened_again(queue: Store) -> None:
    rita = person(queue, "rita")
    do(queue, rita, "p0", Verb.CLOSE)
    with pytest.raises(ConflictError, match="This case is closed: open it again first"):
        do(queue, rita, "p0", Verb.PENDING)
    again = do(queue, rita, "p0", Verb.OPEN)
    assert again.status is CaseStatus.OPEN
    assert again.due_at is not None
    assert again.due_at - again.timed_from == timedelta(hours=72)


def test_what_is_so_already_is_no_change(queue: Store) -> None:
    rita = person(queue, "rita")
    assert do(queue, rita, "p0", Verb.STAR, value=True).version == 2
    assert do(queue, rita, "p0", Verb.STAR, value=True).version == 2
    assert do(queue, rita, "p0", Verb.CHECK, value=True).checked
    assert [e.action for e in events(queue, "p0")] == ["star", "check"]


def test_the_last_thing_is_taken_back_and_the_one_before_it(queue: Store) -> None:
    rita = person(queue, "rita")
    before = case_of(queue, "p0")
    do(queue, rita, "p0", Verb.ASSIGN, owner="rita")
    do(queue, rita, "p0", Verb.SNOOZE, until=now() + timedelta(days=1))
    with queue.work() as session:
        once = undo(session, rita, 1, int(before.id or 0))
    assert (once.status, once.snoozed_until, once.owner) == (CaseStatus.OPEN, None, "rita")
    with queue.work() as session:
        twice = undo(session, rita, 1, int(before.id or 0))
    changed = {"version", "changed_at", "changed_by"}
    assert twice.model_dump(exclude=changed) == before.model_dump(exclude=changed)
    with pytest.raises(ConflictError, match="Nothing of yours"), queue.work() as session:
        undo(session, rita, 1, int(before.id or 0))


def test_nobody_takes_back_what_somebody_else_did(queue: Store) -> None:
    rita, omar = person(queue, "rita"), person(queue, "omar")
    do(queue, rita, "p0", Verb.STAR)
    do(queue, omar, "p0", Verb.CLOSE)
    with pytest.raises(ConflictError, match="since then omar closed it"), queue.work() as session:
        undo(session, rita, 1, number_of(queue, "p0"))
    assert case_of(queue, "p0").status is CaseStatus.CLOSED


def test_several_at_once_each_on_its_own(queue: Store) -> None:
    rita, omar = person(queue, "rita"), person(queue, "omar")
    numbers = {native: number_of(queue, native) for native in ("p0", "p1", "p2")}
    do(queue, omar, "p1", Verb.STAR)
    with queue.work() as session:
        wanted = [(numbers["p2"], 1), (numbers["p1"], 1), (numbers["p0"], None), (999_999, None)]
        action = Action(verb=Verb.CLOSE)
        done = act_on_many(session, rita, 1, wanted, action, batch="b")
    assert [(d.case_id, d.version) for d in done] == [
        (numbers["p2"], 2), (numbers["p1"], None), (numbers["p0"], 2), (999_999, None),
    ]  # fmt: skip
    assert "meanwhile omar starred it" in str(done[1].error)
    assert "no case 999999" in str(done[3].error)
    assert case_of(queue, "p1").status is CaseStatus.OPEN
    do(queue, omar, "p0", Verb.OPEN)
    with queue.work() as session:
        back = undo_batch(session, rita, 1, "b")
    assert {d.case_id: d.error is None for d in back} == {numbers["p2"]: True, numbers["p0"]: False}
    assert case_of(queue, "p2").status is CaseStatus.OPEN
    with pytest.raises(NotFoundError), queue.work() as session:
        undo_batch(session, omar, 1, "b")


def test_the_group_is_what_shares_an_answer_and_is_not_closed(queue: Store) -> None:
    rita = person(queue, "rita")

    def group(native_id: str) -> list[int]:
        with queue.session() as session:
            return group_of(session, case_of(queue, native_id))

    assert group("p0") == [number_of(queue, "p0"), number_of(queue, "p1")]
    assert group("p2") == [number_of(queue, "p2")]
    do(queue, rita, "p1", Verb.CLOSE)
    assert group("p0") == [number_of(queue, "p0")]


def test_too_many_at_once_are_refused(queue: Store) -> None:
    rita = person(queue, "rita")
    wanted = [(n, None) for n in range(501)]
    with pytest.raises(InvalidError, match="At most 500"), queue.work() as session:
        act_on_many(session, rita, 1, wanted, Action(verb=Verb.CLOSE), batch="b")
