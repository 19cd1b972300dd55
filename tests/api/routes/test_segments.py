"""Segments by the API: what it shows, what it changes, and who may."""

from __future__ import annotations

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from listening.access import Role
from listening.store.session import Store
from listening.store.tables import AuditEntry, Change
from tests.api.conftest import Client
from tests.api.test_segment_pages import second_run
from tests.signed import sign_in

API = "/api/v1"


@pytest.fixture
def api(people: Store, client: Client) -> TestClient:
    """Two runs; an admin asks."""
    with people.work() as session:
        second_run(session, people)
    found: TestClient = client(people)
    return found


def audits(store: Store) -> list[tuple[str, dict[str, object] | None]]:
    with store.session() as session:
        rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
        return [(row.action, row.after) for row in rows if row.noun == "segment"]


def test_a_list_goes_on_where_it_ended(api: TestClient) -> None:
    first = api.get(f"{API}/brands/1/segments?limit=1").json()
    assert [(s["name"], s["members"], s["nearest"]) for s in first["items"]] == [
        ("crew · seat", 2, 0)
    ]
    then = api.get(f"{API}/brands/1/segments?limit=1&cursor={first['next_cursor']}").json()
    assert [(s["name"], s["members"], s["nearest"]) for s in then["items"]] == [("bags", 1, 1)]
    assert then["next_cursor"] is None


def test_members_go_on_where_they_ended(api: TestClient) -> None:
    address = f"{API}/brands/1/segments/1/members?limit=1"
    first = api.get(address).json()
    assert [(m["native_id"], m["strength"]) for m in first["items"]] == [("a-fan", 0.9)]
    assert first["items"][0]["stance"] == "advocate"
    then = api.get(f"{address}&cursor={first['next_cursor']}").json()
    assert [(m["native_id"], m["stance"]) for m in then["items"]] == [("a-new", None)]
    assert then["next_cursor"] is None


def test_a_persona_and_the_past(api: TestClient) -> None:
    persona = api.get(f"{API}/segments/1/persona").json()
    assert persona["coverage"]["members"] == 2
    assert persona["brands"][0]["name"] == "JetBlue"
    told = api.get(f"{API}/brands/1/segments/1/lineage").json()
    assert [(e["event"], e["segment_id"], e["other_id"]) for e in told] == [
        ("split", 2, 1), ("continued", 1, None),
    ]  # fmt: skip
    changes = api.get(f"{API}/brands/1/segments/changes").json()
    assert changes["flows"] == [{"from_id": 1, "to_id": 2, "authors": 2}]
    assert api.get(f"{API}/brands/1/segments/map").json()["segment_ids"] == [1, 2, 2, 1]


def test_a_change_is_done_noted_and_refused_where_somebody_was_first(
    people: Store, api: TestClient
) -> None:
    done = api.patch(f"{API}/segments/1", json={"name": "Crew", "pinned": True, "version": 1},
                     headers=_token(api))  # fmt: skip
    assert done.json() == {
        "id": 1, "name": "Crew", "pinned": True, "hidden": False, "merged_into": None, "version": 2,
    }  # fmt: skip
    assert audits(people) == [("segment.change", {"name": "Crew", "pinned": True})]
    late = api.patch(f"{API}/segments/1", json={"hidden": True}, headers=_token(api) | {
        "If-Match": '"1"'
    })  # fmt: skip
    assert late.status_code == 409
    assert "ada@example.com changed segment 1" in late.json()["detail"]
    blank = api.patch(f"{API}/segments/1", json={"name": "  "}, headers=_token(api))
    assert blank.status_code == 422
    with people.session() as session:
        assert [
            c.version for c in session.exec(select(Change).where(Change.noun == "segment"))
        ] == [2]


def test_a_merge_is_seen_at_once_and_taken_back(people: Store, api: TestClient) -> None:
    done = api.post(f"{API}/segments/2/merge", json={"into": 1}, headers=_token(api)).json()
    assert (done["merged_into"], done["version"]) == (1, 2)
    listed = api.get(f"{API}/segments").json()["items"]
    assert [(s["id"], s["members"], s["nearest"]) for s in listed] == [(1, 3, 1)]
    api.post(f"{API}/segments/2/unmerge", headers=_token(api))
    assert [s["id"] for s in api.get(f"{API}/segments").json()["items"]] == [1, 2]
    assert [action for action, _ in audits(people)] == ["segment.merge", "segment.unmerge"]


def test_an_audience_is_a_file_of_hashes(people: Store, api: TestClient) -> None:
    answer = api.get(f"{API}/brands/1/segments/1/audience?format=google")
    assert answer.headers["content-disposition"] == ('attachment; filename="segment-1-google.csv"')
    assert answer.text == "Email,Phone,First Name,Last Name,Country,Zip\n"
    assert audits(people) == [("segment.export", {"format": "google"})]


def test_whoever_sees_one_brand_sees_its_side_and_changes_nothing(
    people: Store, client: Client
) -> None:
    with people.work() as session:
        second_run(session, people)
    one: TestClient = client(people, signed=False)
    sign_in(one, "vera@example.com", None, {1: Role.VIEWER})
    assert one.get(f"{API}/brands/1/segments").status_code == 200
    assert one.get(f"{API}/brands/2/segments").status_code == 404
    assert one.get(f"{API}/segments").status_code == 403
    assert one.patch(f"{API}/segments/1", json={}, headers=_token(one)).status_code == 403
    assert one.get(f"{API}/brands/1/segments/1/audience").status_code == 403
    persona = one.get(f"{API}/brands/1/segments/1/persona").json()
    assert [b["brand_id"] for b in persona["brands"]] == [1]
    page = one.get("/segments/1")
    assert str(page.url).endswith("/segments/1?brand=jetblue")
    assert "Virgin" not in page.text
    assert "Rename, merge, pin or hide" not in page.text


def _token(client: TestClient) -> dict[str, str]:
    page = client.get("/brands/jetblue/segments").text
    return {"X-CSRF-Token": page.split('name="csrf-token" content="')[1].split('"')[0]}
