"""What somebody does to a case: one place that checks, writes, and says what was done.

Every action names the version that its asker saw. Where the case is another by now, nothing is
written and the answer says who did what meanwhile: two people never overwrite each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from listening import caseflow
from listening.access import Actor, Permission
from listening.caseflow import Course
from listening.errors import ConflictError, InvalidError, NotFoundError
from listening.store.access.audit import changed, record
from listening.store.cases.owners import may_own
from listening.store.tables import Case, CaseEvent, CaseStatus, Priority
from listening.store.tables.types import now
from listening.triage import priority_of

_TIMES = frozenset(
    {"timed_from", "due_at", "escalated_at", "snoozed_until", "answered_at", "closed_at"}
)
_COURSE = tuple(one.name for one in fields(Course))


class Verb(StrEnum):
    """What may be done to a case."""

    OPEN = "open"
    PENDING = "pending"
    SNOOZE = "snooze"
    CLOSE = "close"
    ASSIGN = "assign"
    PRIORITY = "priority"
    STAR = "star"
    CHECK = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to do to a case.

    Attributes:
        until: of a snooze.
        owner: to assign to; None: to nobody.
        priority: None: the computed one again.
        value: of a star or a check; False takes it off.
    """

    verb: Verb
    until: datetime | None = None
    owner: str | None = None
    priority: Priority | None = None
    value: bool = True


_TO = {
    Verb.OPEN: CaseStatus.OPEN,
    Verb.PENDING: CaseStatus.PENDING,
    Verb.SNOOZE: CaseStatus.SNOOZED,
    Verb.CLOSE: CaseStatus.CLOSED,
}


def get_case(session: Session, brand_id: int, case_id: int) -> Case:
    """A case of a brand.

    Raises:
        NotFoundError: the brand has none of this number.
    """
    case = session.get(Case, case_id)
    if case is None or case.brand_id != brand_id:
        raise NotFoundError(f"There is no case {case_id} here: it may have been erased.")
    return case


