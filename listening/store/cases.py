"""Cases: the negative mentions that support works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from listening.store.bulk import chunked, upsert
from listening.store.mentions import MentionView
from listening.store.standing import still_there
from listening.store.tables import (
    Analysis,
    Author,
    Case,
    CaseStatus,
    Mention,
    MentionSentiment,
    Post,
    Priority,
)
from listening.triage import Urgency, due_at


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case on its way into the store."""

    mention_id: int
    urgency: Urgency
    group_key: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with its mention, and how many open cases share its answer."""

    case: Case
    mention: MentionView
    similar: int


def store_cases(
    session: Session, brand_id: int, found: Sequence[FoundCase], *, opened_at: datetime
) -> None:
    """Open cases, and bring the urgency and due time of those that stand up to date.

    What a person set (status, owner) stays, and a closed case as it is. A case that nobody
    touched goes when its mention is no longer negative.
    """
    wanted = {f.mention_id for f in found}
    stood = select(Case.id, Case.mention_id).where(
        Case.brand_id == brand_id,
        Case.status == CaseStatus.OPEN,
        Case.version == 1,
        col(Case.owner).is_(None),
    )
    gone = [int(i or 0) for i, mention in session.exec(stood) if mention not in wanted]
    for chunk in chunked(gone, 5000):
        session.execute(delete(Case).where(col(Case.id).in_(chunk)))
    standing = select(Case.mention_id, Case.status, Case.opened_at).where(Case.brand_id == brand_id)
    stands = {mention: (status, opened) for mention, status, opened in session.exec(standing)}
    there = still_there(session, Mention, wanted)
    rows = []
    for f in found:
        if f.mention_id not in there:
            continue
        status, opened = stands.get(f.mention_id, (CaseStatus.OPEN, opened_at))
        if status is CaseStatus.CLOSED:
            continue  # its timer has stopped
        rows.append(
            {
                "mention_id": f.mention_id,
                "brand_id": brand_id,
                "status": status,
                "priority": Priority(f.urgency.priority),
                "urgency": f.urgency.value,
                "terms": f.urgency.terms,
                "risks": list(f.urgency.risks),
                "group_key": f.group_key,
                "due_at": due_at(f.urgency.priority, opened),
                "opened_at": opened,
                "version": 1,
            }
        )
    upsert(
        session,
        Case,
        rows,
        key=("mention_id",),
        update=("urgency", "terms", "risks", "group_key", "priority", "due_at"),
    )


def case_views(
    session: Session,
    *,
    brand_id: int,
    status: CaseStatus = CaseStatus.OPEN,
    limit: int | None = None,
    offset: int = 0,
) -> list[CaseView]:
    """Cases of one status, most urgent first."""
    chosen = (Case.brand_id == brand_id, Case.status == status)
    statement = (
        select(Case, Mention, Post, Author, Analysis, MentionSentiment)  # type: ignore[call-overload]
        .join(Mention, col(Mention.id) == col(Case.mention_id))
        .join(Post, col(Post.id) == col(Mention.post_id))
        .join(Author, col(Author.id) == col(Post.author_id))
        .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(*chosen)
        .order_by(col(Case.urgency).desc(), col(Post.source), col(Post.native_id))
        .offset(offset)
    )
    if limit is not None:
        statement = statement.limit(limit)
    sizes = dict(
        session.exec(
            select(Case.group_key, func.count()).where(*chosen).group_by(col(Case.group_key))
        ).all()
    )
    return [
        CaseView(
            case,
            MentionView(*rest),
            sizes.get(case.group_key, 1) - 1 if case.group_key is not None else 0,
        )
        for case, *rest in session.exec(statement)
    ]


def count_cases(session: Session, brand_id: int) -> dict[CaseStatus, int]:
    """How many cases of a brand stand how."""
    return {status: count for (_, status), count in case_counts(session, brand_id).items()}


def case_counts(session: Session, only: int | None) -> dict[tuple[int, CaseStatus], int]:
    """The same for one brand or for all, by (brand id, status)."""
    statement = select(Case.brand_id, Case.status, func.count()).group_by(
        col(Case.brand_id), col(Case.status)
    )
    if only is not None:
        statement = statement.where(Case.brand_id == only)
    return {(brand, CaseStatus(status)): n for brand, status, n in session.exec(statement)}
