"""Signing in with a password: throttled, and as slow for a login that does not exist."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, select

from listening.access import Actor
from listening.errors import ForbiddenError, InvalidError
from listening.passwords import check_password
from listening.store.access.accounts import account_id, login_of
from listening.store.access.attempts import counted_under, note_try, strike_off
from listening.store.access.audit import record
from listening.store.access.signins import start_sign_in
from listening.store.session import Store
from listening.store.tables import Account
from listening.store.tables.types import now
from listening.throttle import ADDRESS, LOGIN

WRONG = "The login or the password is wrong."


@dataclass(frozen=True, slots=True)
class Browser:
    """What signs in.

    Attributes:
        address: on the network; failures are counted under it.
        agent: what it says it is.
        id: random, where it was here before.
        known: marks of the logins that were signed in with it before: failures of these are
            counted under it alone, so that nobody elsewhere can keep them waiting.
    """

    address: str
    agent: str | None = None
    id: str = ""
    known: frozenset[str] = frozenset()


def mark_of(key: bytes, login: str) -> str:
    """What a browser keeps of a login that was signed in with it."""
    return counted_under(key, "login", login_of(login))[:16]


def enter(
    store: Store, key: bytes, login: str, password: str, browser: Browser, *, days: float
) -> tuple[Account, str]:
    """Sign a browser in with a password.

    Args:
        store: accounts and failures; no lock is held while the password is looked at.
        key: that logins and addresses are hashed with.
        login, password: as they were entered.
        browser: what signs in.
        days: until it has to again.

    Returns:
        who it is, and the token of the browser from now on.

    Raises:
        TooManyTriesError: the login or the address has to wait.
        InvalidError: one of both is wrong; which is not told.
        ForbiddenError: the account is disabled.
    """
    folded = login_of(login)[:300]
    kind = f"browser {browser.id}" if mark_of(key, folded) in browser.known else "login"
    counted = {
        counted_under(key, kind, folded): LOGIN,
        counted_under(key, "address", browser.address): ADDRESS,
    }
    with store.work() as session:
        by_login, by_address = note_try(session, counted, now())
    with store.session() as session:
        account = session.exec(select(Account).where(Account.login == folded)).first()
    fits, better = check_password(password, account.password_hash if account else None)
    if account is None or not fits:
        raise InvalidError(WRONG, field="password")
    with store.work() as session:
        strike_off(session, by_login, all_under=True)
        strike_off(session, by_address, all_under=False)
        current = session.get(Account, account.id)
        # What was looked at is what still holds: the password may have been changed just now.
        if current is None or current.password_hash != account.password_hash:
            raise InvalidError(WRONG, field="password")
        if current.disabled_at is not None:
            raise ForbiddenError("This account is disabled: ask whoever runs this service.")
        current.password_hash = better or current.password_hash
        token = start_sign_in(session, current, days=days, agent=browser.agent)
        note_sign_in(session, current, "password")
    return current, token


def note_sign_in(session: Session, account: Account, by: str) -> None:
    """Let the audit log tell who came in, and how."""
    own = Actor(name=account.login, account_id=account_id(account))
    record(
        session,
        own,
        "account.sign_in",
        noun="account",
        noun_id=account_id(account),
        after={"by": by},
    )
