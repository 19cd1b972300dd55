"""One-time links: for the first admin, for who is invited, for who forgot a password.

The store keeps hashes. A link is used up by setting a password, not by looking at it: programs
that look at links before people do use none up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from listening.access import COMMAND_LINE, Actor, Role
from listening.errors import InvalidError, NotFoundError
from listening.passwords import hash_password, require_strong
from listening.store.access.accounts import account_id, add_account, is_empty
from listening.store.access.audit import record
from listening.store.access.signins import end_sign_ins, hash_of
from listening.store.tables import Account, Brand, LinkPurpose, OneTimeLink
from listening.store.tables.types import now

FIRST_HOURS, LINK_HOURS = 24, 72


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that is good; `account` is None for the first admin, who names themselves."""

    purpose: LinkPurpose
    account: Account | None


def first_link(session: Session) -> str | None:
    """A new link that makes the one admin, instead of any before; None: there are accounts."""
    own = col(OneTimeLink.purpose) == LinkPurpose.FIRST_ADMIN
    session.execute(delete(OneTimeLink).where(own))
    if not is_empty(session):
        return None
    return _made(session, COMMAND_LINE, LinkPurpose.FIRST_ADMIN, None, FIRST_HOURS)


def make_link(session: Session, actor: Actor, account: Account, purpose: LinkPurpose) -> str:
    """A link by which somebody sets a password; those made before are void."""
    own = col(OneTimeLink.account_id) == account_id(account)
    session.execute(delete(OneTimeLink).where(own))
    token = _made(session, actor, purpose, account_id(account), LINK_HOURS)
    record(
        session, actor, f"account.{'invite' if purpose is LinkPurpose.INVITATION else 'reset'}",
        noun="account", noun_id=account_id(account),
        after={"login": account.login, "hours": LINK_HOURS},
    )  # fmt: skip
    return token


def _made(
    session: Session, actor: Actor, purpose: LinkPurpose, account: int | None, hours: float
) -> str:
    token = secrets.token_urlsafe(32)
    session.add(
        OneTimeLink(
            token_hash=hash_of(token),
            purpose=purpose,
            account_id=account,
            made_by=actor.name,
            until=now() + timedelta(hours=hours),
        )
    )
    session.flush()
    return token


def open_link(session: Session, token: str) -> OpenLink:
    """What a link is for.

    Raises:
        NotFoundError: it was used, is too old, or never was one; which of these is not told.
    """
    found = session.get(OneTimeLink, hash_of(token))
    if found is None or found.used_at is not None or found.until <= now():
        raise _void()
    if found.purpose == LinkPurpose.FIRST_ADMIN:
        if not is_empty(session):
            raise _void()
        return OpenLink(LinkPurpose.FIRST_ADMIN, None)
    account = session.get(Account, found.account_id)
    if account is None or account.disabled_at is not None:
        raise _void()
    return OpenLink(LinkPurpose(found.purpose), account)


def use_link(session: Session, token: str, password: str, *, login: str = "") -> Account:
    """Set a password by a link, which is used up; every browser of the account is signed out.

    Args:
        login: the first admin's; others have theirs.

    Raises:
        NotFoundError: the link is good no more.
        InvalidError: the password is easy to guess, or the login does not fit.
    """
    link = open_link(session, token)
    if link.account is None and not login.strip():
        raise InvalidError("Choose a login: your e-mail address is a good one.", field="login")
    name = link.account.name if link.account else ""
    known = link.account.login if link.account else login
    require_strong(password, guessable(session, known, name))
    # Of two who use it at once, one does.
    own = update(OneTimeLink).where(
        col(OneTimeLink.token_hash) == hash_of(token), col(OneTimeLink.used_at).is_(None)
    )
    used: Any = session.execute(own.values(used_at=now()))
    if not used.rowcount:
        raise _void()
    account = link.account or add_account(session, COMMAND_LINE, login, role=Role.ADMIN)
    account.password_hash = hash_password(password)
    session.add(account)
    end_sign_ins(session, account_id(account))
    record(
        session, Actor(name=account.login, account_id=account_id(account)), "account.password",
        noun="account", noun_id=account_id(account), after={"by": f"{link.purpose.value} link"},
    )  # fmt: skip
    session.flush()
    return account


def guessable(session: Session, *own: str) -> list[str]:
    """What somebody who guesses a password would try first."""
    return [*own, *session.exec(select(Brand.name).limit(1000))]


def _void() -> NotFoundError:
    return NotFoundError(
        "This link is good no more: it was used, replaced by a newer one, or is too old. Ask "
        "whoever runs this service for another."
    )
