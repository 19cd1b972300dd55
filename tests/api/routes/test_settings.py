"""The settings over the API: brands, watches, rejected rows, credentials, channels, erasures."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from listening.access import Role
from listening.store.brands.brands import get_brand
from listening.store.session import Store
from listening.store.tables import Brand, Erasure
from listening.store.watches.sweeps import quarantine
from tests.api.conftest import Client
from tests.signed import key_for
from tests.wholestore import places_of

API = "/api/v1"


class Asker:
    """A program with a key."""

    def __init__(self, client: TestClient, key: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self._client.request(
            method, API + path, json=body, headers=self._headers | headers
        )
        found = answer.json() if answer.content else None
        return answer.status_code, found


@pytest.fixture
def ask(people: Store, client: Client) -> Asker:
    return Asker(client(people, signed=False), key_for(people))


def blue(store: Store) -> int:
    with store.session() as session:
        return int(get_brand(session, "JetBlue").id or 0)


def test_a_brand_from_first_to_last(people: Store, ask: Asker) -> None:
    status, made = ask("POST", "/brands", {"name": "Delta", "own_accounts": ["@Delta"]})
    assert (status, made["query"], made["own_accounts"]) == (201, '"Delta"', ["delta"])
    assert (made["matching"], made["version"]) == (True, 1)
    where = f"/brands/{made['id']}"
    status, changed = ask("PATCH", where, {"version": 1, "query": "delta NOT river"})
    assert (status, changed["version"], changed["query"]) == (200, 2, "delta NOT river")
    status, told = ask("PATCH", where, {"version": 1, "query": "delta"})
    assert status == 409 and "changed meanwhile by API key test of ada" in told["detail"]
    assert ask("PATCH", where, {"query": "delta AND ("})[0] == 422
    assert ask("PATCH", where, {"query": "delta AND ("})[1]["column"] > 0
    assert ask("POST", "/brands", {"name": " delta "})[0] == 409
    assert ask("POST", "/brands", {"name": "x" * 121})[1]["field"] == "name"
    assert ask("PUT", f"{where}/retention", {"retention_days": 0})[0] == 422
    status, kept = ask("PUT", f"{where}/retention", {"retention_days": 90})
    assert (status, kept["retention_days"]) == (200, 90)
    assert [b["name"] for b in ask("GET", "/brands")[1]["items"]] == [
        "Delta", "JetBlue", "Virgin / America?",
    ]  # fmt: skip
    assert ask("POST", f"{where}/remove", {"name": "Dalta"})[0] == 422
    assert ask("POST", f"{where}/remove", {"name": "DELTA"})[0] == 204
    assert ask("GET", where)[0] == 404


def test_an_unchanged_brand_is_not_matched_again(people: Store, ask: Asker) -> None:
    number = blue(people)
    _, same = ask("PATCH", f"/brands/{number}", {"name": "JetBlue", "query": "jetblue"})
    assert (same["version"], same["matching"]) == (1, False)
    _, renamed = ask("PATCH", f"/brands/{number}", {"name": "Jet Blue"})
    assert (renamed["version"], renamed["slug"], renamed["matching"]) == (2, "jet blue", False)


def test_a_query_is_tried(people: Store, ask: Asker) -> None:
    body = {"query": "jetblue AND (bag OR seat) NOT kind", "brand_id": blue(people)}
    status, tried = ask("POST", "/query/test", body)
    assert status == 200
    assert tried["normal"] == "jetblue AND (bag OR seat) AND NOT kind"
    assert (tried["posts"], tried["matched"], tried["own"]) == (9, 2, 0)
    assert [(c["text"], c["depth"], c["held"]) for c in tried["clauses"]] == [
        ("jetblue AND (bag OR seat) AND NOT kind", 0, 2),
        ("jetblue", 1, 8),
        ("bag OR seat", 1, 2),
        ("bag", 2, 2),
        ("seat", 2, 0),
        ("NOT kind", 1, 8),
        ("kind", 2, 1),
    ]
    hit = tried["hits"][0]
    assert [hit["text"][a:b] for a, b in hit["spans"]] == ["JetBlue", "bag"]
    status, told = ask("POST", "/query/test", {"query": "jetblue AND"})
    assert (status, told["column"] > 0) == (422, True)


def test_whoever_sees_one_brand_tries_on_its_posts_alone(people: Store, client: Client) -> None:
    one = key_for(people, Role.BRAND, brand_id=blue(people), login="bea@example.com")
    ask = Asker(client(people, signed=False), one)
    _, tried = ask("POST", "/query/test", {"query": "nothing OR jetblue"})
    assert (tried["posts"], tried["matched"]) == (8, 8)
    with people.session() as session:
        other = get_brand(session, "Virgin / America?").id
    assert ask("POST", "/query/test", {"query": "x", "brand_id": other})[0] == 404
    assert ask("POST", "/brands", {"name": "Mine"})[0] == 403
    assert [b["name"] for b in ask("GET", "/brands")[1]["items"]] == ["JetBlue"]


def test_a_watch_from_first_to_last(people: Store, ask: Asker) -> None:
    number = blue(people)
    body = {"source": "feed", "params": {"address": "https://a.example/feed"},
            "schedule": {"every": "1h", "quiet": "22:00-07:00"}}  # fmt: skip
    status, made = ask("POST", f"/brands/{number}/watches", body)
    assert (status, made["schedule"]) == (201, "every 1h, quiet 22:00-07:00")
    assert (made["state"], made["lag_seconds"], made["waiting_rows"]) == ("well", None, 0)
    assert ask("POST", f"/brands/{number}/watches", body)[0] == 409
    where = f"/watches/{made['id']}"
    change = {"schedule": {"cron": "30 6 * * *", "timezone": "Europe/Berlin"}}
    status, changed = ask("PATCH", where, change, **{"If-Match": '"1"'})
    assert (status, changed["schedule"]) == (200, "cron 30 6 * * * Europe/Berlin")
    assert ask("PATCH", where, change, **{"If-Match": '"1"'})[0] == 409
    assert ask("POST", f"{where}/pause")[1]["state"] == "paused"
    status, told = ask("POST", f"{where}/run")
    assert status == 409 and "paused" in told["detail"]
    assert ask("POST", f"{where}/resume")[1]["state"] == "well"
    assert ask("POST", f"{where}/run")[1]["next_due_at"] is None
    assert ask("GET", f"{where}/sweeps")[1] == {"items": [], "next_cursor": None}
    status, told = ask("POST", f"{where}/backfill", {"since": "2026-01-01T00:00:00Z"})
    assert (status, told["field"]) == (422, "since"), "a feed gives no past"
    assert [w["id"] for w in ask("GET", f"/watches?brand_id={number}")[1]["items"]] == [made["id"]]
    assert ask("DELETE", where)[0] == 204
    assert ask("GET", where)[0] == 404


def test_what_a_watch_listens_for_is_changed_whole(people: Store, ask: Asker) -> None:
    body = {"source": "feed", "params": {"address": "https://a.example/feed", "keep_all": "yes"}}
    made = ask("POST", f"/brands/{blue(people)}/watches", body)[1]
    where = f"/watches/{made['id']}"
    change = {"params": {"address": "https://b.example/feed"}}
    status, changed = ask("PATCH", where, change, **{"If-Match": '"1"'})
    assert (status, changed["params"]) == (200, change["params"])
    assert (changed["version"], changed["schedule"]) == (2, "every 15m")
    assert ask("PATCH", where, change | {"version": 1})[0] == 409
    assert ask("PATCH", where, change)[1]["version"] == 2, "it is so already"
    status, told = ask("PATCH", where, {"params": {"address": "nonsense"}})
    assert (status, told["field"]) == (422, "address")
    assert ask("GET", where)[1]["params"] == change["params"]
    entries = ask("GET", "/audit?noun=watch")[1]["items"]
    assert entries[0]["action"] == "watch.edit"
    assert entries[0]["before"]["params"]["keep_all"] is True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"params": {}}, "address"),
        ({"params": {"address": "nonsense"}}, "address"),
        ({"params": {"address": "https://a.example/", "nope": "1"}}, "source"),
        ({"schedule": {"every": "soon"}}, "every"),
        ({"schedule": {"every": "1s"}}, "every"),
        ({"schedule": {"cron": "x"}}, "cron"),
        ({"schedule": {"timezone": "Mars/Here"}}, "timezone"),
        ({"schedule": {"quiet": "22:00"}}, "quiet"),
        ({"schedule": {"jitter": "9h"}}, "jitter"),
    ],
)
def test_what_is_wrong_with_a_watch_is_told_by_its_field(
    people: Store, ask: Asker, change: dict[str, Any], field: str
) -> None:
    body = {"source": "feed", "params": {"address": "https://a.example/feed"}} | change
    status, told = ask("POST", f"/brands/{blue(people)}/watches", body)
    assert (status, told["field"]) == (422, field), told


def test_files_of_this_machine_are_read_for_an_admin_alone(people: Store, client: Client) -> None:
    number = blue(people)
    body = {"source": "folder", "params": {"path": "/etc"}}
    key = key_for(people, Role.ADMIN, brand_id=number, login="bob@example.com")
    assert Asker(client(people, signed=False), key)(
        "POST", f"/brands/{number}/watches", body
    )[0] == 403  # fmt: skip


def test_a_source_that_nobody_knows_is_not_found(people: Store, ask: Asker) -> None:
    assert ask("POST", f"/brands/{blue(people)}/watches", {"source": "myspace"})[0] == 404


def test_rows_that_could_not_be_read_are_settled(people: Store, ask: Asker) -> None:
    rows = [(line, "date", "no date", f"{line},x") for line in range(3)]
    with people.work() as session:
        quarantine(session, sweep_id=None, file="a.csv", rows=rows)
    _, first = ask("GET", "/quarantine?limit=2")
    assert [row["line"] for row in first["items"]] == [2, 1]
    _, rest = ask("GET", f"/quarantine?limit=2&cursor={first['next_cursor']}")
    assert ([row["raw"] for row in rest["items"]], rest["next_cursor"]) == (["0,x"], None)
    where = f"/quarantine/{rest['items'][0]['id']}"
    assert ask("PATCH", where, {"status": "ignored"})[1]["status"] == "ignored"
    with people.work() as session:  # the file is read again
        quarantine(session, sweep_id=None, file="a.csv", rows=rows)
    assert [r["line"] for r in ask("GET", "/quarantine")[1]["items"]] == [2, 1]
    assert ask("PATCH", where, {"status": "waiting"})[0] == 200
    assert len(ask("GET", "/quarantine")[1]["items"]) == 3


def test_credentials_are_told_and_never_shown(people: Store, ask: Asker) -> None:
    name = "LISTENING_YOUTUBE_KEY"
    assert ask("PUT", f"/credentials/{name}", {"value": "hunter2-hunter2"}) == (204, None)
    _, found = ask("GET", "/credentials")
    (own,) = [one for one in found["items"] if one["name"] == name]
    assert own["set_by"] == "API key test of ada@example.com" and "value" not in own
    assert "hunter2" not in str(found)
    (source,) = [s for s in ask("GET", "/sources")[1]["items"] if s["name"] == "youtube"]
    assert (source["credentials"], source["missing"]) == ([name], [])
    assert places_of(people, "hunter2") == []
    assert ask("PUT", f"/credentials/{name}", {"value": " "})[0] == 422
    assert ask("PUT", "/credentials/PATH", {"value": "x"})[0] == 404
    assert ask("DELETE", f"/credentials/{name}")[0] == 204
    assert ask("DELETE", f"/credentials/{name}")[0] == 404


def test_a_channel_from_first_to_last(people: Store, ask: Asker) -> None:
    body = {"name": "Desk", "kind": "webhook", "address": {"address": "https://h.example/hunter2"},
            "events": ["watch.failing"]}  # fmt: skip
    status, made = ask("POST", "/channels", body)
    assert status == 201 and len(made["signing_secret"]) > 40
    where = f"/channels/{made['id']}"
    _, shown = ask("GET", where)
    assert "signing_secret" not in shown and "hunter2" not in str(shown)
    _, changed = ask("PATCH", where, {"version": 1, "events": ["incident"], "quiet_minutes": 5})
    assert (changed["events"], changed["quiet_minutes"]) == (["incident"], 5)
    assert ask("PATCH", where, {"version": 1})[0] == 409
    assert ask("POST", f"{where}/secret")[1]["signing_secret"] != made["signing_secret"]
    status, sent = ask("POST", f"{where}/test")
    assert (status, sent["status"], sent["event"]) == (202, "waiting", "test")
    assert ask("POST", f"/deliveries/{sent['id']}/resend")[0] == 409
    _, log = ask("GET", f"/deliveries?channel_id={made['id']}")
    assert [one["title"] for one in log["items"]] == ["Listening: this is a test"]
    assert ask("GET", f"/deliveries/{sent['id']}")[1]["uid"] == sent["uid"]
    assert ask("GET", "/deliveries?status=sent")[1]["items"] == []
    assert ask("POST", f"{where}/pause")[1]["paused_at"] is not None
    assert ask("POST", f"{where}/test")[0] == 409
    assert ask("POST", f"{where}/resume")[1]["paused_at"] is None
    assert ask("DELETE", where)[0] == 204
    assert ask("GET", f"/deliveries/{sent['id']}")[0] == 404
    status, told = ask("POST", "/channels", body | {"address": {"address": "ftp://x"}})
    assert (status, told["field"]) == (422, "address")
    assert places_of(people, "hunter2") == []


def test_who_administers_one_brand_has_its_channels_alone(people: Store, client: Client) -> None:
    body = {"name": "All", "kind": "apprise", "address": {"address": "ntfy://n.example/t"},
            "events": ["incident"]}  # fmt: skip
    everybody = Asker(client(people, signed=False), key_for(people))
    _, all_brands = everybody("POST", "/channels", body)
    _, test = everybody("POST", f"/channels/{all_brands['id']}/test")
    number = blue(people)
    key = key_for(people, Role.ADMIN, brand_id=number, login="bob@example.com")
    ask = Asker(client(people, signed=False), key)
    assert ask("POST", "/channels", body)[0] == 403
    status, own = ask("POST", "/channels", body | {"brand_id": number})
    assert (status, own["brand_id"]) == (201, number)
    assert [c["id"] for c in ask("GET", "/channels")[1]["items"]] == [own["id"]]
    assert ask("GET", f"/channels/{all_brands['id']}")[0] == 403
    assert ask("GET", "/deliveries")[1]["items"] == []
    assert ask("GET", f"/deliveries/{test['id']}")[0] == 403
    assert ask("GET", "/credentials")[0] == 403


def test_an_author_is_erased_after_typing_who(people: Store, ask: Asker) -> None:
    body = {"source": "file", "who": "@fay", "typed": "@fa"}
    assert ask("POST", "/erasures", body)[1]["field"] == "typed"
    for nobody in ({"source": " "}, {"who": "@ "}, {"who": ""}):
        assert ask("POST", "/erasures", body | nobody)[1]["field"] == "who"
    status, asked = ask("POST", "/erasures", body | {"typed": "@fay"})
    assert (status, asked["asked_by"]) == (202, "API key test of ada@example.com")
    assert "fay" not in str(ask("GET", "/erasures")[1])
    with people.session() as session:
        assert session.exec(select(Erasure.who)).one() == "a-fan"
        assert session.exec(select(Brand.name)).first() == "JetBlue"
