"""Stance changes: writing what was found, and reading it as events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.stancechanges import Course
from listening.store.bulk import chunked, upsert, within
from listening.store.mentions.mentions import MentionView, views
from listening.store.notifying.alarms import tell_detractors
from listening.store.posts.standing import still_there
from listening.store.tables import Author, Mention, StanceChange, StanceKind

_COLUMNS = ("author_id", "at", "was", "kind", "mention_id", "score")


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change with its author, and the mention that made it; None: time did."""

    change: StanceChange
    author: Author
    mention: MentionView | None


def store_changes(
    session: Session,
    brand_id: int,
    courses: Mapping[int, Course],
    authors: set[int],
    *,
    only: Sequence[int] | None = None,
) -> None:
    """Make these a brand's stance changes; only what differs is written.

    Args:
        session: inside a unit of work.
        brand_id: of the brand.
        courses: by author.
        authors: those who still stand.
        only: the authors whose changes these are; None: everybody's.
    """
    turns = [
        (author, turn)
        for author, own in sorted(courses.items())
        if author in authors
        for turn in own.turns
    ]
    there = still_there(
        session, Mention, {t.mention_id for _, t in turns if t.mention_id is not None}
    )
    wanted: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for author, turn in turns:
        if turn.mention_id is None or turn.mention_id in there:
            was, kind = StanceKind(turn.was), StanceKind(turn.kind)
            wanted[author, turn.at, kind] = (
                author, turn.at, was, kind, turn.mention_id, turn.score,
            )  # fmt: skip
    columns = [col(getattr(StanceChange, name)) for name in ("id", *_COLUMNS)]
    statement: Any = select_columns(*columns).where(col(StanceChange.brand_id) == brand_id)
    if only is not None:
        statement = statement.where(within(session, StanceChange.author_id, only))
    stood: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    gone: list[int] = []
    for number, *values in session.execute(statement):
        key = (values[0], values[1], values[3])
        stood[key] = tuple(values)
        if key not in wanted:
            gone.append(number)
    for chunk in chunked(gone, 5000):
        session.execute(delete(StanceChange).where(col(StanceChange.id).in_(chunk)))
    upsert(
        session,
        StanceChange,
        [
            {"brand_id": brand_id, **dict(zip(_COLUMNS, values, strict=True))}
            for key, values in wanted.items()
            if stood.get(key) != values
        ],
        key=("brand_id", "author_id", "at", "kind"),
        update=("was", "mention_id", "score"),
    )
    turned = [
        (author, at)
        for author, at, kind in wanted.keys() - stood.keys()
        if kind is StanceKind.DETRACTOR
    ]
    tell_detractors(session, brand_id, turned)


def change_views(
    session: Session,
    brand_id: int,
    *,
    author_id: int | None = None,
    since: datetime | None = None,
    kind: StanceKind | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[ChangeView]:
    """A brand's stance changes, the latest first; `after` is the last one shown before."""
    statement: Any = (
        select(StanceChange, Author)
        .join(Author, col(Author.id) == col(StanceChange.author_id))
        .where(StanceChange.brand_id == brand_id)
        .order_by(col(StanceChange.at).desc(), col(StanceChange.id).desc())
        .limit(limit)
    )
    if author_id is not None:
        statement = statement.where(StanceChange.author_id == author_id)
    if since is not None:
        statement = statement.where(col(StanceChange.at) >= since)
    if kind is not None:
        statement = statement.where(StanceChange.kind == kind)
    if after is not None:
        at, number = after
        statement = statement.where(
            (col(StanceChange.at) < at)
            | ((col(StanceChange.at) == at) & (col(StanceChange.id) < number))
        )
    found = session.exec(statement).all()
    said = _said(session, [change.mention_id for change, _ in found])
    return [ChangeView(c, author, said.get(c.mention_id or 0)) for c, author in found]


def latest_turns(
    session: Session, brand_id: int, author_ids: Sequence[int]
) -> dict[int, StanceChange]:
    """The last change of each author."""
    statement = (
        select(StanceChange)
        .where(StanceChange.brand_id == brand_id, col(StanceChange.author_id).in_(author_ids))
        .order_by(col(StanceChange.at), col(StanceChange.id))
    )
    return {one.author_id: one for one in session.exec(statement)}


def _said(session: Session, ids: Sequence[int | None]) -> dict[int, MentionView]:
    wanted = [i for i in ids if i is not None]
    if not wanted:
        return {}
    return {int(v.mention.id or 0): v for v in views(session, mention_ids=wanted)}
