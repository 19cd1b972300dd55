"""Taking back what was done to mentions, whichever of it was done."""

from __future__ import annotations

from sqlmodel import Session

from listening.access import Actor
from listening.errors import NotFoundError
from listening.store.mentions.overriding import undo_override
from listening.store.mentions.tagging import ACTION as TAGGED
from listening.store.mentions.tagging import undo_tags
from listening.store.tables import AuditEntry

Numbers = tuple[int, ...]


def undo(session: Session, actor: Actor, brand_id: int, entry_id: int) -> tuple[Numbers, Numbers]:
    """Put back what stood before a change of a brand's mentions; that can be undone, too.

    Returns:
        the mentions that are another now, and the entries of the audit log.

    Raises:
        ConflictError: nothing of it stands any more.
        ForbiddenError: somebody else did it.
        NotFoundError: there is no such change.
    """
    entry = session.get(AuditEntry, entry_id)
    if entry is None or entry.brand_id != brand_id:
        raise NotFoundError("There is no such change to undo.")
    if entry.action == TAGGED:
        tagged = undo_tags(session, actor, entry_id)
        return tagged.mention_ids, tagged.entries
    overridden = undo_override(session, actor, entry_id)
    return overridden.mention_ids, overridden.entries
