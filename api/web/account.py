"""/account: one's own password, and the browsers that are signed in."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need, token_in
from api.web.flash import redirect
from api.web.forms import raw_of
from api.web.site import render, site_of
from api.web.strangers import key_for
from listening.access import Permission
from listening.errors import InvalidError
from listening.store.access.accounts import account_id
from listening.store.access.attempts import counted_under, note_try, strike_off
from listening.store.access.edits import change_password, own_account
from listening.store.access.signins import end_sign_ins, hash_of, sign_ins_of
from listening.store.brands.brands import brand_id, list_brands
from listening.store.tables.types import now
from listening.throttle import LOGIN

router = APIRouter(include_in_schema=False)
OWN = [need(Permission.READ, "own")]


@router.get("/account", dependencies=OWN)
def account_page(request: Request) -> Response:
    """Who one is here, what one may do, and where one is signed in."""
    return _shown(request)


@router.post("/account/password", dependencies=OWN)
async def new_password(request: Request) -> Response:
    """Change the password; every other browser is signed out."""
    form = await form_of(request)
    try:
        new, again = raw_of(form, "password", 2000), raw_of(form, "again", 2000)
        if new != again:
            raise InvalidError("The second password differs from the first.", field="again")
        await run_in_threadpool(_changed, request, raw_of(form, "current", 2000), new)
    except InvalidError as error:
        return await run_in_threadpool(_shown, request, error)
    told = "The password is changed; every other browser is signed out."
    return redirect(request, "/account", told)


@router.post("/account/sign-out-elsewhere", dependencies=OWN)
def sign_out_elsewhere(request: Request) -> Response:
    """Sign every other browser out."""
    with site_of(request).store.work() as session:
        account = own_account(session, actor_of(request))
        end_sign_ins(session, account_id(account), but=token_in(request))
    return redirect(request, "/account", "Every other browser is signed out.")


def _changed(request: Request, current: str, new: str) -> None:
    """The current password is not guessed faster here than at the door."""
    store, actor = site_of(request).store, actor_of(request)
    under = counted_under(key_for(request, "attempts"), "password", str(actor.account_id))
    with store.work() as session:
        (tried,) = note_try(session, {under: LOGIN}, now())
    with store.work() as session:
        change_password(session, actor, current, new, token=token_in(request))
        strike_off(session, tried, all_under=True)


def _shown(request: Request, error: InvalidError | None = None) -> Response:
    actor = actor_of(request)
    with site_of(request).reading() as session:
        account = own_account(session, actor)
        browsers, brands = sign_ins_of(session, account_id(account)), list_brands(session)
    return render(
        request,
        "account.html",
        title="Your account",
        status=200 if error is None else 422,
        brands=brands,
        account=account,
        here=hash_of(token_in(request) or ""),
        browsers=browsers,
        own=[(b.name, actor.brands[brand_id(b)].value) for b in brands if b.id in actor.brands],
        error=str(error) if error else None,
        field=error.field if error else None,
    )
