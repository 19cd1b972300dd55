"""A watch that takes pushes, what is pushed to it, and what the store then holds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlmodel import func, select

from listening.schedule import Schedule
from listening.signing import HEADER, signed
from listening.sources.push import NAME, PushSource
from listening.sources.registry import settle
from listening.store.brands.brands import get_brand, list_brands
from listening.store.session import Store
from listening.store.tables import Mention, Post, QuarantinedRow, Sweep
from listening.store.watches.pushkeys import make_push_secret
from listening.store.watches.watches import add_watch, watch_id_of
from tests.factories import brand

CSV = (
    "id,author,date,text\n"
    "1,@ann,2026-09-01T10:00:00Z,jetblue lost my bag ✈️\n"
    "2,@bob,2026-09-02T10:00:00Z,lovely weather\n"
    "3,@cay,someday,jetblue\n"
).encode()


@dataclass(frozen=True)
class Watched:
    """A watch of JetBlue with its secret."""

    id: int
    secret: str

    @property
    def path(self) -> str:
        return f"/api/v1/push/{self.id}"

    def headers(self, body: bytes, at: int | None = None) -> dict[str, str]:
        """The signature of a body."""
        return {HEADER: signed(self.secret, at or int(time.time()), body)}


def watched(store: Store, **params: Any) -> Watched:
    """A watch that takes pushes, of a brand that is made where it is missing."""
    with store.session() as session:
        known = list_brands(session)
    if not known:
        brand(store, "JetBlue", "jetblue")
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        watch, _ = add_watch(session, own, NAME, settle(PushSource(), params), Schedule())
        return Watched(watch_id_of(watch), make_push_secret(session, watch))


def held(store: Store) -> dict[str, int]:
    """How many rows of each kind the store has."""
    tables: tuple[Any, ...] = (Post, Mention, QuarantinedRow, Sweep)
    with store.session() as session:
        return {
            table.__tablename__: session.exec(select(func.count()).select_from(table)).one()
            for table in tables
        }


def many(rows: int, words: int = 3) -> bytes:
    """CSV of so many rows, each of another author."""
    text = "jetblue " + "word " * words
    lines = [f"p{n},a{n},2026-09-01T10:00:00Z,{text}{n}" for n in range(rows)]
    return "\n".join(["id,author,date,text", *lines, ""]).encode()
