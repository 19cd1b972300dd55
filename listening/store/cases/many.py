"""What is done to several cases at once, and taking back what was done last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, NotFoundError
from listening.store.cases.actions import Action, act, apply, last_done, locked, told, typed
from listening.store.mentions.overriding import override
from listening.store.tables import Case, CaseEvent, CaseNote, CaseStatus, SentimentLabel
from listening.store.tables.types import now

MOST = 500  # cases at once


def undo(
    session: Session, actor: Actor, brand_id: int, case_id: int, *, batch: str | None = None
) -> Case:
    """Take back the last thing that was done to a case, by whoever did it.

    Args:
        session: inside a unit of work.
        actor: who did it; nobody takes back what somebody else did.
        brand_id: of the case.
        case_id: which.
        batch: only where it was of this one.

    Raises:
        ConflictError: there is nothing of theirs to take back, or somebody did something since.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    case = locked(session, brand_id, case_id, None)
    last = last_done(session, int(case.id or 0))
    if last is None or last.by != actor.name or (batch is not None and last.batch != batch):
        since = f": since then {last.by} {told(last.action, last.after)}" if last else ""
        raise ConflictError(f"Nothing of yours can be taken back{since}.")
    values = {k: typed(k, v) for k, v in last.before.items() if k in Case.model_fields}
    note = session.get(CaseNote, last.after["note_id"]) if "note_id" in last.after else None
    if note is not None:
        session.delete(note)
    if last.action == "override":
        was = last.after.get("sentiment_was")
        label = SentimentLabel(was) if was else None
        override(session, actor, [case.mention_id], label, cases=False)
    last.undone_at = now()
    session.add(last)
    apply(session, actor, case, "undo", values, more={"undone": int(last.id or 0)})
    return case


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an action on one of several cases; `error` says why nothing did."""

    case_id: int
    version: int | None = None
    error: str | None = None


def act_on_many(
    session: Session,
    actor: Actor,
    brand_id: int,
    wanted: Sequence[tuple[int, int | None]],
    action: Action,
    *,
    batch: str,
) -> list[Done]:
    """Do the same to several cases, each on its own: one that is refused stops no other.

    Args:
        session: inside a unit of work.
        actor: takes the role support.
        brand_id: of the cases.
        wanted: number and version that was seen; None: whatever it is by now.
        action: what.
        batch: a name for all of it, to take it back by.

    Raises:
        ForbiddenError: the actor may only look.
        InvalidError: too many at once.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    return each(
        wanted,
        lambda case_id, version: act(
            session, actor, brand_id, case_id, action, version=version, batch=batch
        ),
    )


def each(
    wanted: Sequence[tuple[int, int | None]], do: Callable[[int, int | None], Case]
) -> list[Done]:
    """Do something to each of several cases; in the order that they were named.

    Raises:
        InvalidError: too many at once.
    """
    if len(wanted) > MOST:
        raise InvalidError(f"At most {MOST} cases at once.", field="items")
    done: dict[int, Done] = {}
    # In the order of their numbers: two who do this at once wait for each other, and no more.
    for case_id, version in sorted(dict(wanted).items()):
        try:
            done[case_id] = Done(case_id, do(case_id, version).version)
        except (ConflictError, InvalidError, NotFoundError) as error:
            done[case_id] = Done(case_id, None, str(error))
    return [done[case_id] for case_id in dict(wanted)]


def undo_batch(session: Session, actor: Actor, brand_id: int, batch: str) -> list[Done]:
    """Take back what was done to several cases at once, where it is still the last thing done.

    Raises:
        NotFoundError: nothing was done under this name.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    statement = (
        select(CaseEvent.case_id)
        .join(Case, col(Case.id) == col(CaseEvent.case_id))
        .where(CaseEvent.batch == batch, CaseEvent.by == actor.name, Case.brand_id == brand_id)
        .order_by(col(CaseEvent.case_id))
        .distinct()
    )
    ids = list(session.exec(statement))
    if not ids:
        raise NotFoundError("There is nothing of yours to take back under this name.")
    return each(
        [(case_id, None) for case_id in ids],
        lambda case_id, _: undo(session, actor, brand_id, case_id, batch=batch),
    )


def override_case(
    session: Session,
    actor: Actor,
    brand_id: int,
    case_id: int,
    label: SentimentLabel | None,
    *,
    version: int | None,
) -> Case:
    """Set what the mention of a case says of the brand; None: what the model says.

    The author's stance follows at once, and so does the case: see `recasing`.

    Raises:
        ConflictError: the case was changed meanwhile.
        ForbiddenError: the actor may only look.
        NotFoundError: no such case.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    case = locked(session, brand_id, case_id, version)
    override(session, actor, [case.mention_id], label)
    session.refresh(case)
    return case


def group_of(session: Session, case: Case) -> list[int]:
    """The numbers of the cases that share an answer with one, itself first; closed ones not."""
    own = int(case.id or 0)
    if case.group_key is None:
        return [own]
    statement = (
        select(Case.id)
        .where(
            Case.brand_id == case.brand_id,
            Case.group_key == case.group_key,
            col(Case.status).in_([s for s in CaseStatus if s is not CaseStatus.CLOSED]),
            Case.id != own,
        )
        .order_by(col(Case.rank).desc(), col(Case.id))
        .limit(MOST - 1)
    )
    return [own, *(int(i or 0) for i in session.exec(statement))]
