"""Bulk writes that may be repeated: insert, or update on the natural key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

T = TypeVar("T")

# SQLite takes 32,766 bound values a statement; PostgreSQL 65,535.
_MAX_VALUES = 30_000


def chunked(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive slices of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def upsert(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    update: Sequence[str] = (),
    fill: Sequence[str] = (),
) -> None:
    """Insert rows; where the natural key stands already, set the `update` columns.

    Args:
        session: inside a unit of work.
        table: the table.
        rows: all with the same columns; no natural key twice.
        key: the columns of a unique constraint.
        update: columns overwritten on conflict; none means keep what stands.
        fill: columns overwritten on conflict unless the new value is unknown (None).
    """
    if not rows:
        return
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    # In one order always: two workers that write the same rows wait for each other, and
    # never both for the other.
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in key))
    for chunk in chunked(ordered, max(1, _MAX_VALUES // len(rows[0]))):
        statement = insert(table).values([dict(row) for row in chunk])
        if update or fill:
            changed: dict[str, Any] = {name: statement.excluded[name] for name in update}
            for name in fill:
                stands = getattr(table, name)
                changed[name] = func.coalesce(statement.excluded[name], stands)
            statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=list(key))
        session.execute(statement)
