"""Passwords, tokens, keys and links stand nowhere but where they are told."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event, update
from sqlmodel import Session
from starlette.testclient import TestClient

from api.web.acting import COOKIE
from listening.access import Role
from listening.logs import masked
from listening.store.keeping.upkeep import standing_tables
from listening.store.session import Store
from listening.store.tables import SignIn
from listening.store.tables.types import now
from tests.factories import brand
from tests.signed import csrf_of, key_for, sign_in

Client = Callable[..., TestClient]
PASSWORD = "violet tractor under ice"


def everything_in(store: Store) -> str:
    with store.session() as session:
        connection = session.connection()
        return "\n".join(
            str(row)
            for name in standing_tables(session)
            for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
        )


def test_what_is_secret_stands_in_no_log_and_no_table(
    store: Store, client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("listening.passwords._HASH", PasswordHash([weak]))
    caplog.set_level(logging.DEBUG, "api")
    caplog.set_level(logging.DEBUG, "listening")
    site = client(store)
    csrf = csrf_of(site)
    shown = site.post("/settings/people", data={"csrf": csrf, "login": "rita@example.com",
                                                "role": "admin"}).text  # fmt: skip
    (link,) = re.findall(r"/welcome/([\w-]{43})", shown)
    shown = site.post("/settings/keys", data={"csrf": csrf, "name": "k", "days": "30",
                                              "role": "viewer"}).text  # fmt: skip
    (key,) = re.findall(r"lk_[0-9a-f]{8}_([\w-]{43})", shown)
    rita = TestClient(site.app, base_url="http://localhost")
    form = rita.get(f"/welcome/{link}").text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    sent = {"csrf": token, "password": PASSWORD, "again": PASSWORD}
    assert rita.post(f"/welcome/{link}", data=sent).status_code == 200
    cookie = str(rita.cookies.get(COOKIE)).rpartition(".")[0]
    rita.post("/sign-in", data={"csrf": token, "login": "rita@example.com", "password": "x" * 30})
    rita.get(f"/welcome/{link}")
    csv = site.get("/settings/audit.csv").text
    assert "account.password" in csv
    # The client of this test logs what it asks for, where logs were set up by a test before.
    said = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    for secret in (PASSWORD, link, key, cookie, csrf, "x" * 30):
        assert len(secret) > 20
        for where in (said, everything_in(store), csv, site.get("/settings/audit").text
                      if secret != csrf else ""):  # fmt: skip
            assert secret not in where


def test_a_link_in_a_line_of_the_log_is_masked() -> None:
    line = "the store failed at /welcome/AbC-dEf_0123456789 (GET)"
    assert masked(line) == "the store failed at /welcome/*** (GET)"


def test_who_asks_costs_two_small_statements(store: Store, client: Client) -> None:
    brand(store, "JetBlue", "jetblue")
    site = client(store)
    key = {"Authorization": f"Bearer {key_for(store, Role.ADMIN)}"}
    statements: list[str] = []
    engine = site.app.state.site.store.engine  # type: ignore[attr-defined]

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(
            ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "UPDATE", "SELECT 1")
        ):
            statements.append(statement)

    site.get("/api/v1/brands/1")  # what is noted now and then is noted
    site.get("/api/v1/brands/1", headers=key)
    event.listen(engine, "before_cursor_execute", note)
    for headers in ({}, key):
        statements.clear()
        assert site.get("/api/v1/me", headers=headers).status_code == 200
        assert len(statements) == 1
    statements.clear()
    assert site.get("/brands/jetblue/nowhere").status_code == 404
    assert len(statements) == 2  # and the brand in the address, which is not there


def test_the_session_ends_with_its_time(store: Store, client: Client) -> None:
    site = sign_in(client(store), "rita@example.com", Role.VIEWER)
    assert site.get("/").status_code == 200
    with store.work() as session:
        _expire(session)
    assert site.get("/", follow_redirects=False).status_code == 303


def _expire(session: Session) -> None:
    session.execute(update(SignIn).values(until=now()))
