"""What people do to brands: add, change, remove. One function for pages, API and command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, ListeningError, NotFoundError
from listening.query import parse
from listening.store.access.audit import changed, record
from listening.store.brands import brands
from listening.store.brands.brands import aliases_of, brand_id, query_for, set_aliases, slug_of
from listening.store.keeping.retention import LONGEST_DAYS
from listening.store.keeping.wishes import want_match
from listening.store.tables import Alias, AliasKind, AuditEntry, Brand

LONGEST_NAME = 120
LONGEST_QUERY = 20_000
MOST_ALIASES = 500


def add_brand(
    session: Session,
    actor: Actor,
    *,
    name: str,
    query: str | None = None,
    names: Sequence[str] = (),
    own_accounts: Sequence[str] = (),
) -> Brand:
    """Add a brand; the posts that are stored already are matched against it by a worker.

    Args:
        session: inside a unit of work.
        actor: who does it; sets up every brand.
        name: for people.
        query: None: the name and its aliases as phrases.
        names: other names.
        own_accounts: handles of the brand itself.

    Raises:
        InvalidError: names the field and the fix.
        QueryError: the query cannot be read; with its column.
        ConflictError: a brand of this name is there already.
    """
    actor.require(Permission.CONFIGURE, None)
    names, own_accounts = _listed(names, "names"), _listed(own_accounts, "own_accounts")
    text = _query(query if query is not None and query.strip() else query_for(name, names))
    try:
        brand = brands.add_brand(
            session, _name(name), query=text, names=names, own_accounts=own_accounts
        )
    except ConflictError:
        raise ConflictError(
            f"There is a brand {name.strip()!r} already: change that one."
        ) from None
    except ListeningError as error:
        raise InvalidError(str(error), field="name") from None
    want_match(session, brand)
    session.flush()
    _note(session, actor, "brand.add", brand, None, facts_of(session, brand))
    return brand


def edit_brand(
    session: Session,
    actor: Actor,
    brand: int,
    *,
    version: int | None = None,
    name: str | None = None,
    query: str | None = None,
    names: Sequence[str] | None = None,
    own_accounts: Sequence[str] | None = None,
) -> Brand:
    """Change a brand; what is None stays. Its mentions follow, by a worker.

    Raises:
        ConflictError: somebody changed it meanwhile, or another brand has the name.
        InvalidError, QueryError: as `add_brand`.
        NotFoundError, ForbiddenError: no such brand; not this actor.
    """
    found = _own(session, actor, Permission.CONFIGURE, brand, version)
    before = facts_of(session, found)
    if name is not None and name.strip() != found.name:
        _rename(session, found, _name(name))
    if query is not None:
        found.query = _query(query)
    if names is not None:
        set_aliases(session, found, AliasKind.NAME, _listed(names, "names"))
    if own_accounts is not None:
        own = _listed(own_accounts, "own_accounts")
        set_aliases(session, found, AliasKind.OWN_ACCOUNT, own)
    after = facts_of(session, found)
    if after == before:
        return found
    if any(before[one] != after[one] for one in ("query", "names", "own_accounts")):
        want_match(session, found)
    _bump(session, actor, "brand.edit", found, before, after)
    return found


def set_retention(
    session: Session, actor: Actor, brand: int, days: int | None, *, version: int | None = None
) -> Brand:
    """Keep a brand's mentions for so many days; None: for good.

    Raises:
        InvalidError: fewer than one day or more than a hundred years.
        ConflictError: somebody changed the brand meanwhile.
    """
    found = _own(session, actor, Permission.ADMINISTER, brand, version)
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise InvalidError(
            f"Write 1 to {LONGEST_DAYS:,} days, or nothing to keep them for good.",
            field="retention_days",
        )
    before = {"retention_days": found.retention_days}
    if found.retention_days == days:
        return found
    found.retention_days = days
    _bump(session, actor, "brand.retention", found, before, {"retention_days": days})
    return found


def remove_brand(session: Session, actor: Actor, brand: int, *, typed: str) -> None:
    """Remove a brand with its mentions, stances and cases; posts and authors stay.

    Args:
        session: inside a unit of work.
        actor: who does it; administers the brand.
        brand: its number.
        typed: its name once more, so that none goes by a slip.

    Raises:
        InvalidError: the name was not typed.
    """
    found = _own(session, actor, Permission.ADMINISTER, brand, None)
    if slug_of(typed) != found.slug:
        raise InvalidError(f"Type {found.name} to remove it with all that is known.", field="typed")
    before = facts_of(session, found)
    record(session, actor, "brand.remove", noun="brand", noun_id=brand, before=before)
    brands.remove_brand(session, found)
    session.flush()
    changed(session, "brand", brand, by=actor.name)


def facts_of(session: Session, brand: Brand) -> dict[str, Any]:
    """A brand as it is set up, for the log and for pages."""
    return {
        "name": brand.name,
        "query": brand.query,
        "names": aliases_of(session, brand, AliasKind.NAME),
        "own_accounts": aliases_of(session, brand, AliasKind.OWN_ACCOUNT),
    }


def own_accounts_of(session: Session, brand: int) -> frozenset[str]:
    """Handles of the brand itself."""
    own = select(Alias.value).where(Alias.brand_id == brand, Alias.kind == AliasKind.OWN_ACCOUNT)
    return frozenset(session.exec(own))


def last_change(session: Session, noun: str, number: int) -> str:
    """Who changed something last, and how, in words."""
    own = select(AuditEntry).where(AuditEntry.noun == noun, AuditEntry.noun_id == str(number))
    last = session.exec(own.order_by(col(AuditEntry.id).desc()).limit(1)).first()
    return f"{last.by} ({last.action})" if last is not None else "somebody else"


def _own(
    session: Session, actor: Actor, permission: Permission, brand: int, version: int | None
) -> Brand:
    actor.require(permission, brand)
    found = session.get(Brand, brand)
    if found is None:
        raise NotFoundError(f"There is no brand {brand}.")
    if version is not None and found.version != version:
        raise ConflictError(
            f"{found.name} was changed meanwhile by {last_change(session, 'brand', brand)}: it is "
            f"at version {found.version}, you had {version}. Look at it again, then repeat your "
            "change."
        )
    return found


def _bump(
    session: Session,
    actor: Actor,
    action: str,
    brand: Brand,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    brand.version += 1
    session.add(brand)
    session.flush()
    different = [name for name in after if after[name] != before[name]]
    _note(
        session, actor, action, brand, {n: before[n] for n in different},
        {n: after[n] for n in different},
    )  # fmt: skip


def _note(
    session: Session,
    actor: Actor,
    action: str,
    brand: Brand,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    own = brand_id(brand)
    record(
        session, actor, action, noun="brand", noun_id=own, brand_id=own, before=before, after=after
    )
    changed(session, "brand", own, brand_id=own, version=brand.version, by=actor.name)


def _rename(session: Session, brand: Brand, name: str) -> None:
    taken = select(Brand.id).where(Brand.slug == slug_of(name), Brand.id != brand.id)
    if session.exec(taken).first() is not None:
        raise ConflictError(f"There is a brand {name!r} already.")
    brand.name, brand.slug = name, slug_of(name)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidError(f"Write a name of 1 to {LONGEST_NAME} characters.", field="name")
    if any(ord(one) < 32 or 127 <= ord(one) < 160 for one in name):
        raise InvalidError("A name holds no control characters.", field="name")
    return name


def _query(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_QUERY:
        raise InvalidError(f"A query has at most {LONGEST_QUERY:,} characters.", field="query")
    parse(text)
    return text


def _listed(values: Sequence[str], field: str) -> list[str]:
    found = [value.strip() for value in values if value.strip()]
    if len(found) > MOST_ALIASES or any(len(value) > LONGEST_NAME for value in found):
        raise InvalidError(
            f"Write at most {MOST_ALIASES}, each of {LONGEST_NAME} characters at most.", field=field
        )
    return found
