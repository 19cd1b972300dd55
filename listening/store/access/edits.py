"""What admins do to accounts, and people to their own; each notes itself in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from listening.access import Actor, Permission, Role
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.passwords import check_password, hash_password, require_strong
from listening.store.access.accounts import (
    account_id,
    add_account,
    brand_roles,
    roles_as_json,
    set_brand_roles,
)
from listening.store.access.audit import record
from listening.store.access.links import guessable, make_link
from listening.store.access.signins import end_sign_ins
from listening.store.tables import Account, Brand, LinkPurpose
from listening.store.tables.types import now


@dataclass(frozen=True, slots=True)
class Linked:
    """An account, and a link for whoever it is: told once."""

    account: Account
    token: str


def account_of(session: Session, number: int) -> Account:
    """The account of a number.

    Raises:
        NotFoundError: none.
    """
    found = session.get(Account, number)
    if found is None:
        raise NotFoundError(f"There is no account {number}.")
    return found


def invite(
    session: Session,
    actor: Actor,
    login: str,
    *,
    name: str = "",
    role: Role | None = None,
    brands: Mapping[int, Role] | None = None,
) -> Linked:
    """Add an account, with the link by which its password is set.

    Raises:
        InvalidError: the login does not fit, it would see nothing, or a brand is unknown.
        ConflictError: the login is taken.
    """
    actor.require(Permission.ADMINISTER, None)
    _check_roles(session, role, brands or {})
    account = add_account(session, actor, login, name=name, role=role, brands=brands)
    return Linked(account, make_link(session, actor, account, LinkPurpose.INVITATION))


def reset(session: Session, actor: Actor, number: int) -> Linked:
    """A link by which somebody sets a new password; the old one holds until then.

    Raises:
        ConflictError: the account is disabled.
    """
    actor.require(Permission.ADMINISTER, None)
    account = account_of(session, number)
    if account.disabled_at is not None:
        raise ConflictError(f"{account.login} is disabled: enable the account first.")
    new = account.password_hash is None and account.subject is None
    purpose = LinkPurpose.INVITATION if new else LinkPurpose.RESET
    return Linked(account, make_link(session, actor, account, purpose))


def set_roles(
    session: Session,
    actor: Actor,
    number: int,
    *,
    role: Role | None,
    brands: Mapping[int, Role],
    name: str | None = None,
) -> Account:
    """What an account is from now on: for every brand, and for single ones.

    Raises:
        ConflictError: nobody would be left who may do everything.
        InvalidError: it would see nothing (disable it instead), or a brand is unknown.
    """
    actor.require(Permission.ADMINISTER, None)
    _check_roles(session, role, brands)
    account = account_of(session, number)
    if role is not Role.ADMIN:
        require_another_admin(session, account)
    before = roles_as_json(_role(account), brand_roles(session, number))
    after = roles_as_json(role, brands)
    if name is not None and name.strip() != account.name:
        if not 1 <= len(name.strip()) <= 200:
            raise InvalidError("A name has 1 to 200 characters.", field="name")
        before, after = {**before, "name": account.name}, {**after, "name": name.strip()}
        account.name = name.strip()
    account.role = role
    session.add(account)
    set_brand_roles(session, number, brands)
    if before != after:
        record(session, actor, "account.role", noun="account", noun_id=number, before=before,
               after=after)  # fmt: skip
    return account


def set_disabled(session: Session, actor: Actor, number: int, disabled: bool) -> Account:
    """Shut an account out at once, with its browsers and keys, or let it in again.

    Raises:
        ConflictError: nobody would be left who may do everything.
    """
    actor.require(Permission.ADMINISTER, None)
    account = account_of(session, number)
    if (account.disabled_at is not None) == disabled:
        return account
    if disabled:
        require_another_admin(session, account)
        end_sign_ins(session, number)
    account.disabled_at = now() if disabled else None
    session.add(account)
    verb = "disable" if disabled else "enable"
    record(session, actor, f"account.{verb}", noun="account", noun_id=number,
           before={"disabled": not disabled}, after={"disabled": disabled})  # fmt: skip
    return account


def remove_account(session: Session, actor: Actor, number: int) -> None:
    """Take an account out, with its browsers, keys and views; the audit log keeps its login.

    Raises:
        ConflictError: nobody would be left who may do everything.
    """
    actor.require(Permission.ADMINISTER, None)
    account = account_of(session, number)
    require_another_admin(session, account)
    record(session, actor, "account.remove", noun="account", noun_id=number,
           before={"login": account.login,
                   **roles_as_json(_role(account), brand_roles(session, number))})  # fmt: skip
    session.delete(account)
    session.flush()


def change_password(
    session: Session, actor: Actor, current: str, new: str, *, token: str | None
) -> None:
    """Change one's own password; every other browser is signed out.

    Args:
        session, actor: whose it is.
        current: the password until now, so that a browser left open is not enough.
        new: from now on.
        token: of the browser that stays signed in.

    Raises:
        ForbiddenError: a program asks.
        InvalidError: the current one is wrong, or the new one easy to guess.
    """
    account = own_account(session, actor)
    if account.password_hash is not None and not check_password(current, account.password_hash)[0]:
        raise InvalidError("The current password is wrong.", field="current")
    require_strong(new, guessable(session, account.login, account.name))
    account.password_hash = hash_password(new)
    session.add(account)
    end_sign_ins(session, account_id(account), but=token)
    record(session, actor, "account.password", noun="account", noun_id=account_id(account),
           after={"by": "password"})  # fmt: skip


def own_account(session: Session, actor: Actor) -> Account:
    """The account of somebody at a browser.

    Raises:
        ForbiddenError: it is a program, or nobody's account.
    """
    found = session.get(Account, actor.account_id) if actor.account_id is not None else None
    if found is None or actor.key_id is not None:
        raise ForbiddenError("This is done by a person who is signed in, not with an API key.")
    return found


def is_admin(account: Account) -> bool:
    """Whether it may do everything, and can come in."""
    able = account.password_hash is not None or account.subject is not None
    return account.role == Role.ADMIN and account.disabled_at is None and able


def require_another_admin(session: Session, account: Account) -> None:
    """Go on only where somebody else is an admin who can come in.

    Raises:
        ConflictError: nobody is.
    """
    if not is_admin(account):
        return
    able = or_(col(Account.password_hash).is_not(None), col(Account.subject).is_not(None))
    admins = (
        select(Account.id)
        .where(Account.role == Role.ADMIN, col(Account.disabled_at).is_(None), able)
        .with_for_update()  # two admins who take each other's role: one of them stays
    )
    if set(session.exec(admins)) <= {account.id}:
        raise ConflictError(
            f"{account.login} is the only admin who can sign in: make another one first."
        )


def _check_roles(session: Session, role: Role | None, brands: Mapping[int, Role]) -> None:
    if role is None and not brands:
        raise InvalidError(
            "An account without any role sees nothing: give it one, for every brand or for some.",
            field="role",
        )
    stored = [number for number in brands if 0 < number < 2**63]
    known = set(session.exec(select(Brand.id).where(col(Brand.id).in_(stored))))
    if missing := sorted(set(brands) - known):
        raise InvalidError(f"There is no brand {missing[0]}.", field="brands")


def _role(account: Account) -> Role | None:
    return Role(account.role) if account.role is not None else None
