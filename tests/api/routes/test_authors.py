"""Advocates and detractors over the API: listed, opened, acted on one and many, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from listening.access import Role
from listening.store.session import Store
from tests.api.conftest import Client
from tests.factories import author_id, mentions
from tests.flagged import SETTINGS, flagged_brand, say
from tests.signed import key_for
from workers.jobs.flagging import flag

Call = Callable[..., Any]
FOES = {"stance": "detractor"}


@pytest.fixture
def flagged(store: Store) -> Store:
    flagged_brand(store)
    return store


@pytest.fixture
def api(flagged: Store, client: Client) -> Call:
    browser: TestClient = client(flagged, signed=False)

    def call(
        method: str,
        path: str = "/brands/1/authors",
        role: Role = Role.ADMIN,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        key = key_for(flagged, role, login=f"{role}@example.com")
        sent = {"Authorization": f"Bearer {key}", **(headers or {})}
        answer = browser.request(method, "/api/v1" + path, headers=sent, **more)
        assert answer.status_code == status, answer.text
        return answer if path.endswith("/export") else answer.json()

    return call


def act(api: Call, body: dict[str, Any], path: str = "/actions", **more: Any) -> Any:
    return api("POST", "/brands/1/authors" + path, json=body, **more)


def handles(page: dict[str, Any]) -> list[str]:
    return [row["handle"] for row in page["items"]]


def test_lists_in_pages(api: Call) -> None:
    first = api("GET", params={**FOES, "limit": 1})
    second = api("GET", params={**FOES, "limit": 1, "cursor": first["next_cursor"]})
    assert (handles(first), handles(second)) == (["foe1"], ["foe2"])
    assert second["next_cursor"] is None
    row = first["items"][0]
    assert (row["status"], row["version"], row["opinions"]) == ("new", 1, 4)
    assert row["high"] < -0.1


def test_filters_and_their_twins(api: Call) -> None:
    assert handles(api("GET", params={**FOES, "sort": "reach"})) == ["foe2", "foe1"]
    assert handles(api("GET", params={"reach": "unknown"})) == ["fan1"]
    assert handles(api("GET", params={"xsource": "file"})) == []
    several = [("source", "x"), ("source", "file")]
    assert handles(api("GET", params=several)) == ["fan1", "fan2"]


@pytest.mark.parametrize(
    ("params", "field"),
    [({"sort": "name"}, "sort"), ({"since": "soon"}, "since"), ({"cursor": "W10"}, "cursor")],
)
def test_refusals_name_the_field(api: Call, params: dict[str, str], field: str) -> None:
    assert api("GET", params=params, status=422)["field"] == field


def test_one_author_with_everything(api: Call, flagged: Store) -> None:
    number = author_id(flagged, "foe1")
    act(api, {"action": "note", "note": "called her", "author_ids": [number]})
    found = api("GET", f"/brands/1/authors/{number}")
    assert [e["not_counted"] for e in found["evidence"]] == [None] * 4
    assert found["evidence"][0]["text"] == "JetBlue foe1 says word3 of -0.9"
    assert [(t["was"], t["kind"]) for t in found["turns"]] == [("passive", "detractor")]
    assert found["turns"][0]["mention_id"] == mentions(flagged)["foe1-1"].mention.id
    assert [p["score"] < 0 for p in found["history"]] == [True] * len(found["history"])
    assert [(r["verdict"], r["note"]) for r in found["reviews"]] == [("noted", "called her")]
    api("GET", "/brands/1/authors/999", status=404)


def test_one_is_dismissed_only_as_shown(api: Call, flagged: Store) -> None:
    number = author_id(flagged, "foe1")
    dismiss = {"action": "dismiss", "reason": "irony"}
    done = act(api, dismiss, f"/{number}/actions", headers={"If-Match": '"1"'})
    assert done["authors"] == 1
    told = act(api, dismiss | {"version": 1}, f"/{number}/actions", status=409)
    assert "dismissed foe1 meanwhile" in told["detail"]
    assert handles(api("GET", params=FOES)) == ["foe2"]
    say(flagged, "foe1", -0.8, first=14)
    flag(flagged, SETTINGS)
    row = api("GET", params=FOES)["items"][0]
    assert (row["handle"], row["status"]) == ("foe1", "back")
    assert row["news"] == [mentions(flagged)["foe1-14"].mention.id]


def test_many_at_once_and_back(api: Call, flagged: Store) -> None:
    ids = [author_id(flagged, name) for name in ("fan1", "fan2")]
    again = {"headers": {"Idempotency-Key": "once"}}
    body = {"action": "mark", "value": "bot", "author_ids": ids}
    done = act(api, body, **again)
    assert act(api, body, **again) == done  # the same answer, and nothing done twice
    assert handles(api("GET")) == []
    act(api, {"batch": done["batch"]}, "/undo")
    assert handles(api("GET")) == ["fan1", "fan2"]
    act(api, {"batch": done["batch"]}, "/undo", status=409)
    act(api, {"batch": "none"}, "/undo", status=404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "dismiss"}, "reason"),
        ({"action": "note"}, "note"),
        ({"action": "mark", "value": "friend"}, "value"),
        ({"action": "assign", "value": "nobody here"}, "value"),
    ],
)
def test_what_does_not_fit_is_refused(
    api: Call, flagged: Store, body: dict[str, str], field: str
) -> None:
    told = act(api, body, f"/{author_id(flagged, 'fan1')}/actions", status=422)
    assert told["field"] == field


def test_who_may(api: Call, flagged: Store) -> None:
    number = author_id(flagged, "fan1")
    assert handles(api("GET", role=Role.VIEWER)) == ["fan1", "fan2"]
    act(api, {"action": "confirm"}, f"/{number}/actions", role=Role.SUPPORT, status=403)
    api("GET", "/brands/1/authors/export", role=Role.SUPPORT, status=403)
    act(api, {"action": "confirm"}, f"/{number}/actions", role=Role.BRAND)


def test_changes_of_stance_in_pages(api: Call) -> None:
    path = "/brands/1/authors/changes"
    first = api("GET", path, params={"limit": 3})
    rest = api("GET", path, params={"limit": 3, "cursor": first["next_cursor"]})
    assert len(first["items"]) == 3
    assert len(rest["items"]) == 1
    only = api("GET", path, params={"kind": "advocate", "since": "2026-09-02T00:00:00"})
    assert {row["kind"] for row in only["items"]} == {"advocate"}


def test_files(api: Call) -> None:
    answer = api("GET", "/brands/1/authors/export", params={**FOES, "format": "jsonl"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert len(answer.text.splitlines()) == 2


def test_customers_and_campaigns(api: Call) -> None:
    given = {"csv": "source,handle,email\nfile,fan1,a@example.org\nfile,fan2,nothing\n"}
    assert api("POST", "/customers", json=given) == {
        "stored": 1,
        "left_out": 1,
        "erased": 0,
        "problems": [
            "line 3: neither an e-mail address nor a phone number with its country (+44 ...)"
        ],
    }
    assert api("GET", "/customers") == {"records": 1}
    assert api("GET", "/brands/1/authors/coverage", params={"format": "google"}) == {
        "matched": 1,
        "authors": 2,
    }
    file = api("GET", "/brands/1/authors/export", params={"format": "meta"}).text
    assert len(file.splitlines()) == 2
    assert api("DELETE", "/customers") == {"records": 1}
    assert "handle" in api("POST", "/customers", json={"csv": "a,b\n"}, status=422)["detail"]
    assert api("GET", "/brands/1/authors/campaigns") == []
