"""Whether what was read a while ago still stands: it may have been erased or expired meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, select

from listening.store.bulk import chunked
from listening.store.tables import Author, Mention, Post


def still_there(
    session: Session, table: type[Author | Mention | Post], ids: Iterable[int]
) -> set[int]:
    """Those of the ids that stand, and will to the end of the unit of work.

    What took long to work out is written for these only: a row that refers to one that is
    gone would be refused, and the whole unit with it.
    """
    found: set[int] = set()
    for chunk in chunked(sorted(set(ids)), 5000):
        statement = select(table.id).where(col(table.id).in_(chunk)).order_by(col(table.id))
        locked = statement.with_for_update(read=True, key_share=True)
        found |= {int(i or 0) for i in session.exec(locked)}
    return found
