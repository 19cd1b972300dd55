"""Accounts: who may sign in, and what they may do for which brand."""

from __future__ import annotations

from fastapi import Request, Response
from sqlmodel import Session

from api.routes.paging import Id
from api.routes.v1.route import api_router, told_once
from api.schemas.accounts import AccountChange, AccountShown, LinkMade, NewAccount
from api.schemas.base import Page
from api.web.acting import actor_of, need
from api.web.settingsframe import site_root
from api.web.site import site_of
from listening.access import Permission, Role
from listening.store.access import edits as accountedits
from listening.store.access.accounts import account_id, all_brand_roles, brand_roles, list_accounts
from listening.store.access.links import LINK_HOURS
from listening.store.tables import Account

router = api_router("accounts")
ADMIN = [need(Permission.ADMINISTER, "everywhere")]


@router.get("/accounts", dependencies=ADMIN)
def accounts(request: Request) -> Page[AccountShown]:
    """Everybody who may sign in, by login."""
    with site_of(request).reading() as session:
        roles = all_brand_roles(session)
        found = [_shown(a, roles.get(account_id(a), {})) for a in list_accounts(session)]
    return Page(items=found, next_cursor=None)


@router.post("/accounts", status_code=201, dependencies=ADMIN)
def invite(request: Request, sent: NewAccount, response: Response) -> LinkMade:
    """Add an account; the link for whoever it is stands in this answer alone."""
    told_once(request)
    with site_of(request).store.work() as session:
        made = accountedits.invite(
            session, actor_of(request), sent.login, name=sent.name, role=sent.role,
            brands=sent.brands,
        )  # fmt: skip
        response.headers["Location"] = f"/api/v1/accounts/{made.account.id}"
        return _linked(request, session, made)


@router.get("/accounts/{account_id}", dependencies=ADMIN)
def account(request: Request, account_id: Id) -> AccountShown:
    """One account."""
    with site_of(request).reading() as session:
        return _read(session, account_id)


@router.patch("/accounts/{account_id}", dependencies=ADMIN)
def change_account(request: Request, account_id: Id, sent: AccountChange) -> AccountShown:
    """Change name and roles, shut it out, or let it in again."""
    actor, given = actor_of(request), sent.model_fields_set
    with site_of(request).store.work() as session:
        found = accountedits.account_of(session, account_id)
        if given & {"name", "role", "brands"}:
            own = brand_roles(session, account_id)
            accountedits.set_roles(
                session, actor, account_id, name=sent.name,
                role=sent.role if "role" in given else _role(found),
                brands=own if sent.brands is None else sent.brands,
            )  # fmt: skip
        if sent.disabled is not None:
            accountedits.set_disabled(session, actor, account_id, sent.disabled)
        session.flush()
        return _read(session, account_id)


@router.delete("/accounts/{account_id}", status_code=204, dependencies=ADMIN)
def remove_account(request: Request, account_id: Id) -> None:
    """Take an account out with its keys and views; what it did stays in the audit log."""
    with site_of(request).store.work() as session:
        accountedits.remove_account(session, actor_of(request), account_id)


@router.post("/accounts/{account_id}/link", dependencies=ADMIN)
def make_link(request: Request, account_id: Id) -> LinkMade:
    """A new link that sets the password; those made before are void."""
    told_once(request)
    with site_of(request).store.work() as session:
        made = accountedits.reset(session, actor_of(request), account_id)
        return _linked(request, session, made)


def _linked(request: Request, session: Session, made: accountedits.Linked) -> LinkMade:
    return LinkMade(
        account=_read(session, account_id(made.account)),
        link=f"{site_root(request)}/welcome/{made.token}",
        hours=LINK_HOURS,
    )


def _read(session: Session, number: int) -> AccountShown:
    return _shown(accountedits.account_of(session, number), brand_roles(session, number))


def _role(found: Account) -> Role | None:
    return Role(found.role) if found.role is not None else None


def _shown(found: Account, roles: dict[int, Role]) -> AccountShown:
    able = found.password_hash is not None or found.subject is not None
    return AccountShown(
        id=account_id(found),
        login=found.login,
        name=found.name,
        email=found.email,
        role=_role(found),
        brands=roles,
        state="disabled" if found.disabled_at else "active" if able else "invited",
        created_at=found.created_at,
        signed_in_at=found.signed_in_at,
    )
