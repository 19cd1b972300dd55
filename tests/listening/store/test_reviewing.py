"""What people do about flagged authors: checked, kept, recorded, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from listening.access import Actor, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.flags.reviewing import MOST_AT_ONCE, act, undo
from listening.store.flags.reviews import marks_of, reviews_of
from listening.store.posts.owing import ALL_BRANDS, flag_is_owed
from listening.store.session import Store
from listening.store.tables import AuditEntry, Change, FlagStatus, Job, JobStatus, Mark, Review
from listening.store.tables.types import now
from tests.factories import author_id
from tests.flagged import ANN, BOB, flag_row, flagged_brand
from tests.signed import account


@pytest.fixture
def flagged(store: Store) -> Store:
    flagged_brand(store)
    return store


def do(store: Store, action: str, *natives: str, actor: Actor = ANN, **more: object) -> str:
    ids = [author_id(store, native) for native in natives]
    with store.work() as session:
        return act(session, actor, 1, ids, action, **more).batch  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "more", "status"),
    [
        ("confirm", {}, FlagStatus.CONFIRMED),
        ("contacted", {"note": "wrote a mail"}, FlagStatus.CONTACTED),
        ("dismiss", {"reason": "irony"}, FlagStatus.DISMISSED),
        ("note", {"note": "kind"}, FlagStatus.NEW),
    ],
)
def test_actions(flagged: Store, action: str, more: dict[str, str], status: FlagStatus) -> None:
    do(flagged, action, "fan1", "fan2", **more)
    for native in ("fan1", "fan2"):
        found = flag_row(flagged, native)
        assert found is not None
        assert (found.status, found.version) == (status, 2)


def test_assigning_asks_for_a_login_and_takes_it_back(flagged: Store) -> None:
    account(flagged, "bob@example.org", Role.SUPPORT)
    do(flagged, "assign", "fan1", value="Bob@Example.org")
    assert flag_row(flagged, "fan1").assignee == "bob@example.org"  # type: ignore[union-attr]
    do(flagged, "assign", "fan1", value="")
    assert flag_row(flagged, "fan1").assignee is None  # type: ignore[union-attr]
    with pytest.raises(InvalidError, match="carl may not") as told:
        do(flagged, "assign", "fan1", value="carl")
    assert told.value.field == "value"


def test_a_mark_is_one_of_five(flagged: Store) -> None:
    do(flagged, "mark", "fan1", value="genuine")
    with flagged.session() as session:
        assert {n: m.mark for n, m in marks_of(session, 1).items()} == {
            author_id(flagged, "fan1"): Mark.GENUINE
        }
    with pytest.raises(InvalidError, match="genuine, employee, reseller, bot, own"):
        do(flagged, "mark", "fan1", value="friend")


@pytest.mark.parametrize(
    ("action", "more", "field"),
    [
        ("dismiss", {}, "reason"),
        ("dismiss", {"reason": "  "}, "reason"),
        ("dismiss", {"reason": "x" * 501}, "reason"),
        ("note", {}, "note"),
        ("confirm", {"note": "x" * 4001}, "note"),
        ("confirm", {"note": "a\x00b"}, "note"),
        ("praise", {}, "action"),
    ],
)
def test_what_does_not_fit_names_its_field_and_does_nothing(
    flagged: Store, action: str, more: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidError) as told:
        do(flagged, action, "fan1", **more)
    assert told.value.field == field
    with flagged.session() as session:
        assert session.exec(select(Review)).all() == []


def test_only_authors_who_mention_the_brand_and_not_too_many(flagged: Store) -> None:
    with pytest.raises(NotFoundError, match="999"), flagged.work() as session:
        act(session, ANN, 1, [author_id(flagged, "fan1"), 999], "confirm")
    with pytest.raises(InvalidError, match="at least one"):
        do(flagged, "confirm")
    with pytest.raises(InvalidError, match="2,000"), flagged.work() as session:
        act(session, ANN, 1, list(range(MOST_AT_ONCE + 1)), "confirm")


def test_it_takes_the_role_brand(flagged: Store) -> None:
    with pytest.raises(ForbiddenError, match="role brand"):
        do(flagged, "confirm", "fan1", actor=Actor(name="s", everywhere=Role.SUPPORT))
    with pytest.raises(NotFoundError):
        do(flagged, "confirm", "fan1", actor=Actor(name="s", brands={2: Role.ADMIN}))


def test_undoing_takes_all_of_it_back_and_what_was_before_stands(flagged: Store) -> None:
    do(flagged, "confirm", "fan1")
    batch = do(flagged, "dismiss", "fan1", "fan2", reason="no")
    with flagged.work() as session:
        assert undo(session, BOB, 1, batch).authors == 2
    assert [flag_row(flagged, n).status for n in ("fan1", "fan2")] == [  # type: ignore[union-attr]
        FlagStatus.CONFIRMED, FlagStatus.NEW,
    ]  # fmt: skip
    with pytest.raises(ConflictError, match="bob took this back"), flagged.work() as session:
        undo(session, ANN, 1, batch)
    with pytest.raises(NotFoundError), flagged.work() as session:
        undo(session, ANN, 1, "nothing")
    with flagged.session() as session:
        (told, _) = reviews_of(session, 1, author_id(flagged, "fan1"))
        assert (told.undone_by, told.reason) == ("bob", "no")


def test_who_comes_second_is_told_what_the_first_did(flagged: Store) -> None:
    number = author_id(flagged, "fan1")
    do(flagged, "dismiss", "fan1", reason="no")
    with pytest.raises(ConflictError, match="ann dismissed fan1 meanwhile"):
        do(flagged, "confirm", "fan1", actor=BOB, versions={number: 1})
    do(flagged, "confirm", "fan1", actor=BOB, versions={number: 2})


def test_every_change_is_recorded_without_words_and_told_to_open_pages(flagged: Store) -> None:
    do(flagged, "dismiss", "fan1", "fan2", reason="secret words")
    do(flagged, "confirm", "fan1")
    with flagged.session() as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
        assert [(e.by, e.action, e.noun, e.noun_id, e.brand_id) for e in entries] == [
            ("ann", "flag.dismiss", "flag", str(author_id(flagged, "fan1")), 1),
            ("ann", "flag.dismiss", "flag", str(author_id(flagged, "fan2")), 1),
            ("ann", "flag.confirm", "flag", str(author_id(flagged, "fan1")), 1),
        ]
        assert entries[2].before == {"status": "dismissed", "assignee": None, "mark": None}
        assert entries[2].after == {"status": "confirmed", "assignee": None, "mark": None}
        assert "secret" not in str([e.model_dump() for e in entries])
        changes = session.exec(
            select(Change).where(Change.noun == "flag").order_by(col(Change.id))
        ).all()
        assert [(c.noun, c.noun_id, c.version) for c in changes] == [
            ("flag", None, None), ("flag", author_id(flagged, "fan1"), 3),
        ]  # fmt: skip


def test_a_mark_is_weighed_by_the_flag_job_too(flagged: Store) -> None:
    later = now() + timedelta(minutes=5)
    with flagged.work() as session:
        session.add(
            Job(
                kind="flag", label=ALL_BRANDS, status=JobStatus.DONE, holder="w",
                started_at=now() - timedelta(minutes=1), finished_at=now(),
            )
        )  # fmt: skip
    with flagged.session() as session:
        assert not flag_is_owed(session, later)
    batch = do(flagged, "mark", "fan1", value="bot")
    with flagged.session() as session:
        assert flag_is_owed(session, later)
    do(flagged, "confirm", "fan2")
    with flagged.work() as session:
        undo(session, ANN, 1, batch)
        assert flag_is_owed(session, later)
