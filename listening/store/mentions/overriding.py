"""A person's word on the sentiment of mentions: setting it, taking it back, undoing that.

What it changes at once are the stances of the authors concerned and the cases of the mentions;
what else the flag job writes follows when it next runs, which an override makes due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, ForbiddenError, NotFoundError
from listening.store.bulk import within
from listening.store.cases.recasing import recase
from listening.store.counts.daymarks import mark_mentions
from listening.store.flags.restancing import restance
from listening.store.mentions.touching import chosen_mentions, note
from listening.store.segments.marking import mark_figures
from listening.store.tables import AuditEntry, Mention, SentimentLabel
from listening.store.tables.types import now

ACTION = "mention.override"


@dataclass(frozen=True, slots=True)
class Overridden:
    """What an override did.

    Attributes:
        mention_ids: those that say something else now; what stood already is not among them.
        entries: of the audit log, one a brand; each can be undone.
        stances: authors whose stance was computed anew at once.
    """

    mention_ids: tuple[int, ...] = ()
    entries: tuple[int, ...] = ()
    stances: int = 0


@dataclass(slots=True)
class _Brand:
    before: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)
    authors: set[int] = field(default_factory=set)


def override(
    session: Session,
    actor: Actor,
    mention_ids: Sequence[int],
    label: SentimentLabel | None,
    *,
    brand_id: int | None = None,
    cases: bool = True,
) -> Overridden:
    """Set what mentions say of their brand; None takes back what a person set.

    Args:
        session: inside a unit of work.
        actor: who says so; takes the role support for the brand of each mention.
        mention_ids: at most `touching.MOST`.
        label: the sentiment; saying what the model says is a label too, and is kept.
        brand_id: whose mentions they have to be; None: of whatever brands.
        cases: whether their cases follow.

    Raises:
        ForbiddenError: the actor may only look.
        InvalidError: too many at once.
        NotFoundError: one of the mentions is gone, or not the actor's to see.
    """
    return _write(session, actor, dict.fromkeys(mention_ids, label), brand_id, cases=cases)


def undo_override(session: Session, actor: Actor, entry_id: int) -> Overridden:
    """Put back what stood before an override, by its entry in the audit log.

    Mentions that were erased since, or that somebody gave another sentiment since, are left
    as they are.

    Raises:
        ConflictError: nothing of it stands any more.
        ForbiddenError: somebody else did it.
        NotFoundError: there is no such override.
    """
    entry = session.get(AuditEntry, entry_id)
    if entry is None or entry.action != ACTION or not entry.before or not entry.after:
        raise NotFoundError("There is no such override to undo.")
    actor.require(Permission.ANSWER, entry.brand_id)
    if entry.by != actor.name:
        raise ForbiddenError(f"{entry.by} did this, who alone may undo it: override it instead.")
    set_to, stood = entry.after["override"], entry.before["override"]
    statement = select(Mention.id, Mention.override).where(
        within(session, Mention.id, [int(number) for number in set_to])
    )
    wanted = {
        int(number or 0): _label(stood[str(number)])
        for number, label in session.exec(statement)
        if label == _label(set_to[str(number)])
    }
    if not wanted:
        raise ConflictError("Nothing of this override stands any more: it was changed since.")
    return _write(session, actor, wanted)


def _write(
    session: Session,
    actor: Actor,
    labels: Mapping[int, SentimentLabel | None],
    brand_id: int | None = None,
    *,
    cases: bool = True,
) -> Overridden:
    found = chosen_mentions(session, actor, labels, brand_id)
    moment = now()
    brands: dict[int, _Brand] = {}
    was: dict[int, SentimentLabel | None] = {}
    for mention in found:
        number, label = int(mention.id or 0), labels[int(mention.id or 0)]
        if mention.override == label:
            continue
        own = brands.setdefault(mention.brand_id, _Brand())
        own.before[str(number)] = _text(mention.override)
        own.after[str(number)] = _text(label)
        own.authors.add(mention.author_id)
        was[number] = mention.override
        mention.override = label
        mention.override_by = None if label is None else actor.name
        mention.override_at = None if label is None else moment
        session.add(mention)
    session.flush()
    done = _done(session, actor, brands)
    if cases and was:
        recase(session, actor, was)
    return done


def _done(session: Session, actor: Actor, brands: Mapping[int, _Brand]) -> Overridden:
    if brands:
        mark_figures(session)
    numbers: list[int] = []
    entries: list[int] = []
    stances = 0
    for brand_id, own in brands.items():
        ids = [int(number) for number in own.after]
        mark_mentions(session, ids)
        stances += restance(session, brand_id, own.authors)
        before, after = {"override": own.before}, {"override": own.after}
        entries.append(note(session, actor, ACTION, brand_id, ids, after, before))
        numbers += ids
    return Overridden(tuple(sorted(numbers)), tuple(entries), stances)


def _label(value: str | None) -> SentimentLabel | None:
    return None if value is None else SentimentLabel(value)


def _text(label: SentimentLabel | None) -> str | None:
    return None if label is None else str(label)
