"""How much the store holds and how much of it is still to be analysed, cheaply.

Up to `EXACT` posts everything is counted. Beyond, posts and analyses are still counted, and
with them what was never analysed; what an edit or another model made out of date is estimated
from a sample spread over all posts, and PostgreSQL's own estimate stands for other tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, text
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col, select

from listening.health import Amounts
from listening.store.tables import Analysis, Author, Claim, Mention, Post

EXACT = 200_000
_SAMPLE = 1000
_LATEST = 1000


@dataclass(frozen=True, slots=True)
class _Pending:
    posts: int
    oldest_at: datetime | None


def read_amounts(session: Session, *, model: str | None = None, exact: int = EXACT) -> Amounts:
    """Count posts, mentions, authors, and what is pending.

    Args:
        session: to read with.
        model: the present one; None: the one of the latest analysis.
        exact: with more posts than that, estimate.
    """
    # Two statements: SQLite reads the whole table for both at once, and none of it for each.
    first = session.exec(select(func.min(Post.id))).one()
    last = session.exec(select(func.max(Post.id))).one()
    span = range(first, last + 1) if first is not None and last is not None else range(0)
    rough = len(span) > exact
    found, newest = _latest(session, rough)
    model = model or found
    posts, analysed = _count(session, Post), _count(session, Analysis)
    poisoned = session.exec(select(func.count()).select_from(Claim).where(_given_up(model))).one()
    pending = (
        _estimated(session, model, span, posts, analysed, poisoned)
        if rough
        else _counted(session, model)
    )
    return Amounts(
        posts=posts,
        mentions=_about(session, Mention) if rough else _count(session, Mention),
        authors=_about(session, Author) if rough else _count(session, Author),
        analysed=analysed,
        pending=pending.posts,
        poisoned=poisoned,
        oldest_pending_at=pending.oldest_at,
        newest_analysed_at=newest,
        model=model,
        estimated=rough,
    )


def _latest(session: Session, rough: bool) -> tuple[str | None, datetime | None]:
    """The model of the latest analysis, and when that was.

    Among many, those of the posts published or stored last are looked at: no index knows
    when an analysis was made, and the freshest posts are analysed first.
    """
    statement: Any = select_columns(col(Analysis.model), col(Analysis.analysed_at))
    if rough:
        ids: set[int] = set()
        for order in (col(Post.published_at).desc(), col(Post.id).desc()):
            chosen = select_columns(col(Post.id)).order_by(order).limit(_LATEST)
            ids.update(session.execute(chosen).scalars())
        statement = statement.where(col(Analysis.post_id).in_(ids))
    row = session.execute(statement.order_by(col(Analysis.analysed_at).desc()).limit(1)).first()
    return (None, None) if row is None else (row[0], row[1])


def _outdated(model: str | None) -> Any:
    """Whether an analysis is of another text, or by another model."""
    edited = col(Analysis.text_hash) != col(Post.text_hash)
    return edited if model is None else or_(edited, col(Analysis.model) != model)


def _given_up(model: str | None) -> Any:
    """Whether a claim is of a poisoned post."""
    given_up = col(Claim.error).is_not(None)
    return given_up if model is None else and_(given_up, col(Claim.model) == model)


def _poisoned(model: str | None) -> Any:
    own = (col(Claim.post_id) == col(Post.id), col(Claim.text_hash) == col(Post.text_hash))
    return exists().where(*own, _given_up(model))


def _counted(session: Session, model: str | None) -> _Pending:
    missing = col(Analysis.post_id).is_(None)
    waits = or_(missing, col(Analysis.text_hash) != col(Post.text_hash))
    arrived = func.coalesce(col(Post.edited_at), col(Post.added_at))
    statement = (
        select_columns(func.count(), func.min(case((waits, arrived))))
        .select_from(Post)
        .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id))
        .where(or_(missing, _outdated(model)), ~_poisoned(model))
    )
    count, oldest = session.execute(statement).one()
    return _Pending(count, oldest)


def _estimated(
    session: Session, model: str | None, span: range, posts: int, analysed: int, poisoned: int
) -> _Pending:
    ids = list(span[:: max(len(span) // _SAMPLE, 1)])
    seen, outdated = session.execute(
        select_columns(func.count(), func.sum(case((_outdated(model), 1), else_=0)))
        .select_from(Post)
        .join(Analysis, col(Analysis.post_id) == col(Post.id))
        .where(col(Post.id).in_(ids))
    ).one()
    missing = max(posts - analysed - poisoned, 0)
    stale = round(analysed * int(outdated or 0) / seen) if seen else 0
    oldest = None
    if missing:
        # By id, in the order of arrival: the search ends at the first.
        oldest = session.exec(
            select(Post.added_at)
            .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id))
            .where(col(Analysis.post_id).is_(None), ~_poisoned(model))
            .order_by(col(Post.id))
            .limit(1)
        ).first()
    return _Pending(missing + stale, oldest)


def _count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def _about(session: Session, table: type[SQLModel]) -> int:
    """PostgreSQL's estimate, as of its last look at the table; counted where it has none."""
    if session.get_bind().dialect.name == "postgresql":
        estimate = text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)")
        known = session.execute(estimate, {"name": str(table.__tablename__)}).scalar()
        if known is not None and known > 0:
            return int(known)
    return _count(session, table)
