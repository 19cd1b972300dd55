"""Accounts, keys and the audit log over the API."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from listening.access import Role
from listening.store.session import Store
from listening.store.tables import AuditEntry, Repeat
from tests.factories import brand
from tests.signed import account, key_for

Client = Callable[..., TestClient]


class Asker:
    """One who asks with a key."""

    def __init__(self, site: TestClient, key: str) -> None:
        self.site, self.headers = site, {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, **more: object) -> httpx.Response:
        headers = {**self.headers, **dict(more.pop("headers", {}))}  # type: ignore[call-overload]
        return self.site.request(method, f"/api/v1{path}", headers=headers, **more)  # type: ignore[arg-type]


@pytest.fixture
def admin(store: Store, client: Client) -> Asker:
    return Asker(client(store, signed=False), key_for(store))


def test_an_account_from_its_link_to_its_end(admin: Asker, store: Store) -> None:
    blue = brand(store, "JetBlue", "jetblue")
    sent = {"login": "Rita@example.com", "name": "Rita", "brands": {str(blue): "support"}}
    made = admin("POST", "/accounts", json=sent)
    assert made.status_code == 201
    one, link = made.json()["account"], made.json()["link"]
    assert made.headers["location"] == f"/api/v1/accounts/{one['id']}"
    assert (one["login"], one["brands"], one["state"]) == (
        "rita@example.com", {str(blue): "support"}, "invited",
    )  # fmt: skip
    assert link.startswith("http://localhost/welcome/")
    assert admin("POST", "/accounts", json=sent).status_code == 409
    page = f"/accounts/{one['id']}"
    changed = admin("PATCH", page, json={"role": "viewer"}).json()
    assert (changed["role"], changed["brands"], changed["name"]) == (
        "viewer", {str(blue): "support"}, "Rita",
    )  # fmt: skip
    assert admin("PATCH", page, json={"role": None, "brands": {}}).status_code == 422
    assert admin("PATCH", page, json={"brands": {"999": "viewer"}}).json()["field"] == "brands"
    assert admin("PATCH", page, json={"disabled": True}).json()["state"] == "disabled"
    assert admin("POST", f"{page}/link").status_code == 409
    assert admin("PATCH", page, json={"disabled": False}).json()["state"] == "invited"
    assert admin("POST", f"{page}/link").json()["link"] != link
    assert [a["login"] for a in admin("GET", "/accounts").json()["items"]] == [
        "ada@example.com", "rita@example.com"
    ]  # fmt: skip
    assert admin("DELETE", page).status_code == 204
    assert admin("GET", page).status_code == 404


def test_what_is_told_once_is_kept_nowhere(admin: Asker, store: Store) -> None:
    for path, sent, name in (
        ("/accounts", {"login": "rita@example.com", "role": "viewer"}, "link"),
        ("/keys", {"name": "k"}, "secret"),
    ):
        headers = {"Idempotency-Key": f"once{path}"}
        first = admin("POST", path, json=sent, headers=headers)
        assert first.status_code == 201
        secret = first.json()[name].rpartition("/")[2].rpartition("_")[2]
        again = admin("POST", path, json=sent, headers=headers)
        assert (again.status_code, again.json()["title"]) == (409, "Told once")
        with store.session() as session:
            kept = "".join(f"{r.body}{r.headers}" for r in session.exec(select(Repeat)))
            log = "".join(f"{e.before}{e.after}" for e in session.exec(select(AuditEntry)))
        assert secret not in kept
        assert secret not in log


def test_keys_are_made_listed_and_revoked(admin: Asker, store: Store) -> None:
    made = admin("POST", "/keys", json={"name": "nightly", "role": "support", "days": 7})
    key = made.json()
    assert key["writes"] is False and key["state"] == "valid"
    asker = Asker(admin.site, key["secret"])
    assert asker("GET", "/me").json()["role"] == "support"
    assert asker("POST", "/keys", json={"name": "more"}).status_code == 403
    listed = admin("GET", "/keys?limit=1").json()
    assert listed["items"][0]["id"] == key["id"] and "secret" not in listed["items"][0]
    rest = admin("GET", f"/keys?cursor={listed['next_cursor']}").json()
    assert [k["name"] for k in rest["items"]] == ["test"]
    assert admin("DELETE", f"/keys/{key['id']}").status_code == 204
    assert asker("GET", "/me").status_code == 401


def test_a_key_that_writes_makes_none_for_itself(admin: Asker, store: Store) -> None:
    asker = Asker(admin.site, key_for(store, Role.BRAND, login="rita@example.com"))
    refused = asker("POST", "/keys", json={"name": "more", "role": "brand"})
    assert (refused.status_code, "makes no other" in refused.json()["detail"]) == (403, True)


def test_the_log_is_filtered_and_goes_on(admin: Asker, store: Store) -> None:
    account(store, "rita@example.com", Role.VIEWER)
    for _ in range(3):
        admin("POST", "/keys", json={"name": "k"})
    page = admin("GET", "/audit?action=api_key&limit=2").json()
    assert [e["action"] for e in page["items"]] == ["api_key.make"] * 2
    rest = admin("GET", f"/audit?action=api_key&limit=2&cursor={page['next_cursor']}").json()
    assert len(rest["items"]) == 2  # and the key of this test
    assert rest["next_cursor"] is None
    assert admin("GET", "/audit?since=2999-01-01T00:00:00Z").json()["items"] == []
    assert admin("GET", "/audit?by=nobody").json()["items"] == []
    assert admin("GET", "/audit?until=0001-01-01T00:00:00%2B14:00").status_code == 422
    with store.session() as session:
        newest = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert newest is not None
    assert page["items"][0]["id"] == newest.id
    assert page["items"][0]["by"] == "API key test of ada@example.com"
