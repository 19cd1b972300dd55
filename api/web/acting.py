"""Who is asking, and whether they may: every route says what it needs.

    @router.get("/brands/{slug:path}/triage", dependencies=[need(Permission.READ)])
    def triage_page(request: Request, slug: str) -> Response:
        actor, brand = actor_of(request), brand_of(request)

A browser carries a signed cookie; what it sends to change something carries a token as well
(`csrf` in a form, `X-CSRF-Token` with a script), which another site cannot know. A program
carries `Authorization: Bearer KEY`, and only the API listens to that.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from typing import Any, Literal, cast

from fastapi import Depends, Request
from itsdangerous import BadSignature, Signer
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from api.routes.problems import Problem
from api.web.security import is_secure
from api.web.site import Site, site_of
from listening.access import Actor, Permission
from listening.errors import ForbiddenError, ListeningError, NotFoundError
from listening.keyring import Keyring
from listening.store.access.signins import (
    key_actor,
    note_key_used,
    note_seen,
    signed_in,
    signed_in_and_noted,
)
from listening.store.brands.brands import brand_id, slug_of
from listening.store.tables import Brand

_log = logging.getLogger(__name__)

COOKIE = "listening"
API = "/api/"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Where = Literal["path", "somewhere", "everywhere", "own"]


class SignInNeededError(ListeningError):
    """Nobody is signed in here; pages send one to where that is done."""


class Need:
    """What a route needs of whoever asks.

    Args:
        permission: None: nobody needs to be signed in.
        where: "path": for the brand in the address (`slug` or `brand_id`); "somewhere": for any
            brand, and the handler shows those of `actor.visible()` alone; "everywhere": for all;
            "own": nothing but being signed in, for what is one's own.
        reads: that a request changes nothing, though its method says so: it has too much to ask
            for an address.
    """

    def __init__(
        self, permission: Permission | None, where: Where = "path", *, reads: bool = False
    ) -> None:
        self.permission, self.where, self.reads = permission, where, reads

    async def __call__(self, request: Request) -> None:
        """Let the request go on, or refuse it."""
        if self.permission is None:
            return
        actor = await identify(request)
        if actor is None:
            raise SignInNeededError("Sign in first.")
        if self.where == "path":
            await run_in_threadpool(self._for_brand, request, actor, self.permission)
        elif self.where == "everywhere" or (
            self.where == "somewhere" and not actor.may_somewhere(self.permission)
        ):
            actor.require(self.permission, None)
        if not (actor.writes or self.reads or request.method in _SAFE):
            raise ForbiddenError("This takes an API key that may write.")
        await check_token(request)

    @staticmethod
    def _for_brand(request: Request, actor: Actor, permission: Permission) -> None:
        with site_of(request).reading() as session:
            brand = _brand_in(session, request)
        if brand is None or not actor.may(Permission.READ, brand_id(brand)):
            raise NotFoundError("There is no such brand, or it is not yours to see.")
        actor.require(permission, brand_id(brand))
        request.state.brand = brand


def need(permission: Permission, where: Where = "path", *, reads: bool = False) -> Any:
    """For a route's `dependencies`: who may call it."""
    return Depends(Need(permission, where, reads=reads))


def open_to_all() -> Any:
    """For the `dependencies` of a route that asks nobody to sign in."""
    return Depends(Need(None))


def actor_of(request: Request) -> Actor:
    """Who is asking; the route needs a permission."""
    return cast(Actor, request.state.actor)


def brand_of(request: Request) -> Brand:
    """The brand in the address; the route needs a permission for it."""
    return cast(Brand, request.state.brand)


async def form_of(request: Request) -> FormData:
    """What a form sent; its token was checked."""
    return await request.form(max_files=4, max_fields=2000)


def _brand_in(session: Session, request: Request) -> Brand | None:
    number = request.path_params.get("brand_id")
    if number is not None:
        text = str(number)
        # Longer numbers are no id of any store.
        fits = text.isascii() and text.isdecimal() and len(text) < 19
        return session.get(Brand, int(text)) if fits else None
    slug = slug_of(str(request.path_params.get("slug", "")).strip("/"))
    return session.exec(select(Brand).where(Brand.slug == slug)).first()


