"""What every page must hold to, read from the routes: headers, nothing inline, tokens."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.routes.v1.limits import RequestLimits
from api.web.app import create_app
from api.web.security import HEADERS
from listening.access import Role
from listening.config import Settings
from listening.store.access.links import first_link
from listening.store.session import Store
from tests.api.asking import ENDLESS, ROUTES, SAFE, Asked
from tests.api.conftest import ADVOCATE, Client
from tests.factories import author_id
from tests.signed import csrf_of, sign_in

PAGES = [r for r in ROUTES if not r.api and r.method == "GET"]
CHANGES = [r for r in ROUTES if r.method not in SAFE and r.permission is not None]


class Inline(HTMLParser):
    """What a page would run or style by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"{tag} {n}" for n in names if n.startswith("on") or n == "style"]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        for name in ("src", "href", "action", "formaction"):
            value = (names.get(name) or "").strip().lower()
            if value.startswith(("javascript:", "data:", "vbscript:")):
                self.found.append(f"{tag} {name}={value[:20]}")
        if tag in {"link", "img", "script"}:
            place = names.get("href") or names.get("src") or ""
            if place.startswith(("http:", "https:", "//")):
                self.found.append(f"{tag} from {place[:40]}")


class Forms(HTMLParser):
    """Forms of a page that change something, and whether they carry a token."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, bool]] = []
        self._open: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "form":
            post = (names.get("method") or "").lower() == "post"
            self._open = [names.get("action") or ""] if post else None
        elif self._open is not None and names.get("name") == "csrf" and names.get("value"):
            self._open.append("csrf")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open is not None:
            self.forms.append((self._open[0], "csrf" in self._open))
            self._open = None


@pytest.fixture
def site(people: Store, client: Client) -> TestClient:
    return client(people)


@pytest.fixture
def values(people: Store) -> dict[str, object]:
    return {"slug": "jetblue", "author_id": author_id(people, ADVOCATE), "segment_id": 1,
            "account_id": 1, "mention_id": 1, "case_id": 1, "brand_id": 1}  # fmt: skip


def test_no_page_runs_or_styles_anything_by_itself(
    site: TestClient, values: dict[str, object]
) -> None:
    wrong: list[str] = []
    seen = 0
    for route in PAGES:
        if route.path.endswith(ENDLESS):
            continue
        answer = site.get(route.address(values))
        if answer.status_code >= 500:
            wrong.append(f"{route.name}: {answer.status_code}")
        wrong += [f"{route.name}: {n}" for n, v in HEADERS.items() if answer.headers.get(n) != v]
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        seen += answer.status_code == 200
        found = Inline()
        found.feed(answer.text)
        wrong += [f"{route.name}: {one}" for one in found.found]
        forms = Forms()
        forms.feed(answer.text)
        wrong += [f"{route.name}: no token to {to}" for to, has in forms.forms if not has]
        if answer.headers.get("cache-control") != "no-store":
            wrong.append(f"{route.name}: is kept by caches")
    assert wrong == []
    assert seen >= 14


def test_nothing_inline_is_found_where_it_is() -> None:
    found = Inline()
    found.feed('<p style="x" onclick="y"><script>z</script><a href=" JavaScript:1">'
               '<script src="https://cdn.example/x.js"></script>')  # fmt: skip
    assert len(found.found) == 5


@pytest.mark.parametrize("route", CHANGES, ids=lambda route: route.name)
def test_a_change_without_the_token_of_the_browser_is_refused(
    desk_site: TestClient, route: Asked
) -> None:
    address = route.address({"slug": "jetblue", "brand_id": 1})
    body = {"json": {}} if route.api else {"data": {}}
    for headers in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": "ä".encode()}):
        answer = desk_site.request(
            route.method,
            address,
            headers=headers,
            follow_redirects=False,
            **body,  # type: ignore[arg-type]
        )
        assert answer.status_code == 403, answer.text
        assert "out of date" in answer.text


@pytest.fixture(scope="module")
def desk_site(sqlite: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    from tests.factories import brand

    store = Store(sqlite.create(migrated=True))  # type: ignore[attr-defined]
    brand(store, "JetBlue", "jetblue")
    settings = Settings(
        database_url=SecretStr(store.url),
        data_dir=tmp_path_factory.mktemp("x"),
        _env_file=None,  # type: ignore[call-arg]
    )
    app = create_app(settings)
    app.state.limits = RequestLimits(1_000_000)
    yield sign_in(TestClient(app, base_url="http://localhost"))
    app.state.site.close()
    store.close()


def test_another_browsers_token_does_not_do(people: Store, site: TestClient) -> None:
    other = sign_in(TestClient(site.app, base_url="http://localhost"), "eve@example.com")
    stolen = csrf_of(other)
    assert stolen
    answer = site.post("/settings/keys", data={"csrf": stolen, "name": "x", "days": "1"})
    assert answer.status_code == 403


def test_pages_of_strangers_hold_to_it_too(store: Store, client: Client) -> None:
    site = client(store, signed=False)
    with store.work() as session:
        token = first_link(session)
    for page in ("/sign-in", f"/welcome/{token}", "/welcome/none", "/nowhere"):
        answer = site.get(page)
        found = Inline()
        found.feed(answer.text)
        assert found.found == []
        assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


# ---- pages without a brand in their address


def test_pages_of_no_brand_show_nothing_of_one_that_is_not_yours(
    people: Store, client: Client
) -> None:
    site = client(people)
    virgin = sign_in(
        TestClient(site.app, base_url="http://localhost"), "vera@example.com", None,
        {2: Role.ADMIN},
    )  # fmt: skip
    author = author_id(people, ADVOCATE)
    assert "JetBlue" in site.get("/").text
    home = virgin.get("/").text
    assert "Virgin" in home and "JetBlue" not in home
    for page in (f"/authors/{author}", "/segments/1", "/segments/1?brand=jetblue",
                 "/segments/1?brand=none", "/brands/none",
                 "/settings/keys", "/account", "/nowhere"):  # fmt: skip
        answer = virgin.get(page)
        assert answer.status_code < 500
        assert "JetBlue" not in answer.text.replace("/nowhere", ""), page
    assert virgin.get("/segments/1?brand=jetblue").status_code == 404
