"""Browsers that are signed in, for tests of pages and API."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.testclient import TestClient

from api.web.acting import COOKIE, set_cookie
from api.web.site import Site
from listening.access import COMMAND_LINE, Role
from listening.errors import NotFoundError
from listening.store.access.accounts import add_account, get_account
from listening.store.access.signins import make_api_key, start_sign_in
from listening.store.session import Store
from listening.store.tables import Account

ADMIN = "ada@example.com"


def account(
    store: Store,
    login: str = ADMIN,
    role: Role | None = Role.ADMIN,
    brands: Mapping[int, Role] | None = None,
) -> Account:
    """An account that may do this; the same login is one account."""
    with store.work() as session:
        try:
            return get_account(session, login)
        except NotFoundError:
            return add_account(session, COMMAND_LINE, login, role=role, brands=brands)


def cookie_for(
    site: Site,
    login: str = ADMIN,
    role: Role | None = Role.ADMIN,
    brands: Mapping[int, Role] | None = None,
) -> str:
    """The value of a cookie by which a browser is signed in as somebody."""
    who = account(site.store, login, role, brands)
    with site.store.work() as session:
        token = start_sign_in(session, who, days=1)
    app = Starlette()
    app.state.site = site
    scope = {"type": "http", "app": app, "headers": [], "scheme": "http", "path": "/",
             "server": ("localhost", 80)}  # fmt: skip
    response = Response()
    set_cookie(Request(scope), response, token)
    return response.headers["set-cookie"].partition(";")[0].partition("=")[2].strip('"')


def sign_in(
    client: TestClient,
    login: str = ADMIN,
    role: Role | None = Role.ADMIN,
    brands: Mapping[int, Role] | None = None,
) -> TestClient:
    """Let a client be signed in as somebody, and send the token with what changes something."""
    site: Site = client.app.state.site  # type: ignore[attr-defined]
    client.cookies.clear()
    client.cookies.set(COOKIE, cookie_for(site, login, role, brands), domain="localhost.local")
    return client


def csrf_of(client: TestClient, page: str = "/") -> str:
    """The token that forms of this browser carry."""
    text = client.get(page).text
    return text.partition('name="csrf-token" content="')[2].partition('"')[0]


def key_for(
    store: Store,
    role: Role = Role.ADMIN,
    *,
    brand_id: int | None = None,
    writes: bool = True,
    login: str = ADMIN,
) -> str:
    """An API key of an account that may at least as much."""
    who = account(store, login, role if brand_id is None else None,
                  {brand_id: role} if brand_id is not None else None)  # fmt: skip
    with store.work() as session:
        return make_api_key(
            session, COMMAND_LINE, who, "test", role=role, days=1, brand_id=brand_id, writes=writes
        ).secret
