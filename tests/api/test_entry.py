"""Coming in and going out: passwords, one-time links, waits, cookies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from sqlmodel import col, select
from starlette.testclient import TestClient

from api.web.acting import COOKIE
from listening.access import COMMAND_LINE, Role
from listening.passwords import hash_password
from listening.store.access.accounts import get_account
from listening.store.access.links import first_link, make_link
from listening.store.session import Store
from listening.store.tables import (
    Account,
    AuditEntry,
    FailedAttempt,
    LinkPurpose,
    OneTimeLink,
    SignIn,
)
from listening.store.tables.types import now
from tests.signed import ADMIN, account

Client = Callable[..., TestClient]
PASSWORD = "violet tractor under ice"


def with_password(store: Store, login: str = ADMIN, role: Role = Role.ADMIN) -> Account:
    one = account(store, login, role)
    with store.work() as session:
        session.execute(
            update(Account).where(col(Account.id) == one.id)
            .values(password_hash=hash_password(PASSWORD))
        )  # fmt: skip
    return one


def field(text: str, name: str) -> str:
    return text.partition(f'name="{name}" value="')[2].partition('"')[0]


def send(
    site: TestClient, login: str = ADMIN, password: str = PASSWORD, **more: str
) -> httpx.Response:
    csrf = field(site.get("/sign-in").text, "csrf")
    form = {"csrf": csrf, "login": login, "password": password, "next": "/", **more}
    return site.post("/sign-in", data=form, follow_redirects=False)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing as strong as it is for use would take most of the time here."""
    weak = Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("listening.passwords._HASH", PasswordHash([weak]))


@pytest.fixture
def door(store: Store, client: Client) -> TestClient:
    with_password(store)
    return client(store, signed=False)


def test_a_stranger_is_sent_to_the_door_and_back(door: TestClient) -> None:
    answer = door.get("/settings/people?page=2", follow_redirects=False)
    if answer.status_code == 404:  # the page is not there: any other will do
        answer = door.get("/authors/1?page=2", follow_redirects=False)
    place = answer.headers["location"]
    assert place.startswith("/sign-in?next=/")
    page = door.get(place)
    wanted = field(page.text, "next")
    assert wanted.endswith("?page=2")
    assert send(door, next=wanted).headers["location"] == wanted


def test_the_cookie_is_for_us_alone(door: TestClient) -> None:
    answer = send(door)
    assert answer.status_code == 303
    cookies = {c.partition("=")[0]: c for c in answer.headers.get_list("set-cookie")}
    for name in (COOKIE, "known"):
        assert "HttpOnly" in cookies[name]
        assert "SameSite=lax" in cookies[name]
        assert "Path=/" in cookies[name]
    assert door.get("/").status_code == 200


def test_over_https_the_cookie_never_goes_out_in_the_open(store: Store, client: Client) -> None:
    with_password(store)
    app = client(store, signed=False).app
    site = TestClient(app, base_url="https://localhost")
    for cookie in send(site).headers.get_list("set-cookie"):
        assert "Secure" in cookie


def test_a_wrong_password_and_an_unknown_login_are_told_alike(door: TestClient) -> None:
    one = send(door, password="something else entirely")
    other = send(door, login="nobody@example.com")
    assert (one.status_code, other.status_code) == (422, 422)

    def told(answer: httpx.Response) -> str:
        return answer.text.partition('role="alert"')[2].partition("</p>")[0]

    assert told(one) == told(other)
    assert "login or the password is wrong" in told(one)
    assert COOKIE not in door.cookies


def test_a_sign_in_has_a_token_of_its_own(door: TestClient, store: Store) -> None:
    door.cookies.set(COOKIE, "planted", domain="localhost.local")
    send(door)
    first = door.cookies.get(COOKIE, domain="localhost.local")
    assert first not in (None, "planted")
    door.cookies.delete(COOKIE)
    send(door)
    assert door.cookies.get(COOKIE, domain="localhost.local") != first