async def identify(request: Request) -> Actor | None:
    """Who is asking; None: nobody. Looked up once a request."""
    if not hasattr(request.state, "actor"):
        request.state.actor, request.state.token = await run_in_threadpool(_identified, request)
        request.state.csrf = _csrf(request)
    return cast("Actor | None", request.state.actor)


def _identified(request: Request) -> tuple[Actor | None, str | None]:
    site = site_of(request)
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and request.url.path.startswith(API):
        with site.reading() as session:
            actor = key_actor(session, presented.strip())
        if actor is not None and actor.key_id is not None:
            _note(site, actor.key_id, None)
        return actor, None
    token = token_in(request)
    if token is None:
        return None, None
    with site.reading() as session:
        actor, noted = signed_in_and_noted(
            session, token, idle_hours=site.settings.sign_in_idle_hours
        )
    if not noted:
        _note(site, None, token)
    return actor, token if actor is not None else None


def look_again(request: Request) -> Actor | None:
    """Who was asking, if they still may: for an answer that lasts. Keeps no sign-in awake."""
    site = site_of(request)
    first = actor_of(request)
    with site.reading() as session:
        if first.key_id is not None:
            _, _, presented = request.headers.get("authorization", "").partition(" ")
            return key_actor(session, presented.strip())
        token = token_in(request)
        if token is None:
            return None
        return signed_in(session, token, idle_hours=site.settings.sign_in_idle_hours)


def _note(site: Site, key_id: int | None, token: str | None) -> None:
    """Note the use, at most now and then: most requests write nothing."""
    if not site.kept.first(("used", key_id, token), age=60.0):
        return

    def write() -> None:
        try:
            with site.store.work() as session:
                if key_id is not None:
                    note_key_used(session, key_id)
                if token is not None:
                    note_seen(session, token)
        except (ListeningError, SQLAlchemyError) as error:  # the next request notes it
            _log.warning("the use could not be noted: %s", type(error).__name__)

    site.later.submit(write)  # a writer that takes long holds up no page


def token_in(request: Request) -> str | None:
    """The token of a cookie that we signed."""
    signed = request.cookies.get(COOKIE)
    if not signed:
        return None
    try:
        return _signer(site_of(request)).unsign(signed).decode()
    except (BadSignature, UnicodeError):
        return None


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Let the browser carry a token: for us alone, out of reach of scripts."""
    site = site_of(request)
    response.set_cookie(
        COOKIE,
        _signer(site).sign(token).decode(),
        max_age=int(site.settings.sign_in_days * 86_400),
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def clear_cookie(response: Response) -> None:
    """Let the browser forget it."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def _csrf(request: Request) -> str:
    """What a form of this browser must send along; empty where nobody is signed in."""
    token: str | None = request.state.token
    if token is None:
        return ""
    key = Keyring.of(site_of(request).settings).key("forms")
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()


async def check_token(request: Request) -> None:
    """Refuse a change that another site may have asked for.

    Raises:
        ForbiddenError: the token is missing or another browser's.
    """
    if request.method in _SAFE or getattr(request.state, "token", None) is None:
        return  # a key is sent by a program, never by a browser on its own
    sent = request.headers.get("x-csrf-token", "")
    if not sent and not request.url.path.startswith(API):
        value = (await form_of(request)).get("csrf")
        sent = value if isinstance(value, str) else ""
    if not hmac.compare_digest(sent.encode(), request.state.csrf.encode()):
        raise ForbiddenError(
            "This form is out of date: go back, load the page again and send it again."
        )


def _signer(site: Site) -> Signer:
    return Signer(
        Keyring.of(site.settings).key("cookie"), salt="sign-in", digest_method=hashlib.sha256
    )


def unauthorised() -> Problem:
    """The API's answer to nobody."""
    return Problem(
        401,
        "Sign in needed",
        "Send `Authorization: Bearer KEY` with an API key that is valid, or sign in.",
        {"WWW-Authenticate": "Bearer"},
    )
