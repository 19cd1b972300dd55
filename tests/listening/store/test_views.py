"""Saved views: whose they are, who sees them, who may change them."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from listening.access import COMMAND_LINE, Actor, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.access.views import (
    change_view,
    delete_view,
    find_view,
    list_views,
    packed,
    save_view,
    unpacked,
)
from listening.store.session import Store
from listening.store.tables import Account, AuditEntry, Change
from tests.factories import brand


def account(session: Session, login: str, role: Role | None) -> Actor:
    made = Account(login=login, name=login.capitalize(), role=role)
    session.add(made)
    session.flush()
    return Actor(name=login, account_id=made.id, everywhere=role)


def test_filters_come_back_as_they_were_given() -> None:
    filters = [("q", "lost bag\nOR late"), ("source", "x"), ("source", "reddit"), ("page", "")]
    assert packed(filters) == {"q": "lost bag\nOR late", "source": "x\x1freddit"}
    assert unpacked(packed(filters)) == filters[:3]


def test_own_views_come_first_and_others_only_where_shared(store: Store) -> None:
    blue = brand(store, "JetBlue")
    with store.work() as session:
        sam, rita = account(session, "sam", Role.SUPPORT), account(session, "rita", Role.SUPPORT)
        save_view(session, sam, blue, page="triage", name="Bags", params={"q": "bag"}, shared=True)
        save_view(session, sam, blue, page="triage", name="Mine", params={})
        save_view(session, rita, blue, page="triage", name="Zurich", params={"country": "CH"})
        save_view(session, rita, blue, page="mentions", name="All", params={})
        shown = list_views(session, rita, blue, "triage")
        assert [(v.view.name, v.owner, v.own) for v in shown] == [
            ("Zurich", "Rita", True),
            ("Bags", "Sam", False),
        ]
        assert shown[1].filters == [("q", "bag")]
        assert [v.view.name for v in list_views(session, rita, blue)] == ["All", "Zurich", "Bags"]
        assert [v.view.name for v in list_views(session, COMMAND_LINE, blue)] == ["Bags"]


def test_a_view_is_changed_by_its_owner_alone(store: Store) -> None:
    blue = brand(store, "JetBlue")
    with store.work() as session:
        sam, rita = account(session, "sam", Role.SUPPORT), account(session, "rita", Role.BRAND)
        view = save_view(session, sam, blue, page="triage", name="Bags", params={}, shared=True)
        number = int(view.id or 0)
        with pytest.raises(ForbiddenError, match="This view is of Sam"):
            change_view(session, rita, number, name="Mine now")
        with pytest.raises(ForbiddenError, match="This view is of Sam"):
            delete_view(session, rita, number)
        change_view(session, sam, number, name=" Lost  bags ", params={"q": "bag"}, shared=False)
        assert (view.name, view.params, view.shared) == ("Lost bags", {"q": "bag"}, False)
        with pytest.raises(NotFoundError):
            find_view(session, rita, number)
        change_view(session, sam, number, shared=True)
        delete_view(session, account(session, "ada", Role.ADMIN), number)
        with pytest.raises(NotFoundError):
            find_view(session, sam, number)
        entries = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
        assert [(e.action, e.by) for e in entries] == [
            ("view.save", "sam"),
            ("view.change", "sam"),
            ("view.change", "sam"),
            ("view.delete", "ada"),
        ]
        assert entries[1].before == {
            "page": "triage", "name": "Bags", "shared": True,
        }  # fmt: skip
        assert entries[1].after == {
            "page": "triage", "name": "Lost bags", "shared": False,
        }  # fmt: skip
        assert entries[3].after is None
        assert {c.noun for c in session.exec(select(Change))} == {"view"}


def test_what_may_not_be_saved(store: Store) -> None:
    blue, other = brand(store, "JetBlue"), brand(store, "Delta")
    with store.work() as session:
        sam, vera = account(session, "sam", Role.SUPPORT), account(session, "vera", Role.VIEWER)
        save_view(session, vera, blue, page="triage", name="Bags", params={})
        save_view(session, sam, blue, page="triage", name="Bags", params={})
        taken = save_view(session, sam, blue, page="triage", name="Seats", params={})
        save_view(session, sam, other, page="triage", name="Bags", params={})
        with pytest.raises(ConflictError, match="You have a view 'Bags' already"):
            save_view(session, sam, blue, page="triage", name="Bags ", params={})
        with pytest.raises(ConflictError):
            change_view(session, sam, int(taken.id or 0), name="Bags")
        with pytest.raises(ForbiddenError, match="role support"):
            save_view(session, vera, blue, page="triage", name="All", params={}, shared=True)
        with pytest.raises(ForbiddenError, match="sign in"):
            save_view(session, COMMAND_LINE, blue, page="triage", name="All", params={})
        for name in ("", "  ", "x" * 81, "a\x1b[2Jb"):
            with pytest.raises(InvalidError) as refused:
                save_view(session, sam, blue, page="triage", name=name, params={})
            assert refused.value.field == "name"
        with pytest.raises(InvalidError) as refused:
            save_view(session, sam, blue, page="settings", name="All", params={})
        assert refused.value.field == "page"
        with pytest.raises(InvalidError) as refused:
            save_view(session, sam, blue, page="triage", name="All", params={"q": "x" * 8_001})
        assert refused.value.field == "params"
        reading = Actor(name="key", account_id=sam.account_id, everywhere=Role.ADMIN, writes=False)
        with pytest.raises(ForbiddenError, match="may write"):
            save_view(session, reading, blue, page="triage", name="All", params={})


def test_another_brands_views_are_nobodys_business(store: Store) -> None:
    blue, delta = brand(store, "JetBlue"), brand(store, "Delta")
    with store.work() as session:
        sam = account(session, "sam", Role.SUPPORT)
        only = Actor(name="dora", account_id=sam.account_id, brands={delta: Role.SUPPORT})
        view = save_view(session, sam, blue, page="triage", name="Bags", params={}, shared=True)
        with pytest.raises(NotFoundError):
            list_views(session, only, blue)
        with pytest.raises(NotFoundError):
            find_view(session, only, int(view.id or 0))
        with pytest.raises(NotFoundError):
            save_view(session, only, blue, page="triage", name="All", params={})
