"""What pages read of everybody at once, kept for a while where that takes long."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from sqlmodel import Session

from api.web.live import latest_change
from api.web.maps import SegmentMap, segment_map
from api.web.site import Site
from listening.store.segments.artefacts import EVERYONE, MAP, made_at
from listening.store.segments.figuring import is_large
from listening.store.segments.keptpersonas import kept_everyone as stored_everyone
from listening.store.segments.keptpersonas import kept_own
from listening.store.segments.maps import MapPoints, kept_points, map_points
from listening.store.segments.personas import Everyone, Own, everyone_of
from listening.store.segments.segments import current_segmentation, merged_segments, run_id_of
from listening.store.segments.views import SegmentView
from listening.store.tables import Segmentation

T = TypeVar("T")
_LATEST = "latest change"

# What hangs on something that says when it changed; the rest is read again in a while.
_A_DAY = 86_400.0


def kept_everyone(site: Site, session: Session) -> Everyone:
    """Everyone's posts counted, to compare with; kept for a while where they are many."""
    run = current_segmentation(session)
    if run is None or not is_large(run):
        key = ("everyone", run.id if run is not None else None)
        return site.kept.get(key, lambda: everyone_of(session, run))
    made = made_at(session, run_id_of(run), EVERYONE)
    return site.kept.get(
        (EVERYONE, run.id, made),
        lambda: stored_everyone(session, run) or everyone_of(session, run),
        dear=0.0,
        age=_A_DAY if made is not None else None,
    )


def kept_persona(session: Session, segment_id: int, brand: int | None) -> Own | None:
    """A large segment's posts as a job counted them; None: they are to be read now."""
    run = current_segmentation(session)
    if run is None or not is_large(run):
        return None
    return kept_own(session, run, segment_id, brand)


def kept_map(site: Site, session: Session, rows: Sequence[SegmentView]) -> SegmentMap | None:
    """The map of the current run; kept for a while where it is large."""
    run = current_segmentation(session)
    if run is None:
        return None
    # The same for all brands: names in the order of what everybody's segments are.
    order = sorted(rows, key=lambda v: (-v.state.size, v.state.label))
    names = {int(v.segment.id or 0): v.segment.name for v in order}
    return drawn_map(site, session, run, names)


def kept_points_of(site: Site, session: Session) -> MapPoints | None:
    """The dots of the current run's map; kept for a while where they are many."""
    run = current_segmentation(session)
    if run is None:
        return None
    return site.kept.get(
        ("points", run.id, made_at(session, run_id_of(run), MAP)),
        lambda: kept_points(session, run) or map_points(session, run),
    )


def drawn_map(
    site: Site, session: Session, run: Segmentation, names: dict[int, str]
) -> SegmentMap | None:
    """The map with segments of these names."""
    large = is_large(run)
    made = made_at(session, run_id_of(run), MAP) if large else None
    merged = tuple(sorted(merged_segments(session).items())) if large else ()

    def draw() -> SegmentMap | None:
        found = kept_points(session, run) if made is not None else None
        return segment_map(found or map_points(session, run), names)

    return site.kept.get(
        ("map", run.id, made, merged, tuple(names.items())),
        draw,
        dear=0.02 if made is not None else None,
        age=_A_DAY if made is not None else None,
    )


def kept_count(
    site: Site, session: Session, key: Hashable, read: Callable[[], T], *, dear: float | None = None
) -> T:
    """What takes milliseconds to count, until somebody changes something, and a minute at most.

    What jobs bring in meanwhile shows a minute later; where little is stored, it is read anew.
    """
    return site.counts.get((key, known_change(session)), read, dear=dear)


def known_change(session: Session) -> int:
    """The id of the last change that a page knows of, as it was when this was first asked.

    A page that listens asks before it reads anything else and says it when it begins to listen:
    what changed while it was on its way is told then.
    """
    if _LATEST not in session.info:
        session.info[_LATEST] = latest_change(session)
    return int(session.info[_LATEST])
