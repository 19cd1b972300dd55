"""Tags of mentions: putting them on, taking them off, undoing that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.searching import NONE
from listening.store.bulk import upsert, within
from listening.store.mentions.touching import chosen_mentions, note
from listening.store.tables import AuditEntry, Mention, MentionTag
from listening.store.tables.types import now

ACTION = "mention.tag"
LONGEST, MOST_TAGS = 60, 20  # characters of a tag, tags at once

Pairs = dict[str, list[int]]  # mention ids by tag


@dataclass(frozen=True, slots=True)
class Tagged:
    """What tagging did.

    Attributes:
        mention_ids: those that have other tags now.
        entries: of the audit log, one a brand; each can be undone.
    """

    mention_ids: tuple[int, ...] = ()
    entries: tuple[int, ...] = ()


def tag_mentions(
    session: Session,
    actor: Actor,
    mention_ids: Sequence[int],
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    brand_id: int | None = None,
) -> Tagged:
    """Put tags on mentions and take others off; what stands already is left alone.

    A tag that the brand has in other capitals is that one.

    Args:
        session: inside a unit of work.
        actor: takes the role support for the brand of each mention.
        mention_ids: at most `touching.MOST`.
        add, remove: tags.
        brand_id: whose mentions they have to be; None: of whatever brands.

    Raises:
        ForbiddenError: the actor may only look.
        InvalidError: a tag does not fit, or too many at once.
        NotFoundError: one of the mentions is gone, or not the actor's to see.
    """
    on, off = _checked(add, "add"), _checked(remove, "remove")
    if not on and not off:
        raise InvalidError("Write at least one tag.", field="add")
    found = chosen_mentions(session, actor, mention_ids, brand_id)
    stand = _standing(session, [int(mention.id or 0) for mention in found])
    numbers: set[int] = set()
    entries = []
    for brand in sorted({mention.brand_id for mention in found}):
        spelt = {tag.casefold(): tag for tag, _ in brand_tags(session, brand)}
        own = [int(mention.id or 0) for mention in found if mention.brand_id == brand]
        names = [spelt.get(tag.casefold(), tag) for tag in on]
        added = {tag: [i for i in own if tag not in stand.get(i, ())] for tag in names}
        gone = {
            tag: [i for i in own if tag in stand.get(i, ())]
            for tag in (spelt.get(tag.casefold(), tag) for tag in off)
            if tag not in names
        }
        entry = _write(session, actor, brand, added, gone)
        if entry is not None:
            entries.append(entry)
            numbers |= {i for pairs in (added, gone) for ids in pairs.values() for i in ids}
    return Tagged(tuple(sorted(numbers)), tuple(entries))


def undo_tags(session: Session, actor: Actor, entry_id: int) -> Tagged:
    """Take back what tagging did, by its entry in the audit log; mentions erased since are left.

    Raises:
        ConflictError: nothing of it stands any more.
        ForbiddenError: somebody else did it.
        NotFoundError: there is no such tagging.
    """
    entry = session.get(AuditEntry, entry_id)
    if entry is None or entry.action != ACTION or entry.after is None or entry.brand_id is None:
        raise NotFoundError("There is no such tagging to undo.")
    actor.require(Permission.ANSWER, entry.brand_id)
    if entry.by != actor.name:
        raise ForbiddenError(f"{entry.by} did this, who alone may undo it: change the tags.")
    added, removed = entry.after["added"], entry.after["removed"]
    ids = {i for pairs in (added, removed) for own in pairs.values() for i in own}
    there = set(session.exec(select(Mention.id).where(within(session, Mention.id, sorted(ids)))))
    stand = _standing(session, sorted(ids))
    again = {
        tag: [i for i in own if i in there and tag not in stand.get(i, ())]
        for tag, own in removed.items()
    }
    off = {tag: [i for i in own if tag in stand.get(i, ())] for tag, own in added.items()}
    undone = _write(session, actor, entry.brand_id, again, off)
    if undone is None:
        raise ConflictError("Nothing of this tagging stands any more: it was changed since.")
    numbers = {i for pairs in (again, off) for own in pairs.values() for i in own}
    return Tagged(tuple(sorted(numbers)), (undone,))


def brand_tags(session: Session, brand_id: int) -> list[tuple[str, int]]:
    """The tags that a brand's mentions have, with how many have each."""
    statement = (
        select(MentionTag.tag, func.count())
        .where(MentionTag.brand_id == brand_id)
        .group_by(col(MentionTag.tag))
        .order_by(col(MentionTag.tag))
    )
    return [(tag, count) for tag, count in session.exec(statement)]


def tags_of(session: Session, mention_ids: Sequence[int]) -> dict[int, list[str]]:
    """The tags of mentions, in their order."""
    return {number: sorted(tags) for number, tags in _standing(session, mention_ids).items()}


def _standing(session: Session, mention_ids: Sequence[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    statement = select(MentionTag.mention_id, MentionTag.tag).where(
        within(session, MentionTag.mention_id, mention_ids)
    )
    for number, tag in session.exec(statement):
        found.setdefault(number, set()).add(tag)
    return found


def _write(session: Session, actor: Actor, brand_id: int, added: Pairs, gone: Pairs) -> int | None:
    """Write what changes; the number of its entry in the audit log, None where nothing does."""
    added = {tag: ids for tag, ids in added.items() if ids}
    gone = {tag: ids for tag, ids in gone.items() if ids}
    if not added and not gone:
        return None
    moment = now()
    rows = [
        {"mention_id": i, "tag": tag, "brand_id": brand_id, "by": actor.name, "at": moment}
        for tag, ids in added.items()
        for i in ids
    ]
    upsert(session, MentionTag, rows, key=("mention_id", "tag"))
    for tag, ids in gone.items():
        session.execute(
            delete(MentionTag).where(
                within(session, MentionTag.mention_id, ids), col(MentionTag.tag) == tag
            )
        )
    touched = sorted({i for pairs in (added, gone) for ids in pairs.values() for i in ids})
    return note(session, actor, ACTION, brand_id, touched, {"added": added, "removed": gone})


def _checked(tags: Iterable[str], field: str) -> list[str]:
    found: dict[str, str] = {}
    for tag in tags:
        name = " ".join(tag.split())
        if not name:
            continue
        if len(name) > LONGEST or not name.isprintable() or "," in name:
            raise InvalidError(
                f"A tag has at most {LONGEST} characters, no comma and no control character.",
                field=field,
            )
        if name.casefold() == NONE:
            raise InvalidError(
                f'"{NONE}" stands for having no tag: take another word.', field=field
            )
        found.setdefault(name.casefold(), name)
    if len(found) > MOST_TAGS:
        raise InvalidError(f"At most {MOST_TAGS} tags at once.", field=field)
    return list(found.values())
