"""The queue: cases by what is asked for, in pages that begin where the last one ended.

Each state is read by an index of its own and the parts are merged, so that a page costs the
rows it shows, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, text
from sqlalchemy import select as select_columns
from sqlalchemy.sql import Select
from sqlmodel import Session, col, select

from listening.caseflow import ranks_of
from listening.store.cases.cases import CaseView, with_similar
from listening.store.mentions.mentions import MentionView, views
from listening.store.tables import Case, CaseStatus, Mention, Post, Priority

# Beyond these a count says "or more": it is read anew for every page.
COUNTED = 10_000
# Texts are looked for in so many cases, the first of the list.
LOOKED_THROUGH = 10_000
NOBODY = "none"  # an owner's name that stands for there being none


class CaseOrder(StrEnum):
    """What a list of cases is ordered by."""

    URGENCY = "urgency"
    DUE = "due"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """What is asked for; what begins with `x` is left out. Empty: no matter.

    Attributes:
        owners: names; `NOBODY` stands for none.
        overdue: past the due time, as of this moment.
        words: each in the text or the title, in whatever case.
    """

    statuses: tuple[CaseStatus, ...] = (CaseStatus.OPEN,)
    priorities: tuple[Priority, ...] = ()
    xpriorities: tuple[Priority, ...] = ()
    owners: tuple[str, ...] = ()
    xowners: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    xrisks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    xsources: tuple[str, ...] = ()
    overdue: datetime | None = None
    group: str | None = None
    author_id: int | None = None
    starred: bool | None = None
    checked: bool | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CasePage:
    """A part of a list, and the place of its last row; None: nothing comes after it."""

    cases: list[CaseView]
    after: tuple[Any, int] | None


def list_cases(
    session: Session,
    brand_id: int,
    chosen: CaseFilter | None = None,
    *,
    order: CaseOrder = CaseOrder.URGENCY,
    after: tuple[Any, int] | None = None,
    limit: int = 50,
) -> CasePage:
    """Cases of a brand: the most urgent, the soonest due, or the newest first.

    Args:
        session: to read with.
        brand_id: whose.
        chosen: what is asked for; None: those that are open.
        order: the first value of a place is of it.
        after: the place of the last row of the page before.
        limit: rows.
    """
    chosen = chosen or CaseFilter()
    column, descending = _ORDERS[order]
    parts = []
    for status in chosen.statuses or tuple(CaseStatus):
        statement = _of_status(select(Case), brand_id, status, chosen)
        statement = _ordered(statement, column, descending).limit(limit + 1)
        if after is not None:
            statement = statement.where(_beyond(column, descending, after))
        if chosen.words:
            statement = _with_words(statement, brand_id, status, chosen, column, descending)
        parts.append(session.exec(statement).all())
    found = sorted(
        chain(*parts), key=lambda case: (getattr(case, column.key), case.id), reverse=descending
    )
    page = found[:limit]
    more = len(found) > limit
    last = (getattr(page[-1], column.key), int(page[-1].id or 0)) if more else None
    return CasePage(as_views(session, page), last)


def as_views(session: Session, cases: Sequence[Case]) -> list[CaseView]:
    """Cases with their mentions, in the order given."""
    own = [case.mention_id for case in cases]
    mentions: dict[int | None, MentionView] = (
        {view.mention.id: view for view in views(session, mention_ids=own)} if own else {}
    )
    return with_similar(
        session, [(c, mentions[c.mention_id]) for c in cases if c.mention_id in mentions]
    )


def count_listed(
    session: Session, brand_id: int, chosen: CaseFilter
) -> dict[CaseStatus, int | None]:
    """How many cases a filter finds in each state; `COUNTED` stands for that many or more.

    The state that the filter names is no matter, nor are its words. None where it would take
    looking through all of too many.
    """
    whole = replace(chosen, words=())
    narrows = any((
        chosen.risks, chosen.xrisks, chosen.sources, chosen.xsources, chosen.overdue,
        chosen.author_id, chosen.xowners, chosen.starred is False, chosen.checked is False,
    ))  # fmt: skip
    counted: dict[CaseStatus, int | None] = {}
    for status in CaseStatus:
        if narrows and _count(session, brand_id, status, CaseFilter()) == COUNTED:
            counted[status] = None
        else:
            counted[status] = _count(session, brand_id, status, whole)
    return counted


def _count(session: Session, brand_id: int, status: CaseStatus, chosen: CaseFilter) -> int:
    part = _of_status(select_columns(col(Case.id)), brand_id, status, chosen).limit(COUNTED)
    statement = select_columns(func.count()).select_from(part.subquery())
    return int(session.execute(statement).scalar_one())


_ORDERS: dict[CaseOrder, tuple[Any, bool]] = {
    CaseOrder.URGENCY: (Case.rank, True),
    CaseOrder.DUE: (Case.due_at, False),
    CaseOrder.NEWEST: (Case.published_at, True),
}


def _of_status(statement: Any, brand_id: int, status: CaseStatus, chosen: CaseFilter) -> Any:
    statement = statement.where(col(Case.brand_id) == brand_id, col(Case.status) == status)
    for condition in _conditions(status, chosen):
        statement = statement.where(condition)
    return statement


def _conditions(status: CaseStatus, chosen: CaseFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.priorities:
        found.append(or_(*(_ranked(p) for p in chosen.priorities)))
    found += [~_ranked(p) for p in chosen.xpriorities]
    if chosen.owners:
        found.append(or_(*(_owned(name) for name in chosen.owners)))
    found += [_not_owned(name) for name in chosen.xowners]
    if chosen.risks:
        found.append(or_(*(_risky(name) for name in chosen.risks)))
    found += [~_risky(name) for name in chosen.xrisks]
    if chosen.sources:
        found.append(col(Case.source).in_(chosen.sources))
    if chosen.xsources:
        found.append(col(Case.source).not_in(chosen.xsources))
    if chosen.overdue is not None:
        late = col(Case.due_at) < chosen.overdue
        found.append(and_(late, col(Case.status) != CaseStatus.CLOSED))
    if chosen.group is not None:
        found.append(col(Case.group_key) == chosen.group)
    if chosen.author_id is not None:
        found.append(col(Case.author_id) == chosen.author_id)
    if chosen.starred is not None:
        found.append(_flag("starred", chosen.starred))
    if chosen.checked is not None:
        found.append(_flag("checked", chosen.checked))
    return found


def _flag(name: str, wanted: bool) -> ColumnElement[bool]:
    """Spelt as the index of those that are marked spells it, so that it is used."""
    found: Any = text(f"{'' if wanted else 'NOT '}support_case.{name}")
    chosen: ColumnElement[bool] = found
    return chosen


def _ranked(priority: Priority) -> ColumnElement[bool]:
    """Of a priority, by the rank, which the index has."""
    lowest, above = ranks_of(str(priority))
    return and_(col(Case.rank) >= lowest, col(Case.rank) < above)


def _owned(name: str) -> ColumnElement[bool]:
    return col(Case.owner).is_(None) if name == NOBODY else col(Case.owner) == name


def _not_owned(name: str) -> ColumnElement[bool]:
    if name == NOBODY:
        return col(Case.owner).is_not(None)
    return col(Case.owner).is_distinct_from(name)


def _risky(name: str) -> ColumnElement[bool]:
    # Names of risks are ours: no quote or wildcard is in them.
    return cast(col(Case.risks), String).contains(f'"{name}"', autoescape=True)


def _ordered(statement: Any, column: Any, descending: bool) -> Any:
    order = (col(column).desc(), col(Case.id).desc()) if descending else (col(column), col(Case.id))
    return statement.where(col(column).is_not(None)).order_by(*order)


def _beyond(column: Any, descending: bool, after: tuple[Any, int]) -> ColumnElement[bool]:
    # The first condition alone is one that an index begins at.
    value, number = after
    if descending:
        return and_(col(column) <= value, or_(col(column) < value, col(Case.id) < number))
    return and_(col(column) >= value, or_(col(column) > value, col(Case.id) > number))


def _with_words(
    statement: Select[Any],
    brand_id: int,
    status: CaseStatus,
    chosen: CaseFilter,
    column: Any,
    descending: bool,
) -> Any:
    """Narrowed to texts with the words, looked for in the first of the list alone."""
    first = _of_status(select_columns(col(Case.id)), brand_id, status, chosen)
    first = _ordered(first, column, descending).limit(LOOKED_THROUGH).subquery()
    said = func.lower(func.coalesce(col(Post.title), "") + " " + col(Post.text))
    statement = (
        statement.join(first, first.c.id == col(Case.id))
        .join(Mention, col(Mention.id) == col(Case.mention_id))
        .join(Post, col(Post.id) == col(Mention.post_id))
    )
    for word in chosen.words:
        statement = statement.where(said.contains(word.lower(), autoescape=True))
    return statement
