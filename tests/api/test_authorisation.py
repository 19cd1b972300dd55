"""Every route x everybody who asks, for one's own brand and for another: by real requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.routes.v1.limits import RequestLimits
from api.web.acting import COOKIE, Need, _signer
from api.web.app import create_app
from listening.access import COMMAND_LINE, Role
from listening.config import Settings
from listening.keyring import Keyring
from listening.store.access.signins import make_api_key
from listening.store.notifying.channels import PURPOSE
from listening.store.session import Store
from listening.store.tables import Channel, ChannelKind, Mention, SavedView, Watch
from tests.api.asking import (
    ENDLESS,
    ROUTES,
    SUBJECTS,
    Asked,
    Subject,
    expected,
    form_token,
    role_of,
)
from tests.conftest import SQLiteFiles
from tests.factories import author_id, brand, load, post
from tests.signed import account, cookie_for

HIDDEN = "There is no such brand, or it is not yours to see."


# Bodies that fit, where whose it is is looked at only after that.
BODIES: dict[str, dict[str, Any]] = {
    "PATCH /api/v1/watches/{watch_id}": {"schedule": {"every": "1h"}},
    "POST /api/v1/watches/{watch_id}/backfill": {"since": "2026-01-01T00:00:00Z"},
}


class Desk:
    """An application with two brands, and a client for each of those who ask."""

    def __init__(self, url: str, folder: Path) -> None:
        self.store = Store(url)
        self.own, self.foreign = (
            brand(self.store, name, name.casefold()) for name in ("JetBlue", "Virgin")
        )
        load(
            self.store,
            post("jetblue is late", id="1", author="a"),
            post("virgin is late", id="2", author="b"),
        )
        settings = Settings(database_url=SecretStr(url), data_dir=folder, _env_file=None)  # type: ignore[call-arg]
        self.app = create_app(settings)
        self.app.state.limits = RequestLimits(1_000_000)
        self.site = self.app.state.site
        self.owner = int(account(self.store, "owner@example.com").id or 0)
        ring = Keyring.of(settings)
        self.sealed = ring.seal(PURPOSE, '{"address": "https://hooks.example.com/x"}')
        with self.store.work() as session:
            self.values = {
                "own": self._things(session, self.own, "jetblue", "a"),
                "foreign": self._things(session, self.foreign, "virgin", "b"),
            }
        self.clients = {who.name: self._client(who) for who in SUBJECTS}

    def _things(self, session: Session, number: int, slug: str, author: str) -> dict[str, object]:
        """One of everything that belongs to a brand, by the name it has in addresses."""
        watch = Watch(brand_id=number, source="push", params={}, params_key=slug)
        channel = Channel(name=slug, kind=ChannelKind.WEBHOOK, brand_id=number,
                          secret=self.sealed, shown="x", events=[],
                          created_by="x")  # fmt: skip
        view = SavedView(
            account_id=self.owner, brand_id=number, page="triage", name="x", shared=True
        )
        session.add_all([watch, channel, view])
        session.flush()
        mention = session.exec(select(Mention.id).where(Mention.brand_id == number)).one()
        return {
            "slug": slug, "brand_id": number, "watch_id": watch.id, "channel_id": channel.id,
            "view_id": view.id, "mention_id": mention, "author_id": author_id(self.store, author),
        }  # fmt: skip

    def _client(self, who: Subject) -> TestClient:
        client = TestClient(self.app, base_url="http://localhost", raise_server_exceptions=False)
        if who.nobody:
            return client
        login = f"{who.name.replace(' ', '-')}@example.com"
        own = {self.own: Role(who.own)} if who.own else {}
        if not who.key:
            value = cookie_for(self.site, login, role_of(who.everywhere), own)
            client.cookies.set(COOKIE, value, domain="localhost.local")
            key = Keyring.of(self.site.settings).key("forms")
            token = _signer(self.site).unsign(value).decode()
            client.headers["X-CSRF-Token"] = form_token(key, token)
            return client
        owner = account(self.store, login, role_of(who.everywhere), own)
        only = {"own": self.own, "foreign": self.foreign, None: None}[who.only]
        with self.store.work() as session:
            made = make_api_key(
                session, COMMAND_LINE, owner, "k", role=Role(str(who.everywhere)), days=1,
                brand_id=only, writes=who.writes,
            )  # fmt: skip
        client.headers["Authorization"] = f"Bearer {made.secret}"
        return client

    def ask(self, route: Asked, who: Subject, values: Mapping[str, object]) -> httpx.Response:
        body = BODIES.get(route.name, {})
        more: dict[str, Any] = {} if route.method == "GET" else {"json": body}
        if not route.api and route.method != "GET":
            more = {"data": {}}
        return self.clients[who.name].request(
            route.method, route.address(values), follow_redirects=False, **more
        )


@pytest.fixture(scope="module")
def desk(sqlite: SQLiteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    one = Desk(sqlite.create(migrated=True), tmp_path_factory.mktemp("desk"))
    yield one
    one.app.state.site.close()
    one.store.close()
    sqlite.drop(one.store)


@pytest.fixture
def _undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is allowed is done and taken back, so that each request finds the same."""

    @contextmanager
    def work(store: Store) -> Iterator[Session]:
        with store.session() as session:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session
            session.flush()
            session.rollback()

    monkeypatch.setattr(Store, "work", work)


