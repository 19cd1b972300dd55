"""Bulk writes that may be repeated: insert, or update on the natural key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import JSON, Dialect, Float, LargeBinary, cast, func, inspect, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, SQLModel, col

T = TypeVar("T")


def chunked(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive slices of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def within(session: Session, column: Any, values: Sequence[Any]) -> Any:
    """Whether a column is one of many values; on PostgreSQL they travel as one array.

    A statement with thousands of places costs more to read than to run.
    """
    if session.get_bind().dialect.name != "postgresql":
        return col(column).in_(values)
    return col(column) == func.any(
        cast(literal(list(values), ARRAY(column.type)), ARRAY(column.type))
    )


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
    dialect = session.get_bind().dialect
    # In one order always: two workers that write the same rows wait for each other, and
    # never both for the other.
    ordered = sorted(rows, key=itemgetter(*key))
    names = tuple(ordered[0])
    values = [_bound(table, name, dialect, [row[name] for row in ordered]) for name in names]
    statement = _statement(table, dialect, names, tuple(key), tuple(update), tuple(fill))
    # Past SQLAlchemy, which binds value by value: three times as fast on SQLite. PostgreSQL
    # gets a column an array, and one statement instead of one for every row: ten times.
    parameters = tuple(values) if dialect.name == "postgresql" else list(zip(*values, strict=True))
    session.connection().exec_driver_sql(statement, parameters)


def _bound(table: type[SQLModel], name: str, dialect: Dialect, values: list[Any]) -> Sequence[Any]:
    """Values of a column as the driver takes them."""
    kind = _columns(table)[name].type
    if isinstance(kind, JSON):
        return [None if value is None else _json(value) for value in values]
    if isinstance(kind, LargeBinary):
        return values
    if isinstance(kind, Float):  # an array is of one type
        return [None if value is None else float(value) for value in values]
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    return values if bind is None else [bind(value) for value in values]


def _json(value: Any) -> str:
    return "[]" if value == [] else json.dumps(value)  # most lists of a post are empty


@lru_cache(maxsize=256)
def _statement(
    table: type[SQLModel],
    dialect: Dialect,
    names: tuple[str, ...],
    key: tuple[str, ...],
    update: tuple[str, ...],
    fill: tuple[str, ...],
) -> str:
    columns = _columns(table)
    own = dialect.identifier_preparer.format_table(inspect(table).local_table)
    quoted = {name: dialect.identifier_preparer.quote(name) for name in names}
    listed = ", ".join(quoted[name] for name in names)
    if dialect.name == "postgresql":
        json_cast = {n: "::json" if isinstance(columns[n].type, JSON) else "" for n in names}
        arrays = ", ".join(f"%s::{_element(columns[n].type, dialect)}[]" for n in names)
        read = ", ".join(f"{quoted[n]}{json_cast[n]}" for n in names)
        given = f"unnest({arrays}) WITH ORDINALITY AS given ({listed}, place)"
        # Only names of our own tables and columns are spelt out.
        values = f"SELECT {read} FROM {given} ORDER BY place"  # noqa: S608
    else:
        values = f"VALUES ({', '.join('?' * len(names))})"
    changes = [f"{quoted[n]} = excluded.{quoted[n]}" for n in update]
    changes += [f"{quoted[n]} = coalesce(excluded.{quoted[n]}, {own}.{quoted[n]})" for n in fill]
    then = f"UPDATE SET {', '.join(changes)}" if changes else "NOTHING"
    unique = ", ".join(quoted[n] for n in key)
    return f"INSERT INTO {own} ({listed}) {values} ON CONFLICT ({unique}) DO {then}"


def _element(kind: Any, dialect: Dialect) -> str:
    return "text" if isinstance(kind, JSON) else str(kind.compile(dialect))


def _columns(table: type[SQLModel]) -> Any:
    return inspect(table).local_table.c
