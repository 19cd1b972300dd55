"""Notes on cases, answers to authors, and the texts that a brand's support says often.

One answer serves many: it is noted on every case of a group, and brings each to its state.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, NotFoundError
from listening.store.access.audit import record
from listening.store.cases.actions import apply, locked, moves
from listening.store.cases.many import Done, each
from listening.store.tables import CannedNote, Case, CaseNote, CaseStatus
from listening.store.tables.types import now

LONGEST_NOTE = 10_000
_LONGEST_NAME = 80
_MOST_CANNED = 200
# Where an answer may bring a case.
AFTER_ANSWER = (CaseStatus.PENDING, CaseStatus.CLOSED)


def notes_of(session: Session, case_id: int) -> list[CaseNote]:
    """What was noted on a case, oldest first."""
    statement = select(CaseNote).where(CaseNote.case_id == case_id).order_by(col(CaseNote.id))
    return list(session.exec(statement))


def add_note(session: Session, actor: Actor, brand_id: int, case_id: int, text: str) -> CaseNote:
    """Note something for colleagues; it overwrites nothing, so no version is asked for.

    Raises:
        ForbiddenError: the actor may only look.
        InvalidError: nothing, or too much, was written.
        NotFoundError: no such case.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    case = locked(session, brand_id, case_id, None)
    note = CaseNote(case_id=case_id, by=actor.name, text=_text(text, LONGEST_NOTE))
    session.add(note)
    session.flush()
    apply(session, actor, case, "note", {}, more={"note_id": note.id})
    return note


def answer(
    session: Session,
    actor: Actor,
    brand_id: int,
    case_id: int,
    text: str,
    *,
    then: CaseStatus | None = CaseStatus.PENDING,
    version: int | None,
    batch: str | None = None,
) -> Case:
    """Keep what an author was told, and bring the case to the state that follows.

    Args:
        session: inside a unit of work.
        actor: takes the role support.
        brand_id: of the case.
        case_id: which.
        text: as it was sent.
        then: pending or closed; None: as it is.
        version: that the actor saw; None: whatever it is by now.
        batch: of an answer to several.

    Raises:
        ConflictError: the case was changed meanwhile, or is closed.
        ForbiddenError: the actor may only look.
        InvalidError: nothing, or too much, was written; an answer does not lead there.
        NotFoundError: no such case.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    said = _text(text, LONGEST_NOTE)
    if then is not None and then not in AFTER_ANSWER:
        raise InvalidError("After an answer a case is pending or closed.", field="then")
    case = locked(session, brand_id, case_id, version)
    moment = now()
    values = {} if then in {None, case.status} else moves(case, then or case.status, moment)
    if case.answered_at is None:
        values = {**values, "answered_at": moment}
    note = CaseNote(case_id=case_id, by=actor.name, text=said, answer=True, batch=batch)
    session.add(note)
    session.flush()
    apply(session, actor, case, "answer", values, batch=batch, more={"note_id": note.id})
    return case


def answer_many(
    session: Session,
    actor: Actor,
    brand_id: int,
    wanted: Sequence[tuple[int, int | None]],
    text: str,
    *,
    then: CaseStatus | None,
    batch: str,
) -> list[Done]:
    """Keep one answer to several; one that is refused stops no other.

    Raises:
        ForbiddenError: the actor may only look.
        InvalidError: too many at once, or the text or the state does not fit.
    """
    actor.require(Permission.ANSWER, brand_id, "case")
    _text(text, LONGEST_NOTE)
    return each(
        wanted,
        lambda case_id, version: answer(
            session, actor, brand_id, case_id, text, then=then, version=version, batch=batch
        ),
    )


def canned_notes(session: Session, brand_id: int) -> list[CannedNote]:
    """The texts of a brand, by name."""
    statement = select(CannedNote).where(CannedNote.brand_id == brand_id)
    return list(session.exec(statement.order_by(col(CannedNote.name))))


def get_canned(session: Session, brand_id: int, canned_id: int) -> CannedNote:
    """One of them.

    Raises:
        NotFoundError: the brand has none of this number.
    """
    found = session.get(CannedNote, canned_id)
    if found is None or found.brand_id != brand_id:
        raise NotFoundError(f"There is no canned note {canned_id} here.")
    return found


def save_canned(
    session: Session,
    actor: Actor,
    brand_id: int,
    *,
    name: str,
    text: str,
    canned_id: int | None = None,
    version: int | None = None,
) -> CannedNote:
    """Add a text, or change one.

    Raises:
        ConflictError: the name is taken, or somebody changed it meanwhile.
        ForbiddenError: the actor may only look.
        InvalidError: name or text is missing or too long; there are too many.
        NotFoundError: no such text.
    """
    actor.require(Permission.ANSWER, brand_id, "canned note")
    name, text = _text(name, _LONGEST_NAME, "name"), _text(text, LONGEST_NOTE)
    others = canned_notes(session, brand_id)
    if any(one.name == name and one.id != canned_id for one in others):
        raise ConflictError(f"There is a canned note {name!r} already: choose another name.")
    if canned_id is None:
        if len(others) >= _MOST_CANNED:
            raise InvalidError(f"A brand has at most {_MOST_CANNED} canned notes.", field="name")
        found, before = CannedNote(brand_id=brand_id, name=name, text=text, by=actor.name), None
    else:
        found = get_canned(session, brand_id, canned_id)
        if version is not None and version != found.version:
            raise ConflictError(f"{found.by} changed this canned note meanwhile: look again.")
        before = {"name": found.name}
        found.name, found.text, found.by = name, text, actor.name
        found.version += 1
    session.add(found)
    session.flush()
    record(
        session, actor, "canned_note.add" if before is None else "canned_note.edit",
        noun="canned_note", noun_id=int(found.id or 0), brand_id=brand_id, before=before,
        after={"name": name},  # the text may quote somebody
    )  # fmt: skip
    return found


def remove_canned(session: Session, actor: Actor, brand_id: int, canned_id: int) -> None:
    """Take a text away.

    Raises:
        ForbiddenError: the actor may only look.
        NotFoundError: no such text.
    """
    actor.require(Permission.ANSWER, brand_id, "canned note")
    found = get_canned(session, brand_id, canned_id)
    session.delete(found)
    record(
        session, actor, "canned_note.remove", noun="canned_note", noun_id=canned_id,
        brand_id=brand_id, before={"name": found.name},
    )  # fmt: skip


def _text(value: str, longest: int, field: str = "text") -> str:
    found = value.strip()
    if not found:
        raise InvalidError(f"The {field} is empty: write something.", field=field)
    if len(found) > longest:
        raise InvalidError(f"The {field} has at most {longest:,} characters.", field=field)
    return found
