"""Notes, answers that serve many, and texts that are said often."""

from __future__ import annotations

import pytest

from listening.access import Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.cases.many import group_of, undo, undo_batch
from listening.store.cases.notes import (
    add_note,
    answer,
    answer_many,
    canned_notes,
    notes_of,
    remove_canned,
    save_canned,
)
from listening.store.session import Store
from listening.store.tables import CaseStatus
from tests.caseload import case_of, events, number_of, open_cases, person
from tests.factories import brand, load, post


@pytest.fixture
def queue(store: Store) -> Store:
    brand(store, "JetBlue")
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(3)))
    open_cases(store, p0=(0.2, "low", "g"), p1=(0.5, "medium", "g"), p2=(0.7, "high", "h"))
    return store


def noted(store: Store, native_id: str) -> list[tuple[str, str, bool]]:
    with store.session() as session:
        return [(n.by, n.text, n.answer) for n in notes_of(session, number_of(store, native_id))]


def test_a_note_overwrites_nothing_and_is_taken_back(queue: Store) -> None:
    rita = person(queue, "rita")
    number = number_of(queue, "p0")
    with queue.work() as session:
        add_note(session, rita, 1, number, "  called back  ")
    assert noted(queue, "p0") == [("rita", "called back", False)]
    assert case_of(queue, "p0").version == 2
    assert [e.action for e in events(queue, "p0")] == ["note"]
    with queue.work() as session:
        undo(session, rita, 1, number)
    assert noted(queue, "p0") == []
    for text in ("  ", "x" * 10_001):
        with pytest.raises(InvalidError), queue.work() as session:
            add_note(session, rita, 1, number, text)
    viewer = person(queue, "vera", Role.VIEWER)
    with pytest.raises(ForbiddenError), queue.work() as session:
        add_note(session, viewer, 1, number, "mine")


def test_an_answer_brings_the_case_on_and_is_taken_back_whole(queue: Store) -> None:
    rita = person(queue, "rita")
    number = number_of(queue, "p0")
    with queue.work() as session:
        found = answer(session, rita, 1, number, "We are sorry", version=1)
    assert (found.status, found.version) == (CaseStatus.PENDING, 2)
    assert found.answered_at is not None
    assert noted(queue, "p0") == [("rita", "We are sorry", True)]
    with queue.work() as session:
        found = answer(session, rita, 1, number, "Done", then=CaseStatus.CLOSED, version=2)
    assert (found.status, found.answered_at < found.closed_at) == (CaseStatus.CLOSED, True)
    with queue.work() as session:
        undo(session, rita, 1, number)
        undo(session, rita, 1, number)
    assert noted(queue, "p0") == []
    assert (case_of(queue, "p0").status, case_of(queue, "p0").answered_at) == (
        CaseStatus.OPEN, None,
    )  # fmt: skip


def test_an_answer_to_what_was_changed_meanwhile_is_not_kept(queue: Store) -> None:
    rita, omar = person(queue, "rita"), person(queue, "omar")
    number = number_of(queue, "p0")
    with queue.work() as session:
        answer(session, omar, 1, number, "Sorry", then=CaseStatus.CLOSED, version=1)
    with pytest.raises(ConflictError, match="meanwhile omar answered"), queue.work() as session:
        answer(session, rita, 1, number, "Sorry too", version=1)
    assert noted(queue, "p0") == [("omar", "Sorry", True)]
    with pytest.raises(InvalidError), queue.work() as session:
        answer(session, rita, 1, number, "x", then=CaseStatus.SNOOZED, version=2)


def test_one_answer_serves_the_whole_group(queue: Store) -> None:
    rita = person(queue, "rita")
    with queue.work() as session:
        group = group_of(session, case_of(queue, "p0"))
        wanted = [(number, None) for number in group]
        done = answer_many(session, rita, 1, wanted, "Sorry all", then=CaseStatus.CLOSED, batch="b")
    assert [(d.case_id, d.error) for d in done] == [(number, None) for number in group]
    for native in ("p0", "p1"):
        assert noted(queue, native) == [("rita", "Sorry all", True)]
        assert case_of(queue, native).status is CaseStatus.CLOSED
    assert noted(queue, "p2") == []
    with queue.work() as session:
        undo_batch(session, rita, 1, "b")
    assert [noted(queue, native) for native in ("p0", "p1")] == [[], []]
    assert case_of(queue, "p1").status is CaseStatus.OPEN


def test_canned_notes_stand_once_a_name_and_are_changed_by_version(queue: Store) -> None:
    rita, omar = person(queue, "rita"), person(queue, "omar")
    brand(queue, "Delta")
    with queue.work() as session:
        first = save_canned(session, rita, 1, name=" sorry ", text="Sorry, {author}")
        save_canned(session, rita, 2, name="sorry", text="Delta is sorry")
    with pytest.raises(ConflictError, match="already"), queue.work() as session:
        save_canned(session, omar, 1, name="sorry", text="again")
    with queue.work() as session:
        save_canned(session, omar, 1, name="sorry", text="So sorry", canned_id=first.id, version=1)
    with pytest.raises(ConflictError, match="omar changed"), queue.work() as session:
        save_canned(session, rita, 1, name="sorry", text="x", canned_id=first.id, version=1)
    with pytest.raises(NotFoundError), queue.work() as session:
        remove_canned(session, rita, 2, int(first.id or 0))
    with queue.session() as session:
        assert [(n.name, n.text, n.version) for n in canned_notes(session, 1)] == [
            ("sorry", "So sorry", 2)
        ]
    with queue.work() as session:
        remove_canned(session, rita, 1, int(first.id or 0))
        assert canned_notes(session, 1) == []
    for name, text in (("", "x"), ("x", " "), ("x" * 81, "x")):
        with pytest.raises(InvalidError), queue.work() as session:
            save_canned(session, rita, 1, name=name, text=text)
