"""Give authors their segment of the current run as soon as their profile has changed.

What is to do stands with the profiles, so that any number of workers do it at once, and one
that is killed leaves it to the others. An author's place is worked out beside the store and
written only where profile and run are still those that it was worked out from.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import Session

from listening.config import Settings
from listening.store.flags.flags import refresh_segments
from listening.store.segments import placing
from listening.store.segments.placing import Stood
from listening.store.segments.segments import (
    FoundMembership,
    current_segmentation,
    latest_fit,
    place_members,
)
from listening.store.session import Store
from listening.store.tables import Segmentation
from workers.jobs.profiling import Profiled, Profiles, read_some, update_profiles
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.fitting import Fit, Placed

AUTHORS = 1000  # a unit of work


@dataclass(frozen=True, slots=True)
class Followed:
    """What was done about authors whose profile changed.

    Attributes:
        authors: who were given their segment.
        moved: of those, who have another one than before, or their first.
        left: who have too few posts by now to take part.
        more: whether it stopped because it was to, and not for want of work.
    """

    authors: int = 0
    moved: int = 0
    left: int = 0
    more: bool = field(default=False, compare=False)


def follow(
    store: Store,
    settings: Settings,
    *,
    model: str,
    progress: Progress | None = None,
    seconds: float | None = None,
) -> tuple[Profiled, Followed]:
    """What an analysis is followed by: profiles, then their authors' segments.

    Args:
        store: migrated.
        settings: how profiles are made.
        model: the present revision.
        progress: told of every author.
        seconds: each of the two stops after the unit that runs by then; None: never.
    """
    profiled = update_profiles(store, settings, model=model, progress=progress, seconds=seconds)
    return profiled, place_changed(store, settings, model=model, progress=progress, seconds=seconds)


def place_changed(
    store: Store,
    settings: Settings,
    *,
    model: str,
    progress: Progress | None = None,
    seconds: float | None = None,
) -> Followed:
    """Give every author whose profile changed the nearest segment of the current run.

    Nothing is done where there is no run, or one of other vectors: the next run places all.
    """
    progress = progress or Silent()
    until = None if seconds is None else time.monotonic() + seconds
    work = _Work(store, settings, model)
    after, begun, more = 0, False, False
    while True:
        found = work.next(after)
        if not found:
            break
        if not begun:
            progress.begin("Placing authors")
            begun = True
        work.place(found)
        after = max(found)
        progress.advance(len(found))
        if until is not None and time.monotonic() > until:
            more = True
            break
    if begun:
        progress.end()
    return Followed(work.authors, work.moved, work.left, more)


class _Work:
    """Placing in the run that is current, whichever that is by then."""

    def __init__(self, store: Store, settings: Settings, model: str) -> None:
        self.authors = self.moved = self.left = 0
        self._store, self._settings, self._model = store, settings, model
        self._run: Segmentation | None = None
        self._fit: Fit | None = None
        self._segments: dict[int, int] = {}

    def next(self, after: int) -> dict[int, datetime]:
        """Authors to place, and when their profiles changed; none where there is no fit."""
        with self._store.session() as session:
            run = current_segmentation(session)
            if run is None or run.model != self._model:
                return {}
            found = placing.unplaced_authors(session, self._model, after, AUTHORS)
            if found:
                self._load(session, run)
        return found if self._fit is not None else {}

    def _load(self, session: Session, run: Segmentation) -> None:
        from nlp.fitting import from_bytes

        if self._run is not None and self._run.id == run.id:
            return
        latest = latest_fit(session)
        self._run, self._fit = run, None
        if latest is not None:
            self._fit, self._segments = from_bytes(latest[1]), latest[2]

    def place(self, found: dict[int, datetime]) -> None:
        """Work out where the authors are, and write it as far as that still holds."""
        with self._store.session() as session:
            profiles = read_some(session, sorted(found))
        places = self._placed(profiles)
        with self._store.work() as session:
            run = current_segmentation(session)
            if run is None or self._run is None or run.id != self._run.id:
                return
            run_id = int(run.id or 0)
            taken = placing.take_unplaced(session, found)
            stood = placing.memberships_of(session, run_id, sorted(taken))
            members = [self._member(i, *places[i], stood) for i in sorted(taken & set(places))]
            gone = sorted((taken - set(places)) & set(stood))
            placing.leave_run(session, run_id, gone)
            self.moved += place_members(session, run_id, members)
            refresh_segments(session, sorted(taken))
        self.authors += len(members)
        self.left += len(gone)

    def _placed(self, profiles: Profiles) -> dict[int, tuple[Placed, int]]:
        """By author, all that were placed and which of them it is; only who may take part."""
        from nlp.fitting import place
        from nlp.profile import author_space

        if self._fit is None or self._run is None:
            return {}
        enough = profiles.posts >= max(self._settings.segment_min_posts, 1)
        if not enough.any():
            return {}
        weight = self._run.params.get("opinion_weight", self._settings.opinion_weight)
        space = author_space(
            profiles.interests[enough], profiles.opinions[enough], opinion_weight=float(weight)
        )
        placed = place(self._fit, space)
        return {int(i): (placed, row) for row, i in enumerate(profiles.ids[enough])}

    def _member(
        self, author_id: int, placed: Placed, row: int, stood: Mapping[int, Stood]
    ) -> FoundMembership:
        label, noise = int(placed.labels[row]), bool(placed.noise[row])
        best = zip(placed.best[row][1:], placed.strengths[row][1:], strict=True)
        was = stood.get(author_id)
        moved = was is None or was.segment_id != self._segments[label]
        return FoundMembership(
            author_id=author_id,
            label=label,
            noise=noise,
            strength=float(placed.strengths[row, 0]),
            others=tuple((int(other), float(strength)) for other, strength in best if other >= 0),
            x=float(placed.xy[row, 0]),
            y=float(placed.xy[row, 1]),
            # Once moved, they count as such until the next run.
            placed=was is None or was.placed or moved or (noise and not was.noise),
        )
