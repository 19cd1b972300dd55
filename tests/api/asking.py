"""Every route of the application, whoever may ask, and what each is to be told.

The routes are read from the application, so that one that is added is tested without a line
here. What is expected is written down anew, not asked of the code that is tested.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.web.acting import Need
from api.web.app import create_app
from listening.access import Role
from listening.config import Settings

MAY = {
    "viewer": {"read"},
    "support": {"read", "answer"},
    "brand": {"read", "answer", "review", "configure"},
    "admin": {"read", "answer", "review", "configure", "administer"},
}
SAFE = {"GET", "HEAD"}
# A stream ends when its reader goes, which this reader never does.
ENDLESS = ("/events",)
NOWHERE = 999_999_999
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Asked:
    """A route with one method, and what it says it needs."""

    method: str
    path: str
    needs: tuple[Need, ...] = field(hash=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def need(self) -> Need:
        return self.needs[0]

    @property
    def permission(self) -> str | None:
        return self.need.permission.value if self.need.permission is not None else None

    @property
    def api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def parameters(self) -> set[str]:
        return set(_PARAMETER.findall(self.path))

    @property
    def by_brand(self) -> bool:
        return bool(self.parameters & {"slug", "brand_id"}) and self.need.where == "path"

    def address(self, values: Mapping[str, object]) -> str:
        return _PARAMETER.sub(lambda m: quote(str(values.get(m[1], NOWHERE))), self.path)


@dataclass(frozen=True)
class Subject:
    """One who asks.

    Attributes:
        everywhere, own: the roles that count in the end, for every brand and for the own one.
        key: a program; `writes` and `only` are of its key, "own" or "foreign".
    """

    name: str
    everywhere: str | None = None
    own: str | None = None
    key: bool = False
    writes: bool = True
    only: str | None = None
    nobody: bool = False

    def role(self, brand: str | None) -> set[str]:
        """What they may do for a brand ("own", "foreign"); for None, for every brand."""
        if self.only is not None and brand != self.only:
            return set()
        roles = [self.everywhere] + ([self.own] if brand == "own" else [])
        return {p for r in roles if r is not None for p in MAY[r] if p == "read" or self.writes}

    def somewhere(self) -> set[str]:
        return self.role("own") | self.role("foreign") | self.role(None)


SUBJECTS = (
    Subject("nobody", nobody=True),
    Subject("no role"),
    *(Subject(f"{role} everywhere", everywhere=role) for role in MAY),
    *(Subject(f"{role} of the brand", own=role) for role in MAY),
    Subject("key that reads", everywhere="admin", key=True, writes=False),
    Subject("key that writes", everywhere="admin", key=True),
    Subject("viewer's key", everywhere="viewer", key=True),
    Subject("key of the brand", everywhere="admin", key=True, only="own"),
    Subject("key of another brand", everywhere="admin", key=True, only="foreign"),
)


def expected(route: Asked, who: Subject, brand: str) -> str:
    """What somebody is told: "in", "sign in", "forbidden", "hidden", "not theirs" (either of
    these), or "perhaps" (it is up to whose it is)."""
    found = _expected(route, who, brand)
    return "perhaps" if found == "in" and route.name in OF_ITS_OWNER else found


def _expected(route: Asked, who: Subject, brand: str) -> str:
    if route.permission is None:
        return "open"
    if who.nobody or (who.key and not route.api):
        return "sign in"
    wanted, where = route.permission, route.need.where
    writes = route.method in SAFE or route.need.reads or who.writes
    if where == "own":
        return "in" if writes else "forbidden"
    if route.by_brand:
        if "read" not in who.role(brand):
            return "hidden"
        return "in" if wanted in who.role(brand) and writes else "forbidden"
    if where == "everywhere":
        return "in" if wanted in who.role(None) and writes else "forbidden"
    if wanted not in who.somewhere() or not writes:
        return "forbidden"
    if route.parameters & OWNED and wanted not in who.role(brand):
        return "not theirs"
    return "in"


# What whoever made it alone may change.
OF_ITS_OWNER = {
    "PATCH /api/v1/brands/{brand_id}/views/{view_id}",
    "DELETE /api/v1/brands/{brand_id}/views/{view_id}",
    "POST /brands/{slug:path}/views/{view_id}/delete",
}
# What belongs to one brand, and is named without it.
OWNED = {"watch_id", "channel_id", "delivery_id"}


def routes(app: FastAPI) -> list[Asked]:
    """Every route, method by method."""
    found = []
    for one in iter_route_contexts(app.routes):
        dependant = getattr(one, "dependant", None)
        if dependant is None:
            continue
        needs = tuple(d.call for d in dependant.dependencies if isinstance(d.call, Need))
        found += [Asked(method, str(one.path), needs) for method in sorted(one.methods or ())]
    return [one for one in found if one.method != "HEAD"]


def bare_application() -> FastAPI:
    """To read routes from; its store is never opened."""
    return create_app(Settings(data_dir=Path("unused"), _env_file=None))  # type: ignore[call-arg]


ROUTES = routes(bare_application())


def form_token(key: bytes, token: str) -> str:
    """What forms of a browser carry."""
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()


def role_of(name: str | None) -> Role | None:
    return Role(name) if name is not None else None
