"""Segments, their past and the runs as plain rows, for tables and files.

As in `listening.store.rows`, every row is flat and keeps unknown as None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, select

from listening.errors import NotFoundError
from listening.store.segments.lineage import (
    lineage_of,
    lineage_of_run,
    run_history,
    segment_history,
)
from listening.store.segments.segments import current_segmentation, run_id_of
from listening.store.segments.views import get_segment
from listening.store.tables import LineageEvent, Post, Segment

Row = dict[str, Any]


def segment_row(session: Session, segment: Segment) -> Row:
    """All that is known of one segment now.

    Raises:
        NotFoundError: it is not in the current run.
    """
    whole = segment.id if segment.merged_into is None else None
    try:
        view = get_segment(session, int(whole or 0)) if whole is not None else None
    except NotFoundError:
        raise NotFoundError(
            f"Segment {segment.id} ({segment.name}) is not in the current run: "
            f"`listening segments history {segment.id}` tells when it was."
        ) from None
    state = view.state if view is not None else None
    run = current_segmentation(session)
    groups = {group["number"]: group["name"] for group in run.groups} if run is not None else {}
    return {
        "segment_id": segment.id,
        "name": segment.name,
        "renamed": segment.renamed,
        "pinned": segment.pinned,
        "hidden": segment.hidden,
        "merged_into": segment.merged_into,
        "segmentation_id": run.id if run is not None else None,
        "authors": view.authors if view else None,
        "nearest": view.nearest if view else None,
        "share": _rounded(view.share if view else None),
        "mentions": view.mentions if view else None,
        "scored": view.scored if view else None,
        "net_sentiment": _rounded(view.net_sentiment if view else None),
        "advocates": view.advocates if view else None,
        "detractors": view.detractors if view else None,
        "stability": _rounded(state.stability if state else None),
        "tentative": state.tentative if state else None,
        "group": groups.get(state.coarse) if state else None,
        "keywords": state.keywords if state else [],
        "exemplars": state.exemplars if state else [],
        "exemplar_texts": _texts(session, state.exemplars if state else []),
    }


def _texts(session: Session, post_ids: list[int]) -> list[str]:
    found = select(Post.id, Post.text).where(col(Post.id).in_(post_ids))
    texts = dict(session.exec(found).all())
    return [texts[i] for i in post_ids if i in texts]


def run_rows(session: Session) -> Iterator[Row]:
    """Finished runs, latest first, with how many segments continued, were born and so on."""
    for past in run_history(session):
        run = past.run
        yield {
            "segmentation_id": run.id,
            "created_at": run.created_at.isoformat(),
            "current": run.current,
            "segments": past.segments,
            "authors": run.authors,
            "noise": run.noise,
            "stability": _rounded(run.stability),
            **{str(kind): past.events.get(kind, 0) for kind in LineageEvent},
            "model": run.model,
            "note": run.note,
        }


def state_rows(session: Session, segment: Segment) -> Iterator[Row]:
    """A segment in every run that had it, latest first."""
    for past in segment_history(session, int(segment.id or 0)):
        state = past.state
        yield {
            "segment_id": segment.id,
            "segmentation_id": past.run.id,
            "created_at": past.run.created_at.isoformat(),
            "size": state.size,
            "share": _rounded(past.share),
            "mentions": state.figures.get("mentions"),
            "scored": state.figures.get("scored"),
            "net_sentiment": _rounded(state.figures.get("net_sentiment")),
            "advocates": state.figures.get("advocates"),
            "detractors": state.figures.get("detractors"),
            "stability": _rounded(state.stability),
            "tentative": state.tentative,
            "keywords": state.keywords,
        }


def event_rows(session: Session, segment: Segment | None = None) -> Iterator[Row]:
    """What became of every segment in the current run; of one, in every run, latest first."""
    run = current_segmentation(session)
    if segment is not None:
        found = lineage_of(session, int(segment.id or 0))
    else:
        found = lineage_of_run(session, run_id_of(run)) if run is not None else []
    for past in found:
        told = past.told
        yield {
            "segmentation_id": past.run.id,
            "created_at": past.run.created_at.isoformat(),
            "event": str(told.event),
            "segment_id": past.segment.id,
            "name": past.segment.name,
            "other_id": past.other.id if past.other else None,
            "other": past.other.name if past.other else "",
            "shared": told.shared,
            "joined": told.joined,
            "left": told.left,
            "came": told.came,
            "gone": told.gone,
            "moved": told.moved,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
