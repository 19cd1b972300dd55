"""Keeping house: sign-ins, links, failed attempts, repeats, changes and the audit log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, select

from listening.access import COMMAND_LINE, Role
from listening.config import Settings
from listening.errors import NotFoundError
from listening.store.access.accounts import list_accounts
from listening.store.access.links import make_link, open_link
from listening.store.access.signins import signed_in, start_sign_in
from listening.store.session import Store
from listening.store.tables import (
    AuditEntry,
    Change,
    FailedAttempt,
    LinkPurpose,
    OneTimeLink,
    Repeat,
    SignIn,
)
from listening.store.tables.types import now
from tests.signed import account
from workers.jobs.backup import back_up
from workers.jobs.keeping import Kept, keep_house
from workers.jobs.restoring import restore


def ago(**length: float) -> object:
    return now() - timedelta(**length)


def test_what_counts_no_more_goes(store: Store) -> None:
    who = account(store, "ada@example.com", Role.ADMIN).id
    rows: list[SQLModel] = []
    for name, until, seen in (("on", -1, 1), ("over", 1, 1), ("idle", -9, 80)):
        rows.append(SignIn(token_hash=name, account_id=who, until=ago(days=until),
                           seen_at=ago(hours=seen)))  # fmt: skip
    for name, days in (("new", -1), ("young", 0.5), ("old", 2)):
        rows.append(OneTimeLink(token_hash=name, purpose=LinkPurpose.RESET, account_id=who,
                                made_by="x", until=ago(days=days)))  # fmt: skip
    for name, hours in (("new", 23), ("old", 25)):
        rows.append(FailedAttempt(under=name, at=ago(hours=hours)))
        rows.append(Change(noun=name, at=ago(hours=hours)))
        rows.append(Repeat(actor="x", key=name, request_hash="x", created_at=ago(hours=hours)))
    for name, days in (("new", 399), ("old", 401)):
        rows.append(AuditEntry(by="x", action=name, noun="x", noun_id="1", at=ago(days=days)))
    with store.work() as session:
        session.add_all(rows)
    assert keep_house(store, Settings()) == Kept(
        sign_ins=2, links=1, attempts=1, repeats=1, changes=1, audit_entries=1
    )
    with store.session() as session:
        assert list(session.exec(select(SignIn.token_hash))) == ["on"]
        assert set(session.exec(select(OneTimeLink.token_hash))) == {"new", "young"}
        assert list(session.exec(select(FailedAttempt.under))) == ["new"]
        log = select(AuditEntry.action).order_by(col(AuditEntry.id))
        assert list(session.exec(log)) == ["account.add", "new"]
    assert keep_house(store, Settings(keep_audit_days=1)) == Kept(audit_entries=1)


def test_a_backup_that_comes_back_signs_nobody_in(store: Store, tmp_path: Path) -> None:
    who = account(store, "ada@example.com", Role.ADMIN)
    with store.work() as session:
        token = start_sign_in(session, who, days=1)
        link = make_link(session, COMMAND_LINE, who, LinkPurpose.RESET)
    made = back_up(store, tmp_path / "kept.backup")
    restore(store, made.path, replace=True)
    with store.session() as session:
        assert signed_in(session, token, idle_hours=1) is None
        assert session.exec(select(OneTimeLink)).all() == []
        with pytest.raises(NotFoundError):
            open_link(session, link)
        assert [one.login for one in list_accounts(session)] == ["ada@example.com"]
