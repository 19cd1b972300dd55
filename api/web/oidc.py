"""/sign-in/oidc: to the provider that vouches for people, and back."""

from __future__ import annotations

import hmac
import json
import logging
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.web.acting import open_to_all
from api.web.entry import came_in, sign_in_form
from api.web.flash import own_address
from api.web.security import is_secure
from api.web.settingsframe import site_root
from api.web.site import Site, site_of
from listening.entering import note_sign_in
from listening.errors import ForbiddenError, ListeningError, NotFoundError, ProviderError
from listening.keyring import Keyring
from listening.store.access.federating import account_by_claims
from listening.store.access.signins import start_sign_in
from listening.store.tables import Account

if TYPE_CHECKING:
    from listening.oidc import Provider

router = APIRouter(include_in_schema=False)
_log = logging.getLogger(__name__)
_COOKIE = "oidc"
_SECONDS = 600
_BACK = "/sign-in/oidc/return"


@router.get("/sign-in/oidc", dependencies=[open_to_all()])
def to_provider(request: Request, next: str = "/") -> Response:
    """Send the browser to the provider; it keeps, sealed, what it must come back with."""
    provider = _provider(request)
    try:
        started = provider.start(site_root(request) + _BACK)
    except ProviderError as error:
        _log.warning("signing in elsewhere failed: %s", error.__cause__ or error)
        return sign_in_form(request, next, error=error)
    kept = {"state": started.state, "nonce": started.nonce, "verifier": started.verifier,
            "next": own_address(next)}  # fmt: skip
    sealed = Keyring.of(site_of(request).settings).seal("oidc", json.dumps(kept))
    response = RedirectResponse(started.address, 303)
    response.set_cookie(
        _COOKIE, sealed, max_age=_SECONDS, path="/sign-in/oidc", httponly=True, samesite="lax",
        secure=is_secure(request),
    )  # fmt: skip
    return response


@router.get(_BACK, dependencies=[open_to_all()])
async def from_provider(
    request: Request, code: str = "", state: str = "", error: str = ""
) -> Response:
    """Whoever comes back with what they left with is who the provider says."""
    kept = _kept(request)
    try:
        if not hmac.compare_digest(kept["state"].encode(), state.encode()) or not state:
            raise ForbiddenError("This sign-in was begun elsewhere or is too old: begin again.")
        if error or not code:
            raise ForbiddenError("The provider did not let you in.")
        account, token = await run_in_threadpool(_signed_in, request, code, kept)
    except (ForbiddenError, ProviderError) as refused:
        _log.warning("signing in elsewhere failed: %s", refused.__cause__ or type(refused).__name__)
        response = await run_in_threadpool(_again, request, refused)
    else:
        response = await run_in_threadpool(came_in, request, account, token, kept["next"])
    response.delete_cookie(_COOKIE, path="/sign-in/oidc", httponly=True, samesite="lax")
    return response


def _again(request: Request, error: ListeningError) -> Response:
    return sign_in_form(request, "/", error=error)


def _signed_in(request: Request, code: str, kept: dict[str, str]) -> tuple[Account, str]:
    site = site_of(request)
    claims = _provider(request).finish(site_root(request) + _BACK, code, kept)
    with site.store.work() as session:
        account = account_by_claims(session, site.settings, claims)
        note_sign_in(session, account, "OpenID Connect")
        agent = request.headers.get("user-agent")
        token = start_sign_in(session, account, days=site.settings.sign_in_days, agent=agent)
        return account, token


def _kept(request: Request) -> dict[str, str]:
    """What the browser left with; empty values where it brings nothing of ours."""
    try:
        fernet = Keyring.of(site_of(request).settings).fernet("oidc")
        found = fernet.decrypt(request.cookies.get(_COOKIE, "").encode(), ttl=_SECONDS)
        return {str(k): str(v) for k, v in json.loads(found).items()}
    except (InvalidToken, ValueError):
        return {"state": "", "nonce": "", "verifier": "", "next": "/"}


def _provider(request: Request) -> Provider:
    from listening.oidc import Provider  # half of what a web process loads, and few need it

    site: Site = site_of(request)
    if site.settings.oidc_issuer is None:
        raise NotFoundError("Nobody vouches for people here: LISTENING_OIDC_ISSUER is not set.")
    state = request.app.state
    if not hasattr(state, "provider"):
        state.provider = Provider(site.settings)
    provider: Provider = state.provider
    return provider
