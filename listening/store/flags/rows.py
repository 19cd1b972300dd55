"""Flagged authors as plain rows, in the order of a list: for files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlmodel import Session, col, select

from listening.flagfilter import FlagFilter
from listening.store.brands.brands import brand_id
from listening.store.flags.stances import StanceView, flagged_ids, views_of
from listening.store.tables import Brand, Flag, StanceKind

Row = dict[str, Any]
_CHUNK = 500


def flag_rows(
    session: Session, brand: Brand, kind: StanceKind, chosen: FlagFilter
) -> Iterator[Row]:
    """Everybody a list would show, read a few hundred at a time."""
    number = brand_id(brand)
    # Who is on the list is read first: a person who works on it meanwhile moves nobody.
    ids, rank = iter(list(flagged_ids(session, number, kind, chosen))), 0
    while chunk := list(islice(ids, _CHUNK)):
        statement = select(Flag).where(Flag.brand_id == number, col(Flag.author_id).in_(chunk))
        flags = {one.author_id: one for one in session.exec(statement)}
        for view in views_of(session, number, [flags[i] for i in chunk if i in flags]):
            rank += 1
            yield {"brand": brand.name, "rank": rank, **_row(view)}
        session.expunge_all()


def _row(view: StanceView) -> Row:
    stance, author, flag = view.stance, view.author, view.flag
    return {
        "author_id": author.id,
        "source": author.source,
        "author": author.handle or author.name or author.native_id,
        "author_native_id": author.native_id,
        "followers": author.followers,
        "stance": str(flag.kind),
        "score": round(stance.score, 4),
        "low": round(stance.low, 4),
        "high": round(stance.high, 4),
        "trend": None if stance.trend is None else round(stance.trend, 4),
        "mentions": stance.mentions,
        "opinions": stance.opinions,
        "recommends": stance.recommends,
        "warns": stance.warns,
        "reason": stance.reason,
        "last_mention_at": stance.last_at.isoformat() if stance.last_at else None,
        "turned_at": flag.turned_at.isoformat() if flag.turned_at else None,
        "segment": view.segment.name if view.segment else None,
        "segment_is_nearest": view.noise if view.segment else None,
        "status": str(flag.status),
        "assignee": flag.assignee,
        "mark": str(flag.mark) if flag.mark else None,
        "coordinated_mentions": stance.coordinated,
        "discounts": [str(d["kind"]) for d in stance.discounts or []],
        "evidence": [e["mention_id"] for e in stance.evidence],
    }
