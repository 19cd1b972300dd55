"""Count what pages show of large runs: figures of segments, the map, personas.

What is missing or out of date stands in the store; each thing is a unit of work of its own,
and whoever was killed leaves the rest to the next. Small runs are counted as they are read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from listening.store.segments.artefacts import (
    EVERYONE,
    FIGURES,
    MAP,
    figures_are_ripe,
    put_artefact,
    to_make,
)
from listening.store.segments.figuring import count_figures, large_run, write_figures
from listening.store.segments.keptpersonas import keep_everyone, keep_own
from listening.store.segments.maps import keep_points, label_points
from listening.store.segments.marking import drop_marks, due_marks
from listening.store.segments.personas import everyone_of, own_of
from listening.store.segments.segments import current_segmentation, merged_segments, run_id_of
from listening.store.session import Store
from listening.store.tables import Segmentation
from listening.store.tables.types import now
from workers.leasing import held
from workers.progress import Progress, Silent

LEASE = "figures"


@dataclass(frozen=True, slots=True)
class Figured:
    """What was made.

    Attributes:
        things: figures, map, everyone, personas: how many.
        more: whether it stopped because it was to, and not for want of work.
    """

    things: int = 0
    more: bool = False


def figures_are_due(session: Session) -> bool:
    """Whether there is anything to make; asked by the beat."""
    run = large_run(session)
    if run is None:
        return bool(due_marks(session))
    changed = bool(due_marks(session)) and figures_are_ripe(session, run_id_of(run), now())
    return changed or bool(to_make(session, run_id_of(run), now()))


def make_figures(
    store: Store,
    *,
    progress: Progress | None = None,
    seconds: float | None = None,
    at_once: bool = False,
) -> Figured:
    """Make what is missing and what is out of date.

    Args:
        store: migrated.
        progress: told of everything made.
        seconds: it stops after what it is at by then; None: never.
        at_once: figures too that were counted only just now.
    """
    progress = progress or Silent()
    until = None if seconds is None else time.monotonic() + seconds
    with held(store, LEASE) as ours:
        if not ours:
            return Figured()
        things = _counted(store, progress, at_once=at_once)
        with store.session() as session:
            run = large_run(session)
            waiting = to_make(session, run_id_of(run), now()) if run is not None else []
        if run is None or not waiting:
            return Figured(things)
        progress.begin("Maps and personas", len(waiting))
        for place, kind in enumerate(waiting):
            if until is not None and time.monotonic() > until:
                return Figured(things + place, more=True)
            _make(store, run, kind)
            progress.advance()
        progress.end()
    return Figured(things + len(waiting))


def _counted(store: Store, progress: Progress, *, at_once: bool) -> int:
    """Count figures where something changed since the last time; returns 1 where it was done."""
    with store.session() as session:
        run, marks = large_run(session), due_marks(session)
        lacking = run is not None and FIGURES in to_make(session, run_id_of(run), now())
        ripe = run is None or at_once or figures_are_ripe(session, run_id_of(run), now())
    if run is None:  # few, or nobody: counted as they are read
        if marks:
            with store.work() as session:
                drop_marks(session, marks)
        return 0
    if not lacking and not (marks and ripe):
        return 0
    progress.begin("Figures of segments")
    while not _count(store, run):
        with store.session() as session:
            marks = due_marks(session)
    with store.work() as session:
        drop_marks(session, marks)
    progress.end()
    return 1


def _count(store: Store, run: Segmentation) -> bool:
    """Count and write; False where people merged segments meanwhile."""
    run_id, began = run_id_of(run), time.perf_counter()
    with store.session() as session:
        merged = merged_segments(session)
        counted = count_figures(session, run_id)
    with store.work() as session:
        if merged_segments(session) != merged:
            return False
        if _stands(session, run):
            write_figures(session, run_id, counted)
            put_artefact(session, run_id, FIGURES, None, time.perf_counter() - began)
    return True


def _make(store: Store, run: Segmentation, kind: str) -> None:
    """Read beside the store's writers, and write what came of it."""
    began = time.perf_counter()
    with store.session() as session:
        keep = _read(session, run, kind)
    with store.work() as session:
        if _stands(session, run):
            keep(session, time.perf_counter() - began)


def _read(session: Session, run: Segmentation, kind: str) -> Callable[[Session, float], None]:
    """What writes the thing once it is read."""
    if kind == MAP:
        points = label_points(session, run)
        return lambda session, seconds: keep_points(session, run, points, seconds)
    if kind == EVERYONE:
        everyone = everyone_of(session, run)
        return lambda session, seconds: keep_everyone(session, run, everyone, seconds)
    segment_id, scope = map(int, kind.split(":")[1:])
    own = own_of(session, run, segment_id, brand_id=scope or None)
    return lambda session, seconds: keep_own(session, run, segment_id, scope or None, own, seconds)


def _stands(session: Session, run: Segmentation) -> bool:
    """Whether a run is the current one still: nobody keeps anything of another."""
    current = current_segmentation(session)
    return current is not None and current.id == run.id