def test_signing_in_again_ends_what_the_browser_was(door: TestClient, store: Store) -> None:
    send(door)
    csrf = field(door.get("/").text, "csrf")
    before = door.cookies.get(COOKIE)
    door.cookies.delete(COOKIE)
    form = {"csrf": field(door.get("/sign-in").text, "csrf"), "login": ADMIN,
            "password": PASSWORD}  # fmt: skip
    door.cookies.set(COOKIE, str(before), domain="localhost.local")
    door.post("/sign-in", data=form, follow_redirects=False)
    with store.session() as session:
        assert len(session.exec(select(SignIn)).all()) == 1
    assert csrf != field(door.get("/").text, "csrf")


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
     "javascript:alert(1)", "/\t/evil.example", "http:evil.example", "%2f%2fevil.example"],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(door: TestClient, place: str) -> None:
    answer = send(door, next=place)
    assert urlsplit(answer.headers["location"]).netloc == ""
    assert answer.headers["location"] == "/"
    assert door.get("/sign-in", params={"next": place}, follow_redirects=False).headers[
        "location"
    ] == "/"  # fmt: skip


def test_a_form_of_another_site_is_refused(door: TestClient) -> None:
    csrf = field(door.get("/sign-in").text, "csrf")
    form = {"csrf": csrf, "login": ADMIN, "password": PASSWORD}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert door.post("/sign-in", data=form, headers=headers).status_code == 403
    for wrong in ({**form, "csrf": "0" * 64}, {"login": ADMIN, "password": PASSWORD}):
        assert door.post("/sign-in", data=wrong).status_code == 403
    door.cookies.delete("entry")
    assert door.post("/sign-in", data=form).status_code == 403
    assert COOKIE not in door.cookies


def test_a_login_waits_longer_after_each_failure(door: TestClient, store: Store) -> None:
    for _ in range(5):
        assert send(door, password="wrong wrong wrong").status_code == 422
    waiting = send(door)  # the right one has to wait as well
    assert waiting.status_code == 429
    assert waiting.headers["retry-after"] in {"1", "2"}
    assert "wait" in waiting.text
    _age(store, 3)
    assert send(door).status_code == 303
    with store.session() as session:
        assert session.exec(select(FailedAttempt)).all() != []  # those of the address
    door.cookies.delete(COOKIE)
    assert send(door, password="wrong wrong wrong").status_code == 422  # counted anew


def test_an_unknown_login_waits_as_well(door: TestClient) -> None:
    for _ in range(5):
        send(door, login="nobody@example.com")
    assert send(door, login="nobody@example.com").status_code == 429


def test_nobody_keeps_somebody_elses_browser_waiting(
    door: TestClient, store: Store, client: Client
) -> None:
    send(door)
    door.cookies.delete(COOKIE)
    stranger = TestClient(door.app, base_url="http://localhost")
    for _ in range(5):
        send(stranger, password="wrong wrong wrong")
    assert send(stranger).status_code == 429
    assert send(door).status_code == 303


def test_neither_login_nor_address_stands_in_the_store(door: TestClient, store: Store) -> None:
    send(door, password="wrong wrong wrong")
    with store.session() as session:
        rows = session.exec(select(FailedAttempt.under)).all()
    assert len(rows) == 2
    assert all(len(under) == 64 for under in rows)
    assert not any(ADMIN in under or "testclient" in under for under in rows)


def _age(store: Store, seconds: float) -> None:
    with store.work() as session:
        for row in session.exec(select(FailedAttempt)):
            row.at -= timedelta(seconds=seconds)
            session.add(row)


def test_a_disabled_account_comes_in_no_more(door: TestClient, store: Store) -> None:
    send(door)
    with store.work() as session:
        session.execute(update(Account).values(disabled_at=now()))
    assert door.get("/", follow_redirects=False).status_code == 303
    refused = send(door)
    assert refused.status_code == 403
    assert "disabled" in refused.text


