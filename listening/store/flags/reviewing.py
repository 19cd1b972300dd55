"""What people do about flagged authors: one function for pages, API and command line.

Every action is for one author or many, is kept as rows that undoing marks and never deletes,
stands in the audit log, and brings the lists up to date in the same unit of work.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, NotFoundError
from listening.store.access.audit import changed, record
from listening.store.bulk import chunked
from listening.store.cases.owners import may_own
from listening.store.flags.flags import refresh_flags
from listening.store.flags.restancing import restance
from listening.store.flags.reviews import Standing, reviews_of, standings
from listening.store.tables import (
    Author,
    Flag,
    Mark,
    Mention,
    Review,
    ReviewVerdict,
    Stance,
)
from listening.store.tables.types import now

MOST_AT_ONCE = 2000
MOST_REASON, MOST_NOTE = 500, 4000
_CHUNK = 1000

# What a person may do, by the name that pages, API and command line give it.
ACTIONS: Mapping[str, ReviewVerdict] = {
    "confirm": ReviewVerdict.CONFIRMED,
    "dismiss": ReviewVerdict.DISMISSED,
    "contacted": ReviewVerdict.CONTACTED,
    "note": ReviewVerdict.NOTED,
    "assign": ReviewVerdict.ASSIGNED,
    "mark": ReviewVerdict.MARKED,
}


@dataclass(frozen=True, slots=True)
class Acted:
    """What was done: `batch` takes it back."""

    action: str
    authors: int
    batch: str


def act(
    session: Session,
    actor: Actor,
    brand_id: int,
    author_ids: Sequence[int],
    action: str,
    *,
    value: str | None = None,
    reason: str | None = None,
    note: str | None = None,
    versions: Mapping[int, int] | None = None,
) -> Acted:
    """Do one thing about one author or many.

    Args:
        session: inside a unit of work.
        actor: who does it.
        brand_id: towards which brand.
        author_ids: each mentions the brand.
        action: one of `ACTIONS`.
        value: of "assign" the login, of "mark" what the author is; None takes it back.
        reason: of "dismiss", needed there.
        note: of "note" needed, elsewhere as wanted.
        versions: of the authors' flags as they were shown; what differs is refused.

    Raises:
        ForbiddenError, NotFoundError: as `Actor.require`; an author does not mention the brand.
        InvalidError: names the field.
        ConflictError: somebody else was first.
    """
    actor.require(Permission.REVIEW, brand_id)
    verdict = _verdict(action)
    value = _value(session, brand_id, verdict, value)
    reason = _text("reason", reason, MOST_REASON, needed=verdict is ReviewVerdict.DISMISSED)
    note = _text("note", note, MOST_NOTE, needed=verdict is ReviewVerdict.NOTED)
    ids = _authors(session, brand_id, author_ids)
    before = standings(session, brand_id, ids)
    _check_versions(session, brand_id, before, versions or {})
    stances = _stances(session, brand_id, ids)
    batch, moment = secrets.token_hex(8), now()
    for number in ids:
        stance = stances.get(number)
        session.add(
            Review(
                brand_id=brand_id,
                author_id=number,
                verdict=verdict,
                reason=reason,
                note=note,
                value=value,
                kind=stance.kind if stance else None,
                seen=_seen(stance),
                batch=batch,
                by=actor.name,
                created_at=moment,
            )
        )
    _bring_up_to_date(session, brand_id, ids, verdict is ReviewVerdict.MARKED)
    _tell(session, actor, brand_id, ids, action, before)
    return Acted(action, len(ids), batch)


def undo(session: Session, actor: Actor, brand_id: int, batch: str) -> Acted:
    """Take back what was done at once, about one author or many.

    Raises:
        ForbiddenError, NotFoundError: as `Actor.require`; nothing was done under this batch.
        ConflictError: it was taken back before.
    """
    actor.require(Permission.REVIEW, brand_id)
    statement = select(Review).where(Review.brand_id == brand_id, Review.batch == batch)
    reviews = list(session.exec(statement.order_by(col(Review.id))))
    if not reviews:
        raise NotFoundError("Nothing was done here that could be taken back under this number.")
    if reviews[0].undone_at is not None:
        raise ConflictError(f"{reviews[0].undone_by} took this back already.")
    ids = [one.author_id for one in reviews]
    before = standings(session, brand_id, ids)
    for one in reviews:
        one.undone_at, one.undone_by = now(), actor.name
        session.add(one)
    marked = any(one.verdict is ReviewVerdict.MARKED for one in reviews)
    _bring_up_to_date(session, brand_id, ids, marked)
    _tell(session, actor, brand_id, ids, "undo", before)
    return Acted("undo", len(ids), batch)


def _bring_up_to_date(session: Session, brand_id: int, ids: Sequence[int], weigh: bool) -> None:
    """Lists at once; what authors weigh too, where those are few, or by the flag job."""
    session.flush()
    if weigh:
        restance(session, brand_id, ids)
    refresh_flags(session, brand_id, ids)


def _verdict(action: str) -> ReviewVerdict:
    if action not in ACTIONS:
        raise InvalidError(f"action is one of {', '.join(ACTIONS)}.", field="action")
    return ACTIONS[action]


def _value(
    session: Session, brand_id: int, verdict: ReviewVerdict, value: str | None
) -> str | None:
    value = (value or "").strip() or None
    if value is None or verdict not in {ReviewVerdict.ASSIGNED, ReviewVerdict.MARKED}:
        return None
    if verdict is ReviewVerdict.MARKED:
        if value not in list(Mark):
            raise InvalidError(f"A mark is one of {', '.join(Mark)}.", field="value")
        return value
    login = value.casefold()
    if not may_own(session, brand_id, login):
        raise InvalidError(
            f"{value} may not work for this brand: choose somebody who may.", field="value"
        )
    return login


def _text(name: str, text: str | None, most: int, *, needed: bool) -> str | None:
    text = (text or "").strip()
    if needed and not text:
        raise InvalidError(f"Say a {name}: the next person asks for it.", field=name)
    if len(text) > most:
        raise InvalidError(f"A {name} has at most {most:,} characters.", field=name)
    if "\x00" in text:
        raise InvalidError(f"A {name} holds no NUL character.", field=name)
    return text or None


def _authors(session: Session, brand_id: int, author_ids: Sequence[int]) -> list[int]:
    ids = sorted(set(author_ids))
    if not ids:
        raise InvalidError("Choose at least one author.", field="authors")
    if len(ids) > MOST_AT_ONCE:
        raise InvalidError(f"At most {MOST_AT_ONCE:,} authors at once.", field="authors")
    found: set[int] = set()
    for chunk in chunked(ids, _CHUNK):
        own = select(Mention.author_id).where(
            Mention.brand_id == brand_id, col(Mention.author_id).in_(chunk)
        )
        found |= set(session.exec(own.distinct()))
    if missing := [i for i in ids if i not in found]:
        raise NotFoundError(f"No author {missing[0]} who mentions this brand.")
    return ids


def _check_versions(
    session: Session, brand_id: int, before: Mapping[int, Standing], versions: Mapping[int, int]
) -> None:
    for number, version in versions.items():
        if before.get(number, Standing()).version == version:
            continue
        last = next(iter(reviews_of(session, brand_id, number)), None)
        author = session.get(Author, number)
        who = (author and (author.handle or author.name)) or f"author {number}"
        raise ConflictError(
            f"Somebody else was first: {_told(last)} {who} meanwhile. Load the page again."
            if last is not None
            else f"{who} has changed meanwhile. Load the page again."
        )


def _told(review: Review) -> str:
    if review.undone_at is not None:
        return f"{review.undone_by} took back what was done about"
    words = {
        ReviewVerdict.CONTACTED: "noted a contact with",
        ReviewVerdict.NOTED: "wrote a note on",
    }
    return f"{review.by} {words.get(review.verdict, review.verdict.value)}"


def _stances(session: Session, brand_id: int, ids: Sequence[int]) -> dict[int, Stance]:
    found: dict[int, Stance] = {}
    for chunk in chunked(ids, _CHUNK):
        statement = select(Stance).where(
            Stance.brand_id == brand_id, col(Stance.author_id).in_(chunk)
        )
        found |= {one.author_id: one for one in session.exec(statement)}
    return found


def _seen(stance: Stance | None) -> int | None:
    """The highest id of a mention that counts: what comes later is new evidence."""
    if stance is None:
        return None
    counted = [int(e["mention_id"]) for e in stance.evidence if not e.get("not_counted")]
    return max([*counted, *(int(n[0]) for n in stance.newest or [])], default=0)


def _tell(
    session: Session,
    actor: Actor,
    brand_id: int,
    ids: Sequence[int],
    action: str,
    before: Mapping[int, Standing],
) -> None:
    after = standings(session, brand_id, ids)
    for number in ids:
        was, now_is = before.get(number, Standing()), after.get(number, Standing())
        record(
            session,
            actor,
            f"flag.{action}",
            noun="flag",
            noun_id=number,
            brand_id=brand_id,
            before=_as_json(was),
            after=_as_json(now_is),
        )
    one = ids[0] if len(ids) == 1 else None
    version = after[one].version if one is not None and one in after else None
    changed(session, "flag", one, brand_id=brand_id, version=version, by=actor.name)


def _as_json(standing: Standing) -> dict[str, str | None]:
    return {
        "status": standing.status.value,
        "assignee": standing.assignee,
        "mark": standing.marked.mark.value if standing.marked else None,
    }


def flag_of(session: Session, brand_id: int, author_id: int) -> Flag | None:
    """The flag of an author, if lists know them."""
    statement = select(Flag).where(Flag.brand_id == brand_id, Flag.author_id == author_id)
    return session.exec(statement).first()
