"""What nobody sends by mistake: numbers without end, kept answers of others, planted buttons."""

from __future__ import annotations

import base64
import json

import pytest
from starlette.testclient import TestClient

from listening.access import COMMAND_LINE, Role
from listening.store.access.accounts import get_account
from listening.store.access.signins import key_actor, list_api_keys, make_api_key
from listening.store.session import Store
from tests.api.conftest import Client
from tests.signed import ADMIN, csrf_of, key_for, sign_in

HUGE = 10**25


@pytest.mark.parametrize(
    "where",
    [
        f"/api/v1/brands/{HUGE}",
        f"/api/v1/brands/{'9' * 5000}",
        f"/settings/brands/{HUGE}",
        f"/api/v1/brands/1/mentions?author={HUGE}",
        "/brands/jetblue?since=0001-01-01&until=0001-01-02",
        "/api/v1/brands/1/authors/changes?since=0001-01-01T00:00:00%2B14:00",
    ],
)
def test_what_no_store_holds_is_refused(people: Store, client: Client, where: str) -> None:
    assert client(people).get(where).status_code in {200, 404, 422}


def test_a_button_that_somebody_planted_is_not_shown(people: Store, client: Client) -> None:
    browser: TestClient = client(people)
    told = json.dumps(["Done.", "/settings/people/1/disable", {}, False]).encode()
    browser.cookies.set("told", base64.urlsafe_b64encode(told).decode(), domain="localhost.local")
    assert "/settings/people/1/disable" not in browser.get("/").text


def test_a_key_knows_itself_alone(people: Store) -> None:
    strong = key_for(people)
    with people.work() as session:
        ada = get_account(session, ADMIN)
        weak = make_api_key(
            session, COMMAND_LINE, ada, "weak", role=Role.VIEWER, days=1, brand_id=1, writes=True
        ).secret
    with people.session() as session:
        actor = key_actor(session, weak)
        assert actor is not None
        assert [one.key.name for one in list_api_keys(session, actor)] == ["weak"]
        assert key_actor(session, strong) is not None


def test_a_kept_answer_is_not_for_who_may_not_any_more(people: Store, client: Client) -> None:
    browser: TestClient = client(people)
    browser.cookies.clear()
    body = {"page": "mentions", "name": "Late", "filters": {"q": ["late"]}}
    headers = {"Authorization": f"Bearer {key_for(people, Role.BRAND, brand_id=1, login='bob')}",
               "Idempotency-Key": "one"}  # fmt: skip
    first = browser.post("/api/v1/brands/1/views", json=body, headers=headers)
    assert first.status_code == 201, first.text
    again = browser.post("/api/v1/brands/1/views", json=body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    with people.work() as session:
        from listening.store.access.accounts import account_id, set_brand_roles

        set_brand_roles(session, account_id(get_account(session, "bob")), {})
    assert browser.post("/api/v1/brands/1/views", json=body, headers=headers).status_code == 404


def test_the_password_is_not_guessed_from_within(people: Store, client: Client) -> None:
    browser = sign_in(client(people))
    token = csrf_of(browser)
    tries = [
        browser.post("/account/password", data={
            "csrf": token, "current": f"guess {n}", "password": "tortoise lamp orbit",
            "again": "tortoise lamp orbit",
        }).status_code
        for n in range(8)
    ]  # fmt: skip
    # The first sets the password of an account that had none.
    assert tries[:7] == [200, *[422] * 5, 429], tries
