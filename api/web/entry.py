"""Coming in and going out: signing in, one-time links, signing out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.web.acting import (
    check_token,
    clear_cookie,
    form_of,
    identify,
    open_to_all,
    set_cookie,
    token_in,
)
from api.web.flash import own_address, redirect
from api.web.site import Site, render, site_of
from api.web.strangers import (
    browser_of,
    check_form,
    key_for,
    remember_browser,
    render_form,
)
from listening.entering import enter, note_sign_in
from listening.errors import (
    ForbiddenError,
    InvalidError,
    ListeningError,
    ProviderError,
    TooManyTriesError,
)
from listening.store.access.accounts import is_empty
from listening.store.access.links import OpenLink, open_link, use_link
from listening.store.access.signins import end_sign_in, start_sign_in
from listening.store.tables import Account

router = APIRouter(include_in_schema=False)


@router.get("/favicon.ico", dependencies=[open_to_all()])
def favicon() -> Response:
    """What browsers ask for by themselves where they look at JSON or a file."""
    return RedirectResponse("/static/favicon.svg", 308)


@router.get("/sign-in", dependencies=[open_to_all()])
async def sign_in_page(request: Request, next: str = "/") -> Response:
    """Where strangers are sent to; back to where they wanted from there."""
    if await identify(request) is not None:
        return redirect(request, own_address(next))
    return await run_in_threadpool(sign_in_form, request, next)


@router.post("/sign-in", dependencies=[open_to_all()])
async def sign_in(request: Request) -> Response:
    """Sign a browser in by a password; it gets a new token whatever it had."""
    await check_form(request)
    form = await form_of(request)
    login, to = _text(form.get("login"), 300), own_address(_text(form.get("next"), 2000) or "/")
    password = _text(form.get("password"), 2000)
    site = site_of(request)
    try:
        account, token = await run_in_threadpool(
            enter, site.store, key_for(request, "attempts"), login, password,
            browser_of(request), days=site.settings.sign_in_days,
        )  # fmt: skip
    except (InvalidError, ForbiddenError, TooManyTriesError) as error:
        return await run_in_threadpool(sign_in_form, request, to, login, error)
    return await run_in_threadpool(came_in, request, account, token, to)


@router.post("/sign-out", dependencies=[open_to_all()])
async def sign_out(request: Request) -> Response:
    """Sign this browser out."""
    if await identify(request) is None:
        return redirect(request, "/sign-in")
    await check_token(request)
    await run_in_threadpool(_ended, site_of(request), token_in(request))
    response = redirect(request, "/sign-in", "You are signed out.")
    clear_cookie(response)
    return response


@router.get("/welcome/{token}", dependencies=[open_to_all()])
def welcome_page(request: Request, token: str) -> Response:
    """A one-time link: looking at it does not use it up."""
    with site_of(request).reading() as session:
        return _welcome_form(request, open_link(session, token))


@router.post("/welcome/{token}", dependencies=[open_to_all()])
async def welcome(request: Request, token: str) -> Response:
    """Set the password, and come in."""
    await check_form(request)
    form = await form_of(request)
    login, password = _text(form.get("login"), 300), _text(form.get("password"), 2000)
    try:
        if password != _text(form.get("again"), 2000):
            raise InvalidError("The second password differs from the first.", field="again")
        account, cookie = await run_in_threadpool(_set_by_link, request, token, login, password)
    except (InvalidError, ForbiddenError) as error:
        return await run_in_threadpool(_welcome_again, request, token, login, error)
    return await run_in_threadpool(came_in, request, account, cookie, "/")


def sign_in_form(
    request: Request, to: str, login: str = "", error: ListeningError | None = None
) -> Response:
    """The form, or where nobody can sign in yet what to do instead."""
    with site_of(request).reading() as session:
        empty = is_empty(session)
    if empty:
        return render(request, "first_start.html", title="Welcome")
    status = {TooManyTriesError: 429, ForbiddenError: 403, InvalidError: 422, ProviderError: 502}
    settings = site_of(request).settings
    response = render_form(
        request,
        "sign_in.html",
        title="Sign in",
        status=status.get(type(error), 200) if error else 200,
        next=own_address(to),
        login=login,
        error=str(error) if error else None,
        elsewhere=settings.oidc_name if settings.oidc_issuer else None,
    )
    if isinstance(error, TooManyTriesError):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def _welcome_form(
    request: Request, link: OpenLink, login: str = "", error: ListeningError | None = None
) -> Response:
    return render_form(
        request,
        "welcome.html",
        title="Welcome",
        status=422 if error else 200,
        link=link,
        login=login,
        error=str(error) if error else None,
        field=getattr(error, "field", None),
    )


def _welcome_again(request: Request, token: str, login: str, error: ListeningError) -> Response:
    with site_of(request).reading() as session:
        return _welcome_form(request, open_link(session, token), login, error)


def _set_by_link(request: Request, token: str, login: str, password: str) -> tuple[Account, str]:
    site = site_of(request)
    with site.store.work() as session:
        account = use_link(session, token, password, login=login)
        note_sign_in(session, account, "link")
        agent = request.headers.get("user-agent")
        return account, start_sign_in(
            session, account, days=site.settings.sign_in_days, agent=agent
        )


def came_in(request: Request, account: Account, token: str, to: str) -> Response:
    """On to where they wanted; what the browser was before is over (no fixed session)."""
    _ended(site_of(request), token_in(request))
    response = redirect(request, to)
    set_cookie(request, response, token)
    remember_browser(request, response, account.login)
    return response


def _ended(site: Site, token: str | None) -> None:
    if token is not None:
        with site.store.work() as session:
            end_sign_in(session, token)


def _text(value: object, most: int) -> str:
    """What a form sent as text, unless it is absurd."""
    return value if isinstance(value, str) and len(value) <= most and "\x00" not in value else ""
