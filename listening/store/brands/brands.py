"""Brands and their aliases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from listening.errors import ConflictError, ListeningError, NotFoundError
from listening.matching import BrandRule, handle_of
from listening.store.posts.unprofiled import mark_silent
from listening.store.tables import Alias, AliasKind, Brand

# A terminal obeys some of these, line ends too; joiners, which emoji and Persian need, are not.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def slug_of(name: str) -> str:
    """The name folded: spellings that differ in case or spaces are one brand."""
    return " ".join(name.casefold().split())


def query_for(name: str, aliases: Iterable[str] = ()) -> str:
    """A query for a brand given no other: its name and aliases, each as a phrase."""
    names = dict.fromkeys([name.strip(), *(a.strip() for a in aliases)])
    return " OR ".join('"' + n.replace('"', " ") + '"' for n in names if n)


def add_brand(
    session: Session,
    name: str,
    *,
    query: str,
    names: Sequence[str] = (),
    own_accounts: Sequence[str] = (),
) -> Brand:
    """Add a brand.

    Raises:
        ListeningError: the name is blank, or holds what no name does.
        ConflictError: a brand of this name is there already.
    """
    if not slug_of(name) or _CONTROL.search(name):
        raise ListeningError(
            f"{name!r} is no name for a brand: write at least one character, none a control one."
        )
    if session.exec(select(Brand).where(Brand.slug == slug_of(name))).first() is not None:
        raise ConflictError(
            f"There is a brand {name!r} already: change it with `listening brand edit`."
        )
    brand = Brand(name=name.strip(), slug=slug_of(name), query=query)
    session.add(brand)
    session.flush()
    set_aliases(session, brand, AliasKind.NAME, names)
    set_aliases(session, brand, AliasKind.OWN_ACCOUNT, own_accounts)
    return brand


def set_aliases(session: Session, brand: Brand, kind: AliasKind, values: Sequence[str]) -> None:
    """Make `values` the brand's aliases of one kind."""
    session.execute(delete(Alias).where(col(Alias.brand_id) == brand.id, col(Alias.kind) == kind))
    fold = handle_of if kind is AliasKind.OWN_ACCOUNT else slug_of
    for value in dict.fromkeys(fold(v) for v in values if v.strip()):
        session.add(Alias(brand_id=brand_id(brand), kind=kind, value=value))
    session.flush()


def get_brand(session: Session, name: str) -> Brand:
    """The brand of this name.

    Raises:
        NotFoundError: none; lists those there are.
    """
    brand = session.exec(select(Brand).where(Brand.slug == slug_of(name))).first()
    if brand is None:
        known = ", ".join(b.name for b in list_brands(session)) or "none yet"
        raise NotFoundError(
            f"No brand {name!r} (known: {known}); add it with `listening brand add`."
        )
    return brand


def list_brands(session: Session) -> list[Brand]:
    """All brands by name."""
    return list(session.exec(select(Brand).order_by(Brand.slug)))


def brand_id(brand: Brand) -> int:
    """The id of a stored brand."""
    if brand.id is None:
        raise ValueError(f"brand {brand.name!r} is not stored")
    return brand.id


def brand_rules(session: Session, names: Sequence[str] | None = None) -> list[BrandRule]:
    """What matching needs, of the named brands or of all.

    Raises:
        NotFoundError: a name is unknown.
    """
    brands = list_brands(session) if names is None else [get_brand(session, n) for n in names]
    own: dict[int, set[str]] = {}
    accounts = select(Alias).where(Alias.kind == AliasKind.OWN_ACCOUNT)
    for alias in session.exec(accounts):
        own.setdefault(alias.brand_id, set()).add(alias.value)
    return [
        BrandRule(brand_id(b), b.name, b.query, frozenset(own.get(brand_id(b), ()))) for b in brands
    ]


def aliases_of(session: Session, brand: Brand, kind: AliasKind) -> list[str]:
    """A brand's aliases of one kind."""
    found = select(Alias.value).where(Alias.brand_id == brand.id, Alias.kind == kind)
    return sorted(session.exec(found))


def remove_brand(session: Session, brand: Brand) -> None:
    """Remove a brand with its mentions, stances and cases; posts stay."""
    mark_silent(session, brand_id(brand))
    session.delete(brand)
