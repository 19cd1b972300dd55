"""Accounts of people whom another service vouches for (OpenID Connect)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, select

from listening.access import Actor, Role, highest
from listening.config import Settings
from listening.errors import ConflictError, ForbiddenError
from listening.store.access.accounts import (
    account_id,
    add_account,
    brand_roles,
    login_of,
    roles_as_json,
)
from listening.store.access.audit import record
from listening.store.access.edits import require_another_admin
from listening.store.tables import Account

PROVIDER = Actor(name="OpenID Connect", everywhere=Role.ADMIN)


def account_by_claims(session: Session, settings: Settings, claims: Mapping[str, Any]) -> Account:
    """The account of whoever the provider says somebody is; made where that is allowed.

    Raises:
        ForbiddenError: nobody here, of another domain, without any role, or disabled.
    """
    subject = f"{claims['iss']} {claims['sub']}"
    account = session.exec(select(Account).where(Account.subject == subject)).first()
    if account is None:
        account = _first(session, settings, claims, subject)
    if account.disabled_at is not None:
        raise ForbiddenError("This account is disabled: ask whoever runs this service.")
    if settings.oidc_roles:
        _follow_groups(session, account, _role_by_groups(settings, claims))
    if account.role is None and not brand_roles(session, account_id(account)):
        raise ForbiddenError("You have no role here yet: ask whoever runs this service.")
    return account


def _first(
    session: Session, settings: Settings, claims: Mapping[str, Any], subject: str
) -> Account:
    """Who comes for the first time: somebody who was invited, or a new account."""
    login = _login(settings, claims)
    account = session.exec(select(Account).where(Account.login == login)).first()
    if account is not None:
        # The login alone decides that they are the same: it must be theirs beyond doubt.
        if account.subject is not None or not _vouched(settings, claims, account):
            raise ForbiddenError(
                f"The account {login} is another's, or its address was never confirmed: ask "
                "whoever runs this service."
            )
        account.subject = subject
        session.add(account)
        record(session, PROVIDER, "account.link", noun="account", noun_id=account_id(account),
               after={"issuer": str(claims["iss"])})  # fmt: skip
        return account
    role = _role_by_groups(settings, claims)
    role = role or (Role(settings.oidc_default_role) if settings.oidc_default_role else None)
    if not settings.oidc_new_accounts or role is None:
        raise ForbiddenError(
            f"There is no account {login} here: ask whoever runs this service to invite you."
        )
    name = claims.get("name")
    account = add_account(
        session, PROVIDER, login, name=name[:200] if isinstance(name, str) else "", role=role
    )
    account.subject = subject
    session.add(account)
    session.flush()
    return account


def _login(settings: Settings, claims: Mapping[str, Any]) -> str:
    found = claims.get(settings.oidc_login_claim)
    if not isinstance(found, str) or not found.strip():
        raise ForbiddenError(
            f"The provider does not say your {settings.oidc_login_claim}: ask whoever runs this "
            "service (LISTENING_OIDC_LOGIN_CLAIM, LISTENING_OIDC_SCOPES)."
        )
    login = login_of(found)
    if settings.oidc_domain and not login.endswith(f"@{settings.oidc_domain.casefold()}"):
        raise ForbiddenError(f"Only logins of {settings.oidc_domain} come in here.")
    if claims.get("email_verified") is False:
        raise ForbiddenError("Your provider never confirmed your address: have it confirmed.")
    return login


def _vouched(settings: Settings, claims: Mapping[str, Any], account: Account) -> bool:
    if settings.oidc_login_claim == "email":
        return claims.get("email_verified") is True
    # Names that people choose for themselves are nobody's: only who was invited and has never
    # come in is waited for under one.
    return account.password_hash is None


def _role_by_groups(settings: Settings, claims: Mapping[str, Any]) -> Role | None:
    groups = claims.get(settings.oidc_groups_claim)
    listed = groups if isinstance(groups, list) else [groups]
    known = settings.oidc_roles
    return highest(*(Role(known[g]) for g in listed if isinstance(g, str) and g in known))


def _follow_groups(session: Session, account: Account, role: Role | None) -> None:
    """Make the role what the groups say; the only admin stays one."""
    before = Role(account.role) if account.role is not None else None
    if role is before:
        return
    if role is not Role.ADMIN:
        try:
            require_another_admin(session, account)
        except ConflictError:
            return
    account.role = role
    session.add(account)
    record(session, PROVIDER, "account.role", noun="account", noun_id=account_id(account),
           before=roles_as_json(before, {}), after=roles_as_json(role, {}))  # fmt: skip
