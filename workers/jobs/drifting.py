"""Whether people have changed enough since the last segmentation to run another by day."""

from __future__ import annotations

from dataclasses import dataclass

from listening.config import Settings
from listening.drift import has_drifted
from listening.store.segments.placing import count_placed, settle_placed
from listening.store.segments.segments import current_segmentation, has_fit, run_id_of
from listening.store.session import Store


@dataclass(frozen=True, slots=True)
class Drift:
    """How many have come or moved, beside how many took part, and whether that is enough."""

    moved: int
    authors: int
    enough: bool


def check_drift(store: Store, settings: Settings) -> Drift:
    """Count who has come or moved since the current run; without one nothing drifts."""
    with store.session() as session:
        run = current_segmentation(session)
        if run is None:
            return Drift(0, 0, False)
        moved = count_placed(session, run)
        # Erasing an author takes what others are placed by along.
        blind = not has_fit(session, run_id_of(run))
    enough = blind or has_drifted(moved, run.authors, settings.segment_drift_share)
    return Drift(moved, run.authors, enough)


def current_run(store: Store) -> int | None:
    """The id of the run that lists show."""
    with store.session() as session:
        run = current_segmentation(session)
        return None if run is None else run.id


def note_segmented(store: Store, before: int | None) -> None:
    """Where a segmentation found the run that stood before, it is as good as new."""
    with store.work() as session:
        run = current_segmentation(session)
        if run is not None and run.id is not None and run.id == before:
            settle_placed(session, run.id)
