"""Forms of those who are not signed in: signing in, and setting a password by a link.

Nobody is signed in yet, so the token of the form is bound to a cookie of its own: another
site can neither read nor set it, and so cannot sign a browser in as somebody else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from urllib.parse import urlsplit

from fastapi import Request
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.responses import Response

from api.web.acting import form_of
from api.web.security import is_secure
from api.web.site import render, site_of
from listening.entering import Browser, mark_of
from listening.errors import ForbiddenError
from listening.keyring import Keyring

_COOKIE = "entry"
_KNOWN = "known"
_MOST_KNOWN = 5
_YEAR = 365 * 86_400


def render_form(request: Request, template: str, **context: object) -> Response:
    """A page with a form for strangers."""
    nonce = request.cookies.get(_COOKIE, "")
    fresh = not 20 <= len(nonce) <= 100
    if fresh:
        nonce = secrets.token_urlsafe(24)
    request.state.csrf = _token(request, nonce)
    response = render(request, template, **context)  # type: ignore[arg-type]
    if fresh:
        _set(request, response, _COOKIE, nonce, None)
    return response


async def check_form(request: Request) -> None:
    """Refuse a form that another site sent.

    Raises:
        ForbiddenError: it is, or the browser keeps no cookies.
    """
    nonce = request.cookies.get(_COOKIE, "")
    sent = (await form_of(request)).get("csrf")
    fits = isinstance(sent, str) and hmac.compare_digest(
        sent.encode(), _token(request, nonce).encode()
    )
    if not nonce or not fits or _from_elsewhere(request):
        raise ForbiddenError(
            "This form is out of date: go back, load the page again and send it again. The "
            "browser has to keep cookies of this site."
        )


def _from_elsewhere(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    # "null" is what a browser says that tells nobody where it comes from, as ours are asked to.
    if origin is None or origin == "null":
        return False
    return urlsplit(origin).netloc != request.headers.get("host", "")


def _token(request: Request, nonce: str) -> str:
    return hmac.new(key_for(request, "entry"), nonce.encode(), hashlib.sha256).hexdigest()


def key_for(request: Request, purpose: str) -> bytes:
    """A key of this service."""
    return Keyring.of(site_of(request).settings).key(purpose)


def browser_of(request: Request) -> Browser:
    """What asks, and who signed in with it before."""
    address = request.client.host if request.client else "?"
    agent = request.headers.get("user-agent")
    try:
        own, marks = _known(request).loads(request.cookies.get(_KNOWN, ""))
        return Browser(address, agent, str(own), frozenset(map(str, marks)))
    except (BadSignature, ValueError, TypeError):
        return Browser(address, agent)


def remember_browser(request: Request, response: Response, login: str) -> None:
    """Let the browser know that this login was signed in with it."""
    browser = browser_of(request)
    mark = mark_of(key_for(request, "attempts"), login)
    marks = [mark, *sorted(browser.known - {mark})][:_MOST_KNOWN]
    value = _known(request).dumps([browser.id or secrets.token_urlsafe(12), marks])
    _set(request, response, _KNOWN, str(value), _YEAR)


def _known(request: Request) -> URLSafeSerializer:
    return URLSafeSerializer(
        key_for(request, "cookie"), salt="known",
        serializer=json, signer_kwargs={"digest_method": hashlib.sha256},
    )  # fmt: skip


def _set(request: Request, response: Response, name: str, value: str, age: int | None) -> None:
    response.set_cookie(
        name, value, max_age=age, path="/", httponly=True, samesite="lax",
        secure=is_secure(request),
    )  # fmt: skip
