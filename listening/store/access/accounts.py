"""Accounts: who may sign in, and what they are to which brand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from listening.access import Actor, Role
from listening.errors import ConflictError, InvalidError, NotFoundError
from listening.store.access.audit import record
from listening.store.tables import Account, BrandRole

_LOGIN = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")
_MOST_NAME = 200


def login_of(value: str) -> str:
    """A login folded: spellings that differ in case or outer spaces are one."""
    return value.strip().casefold()


def add_account(
    session: Session,
    actor: Actor,
    login: str,
    *,
    name: str = "",
    email: str | None = None,
    role: Role | None = None,
    brands: Mapping[int, Role] | None = None,
) -> Account:
    """Add an account that has no password yet.

    Raises:
        InvalidError: the login is blank or holds spaces, or the name is too long.
        ConflictError: it is taken.
    """
    folded = login_of(login)
    if not _LOGIN.fullmatch(folded):
        raise InvalidError(
            "A login has no spaces and at most 200 characters: an e-mail address is a good one.",
            field="login",
        )
    if len(name) > _MOST_NAME:
        raise InvalidError(f"A name has at most {_MOST_NAME} characters.", field="name")
    if session.exec(select(Account).where(Account.login == folded)).first() is not None:
        raise ConflictError(f"There is an account {folded!r} already.")
    account = Account(
        login=folded,
        name=name.strip() or folded,
        email=email or (folded if "@" in folded else None),
        role=role,
    )
    session.add(account)
    session.flush()
    set_brand_roles(session, account_id(account), brands or {})
    record(
        session,
        actor,
        "account.add",
        noun="account",
        noun_id=account_id(account),
        after={"login": folded, **roles_as_json(role, brands or {})},
    )
    return account


def account_id(account: Account) -> int:
    """The id of an account that is in the store."""
    if account.id is None:
        raise NotFoundError("The account is not in the store.")
    return account.id


def set_brand_roles(session: Session, account: int, brands: Mapping[int, Role]) -> None:
    """Make these the roles for single brands."""
    session.execute(delete(BrandRole).where(col(BrandRole.account_id) == account))
    for brand, role in brands.items():
        session.add(BrandRole(account_id=account, brand_id=brand, role=role))
    session.flush()


def brand_roles(session: Session, account: int) -> dict[int, Role]:
    """The roles for single brands."""
    found = session.exec(select(BrandRole).where(BrandRole.account_id == account))
    return {one.brand_id: Role(one.role) for one in found}


def all_brand_roles(session: Session) -> dict[int, dict[int, Role]]:
    """The roles for single brands, of every account."""
    found: dict[int, dict[int, Role]] = {}
    for one in session.exec(select(BrandRole)):
        found.setdefault(one.account_id, {})[one.brand_id] = Role(one.role)
    return found


def roles_as_json(role: Role | None, brands: Mapping[int, Role]) -> dict[str, object]:
    """Roles as the audit log keeps them."""
    return {
        "role": role.value if role else None,
        "brands": {str(brand): one.value for brand, one in sorted(brands.items())},
    }


def get_account(session: Session, login: str) -> Account:
    """The account of a login.

    Raises:
        NotFoundError: none.
    """
    found = session.exec(select(Account).where(Account.login == login_of(login))).first()
    if found is None:
        raise NotFoundError(f"No account {login!r}: `listening user list` shows those there are.")
    return found


def list_accounts(session: Session) -> list[Account]:
    """All accounts by login."""
    return list(session.exec(select(Account).order_by(Account.login)))


def is_empty(session: Session) -> bool:
    """Whether nobody can sign in yet."""
    return session.exec(select(func.count()).select_from(Account)).one() == 0


def actor_for(
    session: Session, account: Account, own: Sequence[BrandRole | None] | None = None
) -> Actor:
    """An account as who is asking; `own`: its roles for single brands, where they were read."""
    number = account_id(account)
    if own is None:
        own = session.exec(select(BrandRole).where(BrandRole.account_id == number)).all()
    role = Role(account.role) if account.role is not None else None
    return Actor(
        name=account.login,
        account_id=number,
        everywhere=role,
        brands={}
        if role is Role.ADMIN
        else {one.brand_id: Role(one.role) for one in own if one is not None},
    )
