"""What a person's word on the sentiment of mentions does to their cases, at once.

A mention that is no longer negative needs no answer: its case is closed, and says why. One that
is negative after all gets its urgency anew, or a case where it had none; the flag job, which
knows all complaints, computes the same later.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, func, select

from listening import caseflow
from listening.access import Actor
from listening.store.bulk import within
from listening.store.cases.actions import apply, course_of, last_done, moves, typed
from listening.store.cases.cases import FoundCase, open_found
from listening.store.mentions.mentions import MentionView, views
from listening.store.posts.posts import newest_post_at
from listening.store.tables import Case, CaseStatus, SentimentLabel
from listening.store.tables.types import now
from listening.triage import Urgency, needs_answer, urgency


def recase(session: Session, actor: Actor, was: dict[int, SentimentLabel | None]) -> None:
    """Bring the cases of mentions into step with what their sentiment is now.

    Args:
        session: inside the unit of work that set it.
        actor: who set it.
        was: what stood before, by mention id.
    """
    found = {
        case.mention_id: case
        for case in session.exec(
            select(Case)
            .where(within(session, Case.mention_id, sorted(was)))
            .order_by(col(Case.id))
            .with_for_update()
        )
    }
    shown = {int(view.mention.id or 0): view for view in views(session, mention_ids=sorted(was))}
    for number, view in shown.items():
        case = found.get(number)
        if case is None:
            if view.mention.override is SentimentLabel.NEGATIVE:
                _open(session, view)
            continue
        more = {"sentiment": _name(view.mention.override), "sentiment_was": _name(was[number])}
        apply(session, actor, case, "override", _values(session, case, view), more=more)


def _values(session: Session, case: Case, view: MentionView) -> dict[str, Any]:
    wanted = needs_answer(
        view.post.text,
        negative=view.sentiment is SentimentLabel.NEGATIVE,
        polarity=view.polarity,
    )
    if not wanted:
        if case.status is CaseStatus.CLOSED:
            return {}
        closing = moves(case, CaseStatus.CLOSED, now())
        return {k: v for k, v in closing.items() if k != "answered_at"}  # nobody was answered
    if case.status is CaseStatus.CLOSED:
        last = last_done(session, int(case.id or 0))
        if last is None or last.action != "override" or "status" not in last.before:
            return {}  # somebody closed it
        return {k: typed(k, v) for k, v in last.before.items() if k in Case.model_fields}
    found = _urgency(session, view, round(1 / (1 - case.terms.get("repeat", 0.0))))
    values: dict[str, Any] = {
        "urgency": found.value, "terms": found.terms, "risks": list(found.risks)
    }  # fmt: skip
    if case.priority_by is None and case.escalated_at is None:
        values |= caseflow.prioritised(course_of(case), found.priority)
    return values


def _open(session: Session, view: MentionView) -> None:
    said = select(func.count()).select_from(Case).where(
        Case.brand_id == view.mention.brand_id, Case.author_id == view.mention.author_id
    )  # fmt: skip
    found = _urgency(session, view, session.exec(said).one() + 1)
    own = FoundCase(int(view.mention.id or 0), found, str(view.post.id))
    open_found(session, view.mention.brand_id, [own], opened_at=now())


def _urgency(session: Session, view: MentionView, complaints: int) -> Urgency:
    polarity = view.polarity
    return urgency(
        view.post.text,
        polarity=-1.0 if polarity is None else polarity,
        followers=view.author.followers,
        complaints=complaints,
        published_at=view.post.published_at,
        as_of=newest_post_at(session) or view.post.published_at,
    )


def _name(label: SentimentLabel | None) -> str | None:
    return None if label is None else str(label)
