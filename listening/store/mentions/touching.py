"""Mentions that somebody chose to change: there, theirs to change, and held until it is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import InvalidError, NotFoundError
from listening.store.access.audit import changed, record
from listening.store.bulk import within
from listening.store.tables import Mention

MOST = 1_000  # mentions at once


def chosen_mentions(
    session: Session, actor: Actor, mention_ids: Collection[int], brand_id: int | None = None
) -> list[Mention]:
    """The mentions of these ids, in their order, locked for this unit of work.

    Args:
        session: inside a unit of work.
        actor: takes the role support for the brand of each mention.
        mention_ids: at most `MOST`.
        brand_id: whose they have to be; None: of whatever brands.

    Raises:
        ForbiddenError: the actor may only look.
        InvalidError: too many at once.
        NotFoundError: one of them is gone, or not the actor's to see.
    """
    wanted = sorted(set(mention_ids))
    if len(wanted) > MOST:
        raise InvalidError(f"At most {MOST:,} mentions at once.", field="mention_ids")
    statement = (
        select(Mention)
        .where(within(session, Mention.id, wanted))
        .order_by(col(Mention.id))
        .with_for_update()
    )
    if brand_id is not None:
        statement = statement.where(Mention.brand_id == brand_id)
    found = list(session.exec(statement))
    for brand in sorted({mention.brand_id for mention in found}):
        actor.require(Permission.ANSWER, brand, "mention")
    if len(found) < len(wanted):
        missing = len(wanted) - len(found)
        raise NotFoundError(
            f"{missing} of the mentions {'is' if missing == 1 else 'are'} no longer there: "
            "load the list again."
        )
    return found


def note(
    session: Session,
    actor: Actor,
    action: str,
    brand_id: int,
    mention_ids: Collection[int],
    after: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
) -> int:
    """Record what was done to mentions and let open pages know; the number of its entry."""
    one = next(iter(mention_ids)) if len(mention_ids) == 1 else None
    entry = record(
        session,
        actor,
        action,
        noun="mention",
        noun_id="several" if one is None else one,
        brand_id=brand_id,
        before=before,
        after=after,
    )
    changed(session, "mention", one, brand_id=brand_id, by=actor.name)
    session.flush()
    return int(entry.id or 0)
