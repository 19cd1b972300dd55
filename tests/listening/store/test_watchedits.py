"""Watches changed by people: checked, recorded, never over somebody else's change."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from listening.access import COMMAND_LINE, Actor, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.schedule import Schedule
from listening.sources.registry import REGISTRY, settings_of
from listening.store.session import Store
from listening.store.tables import AuditEntry, Change, Watch
from listening.store.watches import edits
from listening.store.watches.edits import add_watch, edit_watch
from tests.factories import brand

FEED = "https://a.example/feed"


def add(store: Store, own: int, source: str = "feed", **params: object) -> int:
    with store.work() as session:
        params = params or {"address": FEED}
        made = add_watch(
            session, COMMAND_LINE, own, source=source, params=params, schedule=Schedule()
        )
        return int(made.id or 0)


def edit(store: Store, watch_id: int, actor: Actor = COMMAND_LINE, **more: Any) -> Watch:
    with store.work() as session:
        return edit_watch(session, actor, watch_id, **more)


def stored(store: Store, watch_id: int) -> Watch:
    with store.session() as session:
        return session.get_one(Watch, watch_id)


@pytest.fixture
def one(store: Store) -> int:
    """A watch of a feed."""
    return add(store, brand(store, "JetBlue"))


def test_it_is_recorded_with_before_and_after(store: Store, one: int) -> None:
    edit(store, one, params={"address": "https://b.example/ https://c.example/x,"}, version=1)
    with store.session() as session:
        entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
        change = session.exec(select(Change).order_by(col(Change.id).desc())).first()
    assert entry is not None
    assert change is not None
    assert (entry.action, entry.noun_id) == ("watch.edit", str(one))
    told = [(entry.before or {})["params"], (entry.after or {})["params"]]
    assert told == [{"address": FEED}, {"address": "https://b.example/ https://c.example/x"}]
    assert (change.noun, change.noun_id, change.version) == ("watch", one, 2)


def test_a_key_in_an_address_is_in_no_record(store: Store, one: int) -> None:
    edit(store, one, params={"address": f"{FEED}?token=s3cr3t-of-the-feed"})
    edit(store, one, params={"address": f"{FEED}?token=another-s3cr3t"})
    with store.session() as session:
        kept = [(e.before, e.after) for e in session.exec(select(AuditEntry))]
    assert "s3cr3t" not in str(kept)
    assert len(kept) == 3
    assert stored(store, one).params == {"address": f"{FEED}?token=another-s3cr3t"}


def test_both_at_once_are_one_change(store: Store, one: int) -> None:
    found = edit(
        store, one, params={"address": "https://b.example/"}, schedule=Schedule(interval=60)
    )
    assert (found.version, found.interval_seconds) == (2, 60)
    with store.session() as session:
        actions = [e.action for e in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))]
    assert actions == ["watch.add", "watch.edit"]


def test_what_changes_nothing_is_no_change(store: Store, one: int) -> None:
    found = edit(store, one, params={"address": f" {FEED} "}, schedule=Schedule())
    assert found.version == 1
    with store.session() as session:
        assert len(session.exec(select(AuditEntry)).all()) == 1


def test_an_older_version_is_refused(store: Store, one: int) -> None:
    edit(store, one, params={"address": "https://b.example/"}, version=1)
    with pytest.raises(ConflictError, match=r"changed meanwhile by .* \(watch\.edit\)"):
        edit(store, one, params={"address": "https://c.example/"}, version=1)
    assert stored(store, one).params == {"address": "https://b.example/"}


def test_what_another_watch_does_already_is_refused(store: Store, one: int) -> None:
    own = stored(store, one).brand_id
    other = add(store, own, address="https://b.example/")
    with pytest.raises(ConflictError, match=f"Watch {other} does the same already"):
        edit(store, one, params={"address": "https://b.example/"})
    elsewhere = add(store, brand(store, "Virgin"))
    assert edit(store, elsewhere, params={"address": "https://b.example/"}).version == 2


def test_what_another_became_in_this_moment_is_refused(
    store: Store, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, stored(store, one).brand_id, address="https://b.example/")
    monkeypatch.setattr(edits, "_alone", lambda *_: None)  # it was not there yet when looked for
    with pytest.raises(ConflictError, match="by now"):
        edit(store, one, params={"address": "https://b.example/"})
    assert stored(store, one).params == {"address": FEED}


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({}, "address", "address is missing"),
        ({"address": "nonsense"}, "address", "no web address"),
        ({"address": "https://bob:pw@a.example/"}, "address", "holds a password"),
        ({"address": FEED, "keep_all": "perhaps"}, "keep_all", "neither yes nor no"),
        ({"address": FEED, "adress": FEED}, "source", "did you mean address"),
    ],
)
def test_it_is_checked_as_a_new_one_is(
    store: Store, one: int, params: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(InvalidError, match=words) as told:
        edit(store, one, params=params)
    assert told.value.field == field
    assert (stored(store, one).params, stored(store, one).version) == ({"address": FEED}, 1)


def test_only_whoever_sets_up_the_brand_may(store: Store, one: int, tmp_path: Any) -> None:
    own = stored(store, one).brand_id
    other = brand(store, "Virgin")
    for role, number, error in [
        (Role.SUPPORT, own, ForbiddenError),
        (Role.BRAND, other, NotFoundError),
    ]:
        somebody = Actor(name="Eve", brands={number: role})
        with pytest.raises(error):
            edit(store, one, somebody, params={"address": "https://b.example/"})
    files = add(store, own, "folder", path=str(tmp_path))
    somebody = Actor(name="Bob", brands={own: Role.ADMIN})
    with pytest.raises(ForbiddenError):
        edit(store, files, somebody, params={"path": "/etc"})
    assert edit(store, files, somebody, schedule=Schedule(interval=60)).version == 2


def test_a_place_in_a_stream_is_kept_with_what_does_not_move_it(store: Store) -> None:
    one = add(store, brand(store, "JetBlue"), "firehose", listen="5")
    with store.work() as session:
        session.get_one(Watch, one).cursor = {"seq": 7}
    edit(store, one, params={"listen": "20", "profiles": "no", "keep_all": "yes"})
    assert stored(store, one).cursor == {"seq": 7}
    edit(store, one, params={"listen": "20", "service": "wss://pds.example"})
    assert stored(store, one).cursor is None


@pytest.mark.parametrize("source", REGISTRY.values(), ids=list(REGISTRY))
def test_what_a_pull_goes_on_with_is_something_that_is_told(source: Any) -> None:
    assert set(source.spec.goes_on_with) <= {one.name for one in settings_of(source.spec)}
