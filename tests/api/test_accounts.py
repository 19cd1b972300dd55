"""People, API keys, the audit log and one's own account, as pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from sqlmodel import col, select
from starlette.testclient import TestClient

from listening.access import COMMAND_LINE, Role
from listening.passwords import hash_password
from listening.store.access.accounts import account_id, add_account, brand_roles, get_account
from listening.store.access.audit import record
from listening.store.access.signins import make_api_key
from listening.store.session import Store
from listening.store.tables import Account, ApiKey, AuditEntry, SignIn
from tests.factories import brand
from tests.signed import ADMIN, account, csrf_of, sign_in

Client = Callable[..., TestClient]
PASSWORD = "violet tractor under ice"
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("listening.passwords._HASH", PasswordHash([weak]))


def number(store: Store, login: str) -> int:
    with store.session() as session:
        return account_id(get_account(session, login))


def with_password(store: Store, login: str = ADMIN) -> None:
    with store.work() as session:
        session.execute(
            update(Account).where(col(Account.login) == login)
            .values(password_hash=hash_password(PASSWORD))
        )  # fmt: skip


def post(site: TestClient, page: str, **fields: str) -> str:
    return site.post(page, data={"csrf": csrf_of(site), **fields}).text


def test_an_invitation_is_a_link_that_shows_once(store: Store, client: Client) -> None:
    site, blue = client(store), brand(store, "JetBlue", "jetblue")
    shown = post(site, "/settings/people", login=" Rita@Example.com ", name="Rita",
                 role="viewer", **{f"brand-{blue}": "brand"})  # fmt: skip
    (link,) = re.findall(r"http://localhost/welcome/[\w-]{43}", shown)
    again = site.get("/settings/people").text
    assert link not in again
    assert "rita@example.com" in again and "invited" in again
    with store.session() as session:
        one = get_account(session, "rita@example.com")
        assert (one.name, one.role) == ("Rita", Role.VIEWER)
        assert brand_roles(session, account_id(one)) == {blue: Role.BRAND}
        log = "".join(str(e.after) for e in session.exec(select(AuditEntry)))
    assert link.rpartition("/")[2] not in log
    stranger = TestClient(site.app, base_url="http://localhost")
    assert "rita@example.com" in stranger.get(link.removeprefix("http://localhost")).text


def test_what_does_not_fit_is_told_and_what_was_typed_stays(store: Store, client: Client) -> None:
    site = client(store)
    taken = post(site, "/settings/people", login=ADMIN, name="Typed", role="viewer")
    assert "already" in taken and 'value="Typed"' in taken
    assert "sees nothing" in post(site, "/settings/people", login="a@example.com")
    assert "the roles are" in post(site, "/settings/people", login="a@example.com", role="king")


def test_the_only_admin_stays(store: Store, client: Client) -> None:
    site = client(store)
    with_password(store)
    own = number(store, ADMIN)
    for page, fields in (
        (f"/settings/people/{own}", {"name": "Ada", "role": "viewer"}),
        (f"/settings/people/{own}/disable", {}),
        (f"/settings/people/{own}/remove", {}),
    ):
        assert "the only admin" in post(site, page, **fields)
    account(store, "second@example.com", Role.ADMIN)
    assert "the only admin" in post(site, f"/settings/people/{own}/disable")  # cannot come in yet
    with_password(store, "second@example.com")
    assert "Sign in" in post(site, f"/settings/people/{own}/disable")  # and is out at once


def test_roles_hold_from_the_next_request_on(store: Store, client: Client) -> None:
    blue = brand(store, "JetBlue", "jetblue")
    site = client(store)
    rita = sign_in(TestClient(site.app, base_url="http://localhost"), "rita@example.com",
                   Role.SUPPORT)  # fmt: skip
    assert rita.get("/brands/jetblue").status_code == 200
    page = f"/settings/people/{number(store, 'rita@example.com')}"
    post(site, page, name="Rita", role="", **{f"brand-{blue}": "viewer"})
    assert rita.get("/settings/people").status_code == 403
    with store.session() as session:
        last = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
        assert last is not None
        assert (last.action, last.by) == ("account.role", ADMIN)
        assert last.before == {"role": "support", "brands": {}, "name": "rita@example.com"}
        assert last.after == {"role": None, "brands": {str(blue): "viewer"}, "name": "Rita"}
    post(site, f"{page}/remove")
    assert rita.get("/", follow_redirects=False).status_code == 303
    assert "rita@example.com" not in site.get("/settings/people").text


def test_disabling_ends_browsers_and_keys_at_once(store: Store, client: Client) -> None:
    site = client(store)
    rita = sign_in(TestClient(site.app, base_url="http://localhost"), "rita@example.com")
    with store.work() as session:
        who = get_account(session, "rita@example.com")
        secret = make_api_key(session, COMMAND_LINE, who, "k", role=Role.VIEWER, days=1).secret
    headers = {"Authorization": f"Bearer {secret}"}
    assert site.get("/api/v1/me", headers=headers).status_code == 200
    page = f"/settings/people/{number(store, 'rita@example.com')}"
    told = post(site, f"{page}/disable")
    assert "is disabled" in told and f'action="{page}/enable"' in told  # undo
    stranger = TestClient(site.app, base_url="http://localhost")
    assert stranger.get("/api/v1/me", headers=headers).status_code == 401
    assert rita.get("/", follow_redirects=False).status_code == 303
    post(site, f"{page}/enable")
    assert stranger.get("/api/v1/me", headers=headers).status_code == 200
    assert rita.get("/", follow_redirects=False).status_code == 303  # signs in again


def test_hostile_names_are_shown_harmless(store: Store, client: Client) -> None:
    site = client(store)
    with store.work() as session:
        add_account(session, COMMAND_LINE, "<b>x</b>@example.com", name=HOSTILE, role=Role.VIEWER)
        record(session, COMMAND_LINE, "case.close", noun="case", noun_id=1,
               before={HOSTILE: HOSTILE}, after={"x": ["<i>"]})  # fmt: skip
    for page in ("/settings/people", f"/settings/people/{number(store, '<b>x</b>@example.com')}",
                 "/settings/audit", "/settings/keys"):  # fmt: skip
        text = site.get(page).text
        assert "<script>alert" not in text and "<b>x</b>" not in text and "<i>" not in text


# ---- keys


def test_a_key_shows_once_and_is_used_until_it_is_revoked(store: Store, client: Client) -> None:
    site, blue = client(store), brand(store, "JetBlue", "jetblue")
    shown = post(site, "/settings/keys", name="nightly", role="support", brand=str(blue),
                 days="30", writes="yes")  # fmt: skip
    (secret,) = re.findall(r"lk_[0-9a-f]{8}_[\w-]{43}", shown)
    stranger = TestClient(site.app, base_url="http://localhost")
    headers = {"Authorization": f"Bearer {secret}"}
    me = stranger.get("/api/v1/me", headers=headers).json()
    assert me["name"] == f"API key nightly of {ADMIN}" and me["writes"] is True
    listed = site.get("/settings/keys").text
    assert secret not in listed and "reads and writes" in listed and "JetBlue" in listed
    # Revoking takes a second step.
    assert re.search(r"<details><summary>Revoke(?:(?!</details>).)*/revoke", listed)
    assert listed.count("/revoke") == 1
    assert (
        stranger.get("/settings/keys", headers=headers, follow_redirects=False).status_code == 303
    )
    with store.session() as session:
        (key,) = session.exec(select(ApiKey)).all()
        assert secret.rpartition("_")[2] not in key.key_hash
    post(site, f"/settings/keys/{key.id}/revoke")
    assert stranger.get("/api/v1/me", headers=headers).status_code == 401
    assert "revoked" in site.get("/settings/keys").text


def test_a_key_may_not_more_than_its_owner(store: Store, client: Client) -> None:
    blue, virgin = brand(store, "JetBlue", "jetblue"), brand(store, "Virgin", "virgin")
    site = client(store)
    rita = sign_in(TestClient(site.app, base_url="http://localhost"), "rita@example.com", None,
                   {blue: Role.SUPPORT})  # fmt: skip
    own = {"name": "k", "days": "30"}
    assert "may not be more" in post(rita, "/settings/keys", role="brand", brand=str(blue), **own)
    assert "may not be more" in post(rita, "/settings/keys", role="viewer", brand="", **own)
    assert "not yours to see" in post(
        rita, "/settings/keys", role="viewer", brand=str(virgin), **own
    )
    assert "lk_" in post(rita, "/settings/keys", role="support", brand=str(blue), **own)
    shown = rita.get("/settings/keys").text
    assert "Virgin" not in shown


def test_others_keys_are_an_admins_alone(store: Store, client: Client) -> None:
    site = client(store)
    with store.work() as session:
        who = get_account(session, ADMIN)
        key = make_api_key(session, COMMAND_LINE, who, "adas", role=Role.VIEWER, days=1).key
    rita = sign_in(TestClient(site.app, base_url="http://localhost"), "rita@example.com",
                   Role.BRAND)  # fmt: skip
    assert "adas" not in rita.get("/settings/keys").text
    refused = rita.post(f"/settings/keys/{key.id}/revoke", data={"csrf": csrf_of(rita)})
    assert refused.status_code == 404
    assert "adas" in site.get("/settings/keys").text


# ---- the audit log


def test_the_log_is_filtered_and_goes_on(store: Store, client: Client) -> None:
    site, blue = client(store), brand(store, "JetBlue", "jetblue")
    with store.work() as session:
        for n in range(60):
            record(session, COMMAND_LINE, "case.close", noun="case", noun_id=n, brand_id=blue,
                   before={"state": "open"}, after={"state": "closed"})  # fmt: skip
        record(session, COMMAND_LINE, "brand.add", noun="brand", noun_id=7, after={"name": "=1+1"})
    page = site.get("/settings/audit", params={"action": "case"}).text
    assert page.count('class="what"') == 50
    assert "case 59" in page and "brand.add" not in page
    older = re.findall(r'href="(/settings/audit\?action=case&amp;before=\d+)"', page)
    rest = site.get(older[0].replace("&amp;", "&")).text
    assert rest.count('class="what"') == 10 and "case 0" in rest
    for wanted, found in (
        ({"action": "brand.add"}, 1), ({"by": ADMIN}, 0), ({"since": "2999-01-01"}, 0),
        ({"brand": str(blue), "action": "brand"}, 0), ({"until": "2999-01-01", "by": "x"}, 0),
    ):  # fmt: skip
        assert site.get("/settings/audit", params=wanted).text.count('class="what"') == found
    assert site.get("/settings/audit?since=yesterday").status_code == 422
    assert site.get("/settings/audit?by=%00").status_code == 422
    answer = site.get("/settings/audit.csv", params={"action": "brand"})
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["action"], row["after"], row["before"]) == ("brand.add", '{"name": "=1+1"}', "")
    assert len(list(csv.DictReader(io.StringIO(site.get("/settings/audit.csv").text)))) == 62


# ---- one's own account


def test_a_changed_password_signs_out_everywhere_else(store: Store, client: Client) -> None:
    site = client(store)
    other = sign_in(TestClient(site.app, base_url="http://localhost"))
    with_password(store)
    new = "nine umbrellas sing"
    wrong = post(site, "/account/password", current="no", password=new, again=new)
    assert "current password is wrong" in wrong
    weak = post(site, "/account/password", current=PASSWORD, password="Summer2026!!",
                again="Summer2026!!")  # fmt: skip
    assert "easy to guess" in weak
    assert other.get("/").status_code == 200
    told = post(site, "/account/password", current=PASSWORD, password=new, again=new)
    assert "The password is changed" in told
    assert other.get("/", follow_redirects=False).status_code == 303


def test_other_browsers_are_listed_and_signed_out(store: Store, client: Client) -> None:
    site = client(store)
    other = sign_in(TestClient(site.app, base_url="http://localhost"))
    page = site.get("/account").text
    assert page.count("since ") == 2 and page.count("this one") == 1
    post(site, "/account/sign-out-elsewhere")
    assert other.get("/", follow_redirects=False).status_code == 303
    with store.session() as session:
        assert len(session.exec(select(SignIn)).all()) == 1
    assert "Sign out elsewhere" not in site.get("/account").text
