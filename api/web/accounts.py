"""/settings/people: who may sign in, and what they may do for which brand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need
from api.web.flash import redirect
from api.web.forms import role_in, text_of
from api.web.settingsframe import render_settings, site_root
from api.web.site import site_of
from listening.access import Permission, Role
from listening.errors import ConflictError, InvalidError, ListeningError
from listening.store.access.accounts import account_id, all_brand_roles, brand_roles, list_accounts
from listening.store.access.edits import (
    Linked,
    account_of,
    invite,
    is_admin,
    remove_account,
    reset,
    set_disabled,
    set_roles,
)
from listening.store.access.links import LINK_HOURS
from listening.store.brands.brands import brand_id, list_brands
from listening.store.tables import Account

router = APIRouter(include_in_schema=False, prefix="/settings/people")
ADMIN = [need(Permission.ADMINISTER, "everywhere")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
_BRAND = "brand-"


@router.get("", dependencies=ADMIN)
def people_page(request: Request) -> Response:
    """Everybody who may sign in."""
    return _list(request)


@router.post("", dependencies=ADMIN)
async def invite_person(request: Request) -> Response:
    """Add an account; the link for whoever it is shows once, on the page that answers."""
    form = await form_of(request)
    try:
        login, name = text_of(form, "login", 300), text_of(form, "name", 200)
        role, brands = role_in(form, "role"), _brand_roles(form)
        linked = await run_in_threadpool(_invited, request, login, name, role, brands)
    except (InvalidError, ConflictError) as error:
        return await run_in_threadpool(_list, request, error=error, form=form)
    return await run_in_threadpool(_list, request, linked=linked)


@router.get("/{account_id}", dependencies=ADMIN)
def person_page(request: Request, account_id: Number) -> Response:
    """One account: name and roles, and what else may be done to it."""
    return _one(request, account_id)


@router.post("/{account_id}", dependencies=ADMIN)
async def change_person(request: Request, account_id: Number) -> Response:
    """Change name and roles."""
    form = await form_of(request)
    try:
        name, role = text_of(form, "name", 200), role_in(form, "role")
        await run_in_threadpool(
            _changed, request, account_id, name=name, role=role, brands=_brand_roles(form)
        )
    except (InvalidError, ConflictError) as error:
        return await run_in_threadpool(_one, request, account_id, error=error, form=form)
    return redirect(request, "/settings/people", "Saved.")


@router.post("/{account_id}/link", dependencies=ADMIN)
def link_for_person(request: Request, account_id: Number) -> Response:
    """A link by which the password is set; it shows once, on the page that answers."""
    try:
        with site_of(request).store.work() as session:
            linked = reset(session, actor_of(request), account_id)
    except ConflictError as error:
        return _one(request, account_id, error=error)
    return _list(request, linked=linked)


@router.post("/{account_id}/disable", dependencies=ADMIN)
def disable_person(request: Request, account_id: Number) -> Response:
    """Shut an account out at once."""
    return _able(request, account_id, True)


@router.post("/{account_id}/enable", dependencies=ADMIN)
def enable_person(request: Request, account_id: Number) -> Response:
    """Let it in again."""
    return _able(request, account_id, False)


@router.post("/{account_id}/remove", dependencies=ADMIN)
def remove_person(request: Request, account_id: Number) -> Response:
    """Take an account out for good."""
    try:
        with site_of(request).store.work() as session:
            remove_account(session, actor_of(request), account_id)
    except ConflictError as error:
        return _one(request, account_id, error=error)
    return redirect(request, "/settings/people", "The account is removed.")


def _able(request: Request, number: int, disabled: bool) -> Response:
    try:
        with site_of(request).store.work() as session:
            account = set_disabled(session, actor_of(request), number, disabled)
    except ConflictError as error:
        return _one(request, number, error=error)
    word, back = ("disabled", "enable") if disabled else ("enabled", "disable")
    undo = f"/settings/people/{number}/{back}"
    return redirect(request, "/settings/people", f"{account.login} is {word}.", undo=undo)


def _invited(
    request: Request, login: str, name: str, role: Role | None, brands: dict[int, Role]
) -> Linked:
    with site_of(request).store.work() as session:
        return invite(session, actor_of(request), login, name=name, role=role, brands=brands)


def _changed(request: Request, number: int, **values: Any) -> None:
    with site_of(request).store.work() as session:
        set_roles(session, actor_of(request), number, **values)


def _brand_roles(form: FormData) -> dict[int, Role]:
    names = [n for n in form if n.startswith(_BRAND) and n.removeprefix(_BRAND).isdecimal()]
    found = {int(n.removeprefix(_BRAND)): role_in(form, n) for n in names}
    return {brand: role for brand, role in found.items() if role is not None}


def _list(
    request: Request,
    *,
    linked: Linked | None = None,
    error: ListeningError | None = None,
    form: FormData | None = None,
) -> Response:
    site = site_of(request)
    with site.reading() as session:
        accounts, roles = list_accounts(session), all_brand_roles(session)
        brands = list_brands(session)
    names = {brand_id(b): b.name for b in brands}
    return render_settings(
        request,
        "settings/people.html",
        title="People",
        status=_status(error),
        accounts=[(a, _named(roles.get(account_id(a), {}), names)) for a in accounts],
        all_brands=brands,
        link=f"{site_root(request)}/welcome/{linked.token}" if linked else None,
        linked=linked,
        hours=LINK_HOURS,
        error=str(error) if error else None,
        field=getattr(error, "field", None),
        sent={k: v for k, v in (form or {}).items() if isinstance(v, str)},
        roles=list(Role),
    )


def _one(
    request: Request,
    number: int,
    *,
    error: ListeningError | None = None,
    form: FormData | None = None,
) -> Response:
    with site_of(request).reading() as session:
        account, own = _read(session, number)
        brands = list_brands(session)
    sent = {k: v for k, v in (form or {}).items() if isinstance(v, str)}
    values = sent if form is not None else {
        "name": account.name, "role": account.role.value if account.role else "",
        **{f"{_BRAND}{brand}": role.value for brand, role in own.items()},
    }  # fmt: skip
    return render_settings(
        request,
        "settings/person.html",
        title=account.login,
        status=_status(error),
        account=account,
        admin=is_admin(account),
        all_brands=brands,
        values=values,
        roles=list(Role),
        error=str(error) if error else None,
        field=getattr(error, "field", None),
    )


def _read(session: Session, number: int) -> tuple[Account, dict[int, Role]]:
    return account_of(session, number), brand_roles(session, number)


def _named(roles: dict[int, Role], names: dict[int, str]) -> list[tuple[str, str]]:
    return sorted((names[brand], role.value) for brand, role in roles.items() if brand in names)


def _status(error: ListeningError | None) -> int:
    return 200 if error is None else 409 if isinstance(error, ConflictError) else 422
