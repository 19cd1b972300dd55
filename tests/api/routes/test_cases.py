"""Cases over the API: lists, one, changes by version, several at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from listening.access import Role
from listening.store.session import Store
from listening.store.tables.types import now
from tests.api.conftest import Client
from tests.caseload import number_of, open_cases
from tests.factories import brand, load, post
from tests.signed import account, key_for


@pytest.fixture
def queue(store: Store) -> Store:
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(
        store,
        *(post(f"JetBlue lost bag {n}", id=f"p{n}", author=f"a{n}", reply_to="p0" if n else None)
          for n in range(3)),
    )  # fmt: skip
    open_cases(store, p0=(0.2, "low", "g"), p1=(0.5, "medium", "g"), p2=(0.7, "high", "h"))
    return store


class Desk:
    """The API as somebody calls it by key."""

    def __init__(self, client: TestClient, store: Store, login: str, role: Role) -> None:
        account(store, login, role)
        self.client = client
        self.headers = {"Authorization": f"Bearer {key_for(store, role, login=login)}"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.client.request(
            method, f"/api/v1/brands/1{path}", json=body, headers=self.headers | headers
        )
        self.status = answer.status_code
        self.answer = answer
        return answer.json() if answer.content else None


@pytest.fixture
def desk(client: Client, queue: Store) -> Desk:
    return Desk(client(queue, signed=False), queue, "rita", Role.SUPPORT)


def numbers(queue: Store) -> dict[str, int]:
    return {native: number_of(queue, native) for native in ("p0", "p1", "p2")}


def test_a_list_in_pages_with_its_filters(desk: Desk, queue: Store) -> None:
    own = numbers(queue)
    first = desk("GET", "/cases?limit=2")
    assert [case["id"] for case in first["items"]] == [own["p2"], own["p1"]]
    second = desk("GET", f"/cases?limit=2&cursor={first['next_cursor']}")
    assert [case["id"] for case in second["items"]] == [own["p0"]]
    assert second["next_cursor"] is None
    found = desk("GET", "/cases?priority=low&priority=high&xpriority=high&order=due")
    assert [case["id"] for case in found["items"]] == [own["p0"]]
    one = found["items"][0]
    assert (one["mention"]["text"], one["author"]["name"]) == ("JetBlue lost bag 0", "a0")
    assert (one["terms"], one["similar"], one["overdue"]) == ({"risk": 0.2}, 1, True)
    due = desk("GET", "/cases?order=due&limit=1")
    assert (
        desk("GET", f"/cases?order=due&cursor={due['next_cursor']}")["items"][1]["id"]
        == (own["p0"])
    )
    desk("GET", f"/cases?order=urgency&cursor={due['next_cursor']}")
    assert desk.status == 422
    desk("GET", "/cases?status=lost")
    assert desk.status == 422
    assert desk("GET", "/cases/counts") == {"open": 3, "pending": 0, "snoozed": 0, "closed": 0}


def test_a_change_names_its_version(desk: Desk, queue: Store) -> None:
    own = numbers(queue)["p0"]
    desk("PATCH", f"/cases/{own}", {"status": "closed"})
    assert (desk.status, desk.answer.json()["field"]) == (422, "version")
    found = desk("PATCH", f"/cases/{own}", {"owner": "me", "starred": True, "version": 1})
    assert (found["owner"], found["starred"], found["version"]) == ("rita", True, 3)
    told = desk("PATCH", f"/cases/{own}", {"status": "closed"}, **{"If-Match": '"1"'})
    assert desk.status == 409
    assert "gave it to rita" in told["detail"]
    desk("GET", f"/cases/{own}")
    tag = desk.answer.headers["etag"]
    found = desk("PATCH", f"/cases/{own}", {"status": "closed"}, **{"If-Match": tag})
    assert (found["status"], [e["action"] for e in found["history"]]) == (
        "closed", ["assign", "star", "close"],
    )  # fmt: skip
    assert found["history"][0]["by"] == "API key test of rita"
    found = desk("POST", f"/cases/{own}/undo")
    assert (found["status"], found["history"][-1]["action"]) == ("open", "undo")
    desk("PATCH", f"/cases/{own}", {"version": 5})
    assert desk.status == 422
    # Of two changes that do not both fit, neither is made.
    desk("PATCH", f"/cases/{own}", {"version": 5, "priority": "high", "status": "snoozed"})
    assert (desk.status, desk.answer.json()["field"]) == (422, "until")
    assert desk("GET", f"/cases/{own}")["priority"] == "low"
    soon = (now() + timedelta(hours=2)).isoformat()
    found = desk("PATCH", f"/cases/{own}", {"version": 5, "status": "snoozed", "until": soon})
    assert (desk.status, found["status"]) == (200, "snoozed")


def test_notes_answers_and_the_group(desk: Desk, queue: Store) -> None:
    own = numbers(queue)
    noted = desk("POST", f"/cases/{own['p0']}/notes", {"text": "called"})
    assert (desk.status, noted["text"], noted["answer"]) == (201, "called", False)
    assert [case["id"] for case in desk("GET", f"/cases/{own['p0']}/similar")] == [own["p1"]]
    body = {"text": "Sorry", "then": "closed", "group": True, "version": 2}
    done = desk("POST", f"/cases/{own['p0']}/answer", body)
    assert (done["done"], [r["case_id"] for r in done["results"]]) == (2, [own["p0"], own["p1"]])
    found = desk("GET", f"/cases/{own['p1']}")
    assert (found["status"], found["notes"][0]["text"]) == ("closed", "Sorry")
    back = desk("POST", "/cases/bulk/undo", {"batch": done["batch"]})
    assert (back["done"], desk("GET", f"/cases/{own['p1']}")["status"]) == (2, "open")
    one = desk("POST", f"/cases/{own['p2']}/answer", {"text": "Sorry", "version": 1})
    assert (one["done"], desk("GET", f"/cases/{own['p2']}")["status"]) == (1, "pending")


def test_several_at_once(desk: Desk, queue: Store) -> None:
    own = numbers(queue)
    items = [{"id": own["p0"], "version": 1}, {"id": own["p1"], "version": 7}, {"id": 999}]
    done = desk("POST", "/cases/bulk", {"items": items, "status": "closed", "owner": "rita"})
    assert done["done"] == 1
    assert [bool(result["error"]) for result in done["results"]] == [False, True, True]
    found = desk("GET", f"/cases/{own['p0']}")
    assert (found["status"], found["owner"]) == ("closed", "rita")
    assert desk("GET", f"/cases/{own['p1']}")["owner"] is None


def test_sentiment_thread_and_figures(desk: Desk, queue: Store) -> None:
    own = numbers(queue)["p0"]
    found = desk("POST", f"/cases/{own}/override", {"sentiment": "positive", "version": 1})
    assert (found["status"], found["mention"]["sentiment"]) == ("closed", "positive")
    assert found["mention"]["overridden_by"] == "API key test of rita"
    said = desk("GET", f"/cases/{own}/thread")
    assert [(one["native_id"], one["own"]) for one in said] == [
        ("p0", True), ("p1", False), ("p2", False),
    ]  # fmt: skip
    week = desk("GET", "/cases/metrics")["close"][-1]
    assert week["cases"] == 1


def test_canned_notes(desk: Desk) -> None:
    kept = desk("POST", "/canned-notes", {"name": "sorry", "text": "Sorry {author}"})
    assert (desk.status, kept["version"]) == (201, 1)
    path = f"/canned-notes/{kept['id']}"
    changed = desk("PUT", path, {"name": "sorry", "text": "So sorry", "version": 1})
    assert changed["version"] == 2
    desk("PUT", path, {"name": "sorry", "text": "x", "version": 1})
    assert desk.status == 409
    assert [one["text"] for one in desk("GET", "/canned-notes")] == ["So sorry"]
    desk("DELETE", path)
    assert desk.status == 204
    assert desk("GET", "/canned-notes") == []


def test_who_looks_changes_nothing(desk: Desk, queue: Store) -> None:
    own = numbers(queue)["p0"]
    vera = Desk(desk.client, queue, "vera", Role.VIEWER)
    assert vera("GET", f"/cases/{own}")["id"] == own
    for method, path, body in (
        ("PATCH", f"/cases/{own}", {"status": "closed", "version": 1}),
        ("POST", f"/cases/{own}/notes", {"text": "x"}),
        ("POST", "/cases/bulk", {"items": [{"id": own}], "status": "closed"}),
        ("POST", "/canned-notes", {"name": "x", "text": "x"}),
    ):
        vera(method, path, body)
        assert vera.status == 403
    desk("GET", "/cases/999999")
    assert desk.status == 404