def act(
    session: Session,
    actor: Actor,
    brand_id: int,
    case_id: int,
    action: Action,
    *,
    version: int | None,
    batch: str | None = None,
) -> Case:
    """Do something to a case.

    Args:
        session: inside a unit of work.
        actor: takes the role support.
        brand_id: of the case.
        case_id: which.
        action: what.
        version: that the actor saw; None: whatever it is by now, as with a whole group.
        batch: shared by what is done to several at once.

    Raises:
        ConflictError: it was changed meanwhile, or is in a state that this does not go with.
        ForbiddenError: the actor may only look.
        InvalidError: names the field.
        NotFoundError: no such case.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    case = locked(session, brand_id, case_id, version)
    values = _changes(session, case, action, now())
    apply(session, actor, case, str(action.verb), values, batch=batch)
    return case


def locked(session: Session, brand_id: int, case_id: int, version: int | None) -> Case:
    """A case that nobody else changes until this unit of work ends, at the version expected.

    Raises:
        ConflictError: it is at another one; says what was done since.
        NotFoundError: no such case.
    """
    get_case(session, brand_id, case_id)
    statement = select(Case).where(Case.id == case_id).with_for_update()
    case = session.exec(statement, execution_options={"populate_existing": True}).one()
    if version is not None and version != case.version:
        raise ConflictError(_meanwhile(session, case, version))
    return case


def _meanwhile(session: Session, case: Case, version: int) -> str:
    statement = (
        select(CaseEvent)
        .where(CaseEvent.case_id == case.id, col(CaseEvent.version) > version)
        .order_by(col(CaseEvent.id))
    )
    done = [f"{e.by} {told(e.action, e.after)}" for e in session.exec(statement)]
    what = "; ".join(done[-5:]) or "somebody changed it"
    return f"Nothing was changed: meanwhile {what}. Look at the case again, then decide."


def told(action: str, after: Mapping[str, Any]) -> str:
    """What was done, in the past tense."""
    if action == "assign":
        return f"gave it to {after.get('owner')}" if after.get("owner") else "took the owner off"
    if action == "priority":
        return f"set the priority to {after.get('priority')}"
    if action in {"star", "check"}:
        word = {"star": "starred", "check": "checked"}[action]
        return word + " it" if after.get(word) else f"took the mark {word} off"
    if action == "override":
        return f"set the sentiment to {after.get('sentiment') or 'what the model says'}"
    return _PAST.get(action, action)


_PAST = {
    "open": "opened it again",
    "pending": "set it to pending",
    "snooze": "snoozed it",
    "close": "closed it",
    "answer": "answered",
    "note": "noted something",
    "escalate": "raised it: it is overdue",
    "wake": "woke it: the snooze is over",
    "undo": "took back what was done last",
}


def _changes(session: Session, case: Case, action: Action, at: datetime) -> dict[str, Any]:
    if action.verb in _TO:
        return moves(case, _TO[action.verb], at, action.until)
    if action.verb is Verb.ASSIGN:
        if action.owner is not None and not may_own(session, case.brand_id, action.owner):
            raise InvalidError(
                f"{action.owner} may not work on cases of this brand: choose one of the list.",
                field="owner",
            )
        return {"owner": action.owner}
    if action.verb is Verb.PRIORITY:
        if action.priority is None:
            wanted = computed_priority(case)
            return {**caseflow.prioritised(course_of(case), wanted), "priority_by": None}
        return {
            **caseflow.prioritised(course_of(case), str(action.priority)),
            "priority_by": "",  # whoever does it
        }
    return {{Verb.STAR: "starred", Verb.CHECK: "checked"}[action.verb]: action.value}


def moves(
    case: Case, to: CaseStatus, at: datetime, until: datetime | None = None
) -> dict[str, Any]:
    """What changes when a case is brought to another state.

    Raises:
        ConflictError: from where it is one does not get there.
        InvalidError: a snooze without an end, or with one in the past or too far off.
    """
    if to is CaseStatus.SNOOZED:
        if until is None:
            raise InvalidError("Say until when it is snoozed.", field="until")
        if not timedelta() < until - at <= caseflow.LONGEST_SNOOZE:
            days = caseflow.LONGEST_SNOOZE.days
            raise InvalidError(f"A snooze ends within {days} days from now.", field="until")
    if not caseflow.allowed(str(case.status), str(to)):
        way = ": open it again first" if case.status is CaseStatus.CLOSED else " already"
        raise ConflictError(f"This case is {case.status}{way}.")
    return caseflow.moved(course_of(case), str(to), at=at, until=until)


def course_of(case: Case) -> Course:
    """What the flow asks of a case."""
    values = {name: getattr(case, name) for name in _COURSE}
    return Course(**values | {"status": str(case.status), "priority": str(case.priority)})


def computed_priority(case: Case) -> str:
    """The priority by urgency, raised where the case was late."""
    found = priority_of(case.urgency)
    return caseflow.raised(found) if case.escalated_at is not None else found


def apply(
    session: Session,
    actor: Actor,
    case: Case,
    action: str,
    values: Mapping[str, Any],
    *,
    batch: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> CaseEvent | None:
    """Write what changes, with its event, its entry in the audit log, and the news of it.

    Args:
        session: inside a unit of work, the case locked.
        actor: who did it.
        case: which.
        action: by the names of `told`.
        values: columns; those that stand already are no change.
        batch: of what was done to several at once.
        more: what the event says besides; with it, an event is written whatever changed.

    Returns:
        None where nothing changed.
    """
    values = {k: actor.name if (k, v) == ("priority_by", "") else v for k, v in values.items()}
    values |= {k: kind(values[k]) for k, kind in _KINDS.items() if k in values}
    values = {k: v for k, v in values.items() if getattr(case, k) != v}
    if not values and not more:
        return None
    before = {name: plain(getattr(case, name)) for name in values}
    for name, value in values.items():
        setattr(case, name, value)
    case.rank = caseflow.rank(str(case.priority), case.urgency)
    moment = now()
    case.version += 1
    case.changed_at, case.changed_by = moment, actor.name
    session.add(case)
    event = CaseEvent(
        case_id=int(case.id or 0),
        at=moment,
        by=actor.name,
        action=action,
        version=case.version,
        before=before,
        after={name: plain(value) for name, value in values.items()} | dict(more or {}),
        batch=batch,
    )
    session.add(event)
    record(
        session, actor, f"case.{action}", noun="case", noun_id=event.case_id,
        brand_id=case.brand_id, before=before, after=event.after,
    )  # fmt: skip
    changed(
        session, "case", event.case_id, brand_id=case.brand_id, version=case.version, by=actor.name
    )
    session.flush()
    return event


_KINDS: Mapping[str, type[StrEnum]] = {"status": CaseStatus, "priority": Priority}


def plain(value: Any) -> Any:
    """A column's value as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def typed(name: str, value: Any) -> Any:
    """A column's value again, from JSON."""
    return datetime.fromisoformat(value) if value is not None and name in _TIMES else value


def last_done(session: Session, case_id: int) -> CaseEvent | None:
    """The last thing done to a case that still stands."""
    statement = (
        select(CaseEvent)
        .where(
            CaseEvent.case_id == case_id,
            col(CaseEvent.undone_at).is_(None),
            CaseEvent.action != "undo",
        )
        .order_by(col(CaseEvent.id).desc())
        .limit(1)
    )
    return session.exec(statement).first()
