"""Browsers that are signed in, and who an API key speaks for.

The store keeps hashes: whoever reads it can sign in as nobody.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, or_, select

from listening.access import Actor, Permission, Role, lowest
from listening.errors import ForbiddenError, InvalidError, NotFoundError
from listening.store.access.accounts import account_id, actor_for
from listening.store.access.audit import record
from listening.store.tables import Account, ApiKey, Brand, BrandRole, OneTimeLink, SignIn
from listening.store.tables.types import now

KEY_PREFIX = "lk_"
# Seconds between two notes of when something was last used, so that reading seldom writes.
_NOTED_EVERY = 300
_MOST_DAYS = 366


def hash_of(token: str) -> str:
    """What is kept of a token. It is long and random: no salt, no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_sign_in(
    session: Session, account: Account, *, days: float, agent: str | None = None
) -> str:
    """Sign a browser in; returns what its cookie holds."""
    token = secrets.token_urlsafe(32)
    moment = now()
    session.add(
        SignIn(
            token_hash=hash_of(token),
            account_id=account_id(account),
            agent=(agent or "")[:200] or None,
            until=moment + timedelta(days=days),
        )
    )
    account.signed_in_at = moment
    session.add(account)
    session.flush()
    return token


def sign_ins_of(session: Session, account: int, moment: datetime | None = None) -> list[SignIn]:
    """The browsers that an account is signed in with, the last seen first."""
    found = (
        select(SignIn)
        .where(SignIn.account_id == account, SignIn.until > (moment or now()))
        .order_by(col(SignIn.seen_at).desc())
        .limit(100)
    )
    return list(session.exec(found))


def end_sign_in(session: Session, token: str) -> None:
    """Sign this browser out."""
    session.execute(delete(SignIn).where(col(SignIn.token_hash) == hash_of(token)))


def end_sign_ins(session: Session, account: int, *, but: str | None = None) -> None:
    """Sign out every browser of an account, except the one with this token."""
    statement = delete(SignIn).where(col(SignIn.account_id) == account)
    if but is not None:
        statement = statement.where(col(SignIn.token_hash) != hash_of(but))
    session.execute(statement)


def sign_everybody_out(session: Session) -> None:
    """End every sign-in and one-time link: those of a backup may have been ended since."""
    session.execute(delete(SignIn))
    session.execute(delete(OneTimeLink))


def signed_in(
    session: Session, token: str, *, idle_hours: float, moment: datetime | None = None
) -> Actor | None:
    """Who a cookie's token is; None: nobody, or no longer."""
    return signed_in_and_noted(session, token, idle_hours=idle_hours, moment=moment)[0]


def signed_in_and_noted(
    session: Session, token: str, *, idle_hours: float, moment: datetime | None = None
) -> tuple[Actor | None, bool]:
    """Who a cookie's token is, and whether `note_seen` has nothing to note; one statement."""
    moment = moment or now()
    rows = session.exec(
        select(SignIn, Account, BrandRole)
        .join(Account, col(Account.id) == col(SignIn.account_id))
        .join(BrandRole, col(BrandRole.account_id) == col(Account.id), isouter=True)
        .where(SignIn.token_hash == hash_of(token))
    ).all()
    if not rows:
        return None, True
    one, account, _ = rows[0]
    idle = moment - one.seen_at > timedelta(hours=idle_hours)
    if one.until <= moment or idle or account.disabled_at is not None:
        return None, True
    noted = one.seen_at >= moment - timedelta(seconds=_NOTED_EVERY)
    return actor_for(session, account, [own for _, _, own in rows]), noted


def note_seen(session: Session, token: str, moment: datetime | None = None) -> None:
    """Note that a browser was here, where that was not noted of late."""
    moment = moment or now()
    session.execute(
        update(SignIn)
        .where(
            col(SignIn.token_hash) == hash_of(token),
            col(SignIn.seen_at) < moment - timedelta(seconds=_NOTED_EVERY),
        )
        .values(seen_at=moment)
    )


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key as it is told once."""

    key: ApiKey
    secret: str


def make_api_key(
    session: Session,
    actor: Actor,
    account: Account,
    name: str,
    *,
    role: Role,
    days: int,
    brand_id: int | None = None,
    writes: bool = False,
) -> NewKey:
    """Make an API key; its secret is told now and never again.

    Raises:
        InvalidError: the name is blank, it would last no time or too long, or would may more
            than its account.
        NotFoundError: there is no such brand.
        ForbiddenError: one key asks for another, and is not an admin's.
    """
    if actor.key_id is not None and not actor.may(Permission.ADMINISTER, None):
        raise ForbiddenError("An API key makes no other: sign in, and make it at the pages.")
    if account.id != actor.account_id:
        actor.require(Permission.ADMINISTER, None)
    if not name.strip() or len(name) > 100:
        raise InvalidError("A key wants a name of 1 to 100 characters.", field="name")
    if not 1 <= days <= _MOST_DAYS:
        raise InvalidError(f"A key lasts 1 to {_MOST_DAYS} days.", field="days")
    if brand_id is not None and session.get(Brand, brand_id) is None:
        raise NotFoundError("There is no such brand, or it is not yours to see.")
    owner = actor_for(session, account)
    own = owner.role_for(brand_id)
    if lowest(own, role) is not role:
        raise InvalidError(
            f"{account.login} is {own.value if own else 'nothing'} "
            f"{'everywhere' if brand_id is None else 'to this brand'}: a key may not be more.",
            field="role",
        )
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = ApiKey(
        name=name.strip(),
        prefix=KEY_PREFIX + prefix,
        key_hash=hash_of(secret),
        account_id=account_id(account),
        role=role,
        brand_id=brand_id,
        scopes=["read", "write"] if writes else ["read"],
        expires_at=now() + timedelta(days=days),
    )
    session.add(key)
    session.flush()
    record(
        session,
        actor,
        "api_key.make",
        noun="api_key",
        noun_id=int(key.id or 0),
        brand_id=brand_id,
        after={"name": key.name, "account": account.login, "role": role.value, "days": days,
               "scopes": key.scopes},
    )  # fmt: skip
    return NewKey(key, f"{key.prefix}_{secret}")


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as lists show it.

    Attributes:
        state: valid, expired, revoked, or disabled where its account is.
    """

    key: ApiKey
    login: str
    state: str


