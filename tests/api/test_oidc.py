"""Signing in elsewhere: a real provider on this machine, and what must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from sqlalchemy import update
from starlette.testclient import TestClient

from api.web.acting import COOKIE
from api.web.app import create_app
from listening.access import COMMAND_LINE, Role
from listening.config import Settings
from listening.errors import SettingsError
from listening.store.access.accounts import add_account, get_account
from listening.store.session import Store
from listening.store.tables import Account
from listening.store.tables.types import now
from tests.api.provider import CLIENT, SECRET, LittleProvider
from tests.signed import ADMIN, account

Open = Callable[..., TestClient]


@pytest.fixture
def provider() -> Iterator[LittleProvider]:
    one = LittleProvider()
    yield one
    one.close()


@pytest.fixture
def site(store: Store, provider: LittleProvider, tmp_path: Path) -> Iterator[Open]:
    apps = []
    account(store, ADMIN, Role.ADMIN)

    def over(**more: Any) -> TestClient:
        settings = Settings(
            database_url=SecretStr(store.url), data_dir=tmp_path, oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT, oidc_client_secret=SecretStr(SECRET), oidc_name="Example ID",
            _env_file=None, **more,
        )  # fmt: skip
        apps.append(create_app(settings))
        return TestClient(apps[-1], base_url="http://localhost")

    yield over
    for app in apps:
        app.state.site.close()


def round_trip(site: TestClient, *, to: str = "/", **query: str) -> httpx.Response:
    """To the provider and back, as a browser goes."""
    left = site.get("/sign-in/oidc", params={"next": to}, follow_redirects=False)
    assert left.status_code == 303
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == ["http://localhost/sign-in/oidc/return"]
    back = urlsplit(httpx.get(left.headers["location"]).headers["location"])
    sent = {k: v[0] for k, v in parse_qs(back.query).items()} | query
    return site.get(back.path, params=sent, follow_redirects=False)


def test_somebody_invited_comes_in_and_stays_the_same(
    store: Store, site: Open, provider: LittleProvider
) -> None:
    with store.work() as session:
        add_account(session, COMMAND_LINE, "rita@example.com", role=Role.SUPPORT)
    browser = site()
    assert "Sign in with <bdi>Example ID</bdi>" in browser.get("/sign-in").text
    answer = round_trip(browser, to="/account?x=1")
    assert answer.headers["location"] == "/account?x=1"
    assert "rita@example.com" in browser.get("/account").text
    provider.claims["email"] = "rita.new@example.com"  # the subject tells who it is
    browser.cookies.delete(COOKIE)
    assert round_trip(browser).status_code == 303
    with store.session() as session:
        one = get_account(session, "rita@example.com")
    assert one.subject == f"{provider.issuer} 7"


def test_an_account_is_made_only_where_that_is_allowed(store: Store, site: Open) -> None:
    refused = round_trip(site())
    assert refused.status_code == 403 and "to invite you" in refused.text
    assert round_trip(site(oidc_new_accounts=True)).status_code == 403  # no role for it
    browser = site(oidc_new_accounts=True, oidc_default_role="viewer")
    assert round_trip(browser).status_code == 303
    with store.session() as session:
        one = get_account(session, "rita@example.com")
    assert (one.role, one.name, one.password_hash) == (Role.VIEWER, "Rita", None)


def test_roles_follow_the_groups(store: Store, site: Open, provider: LittleProvider) -> None:
    browser = site(oidc_new_accounts=True, oidc_roles={"desk": "support", "leads": "brand"})
    for groups, role in ((["desk", "x"], "support"), (["desk", "leads"], "brand"), (["x"], None)):
        provider.claims["groups"] = groups
        answer = round_trip(browser)
        assert answer.status_code == (303 if role else 403)
        if role:
            with store.session() as session:
                assert get_account(session, "rita@example.com").role == Role(role)


def test_only_logins_of_the_domain_come_in(site: Open, provider: LittleProvider) -> None:
    browser = site(oidc_new_accounts=True, oidc_default_role="viewer", oidc_domain="example.com")
    provider.claims["email"] = "rita@example.com.evil.example"
    assert round_trip(browser).status_code == 403
    provider.claims["email"] = "rita@notexample.com"
    assert round_trip(browser).status_code == 403
    provider.claims["email"] = "Rita@Example.com"
    assert round_trip(browser).status_code == 303


def test_nobody_takes_an_account_by_an_address_that_is_not_theirs(
    store: Store, site: Open, provider: LittleProvider
) -> None:
    provider.claims |= {"sub": "evil", "email": ADMIN}
    for verified in (False, None):
        provider.claims["email_verified"] = verified
        assert round_trip(site()).status_code == 403
    provider.claims["email_verified"] = True
    with store.work() as session:
        session.execute(update(Account).values(subject=f"{provider.issuer} ada"))
    assert round_trip(site()).status_code == 403
    with store.work() as session:
        session.execute(update(Account).values(subject=f"{provider.issuer} evil",
                                               disabled_at=now()))  # fmt: skip
    assert "disabled" in round_trip(site()).text


@pytest.mark.parametrize(
    "changes",
    [{"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"exp": 1_000_000_000},
     {"iss": "https://evil.example"}, {"sub": None}, {"aud": [CLIENT, "another"]},
     {"azp": "another"}],
    ids=str,
)  # fmt: skip
def test_what_does_not_hold_is_not_believed(
    store: Store, site: Open, provider: LittleProvider, changes: dict[str, Any]
) -> None:
    provider.claims["email"] = ADMIN
    provider.changes = changes
    browser = site()
    answer = round_trip(browser)
    assert answer.status_code == 502
    assert COOKIE not in browser.cookies


def test_a_key_that_is_not_the_providers_is_refused_and_a_new_one_is_found(
    store: Store, site: Open, provider: LittleProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listening.oidc._AGAIN", 0.0)
    provider.claims["email"] = ADMIN
    browser = site()
    assert round_trip(browser).status_code == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    assert round_trip(browser).status_code == 502
    provider.published = [provider.key]
    assert round_trip(browser).status_code == 303


def test_state_and_code_are_good_once_and_for_one_browser(
    store: Store, site: Open, provider: LittleProvider
) -> None:
    provider.claims["email"] = ADMIN
    browser = site()
    assert round_trip(browser, state="another").status_code == 403
    left = browser.get("/sign-in/oidc", follow_redirects=False).headers["location"]
    back = httpx.get(left).headers["location"].removeprefix("http://localhost")
    other = TestClient(browser.app, base_url="http://localhost")
    assert other.get(back, follow_redirects=False).status_code == 403
    assert browser.get(back, follow_redirects=False).status_code == 303
    assert browser.get(back, follow_redirects=False).status_code == 403
    assert browser.get("/sign-in/oidc/return?error=access_denied").status_code == 403


def test_a_provider_that_fails_is_told_without_what_it_said(
    store: Store, site: Open, provider: LittleProvider
) -> None:
    provider.said_issuer = "https://evil.example"
    answer = site().get("/sign-in/oidc", follow_redirects=False)
    assert answer.status_code == 502
    assert "evil.example" not in answer.text and SECRET not in answer.text


def test_without_an_issuer_there_is_none(store: Store, tmp_path: Path) -> None:
    account(store)
    settings = Settings(database_url=SecretStr(store.url), data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    app = create_app(settings)
    browser = TestClient(app, base_url="http://localhost")
    assert browser.get("/sign-in/oidc").status_code == 404
    assert "Sign in with" not in browser.get("/sign-in").text
    app.state.site.close()


def test_secrets_do_not_travel_in_the_open() -> None:
    from listening.oidc import Provider

    plain = Settings(oidc_issuer="http://id.example.com", oidc_client_id="x", _env_file=None)  # type: ignore[call-arg]
    with pytest.raises(SettingsError, match="https"):
        Provider(plain)
