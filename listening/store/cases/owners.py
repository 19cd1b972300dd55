"""Who cases may be given to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from listening.access import Actor, Permission, Role, grants
from listening.store.tables import Account, BrandRole

_ABLE = [role for role in Role if grants(role, Permission.ANSWER)]


def owners(session: Session, brand_id: int) -> list[Account]:
    """Those who may work on a brand's cases, by login."""
    return list(session.exec(_able(brand_id).order_by(col(Account.login))))


def may_own(session: Session, brand_id: int, login: str) -> bool:
    """Whether somebody may work on a brand's cases."""
    return session.exec(_able(brand_id).where(Account.login == login)).first() is not None


def own_login(session: Session, actor: Actor) -> str | None:
    """The name under which an actor owns cases; None: it stands for nobody."""
    account = session.get(Account, actor.account_id) if actor.account_id is not None else None
    return account.login if account is not None else None


def _able(brand_id: int) -> Any:
    return (
        select(Account)
        .outerjoin(
            BrandRole,
            and_(col(BrandRole.account_id) == col(Account.id), col(BrandRole.brand_id) == brand_id),
        )
        .where(
            col(Account.disabled_at).is_(None),
            or_(col(Account.role).in_(_ABLE), col(BrandRole.role).in_(_ABLE)),
        )
    )