def list_api_keys(
    session: Session, actor: Actor, *, before: int | None = None, limit: int = 200
) -> list[KeyView]:
    """One's own keys, an admin's view of all; newest first, those below an id."""
    statement = (
        select(ApiKey, Account)
        .join(Account, col(Account.id) == col(ApiKey.account_id))
        .order_by(col(ApiKey.id).desc())
        .limit(limit)
    )
    if not actor.may(Permission.ADMINISTER, None):
        statement = statement.where(ApiKey.account_id == actor.account_id)
        if actor.key_id is not None:  # a key knows itself alone
            statement = statement.where(ApiKey.id == actor.key_id)
    if before is not None:
        statement = statement.where(col(ApiKey.id) < before)
    return [KeyView(key, account.login, _state(key, account)) for key, account in
            session.exec(statement)]  # fmt: skip


def _state(key: ApiKey, account: Account) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at <= now():
        return "expired"
    return "disabled" if account.disabled_at is not None else "valid"


def revoke_api_key(session: Session, actor: Actor, key_id: int) -> None:
    """Make a key worthless.

    Raises:
        NotFoundError: there is none, or it is somebody else's and one is no admin.
    """
    key = session.get(ApiKey, key_id)
    own = key is not None and key.account_id == actor.account_id
    if actor.key_id is not None:
        own = own and key_id == actor.key_id
    if key is None or not (own or actor.may(Permission.ADMINISTER, None)):
        raise NotFoundError(f"No API key {key_id}.")
    if key.revoked_at is None:
        key.revoked_at = now()
        session.add(key)
        record(session, actor, "api_key.revoke", noun="api_key", noun_id=key_id,
               brand_id=key.brand_id)  # fmt: skip


def key_actor(session: Session, presented: str, moment: datetime | None = None) -> Actor | None:
    """Who an API key speaks for; None: it is not valid, or no longer."""
    moment = moment or now()
    prefix, _, secret = presented.removeprefix(KEY_PREFIX).partition("_")
    if not presented.startswith(KEY_PREFIX) or not secret:
        return None
    rows = session.exec(
        select(ApiKey, Account, BrandRole)
        .join(Account, col(Account.id) == col(ApiKey.account_id))
        .join(BrandRole, col(BrandRole.account_id) == col(Account.id), isouter=True)
        .where(
            ApiKey.prefix == KEY_PREFIX + prefix,
            col(ApiKey.revoked_at).is_(None),
            ApiKey.expires_at > moment,
            col(Account.disabled_at).is_(None),
        )
    ).all()
    if not rows or not secrets.compare_digest(rows[0][0].key_hash, hash_of(secret)):
        return None
    key, account, _ = rows[0]
    owner = actor_for(session, account, [own for _, _, own in rows])
    role = Role(key.role)
    own = {b: least for b, r in owner.brands.items() if (least := lowest(r, role)) is not None}
    return replace(
        owner,
        name=f"API key {key.name} of {account.login}",
        everywhere=lowest(owner.everywhere, role),
        brands=own,
        only=key.brand_id,
        writes="write" in key.scopes,
        key_id=key.id,
    )


def note_key_used(session: Session, key_id: int, moment: datetime | None = None) -> None:
    """Note that a key was used, where that was not noted of late."""
    moment = moment or now()
    since = moment - timedelta(seconds=_NOTED_EVERY)
    session.execute(
        update(ApiKey)
        .where(
            col(ApiKey.id) == key_id,
            or_(col(ApiKey.used_at).is_(None), col(ApiKey.used_at) < since),
        )
        .values(used_at=moment)
    )
