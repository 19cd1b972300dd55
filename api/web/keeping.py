"""What pages read of everybody at once, kept for a while where that takes long."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from api.web.maps import SegmentMap, segment_map
from api.web.site import Site
from listening.store.maps import map_points
from listening.store.personas import Everyone, everyone_of
from listening.store.segments import current_segmentation
from listening.store.segmentviews import SegmentView


def kept_everyone(site: Site, session: Session) -> Everyone:
    """Everyone's posts counted, to compare with; kept for a while where they are many."""
    run = current_segmentation(session)
    key = ("everyone", run.id if run is not None else None)
    return site.kept.get(key, lambda: everyone_of(session, run))


def kept_map(site: Site, session: Session, rows: Sequence[SegmentView]) -> SegmentMap | None:
    """The map of the current run; kept for a while where it is large."""
    run = current_segmentation(session)
    if run is None:
        return None
    names = {int(v.segment.id or 0): v.segment.name for v in rows}
    return site.kept.get(
        ("map", run.id, tuple(names.items())),
        lambda: segment_map(map_points(session, run), names),
    )