def test_signing_out_ends_it_in_the_store(door: TestClient, store: Store) -> None:
    send(door)
    kept = door.cookies.get(COOKIE)
    assert door.post("/sign-out").status_code == 403  # without the token
    csrf = field(door.get("/").text, "csrf")
    answer = door.post("/sign-out", data={"csrf": csrf}, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in"
    door.cookies.set(COOKIE, str(kept), domain="localhost.local")
    assert door.get("/", follow_redirects=False).status_code == 303
    with store.session() as session:
        assert session.exec(select(SignIn)).all() == []


# ---- one-time links


def _first(store: Store) -> str:
    with store.work() as session:
        return str(first_link(session))


def _stranger(site: TestClient) -> TestClient:
    site.cookies.pop(COOKIE, None)
    return site


def _use(site: TestClient, token: str, **fields: str) -> httpx.Response:
    shown = site.get(f"/welcome/{token}").text
    csrf = field(shown, "csrf") or field(_stranger(site).get("/sign-in").text, "csrf")
    form = {"csrf": csrf, "login": ADMIN, "password": PASSWORD, "again": PASSWORD, **fields}
    return site.post(f"/welcome/{token}", data=form, follow_redirects=False)


def test_the_first_link_makes_the_one_admin(store: Store, client: Client) -> None:
    site = client(store, signed=False)
    assert "printed in the terminal" in site.get("/").text
    token = _first(store)
    assert site.get(f"/welcome/{token}").status_code == 200  # looking uses nothing up
    assert _use(site, token, login=" Ada@Example.com ").status_code == 303
    assert site.get("/").status_code == 200
    with store.session() as session:
        one = get_account(session, ADMIN)
        assert (one.role, one.login) == (Role.ADMIN, ADMIN)
        log = session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))).all()
        assert log == ["account.add", "account.password", "account.sign_in"]
    assert _use(site, token).status_code == 404
    with store.work() as session:
        assert first_link(session) is None


def test_a_new_start_voids_the_old_link(store: Store, client: Client) -> None:
    site = client(store, signed=False)
    old, new = _first(store), _first(store)
    assert site.get(f"/welcome/{old}").status_code == 404
    assert site.get(f"/welcome/{new}").status_code == 200


def test_the_first_link_is_void_once_there_is_an_account(store: Store, client: Client) -> None:
    token = _first(store)
    account(store, "other@example.com", Role.VIEWER)
    assert _use(client(store, signed=False), token).status_code == 404


def test_a_link_ends_by_itself(store: Store, client: Client) -> None:
    token = _first(store)
    with store.work() as session:
        session.execute(update(OneTimeLink).values(until=now()))
    answer = client(store, signed=False).get(f"/welcome/{token}")
    assert answer.status_code == 404
    assert "good no more" in answer.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"again": "something else here"}, "differs"),
        ({"password": "short", "again": "short"}, "at least 12"),
        ({"password": "ada@example.com1", "again": "ada@example.com1"}, "easy to guess"),
        ({"login": ""}, "Choose a login"),
        ({"login": "two words"}, "no spaces"),
    ],
)
def test_what_does_not_fit_leaves_the_link_good(
    store: Store, client: Client, fields: dict[str, str], told: str
) -> None:
    site, token = client(store, signed=False), _first(store)
    answer = _use(site, token, **fields)
    assert answer.status_code == 422
    assert told in answer.text
    assert _use(site, token).status_code == 303


def test_a_reset_signs_out_everywhere_and_is_used_up(door: TestClient, store: Store) -> None:
    send(door)
    with store.work() as session:
        token = make_link(session, COMMAND_LINE, get_account(session, ADMIN), LinkPurpose.RESET)
    other = TestClient(door.app, base_url="http://localhost")
    new = "nine umbrellas sing"
    assert _use(other, token, password=new, again=new).status_code == 303
    assert door.get("/", follow_redirects=False).status_code == 303
    assert other.get("/").status_code == 200
    assert send(door).status_code == 422
    assert send(door, password=new).status_code == 303
    assert other.get(f"/welcome/{token}").status_code == 404


def test_a_body_that_no_form_needs_is_refused(door: TestClient) -> None:
    large = b"login=" + b"x" * (4 * 2**20)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert door.post("/sign-in", content=large, headers=kind).status_code == 413
    said_nothing = door.post("/sign-in", content=iter([large]), headers=kind)
    assert said_nothing.status_code == 413
    assert "content-security-policy" in said_nothing.headers
