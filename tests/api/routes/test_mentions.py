"""Mentions over the API: found, counted, corrected, tagged, undone, exported; saved views."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import BytesIO, StringIO
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from listening.access import Role
from listening.store.brands.brands import brand_id, get_brand
from listening.store.session import Store
from listening.store.tables import AuditEntry
from tests.api.conftest import Client
from tests.factories import load, post
from tests.signed import key_for

Call = Callable[..., Any]


@pytest.fixture
def number(people: Store) -> int:
    with people.session() as session:
        return brand_id(get_brand(session, "JetBlue"))


@pytest.fixture
def api(people: Store, client: Client, number: int) -> Call:
    browser: TestClient = client(people, signed=False)

    def call(
        method: str, path: str = "", role: Role = Role.ADMIN, *, status: int = 200, **more: Any
    ) -> Any:
        key = key_for(people, role, login=f"{role}@example.com")
        answer = browser.request(
            method,
            f"/api/v1/brands/{number}{path}",
            headers={"Authorization": f"Bearer {key}"},
            **more,
        )
        assert answer.status_code == status, answer.text
        return answer if path.endswith("/export") or not answer.content else answer.json()

    return call


def ids(api: Call, **params: Any) -> list[int]:
    return [row["id"] for row in api("GET", "/mentions", params=params)["items"]]


def test_pages_of_mentions(api: Call) -> None:
    texts, cursor = [], None
    while True:
        page = api(
            "GET", "/mentions", params={"limit": 3, "cursor": cursor} if cursor else {"limit": 3}
        )
        texts += [row["text"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(texts) == 8
    assert texts[0] == "JetBlue is better than Virgin America"
    assert texts[-1] == "I love JetBlue, fly with them!"


def test_a_mention_as_it_is_shown(api: Call) -> None:
    (shown,) = api("GET", "/mentions", params={"q": "love AND fly"})["items"]
    assert (shown["sentiment"], shown["page_type"], shown["engagement_type"]) == (
        "positive", "file", "post",
    )  # fmt: skip
    assert shown["author"]["followers"] == 1200
    assert shown["matches"] == [[2, 6], [16, 19]]
    assert (shown["override"], shown["tags"], shown["case"]) == (None, [], None)
    assert shown["segment"]["name"] == "crew · seat"
    assert api("GET", f"/mentions/{shown['id']}")["matches"] == [[7, 14]]
    api("GET", "/mentions/99999", status=404)


def test_refusals_name_the_field_and_the_column(api: Call) -> None:
    told = api("GET", "/mentions", params={"q": "bag AND"}, status=422)
    assert told["column"] == 8
    assert "a term is missing after AND" in told["detail"]
    assert api("GET", "/mentions", params={"sentiment": "odd"}, status=422)["field"] == "sentiment"
    assert api("GET", "/mentions", params={"cursor": "!"}, status=422)["field"] == "cursor"


def test_facets(api: Call) -> None:
    found = api("GET", "/mentions/facets", params={"xsentiment": "none"})
    assert (found["found"], found["whole"], found["since"]) == (6, True, None)
    assert found["facets"]["sentiment"] == [
        {"value": "negative", "count": 3, "name": None},
        {"value": "positive", "count": 2, "name": None},
        {"value": "neutral", "count": 1, "name": None},
    ]
    assert found["facets"]["status"][0]["count"] == 3
    named = [v["name"] for v in found["facets"]["segment"] if v["value"] != "none"]
    assert named == ["crew · seat"]


def test_overridden_tagged_and_undone(api: Call, people: Store) -> None:
    one, two = ids(api, q="crew OR love")
    shown = api("PATCH", f"/mentions/{one}", Role.SUPPORT, json={"override": "negative"})
    assert (shown["sentiment"], shown["polarity"]) == ("negative", -1.0)
    assert shown["override_by"].endswith("of support@example.com")
    done = api(
        "POST", "/mentions/override", json={"mention_ids": [one, two], "override": "neutral"}
    )
    assert sorted(done["mention_ids"]) == sorted([one, two])
    undone = api("POST", "/mentions/undo", json={"entry": done["entries"][0]})
    assert sorted(undone["mention_ids"]) == sorted([one, two])
    assert api("GET", f"/mentions/{one}")["override"] == "negative"
    assert api("GET", f"/mentions/{two}")["override"] is None
    tagged = api("POST", "/mentions/tags", json={"mention_ids": [one], "add": ["Crew"]})
    assert ids(api, tag="Crew") == ids(api, q="tags:crew") == [one]
    api("POST", "/mentions/undo", json={"entry": tagged["entries"][0]})
    assert ids(api, tag="Crew") == []
    with people.session() as session:
        actions = [e.action for e in session.exec(select(AuditEntry).order_by(AuditEntry.id))]  # type: ignore[arg-type]
        own = [action for action in actions if action.startswith("mention.")]
        assert own == ["mention.override"] * 3 + ["mention.tag"] * 2


def test_who_may(api: Call, people: Store) -> None:
    (one,) = ids(api, q="crew")
    change = {"json": {"override": "negative"}}
    api("PATCH", f"/mentions/{one}", Role.VIEWER, status=403, **change)
    api("GET", "/mentions/export", Role.SUPPORT, status=403)
    api("POST", "/mentions/tags", json={"mention_ids": [one], "add": ["a,b"]}, status=422)
    api("POST", "/mentions/override", json={"mention_ids": [], "override": None}, status=422)
    api("POST", "/mentions/override", json={"mention_ids": [99999], "override": None}, status=404)
    with people.session() as session:
        other = brand_id(get_brand(session, "Virgin / America?"))
    foreign = f"/../{other}/mentions/{one}"
    api("PATCH", foreign, status=404, **change)
    api("GET", foreign, status=404)


def test_exports(api: Call, people: Store) -> None:
    load(people, post("=cmd() @jetblue", id="e1", author="=evil", at="2026-09-09T12:00Z"))
    answer = api("GET", "/mentions/export", params={"xsentiment": "positive"})
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [row["native_id"] for row in rows] == ["e1", "f3", "s1", "m1", "n3", "n2", "n1"]
    assert rows[0]["text"] == "'=cmd() @jetblue"
    assert answer.headers["content-disposition"] == 'attachment; filename="mentions.csv"'
    lines = api(
        "GET", "/mentions/export", params={"format": "jsonl", "q": "crew"}
    ).text.splitlines()
    assert [json.loads(line)["native_id"] for line in lines] == ["f2"]
    hidden = api(
        "GET", "/mentions/export", params={"format": "jsonl", "q": "love", "pseudonymise": True}
    )
    assert "a-fan" not in hidden.text
    assert json.loads(hidden.text)["text"] == "I love JetBlue, fly with them!"
    data = api("GET", "/mentions/export", params={"format": "parquet"})
    assert pq.read_table(BytesIO(data.content)).num_rows == 9
    with people.session() as session:
        kept = session.exec(select(AuditEntry).where(AuditEntry.action == "mention.export")).all()
        assert kept[0].after == {"format": "csv", "pseudonymised": False}
        assert len(kept) == 4


def test_a_query_is_checked(api: Call, client: Client, people: Store) -> None:
    ask = "/../../query/check"
    assert api("GET", ask, params={"q": "a b"})["column"] == 3
    assert api("GET", ask, params={"q": "(a) or:"})["valid"] is False
    assert api("GET", ask, params={"q": "a  AND (b)"})["normal"] == "a AND b"


def test_views(api: Call) -> None:
    sent = {"page": "mentions", "name": "Bags", "filters": {"q": ["bag"], "xtag": ["a", "b"]}}
    made = api("POST", "/views", Role.SUPPORT, json=sent, status=201)
    assert (made["filters"], made["own"], made["shared"]) == (sent["filters"], True, False)
    path = f"/views/{made['id']}"
    api("GET", path, Role.VIEWER, status=404)
    api("POST", "/views", Role.SUPPORT, json=sent, status=409)
    assert api("PATCH", path, Role.SUPPORT, json={"shared": True})["shared"] is True
    assert (
        api("GET", "/views", Role.VIEWER, params={"page": "mentions"})["items"][0]["own"] is False
    )
    api("PATCH", path, Role.VIEWER, json={"name": "Mine"}, status=403)
    api("DELETE", path, Role.SUPPORT, status=204)
    assert api("GET", "/views", Role.SUPPORT)["items"] == []
