"""Asking the full text index of the store which posts may hold what a query wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col

from listening.query.indexing import OVERLONG, All, Wanted, Word
from listening.store.tables import PostWords

_FTS = table("fts_post_words", column("rowid"))
# PostgreSQL's own estimate is taken for this much wrong at most.
_MISJUDGED = 5


def posts_with(session: Session, wanted: Wanted) -> Any:
    """A subquery of the ids of posts that have what is wanted among their words."""
    if session.get_bind().dialect.name == "sqlite":
        return select(_FTS.c.rowid).where(
            text("fts_post_words MATCH :wanted").bindparams(wanted=_fts5(wanted))
        )
    return select(col(PostWords.post_id)).where(_held(wanted))


def few_posts(session: Session, wanted: Wanted, most: int) -> int | None:
    """How many posts have what is wanted; None: more than `most`."""
    if session.get_bind().dialect.name == "postgresql":
        # An index of words reads all of them before it gives the first; so it is asked how
        # many it takes them for before they are counted.
        statement = select(col(PostWords.post_id)).where(_held(wanted))
        compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        told: Any = session.connection().exec_driver_sql(f"EXPLAIN (FORMAT JSON) {compiled}")
        plan = told.scalar_one()
        if plan[0]["Plan"]["Plan Rows"] > _MISJUDGED * most:
            return None
    limited = posts_with(session, wanted).limit(most + 1).subquery()
    count = session.execute(select(func.count()).select_from(limited)).scalar_one()
    return None if count > most else int(count)


def _held(wanted: Wanted) -> ColumnElement[bool]:
    parted = func.string_to_array(col(PostWords.words), literal_column("' '"))
    # Cast and not read: every word is taken as it is.
    asked = cast(literal(_tsquery(wanted)), TSQUERY)
    return func.array_to_tsvector(parted).op("@@", is_comparison=True)(asked)


def _fts5(wanted: Wanted) -> str:
    def word(one: Word) -> str:
        return f'"{one.text}"' + (" *" if one.prefix else "")

    return f'({_formula(wanted, word, " AND ", " OR ")}) OR "{OVERLONG}"'


def _tsquery(wanted: Wanted) -> str:
    def word(one: Word) -> str:
        return f"'{one.text}'" + (":*" if one.prefix else "")

    return f"({_formula(wanted, word, ' & ', ' | ')}) | '{OVERLONG}'"


def _formula(wanted: Wanted, word: Callable[[Word], str], both: str, either: str) -> str:
    if isinstance(wanted, Word):
        return word(wanted)
    joint = both if isinstance(wanted, All) else either
    return joint.join(f"({_formula(part, word, both, either)})" for part in wanted.parts)
