"""What people decide about segments, each act with who did it: for pages, API and command line."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, NotFoundError
from listening.store.access.audit import changed, record
from listening.store.segments.edits import (
    LONGEST,
    hide_segment,
    merge_segments,
    pin_segment,
    rename_segment,
    unmerge_segment,
)
from listening.store.tables import AuditEntry, Segment

NOUN = "segment"


def change_segment(
    session: Session,
    actor: Actor,
    segment_id: int,
    *,
    version: int | None = None,
    **values: Any,
) -> Segment:
    """Rename, pin, hide, or take that back; what is not named stays.

    Args:
        session: inside a unit of work.
        actor: who decides; takes the role brand for every brand, since all share segments.
        segment_id: of the segment.
        version: as it was read; None: whatever it is by now.
        values: `name` (None: its words name it again), `pinned`, `hidden`.

    Raises:
        NotFoundError: no such segment.
        ForbiddenError: this one may not.
        InvalidError: the name is blank or too long.
        ConflictError: somebody changed it meanwhile, or it is part of another.
    """
    segment = _segment(session, actor, segment_id, version)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if "name" in values:
        was, name = _given(segment), values["name"]
        if name is not None and not 1 <= len(" ".join(name.split())) <= LONGEST:
            raise InvalidError(f"A segment's name has 1 to {LONGEST} characters.", field="name")
        rename_segment(session, segment, name)
        if was != _given(segment):
            before["name"], after["name"] = was, _given(segment)
    for field, set_it in (("pinned", pin_segment), ("hidden", hide_segment)):
        wanted = values.get(field)
        if wanted is not None and wanted is not getattr(segment, field):
            before[field], after[field] = not wanted, wanted
            set_it(session, segment, wanted)
    if after:
        _note(session, actor, segment, "change", before, after)
    return segment


def merge(
    session: Session, actor: Actor, segment_id: int, into_id: int, *, version: int | None = None
) -> Segment:
    """Make a segment part of another; returns the one that stands for both.

    Raises:
        NotFoundError: no such segment.
        ForbiddenError: this one may not.
        ConflictError: somebody changed it meanwhile, or it is part of another already.
    """
    segment = _segment(session, actor, segment_id, version)
    into = session.get(Segment, into_id)
    if into is None:
        raise InvalidError(f"There is no segment {into_id} to merge into.", field="into")
    whole = merge_segments(session, segment, into)
    _note(session, actor, segment, "merge", {"merged_into": None}, {"merged_into": whole.id})
    return whole


def unmerge(
    session: Session, actor: Actor, segment_id: int, *, version: int | None = None
) -> Segment:
    """Take a merge back.

    Raises:
        NotFoundError: no such segment.
        ForbiddenError: this one may not.
        ConflictError: somebody changed it meanwhile, or it is not merged.
    """
    segment = _segment(session, actor, segment_id, version)
    was = segment.merged_into
    unmerge_segment(session, segment)
    _note(session, actor, segment, "unmerge", {"merged_into": was}, {"merged_into": None})
    return segment


def _segment(session: Session, actor: Actor, segment_id: int, version: int | None) -> Segment:
    actor.require(Permission.REVIEW, None, NOUN)
    statement = select(Segment).where(Segment.id == segment_id).with_for_update()
    segment = session.exec(statement).first()
    if segment is None:
        raise NotFoundError(f"No segment {segment_id}.")
    if version is not None and version != segment.version:
        raise ConflictError(
            f"{_who(session, segment_id)} changed segment {segment_id} meanwhile, which is named "
            f"{segment.name} now: load it again and decide anew."
        )
    return segment


def _given(segment: Segment) -> str | None:
    """The name that a person gave; words of authors stand in no record."""
    return segment.name if segment.renamed else None


def _note(
    session: Session,
    actor: Actor,
    segment: Segment,
    verb: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    segment.version += 1
    session.add(segment)
    number = int(segment.id or 0)
    record(
        session, actor, f"{NOUN}.{verb}", noun=NOUN, noun_id=number, before=before, after=after
    )  # fmt: skip
    changed(session, NOUN, number, version=segment.version, by=actor.name)
    session.flush()


def _who(session: Session, segment_id: int) -> str:
    latest = (
        select(AuditEntry.by)
        .where(AuditEntry.noun == NOUN, AuditEntry.noun_id == str(segment_id))
        .order_by(col(AuditEntry.id).desc())
    )
    return session.exec(latest).first() or "Somebody"
