"""Whether people have changed enough since the last segmentation to run another by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from listening.config import Settings
from listening.drift import has_drifted
from listening.store.facts import moments, note_moment
from listening.store.segments import current_segmentation, moved_authors
from listening.store.session import Store
from listening.store.tables.types import now

_SEGMENTED = "segmented"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Drift:
    """How many moved, of how many, and whether that is enough."""

    moved: int
    authors: int
    enough: bool


def check_drift(store: Store, settings: Settings) -> Drift:
    """Compare what was analysed since with the last segmentation; without one nothing drifts."""
    with store.session() as session:
        run = current_segmentation(session)
        if run is None:
            return Drift(0, 0, False)
        # A run over the same data is not stored again: it is then older than the last look.
        looked = [run.created_at, *moments(session, _SEGMENTED).values()]
        # Where the clock was put back since, everybody may have moved, and it looks once more.
        since = max((moment for moment in looked if moment <= now()), default=_EVER)
        moved = moved_authors(session, since, settings.segment_min_posts)
    return Drift(moved, run.authors, has_drifted(moved, run.authors, settings.segment_drift_share))


def note_segmented(store: Store, began: datetime) -> None:
    """Note that a segmentation has looked at all that was analysed before."""
    with store.work() as session:
        note_moment(session, _SEGMENTED, began)
