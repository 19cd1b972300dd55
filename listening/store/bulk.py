"""Bulk writes that may be repeated: insert, or update on the natural key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

T = TypeVar("T")


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
    ordered = sorted((dict(row) for row in rows), key=lambda row: tuple(row[name] for name in key))
    # The plain table and one compiled statement for all rows: ten times as fast as the ORM.
    columns: Any = inspect(table).local_table
    statement = insert(columns)
    if update or fill:
        changed: dict[str, Any] = {name: statement.excluded[name] for name in update}
        for name in fill:
            changed[name] = func.coalesce(statement.excluded[name], columns.c[name])
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    session.connection().execute(statement, ordered)
