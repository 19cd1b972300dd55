"""Cases: the negative mentions that support works on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from listening.caseflow import raised, rank
from listening.store.access.audit import changed
from listening.store.bulk import chunked, upsert, within
from listening.store.mentions.mentions import MentionView
from listening.store.notifying.alarms import tell_opened
from listening.store.posts.standing import still_there
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

    What a person set (status, owner, priority) stays, what was raised for being late stays
    raised, and a closed case is left as it is. A case that nobody touched goes when its mention
    is no longer negative. A case whose author had one that was closed says which.
    """
    wanted = {f.mention_id for f in found}
    stands = _standing(session, brand_id)
    gone = [s.id for mention, s in stands.items() if s.untouched and mention not in wanted]
    for chunk in chunked(gone, 5000):
        session.execute(delete(Case).where(col(Case.id).in_(chunk)))
    new = _write(session, brand_id, found, stands, opened_at)
    if gone or new:
        changed(session, "case", brand_id=brand_id)


def open_found(
    session: Session, brand_id: int, found: Sequence[FoundCase], *, opened_at: datetime
) -> None:
    """Open cases beside those that stand; mentions that have one are left as they are."""
    if _write(session, brand_id, found, {}, opened_at):
        changed(session, "case", brand_id=brand_id)


def _write(
    session: Session,
    brand_id: int,
    found: Sequence[FoundCase],
    stands: Mapping[int, _Stood],
    opened_at: datetime,
) -> bool:
    """Write what was found; whether any of it is new."""
    facts = _facts(session, {f.mention_id for f in found})
    new = [f.mention_id for f in found if f.mention_id not in stands and f.mention_id in facts]
    closed = _last_closed(session, brand_id, {facts[m].author_id for m in new})
    rows = []
    for f in found:
        stood = stands.get(f.mention_id)
        if f.mention_id not in facts or (stood and stood.status is CaseStatus.CLOSED):
            continue  # erased meanwhile, or its timer has stopped
        own = facts[f.mention_id]
        rows.append(
            {
                "mention_id": f.mention_id,
                "brand_id": brand_id,
                "author_id": own.author_id,
                "source": own.source,
                "published_at": own.published_at,
                "status": stood.status if stood else CaseStatus.OPEN,
                **_timed(f.urgency, stood, opened_at),
                "urgency": f.urgency.value,
                "terms": f.urgency.terms,
                "risks": list(f.urgency.risks),
                "group_key": f.group_key,
                "checked": False,
                "starred": False,
                "opened_at": opened_at,
                "timed_from": opened_at,
                "after_id": closed.get(own.author_id),
                "version": 1,
            }
        )
    upsert(
        session,
        Case,
        rows,
        key=("mention_id",),
        update=(
            "author_id", "source", "published_at", "urgency", "rank", "terms", "risks",
            "group_key", "priority", "due_at",
        ),
    )  # fmt: skip
    tell_opened(session, brand_id, new)
    return bool(new)


@dataclass(frozen=True, slots=True)
class _Stood:
    id: int
    status: CaseStatus
    priority: Priority
    priority_by: str | None
    timed_from: datetime
    due_at: datetime | None
    escalated: bool
    untouched: bool


@dataclass(frozen=True, slots=True)
class _Facts:
    author_id: int
    source: str
    published_at: datetime


def _standing(session: Session, brand_id: int) -> dict[int, _Stood]:
    statement = select_columns(
        col(Case.mention_id), col(Case.id), col(Case.status), col(Case.priority),
        col(Case.priority_by), col(Case.timed_from), col(Case.due_at), col(Case.escalated_at),
        col(Case.version), col(Case.owner),
    ).where(col(Case.brand_id) == brand_id)  # fmt: skip
    return {
        mention: _Stood(
            number, CaseStatus(status), Priority(priority), by, timed, due, escalated is not None,
            untouched=CaseStatus(status) is CaseStatus.OPEN and version == 1 and owner is None,
        )
        for mention, number, status, priority, by, timed, due, escalated, version, owner
        in session.execute(statement)
    }  # fmt: skip


def _facts(session: Session, mention_ids: Iterable[int]) -> dict[int, _Facts]:
    """What the queue asks of mentions; those that are gone are left out."""
    found: dict[int, _Facts] = {}
    for chunk in chunked(sorted(still_there(session, Mention, mention_ids)), 5000):
        statement = (
            select_columns(
                col(Mention.id), col(Mention.author_id), col(Post.source), col(Mention.published_at)
            )
            .join(Post, col(Post.id) == col(Mention.post_id))
            .where(within(session, Mention.id, chunk))
        )
        found |= {i: _Facts(*rest) for i, *rest in session.execute(statement)}
    return found


def _last_closed(session: Session, brand_id: int, author_ids: set[int]) -> dict[int, int]:
    """The case of each author that was closed last, by author id."""
    found: dict[int, int] = {}
    for chunk in chunked(sorted(author_ids), 5000):
        statement = (
            select(Case.author_id, Case.id)
            .where(
                Case.brand_id == brand_id,
                Case.status == CaseStatus.CLOSED,
                within(session, Case.author_id, chunk),
            )
            .order_by(col(Case.closed_at), col(Case.id))
        )
        found |= {author: int(i or 0) for author, i in session.exec(statement)}
    return found


def _timed(urgency: Urgency, stood: _Stood | None, opened_at: datetime) -> dict[str, Any]:
    """Priority, rank and due time: a person's priority and a missed due time stand."""
    priority = urgency.priority
    due: datetime | None = due_at(priority, opened_at)
    if stood is not None:
        if stood.escalated:
            priority = raised(priority)
        if stood.priority_by is not None:
            priority = str(stood.priority)
        due = stood.due_at if stood.escalated else due_at(priority, stood.timed_from)
    return {
        "priority": Priority(priority),
        "rank": rank(priority, urgency.value),
        "due_at": due,
    }


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
        .order_by(col(Case.rank).desc(), col(Post.source), col(Post.native_id))
        .offset(offset)
    )
    if limit is not None:
        statement = statement.limit(limit)
    return with_similar(
        session, [(case, MentionView(*rest)) for case, *rest in session.exec(statement)]
    )


def with_similar(session: Session, found: Sequence[tuple[Case, MentionView]]) -> list[CaseView]:
    """Cases with how many others of their group have the same status."""
    sizes: dict[tuple[int, CaseStatus, str], int] = {}
    keys = {(c.brand_id, CaseStatus(c.status)) for c, _ in found}
    for brand, status in sorted(keys):
        groups = {
            c.group_key for c, _ in found
            if c.group_key is not None and (c.brand_id, c.status) == (brand, status)
        }  # fmt: skip
        for chunk in chunked(sorted(groups), 5000):
            statement = (
                select(Case.group_key, func.count())
                .where(
                    Case.brand_id == brand,
                    within(session, Case.group_key, chunk),
                    Case.status == status,
                )
                .group_by(col(Case.group_key))
            )
            sizes |= {(brand, status, str(g)): n for g, n in session.exec(statement)}
    return [
        CaseView(c, m, max(sizes.get((c.brand_id, c.status, c.group_key or ""), 1) - 1, 0))
        for c, m in found
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
