"""What somebody asked for on a page: brands matched anew, authors erased."""

from __future__ import annotations

import pytest
from sqlmodel import select

from listening.access import Actor, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError
from listening.store.brands.brands import get_brand
from listening.store.keeping.wishes import (
    ask_erasure,
    brands_to_match,
    erasure_is_wanted,
    match_is_wanted,
    want_match,
)
from listening.store.session import Store
from listening.store.tables import AuditEntry, Brand, Erasure
from tests.factories import brand, load, mentions, post
from tests.wholestore import HERS, fill_every_table, places_of
from workers.jobs import wishing
from workers.jobs.wishing import erase_wanted, match_wanted

RITA = Actor(name="rita", everywhere=Role.ADMIN)


@pytest.fixture
def spoken(store: Store) -> Store:
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(store, post("JetBlue", id="p1"), post("B6 it was", id="p2"), post("Delta", id="p3"))
    return store


def change(store: Store, name: str, query: str) -> None:
    with store.work() as session:
        found = get_brand(session, name)
        found.query = query
        want_match(session, found)


def test_a_changed_brand_is_matched_once(spoken: Store) -> None:
    assert match_wanted(spoken) == (0, 0)
    change(spoken, "JetBlue", "b6")
    with spoken.session() as session:
        assert match_is_wanted(session)
    assert match_wanted(spoken) == (1, 1)
    assert set(mentions(spoken)) == {"p2", "p3"}
    with spoken.session() as session:
        assert not match_is_wanted(session)
    assert match_wanted(spoken) == (0, 0)


def test_one_that_is_changed_meanwhile_stays_wanted(
    spoken: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(spoken, "JetBlue", "b6")

    def change_again(*_: object, **__: object) -> tuple[int, int]:
        change(spoken, "JetBlue", "jetblue OR b6")
        return 0, 0

    with monkeypatch.context() as patched:
        patched.setattr(wishing, "match_stored", change_again)
        match_wanted(spoken)
    with spoken.session() as session:
        assert [name for _, name, _ in brands_to_match(session)] == ["JetBlue"]
    assert match_wanted(spoken) == (1, 0)


def test_one_that_dies_at_it_leaves_it_wanted(
    spoken: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(spoken, "JetBlue", "b6")

    def dies(*_: object, **__: object) -> tuple[int, int]:
        raise RuntimeError

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(wishing, "match_stored", dies)
        match_wanted(spoken)
    assert match_wanted(spoken) == (1, 1)


def ask(store: Store, who: str, typed: str | None = None, actor: Actor = RITA) -> None:
    with store.work() as session:
        ask_erasure(session, actor, "twitter", who, typed=who if typed is None else typed)


def test_an_author_is_erased_and_the_wish_forgets_whom(store: Store) -> None:
    fill_every_table(store)
    with store.work() as session:
        session.delete(session.exec(select(Erasure)).one())
    ask(store, "@annika.j")
    ask(store, "u-4711")  # the same one, asked for once more
    assert erase_wanted(store) == 1
    assert places_of(store, *HERS) == []
    with store.session() as session:
        (done,) = session.exec(select(Erasure))
        assert (done.who, done.posts, done.error, done.asked_by) == (None, 2, None, "rita")
        assert done.finished_at is not None and not erasure_is_wanted(session)
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "author.erase"))
        assert (entry.noun, entry.noun_id, entry.after) == ("erasure", str(done.id), None)


def test_one_whom_nobody_saw_yet_is_kept_out(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    ask(store, "u-9999")
    assert erase_wanted(store) == 1
    load(store, post("jetblue!", id="x", author="u-9999", source="twitter"))
    assert mentions(store) == {}


def test_nobody_is_erased_by_a_slip_or_by_another(store: Store) -> None:
    fill_every_table(store)
    with pytest.raises(InvalidError) as found:
        ask(store, "u-4711", "u-471")
    assert found.value.field == "typed"
    with pytest.raises(ForbiddenError):
        ask(store, "u-4711", actor=Actor(name="bob", everywhere=Role.BRAND))
    load(
        store,
        post("jetblue a", id="a", author="u-1", source="twitter", author_handle="same"),
        post("jetblue b", id="b", author="u-2", source="twitter", author_handle="same"),
    )
    with pytest.raises(ConflictError, match="u-1, u-2"):
        ask(store, "@same")
    with store.session() as session:
        assert session.exec(select(Brand.match_wanted_at)).all() == [None]
