"""Who may do what (pure): roles, what each lets one do, and who is asking.

A role holds for every brand or for one. Each permission names the least role that has it, so
that a role has all that those below it have:

    viewer  sees lists and pages
    support works on cases, corrects sentiment, tags mentions
    brand   reviews authors, edits segments, exports, sets up brands and watches, reports
    admin   people, keys, credentials, notifications, retention, the audit log
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from listening.errors import ForbiddenError, NotFoundError


class Role(StrEnum):
    """What somebody is to a brand, from least to most."""

    VIEWER = "viewer"
    SUPPORT = "support"
    BRAND = "brand"
    ADMIN = "admin"


class Permission(StrEnum):
    """Something that one may do."""

    READ = "read"
    ANSWER = "answer"
    REVIEW = "review"
    CONFIGURE = "configure"
    ADMINISTER = "administer"


LEAST_ROLE: Mapping[Permission, Role] = {
    Permission.READ: Role.VIEWER,
    Permission.ANSWER: Role.SUPPORT,
    Permission.REVIEW: Role.BRAND,
    Permission.CONFIGURE: Role.BRAND,
    Permission.ADMINISTER: Role.ADMIN,
}
_RANK = {role: rank for rank, role in enumerate(Role)}


def highest(*roles: Role | None) -> Role | None:
    """The most of several roles; None where there is none."""
    return max((r for r in roles if r is not None), key=_RANK.__getitem__, default=None)


def lowest(one: Role | None, other: Role | None) -> Role | None:
    """The lesser of two; None is the least."""
    return None if one is None or other is None else min(one, other, key=_RANK.__getitem__)


def grants(role: Role | None, permission: Permission) -> bool:
    """Whether a role lets one do it."""
    return role is not None and _RANK[role] >= _RANK[LEAST_ROLE[permission]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking, and what they are to which brand.

    Attributes:
        name: as it stands in records: a login, "API key NAME of LOGIN", "command line".
        everywhere: the role for every brand; None: only for those in `brands`.
        only: the brand that an API key is for; None: it is for all.
        writes: False for an API key that may only read.
    """

    name: str
    account_id: int | None = None
    everywhere: Role | None = None
    brands: Mapping[int, Role] = field(default_factory=dict)
    only: int | None = None
    writes: bool = True
    key_id: int | None = None

    def role_for(self, brand_id: int | None) -> Role | None:
        """The role for a brand; for None, the one that holds everywhere."""
        if self.only is not None and brand_id != self.only:
            return None
        return self.everywhere if brand_id is None else self._role(brand_id)

    def _role(self, brand_id: int) -> Role | None:
        return highest(self.everywhere, self.brands.get(brand_id))

    def may(self, permission: Permission, brand_id: int | None) -> bool:
        """Whether this one may do it for a brand; for None, for everything there is."""
        if permission is not Permission.READ and not self.writes:
            return False
        return grants(self.role_for(brand_id), permission)

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether there is a brand, perhaps one to come, that this one may do it for."""
        if permission is not Permission.READ and not self.writes:
            return False
        if self.only is not None:
            return self.may(permission, self.only)
        return grants(highest(self.everywhere, *self.brands.values()), permission)

    def visible(self) -> frozenset[int] | None:
        """The brands that this one may see; None: all, those to come too."""
        if self.only is not None:
            return frozenset({self.only}) if self.may(Permission.READ, self.only) else frozenset()
        return None if self.everywhere is not None else frozenset(self.brands)

    def require(self, permission: Permission, brand_id: int | None, noun: str = "brand") -> None:
        """Go on only where this one may.

        Raises:
            NotFoundError: the brand is not theirs to see: whether it exists is not told.
            ForbiddenError: they may see it, and not do this.
        """
        if self.may(permission, brand_id):
            return
        if brand_id is not None and not self.may(Permission.READ, brand_id):
            raise NotFoundError(f"There is no such {noun}, or it is not yours to see.")
        raise ForbiddenError(
            f"This takes the role {LEAST_ROLE[permission].value}"
            + (" for every brand" if brand_id is None else "")
            + ("" if self.writes else " and an API key that may write")
            + ": ask whoever runs this service."
        )


COMMAND_LINE = Actor(name="command line", everywhere=Role.ADMIN)
