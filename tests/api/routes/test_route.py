"""What every route of the API does: counts, repeats, tags, refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from api.routes.problems import Problem
from api.routes.v1.limits import RequestLimits
from api.routes.v1.route import api_router, expected_version
from api.schemas.base import Sent
from api.web.acting import actor_of, brand_of, need
from listening.access import Permission, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, QueryError, StoreError
from listening.store.session import Store
from tests.api.conftest import Client
from tests.signed import csrf_of, key_for, sign_in

ERRORS: dict[str, Exception] = {
    "conflict": ConflictError("Rita was first."),
    "forbidden": ForbiddenError("Not you."),
    "invalid": InvalidError("Too long.", field="note"),
    "query": QueryError("A quote is open.", column=7),
    "store": StoreError("It does not answer."),
    "problem": Problem(418, "Teapot", "It is one.", {"X-Tea": "green"}),
    "bug": RuntimeError("of ours, with a secret"),
}


class Note(Sent):
    """What the test's own route takes."""

    text: str
    version: int | None = None


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def may_go() -> Event:
    event = Event()
    event.set()
    return event


@pytest.fixture
def site(people: Store, client: Client, done: list[str], may_go: Event) -> TestClient:
    browser: TestClient = client(people)
    router = api_router("test")

    @router.post("/notes/{brand_id}", dependencies=[need(Permission.ANSWER)], status_code=201)
    def write(request: Request, note: Note) -> dict[str, Any]:
        may_go.wait(20)
        done.append(note.text)
        if note.text == "bug" and len(done) == 1:
            raise RuntimeError("once")
        version = expected_version(request, note.version)
        return {"text": note.text, "by": actor_of(request).name, "version": version,
                "brand": brand_of(request).name}  # fmt: skip

    @router.get("/errors/{kind}", dependencies=[need(Permission.READ, "somewhere")])
    def fail(kind: str) -> None:
        raise ERRORS[kind]

    app: FastAPI = browser.app  # type: ignore[assignment]
    app.include_router(router, prefix="/api/v1")
    return browser


def key(store: Store, **options: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_for(store, **options)}"}


def test_nobody_is_told_how_to_sign_in(people: Store, client: Client) -> None:
    for headers in ({}, {"Authorization": "Bearer lk_0_0"}, {"Authorization": "Basic eDp5"}):
        answer = client(people, signed=False).get("/api/v1/me", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].startswith("Send `Authorization: Bearer KEY`")


def test_a_key_speaks_for_its_account(people: Store, site: TestClient) -> None:
    site.cookies.clear()
    told = site.get("/api/v1/me", headers=key(people, role=Role.SUPPORT, writes=False))
    assert told.json() == {
        "name": "API key test of ada@example.com", "role": "support", "brands": {},
        "writes": False,
    }  # fmt: skip


