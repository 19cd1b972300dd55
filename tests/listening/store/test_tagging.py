"""Tags: on, off, undone, by whom."""

from __future__ import annotations

import pytest
from sqlmodel import select

from listening.access import COMMAND_LINE, Actor, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.mentions.tagging import brand_tags, tag_mentions, tags_of, undo_tags
from listening.store.session import Store
from listening.store.tables import AuditEntry
from tests.factories import brand, load, mentions, post

SUPPORT = Actor(name="sam", everywhere=Role.SUPPORT)


@pytest.fixture
def ids(store: Store) -> list[int]:
    brand(store, "JetBlue", "jetblue")
    load(store, *(post("jetblue", id=letter, author=letter) for letter in "abc"))
    return [int(view.mention.id or 0) for _, view in sorted(mentions(store).items())]


def test_on_and_off(store: Store, ids: list[int]) -> None:
    a, b, c = ids
    with store.work() as session:
        done = tag_mentions(session, SUPPORT, [a, b], add=[" Lost  bags ", "urgent"])
        assert done.mention_ids == (a, b)
        assert tag_mentions(session, SUPPORT, [a], add=["LOST BAGS"]).mention_ids == ()
        assert tag_mentions(session, SUPPORT, [a, c], remove=["URGENT"]).mention_ids == (a,)
        assert tags_of(session, ids) == {a: ["Lost bags"], b: ["Lost bags", "urgent"]}
        assert brand_tags(session, 1) == [("Lost bags", 2), ("urgent", 1)]
        entries = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
        assert [e.noun_id for e in entries] == ["several", str(a)]
        assert entries[0].after == {
            "added": {"Lost bags": [a, b], "urgent": [a, b]},
            "removed": {},
        }


def test_undone(store: Store, ids: list[int]) -> None:
    a, b, _ = ids
    with store.work() as session:
        tag_mentions(session, SUPPORT, [a], add=["bags"])
        entry = tag_mentions(session, SUPPORT, [a, b], add=["seats"], remove=["bags"]).entries[0]
        tag_mentions(session, COMMAND_LINE, [b], remove=["seats"])
        with pytest.raises(ForbiddenError, match="sam did this"):
            undo_tags(session, COMMAND_LINE, entry)
        assert undo_tags(session, SUPPORT, entry).mention_ids == (a,)
        assert tags_of(session, ids) == {a: ["bags"]}
        with pytest.raises(ConflictError):
            undo_tags(session, SUPPORT, entry)
        with pytest.raises(NotFoundError):
            undo_tags(session, SUPPORT, entry + 100)


@pytest.mark.parametrize("tag", ["", "a,b", "x" * 61, "a\x1bb", "None"])
def test_what_is_no_tag(store: Store, ids: list[int], tag: str) -> None:
    with store.work() as session, pytest.raises(InvalidError) as refused:
        tag_mentions(session, SUPPORT, ids, add=[tag])
    assert refused.value.field == "add"


def test_who_may_not(store: Store, ids: list[int]) -> None:
    for actor, error in (
        (Actor(name="vera", everywhere=Role.VIEWER), ForbiddenError),
        (Actor(name="dora", brands={9: Role.ADMIN}), NotFoundError),
    ):
        with store.work() as session, pytest.raises(error):
            tag_mentions(session, actor, ids, add=["bags"])