def outcome(answer: httpx.Response) -> str:
    if answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in"):
        return "sign in"
    if answer.status_code == 403:
        return "forbidden"
    if answer.status_code == 404 and HIDDEN.replace("'", "&#39;") in answer.text:
        return "hidden"
    if answer.status_code == 404:
        return "missing"
    return "broken" if answer.status_code >= 500 else "in"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_says_who_may_call_it(route: Asked) -> None:
    assert len(route.needs) == 1, f"dependencies=[need(...)] or [open_to_all()]: {route.name}"
    asks_for_brand = route.need.permission is not None and route.need.where == "path"
    assert asks_for_brand == route.by_brand, f"{route.name}: no brand in its address"


# What needs nobody signed in; a route is added here by thought, not by accident.
OPEN = {
    "GET /healthz", "GET /readyz", "GET /metrics", "POST /api/v1/push/{watch}",
    "GET /api/v1/openapi.json", "GET /sign-in", "POST /sign-in", "POST /sign-out",
    "GET /welcome/{token}", "POST /welcome/{token}", "GET /sign-in/oidc",
    "GET /sign-in/oidc/return", "GET /favicon.ico",
}  # fmt: skip


def test_what_is_open_to_all_is_known() -> None:
    assert {route.name for route in ROUTES if route.permission is None} == OPEN


@pytest.mark.usefixtures("_undone")
@pytest.mark.parametrize("route", [r for r in ROUTES if r.permission], ids=lambda r: r.name)
def test_everybody_gets_what_is_theirs(desk: Desk, route: Asked) -> None:
    wrong = []
    desk.app.state.limits = RequestLimits(1_000_000)  # strangers are not let ask so often
    for who in SUBJECTS:
        for which in ("own", "foreign"):
            wanted = expected(route, who, which)
            if wanted == "in" and route.path.endswith(ENDLESS):
                continue
            answer = desk.ask(route, who, desk.values[which])
            found = outcome(answer)
            allowed = {
                "in": {"in", "missing"},
                "not theirs": {"forbidden", "hidden", "missing"},
                "perhaps": {"in", "missing", "forbidden"},
            }
            if found not in allowed.get(wanted, {wanted}):
                wrong.append(f"{who.name}, {which} brand: {wanted} expected, {found} "
                             f"({answer.status_code}) found")  # fmt: skip
    assert wrong == []


CROSSED = [
    r for r in ROUTES
    if r.by_brand and r.parameters & {"mention_id", "view_id", "watch_id", "case_id", "author_id"}
]  # fmt: skip


@pytest.mark.usefixtures("_undone")
@pytest.mark.parametrize("route", CROSSED, ids=lambda route: route.name)
def test_one_brand_in_the_address_opens_nothing_of_another(desk: Desk, route: Asked) -> None:
    mine = {name: desk.values["own"][name] for name in ("slug", "brand_id")}
    who = next(s for s in SUBJECTS if s.name == "admin of the brand")
    answer = desk.ask(route, who, {**desk.values["foreign"], **mine})
    assert answer.status_code in {404, 422}, answer.status_code


def test_the_table_would_find_a_route_that_asks_too_little() -> None:
    lax = Asked("POST", "/brands/{slug:path}/x", (Need(None),))
    assert lax.permission is None and lax.name not in OPEN