def test_an_answer_that_is_known_is_not_sent_again(people: Store, site: TestClient) -> None:
    first = site.get("/api/v1/me")
    again = site.get("/api/v1/me", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert site.get("/api/v1/me", headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_write_with_a_key_is_done_once(people: Store, site: TestClient, done: list[str]) -> None:
    headers = {**key(people), "Idempotency-Key": "one"}
    first = site.post("/api/v1/notes/1", json={"text": "a"}, headers=headers)
    again = site.post("/api/v1/notes/1", json={"text": "a"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == {
        "text": "a", "by": "API key test of ada@example.com", "version": None, "brand": "JetBlue",
    }  # fmt: skip
    assert again.headers["idempotency-replayed"] == "true"
    assert done == ["a"]
    other = site.post("/api/v1/notes/1", json={"text": "b"}, headers=headers)
    assert other.status_code == 422 and "use a new one for each" in other.json()["detail"]
    assert done == ["a"]
    bad = site.post(
        "/api/v1/notes/1", json={"text": "b"}, headers={**headers, "Idempotency-Key": "a b"}
    )
    assert bad.status_code == 422


def test_the_same_write_at_once_is_done_once(
    people: Store, site: TestClient, done: list[str], may_go: Event
) -> None:
    headers = {**key(people), "Idempotency-Key": "one"}
    may_go.clear()
    with ThreadPoolExecutor(4) as threads:
        asked = [
            threads.submit(site.post, "/api/v1/notes/1", json={"text": "a"}, headers=headers)
            for _ in range(4)
        ]
        while sum(one.done() for one in asked) < 3:
            pass
        may_go.set()
        answers = sorted(one.result().status_code for one in asked)
    assert answers == [201, 409, 409, 409]
    assert done == ["a"]


def test_a_write_that_failed_may_be_sent_again(
    people: Store, site: TestClient, done: list[str]
) -> None:
    headers = {**key(people), "Idempotency-Key": "one"}
    assert site.post("/api/v1/notes/1", json={"text": "bug"}, headers=headers).status_code == 500
    assert site.post("/api/v1/notes/1", json={"text": "bug"}, headers=headers).status_code == 201
    assert done == ["bug", "bug"]


def test_a_version_comes_in_the_body_or_as_if_match(people: Store, site: TestClient) -> None:
    def sent(body: dict[str, Any], **headers: str) -> Any:
        answer = site.post(
            "/api/v1/notes/1", json={"text": "a", **body}, headers={**key(people), **headers}
        )
        return answer.json().get("version", answer.json().get("field"))

    assert sent({"version": 3}) == 3
    assert sent({}, **{"If-Match": '"4"'}) == 4
    assert sent({"version": 3}, **{"If-Match": 'W/"5"'}) == 5
    assert sent({}, **{"If-Match": "*"}) == "If-Match"


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("conflict", 409, {"detail": "Rita was first."}),
        ("forbidden", 403, {"detail": "Not you."}),
        ("invalid", 422, {"detail": "Too long.", "field": "note"}),
        ("query", 422, {"detail": "A quote is open.", "column": 7}),
        ("store", 503, {"detail": "It does not answer."}),
        ("problem", 418, {"title": "Teapot", "detail": "It is one."}),
        ("bug", 500, {"detail": "This could not be done; the server's log says why."}),
    ],
)
def test_whatever_is_refused_is_a_problem(
    site: TestClient, kind: str, status: int, told: dict[str, Any]
) -> None:
    answer = site.get(f"/api/v1/errors/{kind}")
    assert answer.status_code == status == answer.json()["status"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert told.items() <= answer.json().items()
    assert "secret" not in answer.text


def test_what_does_not_fit_names_the_field_and_is_not_sent_back(
    people: Store, site: TestClient
) -> None:
    for body in ({"text": 3}, {"text": "a", "more": "hunter2"}, {"text": "a\0hunter2"}, [1]):
        answer = site.post("/api/v1/notes/1", json=body, headers=key(people))
        assert answer.status_code == 422, body
        assert "hunter2" not in answer.text
    assert site.get("/api/v1/me?x=%00").status_code == 422


def test_a_browser_sends_its_token(people: Store, site: TestClient, done: list[str]) -> None:
    without = site.post("/api/v1/notes/1", json={"text": "a"})
    assert without.status_code == 403 and "out of date" in without.json()["detail"]
    token = csrf_of(site)
    assert len(token) == 64
    assert site.post(
        "/api/v1/notes/1", json={"text": "a"}, headers={"X-CSRF-Token": token}
    ).status_code == 201  # fmt: skip
    sign_in(site, "bob@example.com")
    other = site.post("/api/v1/notes/1", json={"text": "b"}, headers={"X-CSRF-Token": token})
    assert other.status_code == 403
    assert done == ["a"]


def test_a_key_for_another_brand_finds_nothing(people: Store, site: TestClient) -> None:
    site.cookies.clear()
    other = key(people, role=Role.BRAND, brand_id=2, login="bob@example.com")
    assert site.post("/api/v1/notes/1", json={"text": "a"}, headers=other).status_code == 404
    assert site.post("/api/v1/notes/2", json={"text": "a"}, headers=other).status_code == 201
    assert site.post("/api/v1/notes/99", json={"text": "a"}, headers=other).status_code == 404
    reads = key(people, writes=False)
    refused = site.post("/api/v1/notes/1", json={"text": "a"}, headers=reads)
    assert refused.status_code == 403 and "an API key that may write" in refused.json()["detail"]


def test_requests_are_counted_for_each_on_their_own(people: Store, site: TestClient) -> None:
    site.app.state.limits = RequestLimits(3)  # type: ignore[attr-defined]
    site.cookies.clear()
    one, other = key(people), key(people, login="bob@example.com")
    statuses = [site.get("/api/v1/me", headers=one) for _ in range(4)]
    assert [s.status_code for s in statuses] == [200, 200, 200, 429]
    assert [s.headers["ratelimit-remaining"] for s in statuses[:3]] == ["2", "1", "0"]
    assert 1 <= int(statuses[3].headers["retry-after"]) <= 61
    assert site.get("/api/v1/me", headers=other).status_code == 200


def test_too_large_a_body_is_refused(people: Store, site: TestClient) -> None:
    headers = {**key(people), "Content-Type": "application/json"}
    large = b'{"text": "' + b"a" * 5_000_000 + b'"}'
    assert site.post("/api/v1/notes/1", content=large, headers=headers).status_code == 413

    def drip() -> Any:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    assert site.post("/api/v1/notes/1", content=drip(), headers=headers).status_code == 413


def test_the_schema_names_the_problems(site: TestClient) -> None:
    schema = site.get("/api/v1/openapi.json").json()
    shown = schema["paths"]["/api/v1/me"]["get"]
    assert set(shown["responses"]) == {"200", "401", "403", "404", "409", "422", "429", "503"}
    assert schema["security"] == [{"key": []}]
    assert not [p for p in schema["paths"] if not p.startswith("/api/v1/")]
    # Two schemas of one name are told apart by their modules, which a generated client cannot do.
    assert not [name for name in schema["components"]["schemas"] if "__" in name]
