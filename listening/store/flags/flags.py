"""Flags: one row for every author whom lists show, made anew from what it stands on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.advocacy import Verdict
from listening.store.bulk import chunked, upsert, within
from listening.store.flags.reviews import Standing, standings
from listening.store.segments.segments import current_segmentation
from listening.store.tables import (
    Author,
    Flag,
    FlagStatus,
    Mark,
    Membership,
    Stance,
    StanceChange,
    StanceKind,
)

_CHUNK = 5000
_KEY = ("brand_id", "author_id")
_UNKNOWN = 9.0  # behind every figure in [-2, 2]
# From here on a new mention is said to point where the flag does.
_PUSHES = 0.2
_MOST_NEWS = 20


def refresh_flags(
    session: Session, brand_id: int, author_ids: Collection[int] | None = None
) -> None:
    """Make a brand's flags anew, those of some authors or all.

    Only rows that differ are written.

    Args:
        session: inside a unit of work.
        brand_id: of the brand.
        author_ids: None: everybody's.
    """
    session.flush()
    if author_ids is None:
        _refresh(session, brand_id, None)
        return
    for chunk in chunked(sorted(set(author_ids)), _CHUNK):
        _refresh(session, brand_id, chunk)


def _refresh(session: Session, brand_id: int, author_ids: Sequence[int] | None) -> None:
    done = standings(session, brand_id, author_ids)
    segments = _segments(session, author_ids)
    turned = _turned(session, brand_id, author_ids)
    newest = _newest(
        session, brand_id, [a for a, s in done.items() if s.status is FlagStatus.DISMISSED]
    )
    rows = []
    for found in _stances(session, brand_id, author_ids, done):
        author, kind = found["author_id"], found["kind"]
        standing = done.get(author, Standing())
        if standing.marked is not None and standing.marked.mark is not Mark.GENUINE:
            kind = StanceKind.PASSIVE  # weighs nothing from now on, whatever was worked out
        news = _news(standing, kind, newest.get(author, ()))
        segment_id, noise = segments.get(author, (None, None))
        rows.append(
            {
                "brand_id": brand_id,
                "author_id": author,
                "kind": kind,
                "status": FlagStatus.BACK if news is not None else standing.status,
                "assignee": standing.assignee,
                "mark": standing.marked.mark if standing.marked else None,
                "source": found["source"],
                "followers": found["followers"],
                "segment_id": segment_id,
                "noise": noise,
                "last_at": found["last_at"],
                "turned_at": turned.get((author, kind)),
                "coordinated": bool(found["coordinated"]),
                "discount": _discount(found["discounts"]),
                "news": news or [],
                **sort_keys(found, kind),
                "version": standing.version,
            }
        )
    _write(session, brand_id, author_ids, rows)


def sort_keys(found: Any, kind: StanceKind) -> dict[str, float]:
    """What lists are sorted by: the smaller, the earlier."""
    sign = 1.0 if kind is StanceKind.DETRACTOR else -1.0
    followers, last_at, trend = found["followers"], found["last_at"], found["trend"]
    return {
        "by_surest": sign * (found["high"] if kind is StanceKind.DETRACTOR else found["low"]),
        "by_score": sign * found["score"],
        "by_reach": 1.0 if followers is None else -float(followers),
        "by_recent": 0.0 if last_at is None else -last_at.timestamp(),
        "by_trend": _UNKNOWN if trend is None else sign * trend,
    }


def _news(
    standing: Standing, kind: StanceKind, newest: Sequence[Sequence[float]]
) -> list[int] | None:
    """Mentions that bring a dismissed author back, the latest first; None: still dismissed."""
    if standing.status is not FlagStatus.DISMISSED or kind is StanceKind.PASSIVE:
        return None
    sign = 1 if kind is StanceKind.ADVOCATE else -1
    since = [
        int(mention)
        for mention, pull in newest
        if standing.seen is not None and mention > standing.seen and sign * pull > _PUSHES
    ][:_MOST_NEWS]
    other = standing.dismissed_as is not None and kind is not standing.dismissed_as
    return since if since or other else None


def _discount(discounts: Sequence[dict[str, Any]] | None) -> str | None:
    return str(discounts[0]["kind"]) if discounts else None


def _stances(
    session: Session,
    brand_id: int,
    author_ids: Sequence[int] | None,
    done: Collection[int],
) -> Iterator[Any]:
    """Stances of the flagged, and of whoever a person touched."""
    base: Any = (
        select_columns(
            col(Stance.author_id), col(Stance.kind), col(Stance.score), col(Stance.low),
            col(Stance.high), col(Stance.last_at), col(Stance.trend), col(Stance.coordinated),
            col(Stance.discounts), col(Author.source), col(Author.followers),
        )
        .join(Author, col(Author.id) == col(Stance.author_id))
        .where(col(Stance.brand_id) == brand_id)
    )  # fmt: skip
    flagged = col(Stance.kind).in_([StanceKind.ADVOCATE, StanceKind.DETRACTOR])
    if author_ids is not None:
        touched = or_(flagged, col(Stance.author_id).in_(list(done)))
        mine = base.where(within(session, Stance.author_id, author_ids), touched)
        yield from session.execute(mine).mappings()
        return
    yield from session.execute(base.where(flagged)).mappings()
    for chunk in chunked(sorted(done), _CHUNK):
        others = base.where(within(session, Stance.author_id, chunk), ~flagged)
        yield from session.execute(others).mappings()


def _segments(session: Session, author_ids: Sequence[int] | None) -> dict[int, tuple[int, bool]]:
    run = current_segmentation(session)
    if run is None:
        return {}
    statement = select(Membership.author_id, Membership.segment_id, Membership.noise).where(
        Membership.segmentation_id == run.id
    )
    if author_ids is not None:
        statement = statement.where(within(session, Membership.author_id, author_ids))
    return {author: (segment, noise) for author, segment, noise in session.exec(statement)}


def _turned(
    session: Session, brand_id: int, author_ids: Sequence[int] | None
) -> dict[tuple[int, StanceKind], datetime]:
    statement: Any = (
        select_columns(
            col(StanceChange.author_id), col(StanceChange.kind), func.max(col(StanceChange.at))
        )
        .where(col(StanceChange.brand_id) == brand_id)
        .group_by(col(StanceChange.author_id), col(StanceChange.kind))
    )
    if author_ids is not None:
        statement = statement.where(within(session, StanceChange.author_id, author_ids))
    return {(author, StanceKind(kind)): at for author, kind, at in session.execute(statement)}


def _newest(
    session: Session, brand_id: int, author_ids: Sequence[int]
) -> dict[int, list[list[float]]]:
    found: dict[int, list[list[float]]] = {}
    for chunk in chunked(author_ids, _CHUNK):
        statement = select(Stance.author_id, Stance.newest).where(
            Stance.brand_id == brand_id, within(session, Stance.author_id, chunk)
        )
        found |= {author: list(newest or []) for author, newest in session.exec(statement)}
    return found


def _write(
    session: Session,
    brand_id: int,
    author_ids: Sequence[int] | None,
    rows: Sequence[dict[str, Any]],
) -> None:
    names = tuple(rows[0]) if rows else ("author_id",)
    columns = [col(getattr(Flag, name)) for name in names]
    statement: Any = select_columns(*columns).where(col(Flag.brand_id) == brand_id)
    if author_ids is not None:
        statement = statement.where(within(session, Flag.author_id, author_ids))
    stood = {row.author_id: tuple(row) for row in session.execute(statement)}
    gone = sorted(set(stood) - {row["author_id"] for row in rows})
    for chunk in chunked(gone, _CHUNK):
        session.execute(
            delete(Flag).where(col(Flag.brand_id) == brand_id, col(Flag.author_id).in_(chunk))
        )
    changed = [row for row in rows if stood.get(row["author_id"]) != tuple(row.values())]
    upsert(session, Flag, changed, key=_KEY, update=[n for n in names if n not in _KEY])


def refresh_segments(session: Session, author_ids: Sequence[int] | None = None) -> None:
    """Bring the segments of flags up to date with the current run.

    Args:
        session: inside a unit of work.
        author_ids: None: everybody's.
    """
    session.flush()
    wanted: list[Sequence[int] | None] = (
        [None] if author_ids is None else list(chunked(sorted(set(author_ids)), _CHUNK))
    )
    for chunk in wanted:
        found = _segments(session, chunk)
        statement: Any = select_columns(
            col(Flag.id), col(Flag.author_id), col(Flag.segment_id), col(Flag.noise)
        )
        if chunk is not None:
            statement = statement.where(within(session, Flag.author_id, chunk))
        moved = [
            {"id": i, "segment_id": segment, "noise": noise}
            for i, author, was, was_noise in session.execute(statement)
            for segment, noise in [found.get(author, (None, None))]
            if (segment, noise) != (was, was_noise)
        ]
        if moved:
            session.bulk_update_mappings(Flag, moved)


def newest_counted(verdict: Verdict) -> list[list[float]]:
    """What a stance keeps of its counted mentions, the latest first."""
    return [[mention, pull] for mention, pull in verdict.newest]
