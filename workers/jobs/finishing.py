"""Give the authors of a run their segments, chunk by chunk, and finish it.

Which chunks are done stands in the store, and who is at one has a lease: any number of
workers take part, and what one that died was at another does. Lists show the run only when
everybody is placed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from sqlmodel import Session

from listening.config import Settings
from listening.store.segments.finishing import Told, finish_run, keep_pinned
from listening.store.segments.lineage import centres_of
from listening.store.segments.segmentations import (
    authors_between,
    chunks_of,
    place_chunk,
    placed_chunks,
    placing_segmentation,
)
from listening.store.segments.segments import (
    FoundMembership,
    current_segmentation,
    fit_of,
    members_of,
    noise_of,
    run_id_of,
)
from listening.store.session import Store
from listening.store.tables import LineageEvent, RunStatus, Segmentation
from workers.jobs.describing import describe
from workers.jobs.profiling import profile_params, read_some
from workers.jobs.wording import word_segments
from workers.leasing import held
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.fitting import Fit, Placed
    from nlp.types import Ints

WAIT = 0.5  # seconds, while others are at what is left


def place_and_finish(
    store: Store, settings: Settings, run_id: int, *, progress: Progress | None = None
) -> Segmentation | None:
    """Take part until a run is finished, by whomever; None where it is gone."""
    while True:
        place_chunks(store, settings, run_id, progress=progress)
        run = finish(store, run_id, progress=progress)
        if run is None or run.status is RunStatus.DONE:
            return run
        (progress or Silent()).advance(0)
        time.sleep(WAIT)


def shared(run: Segmentation) -> bool:
    """Whether a run's authors are so many that workers share them."""
    return run.status is RunStatus.PLACING and chunks_of(run) > 1


def help_placing(
    store: Store, settings: Settings, *, progress: Progress | None = None
) -> Segmentation | None:
    """Take part in the run that is being placed; the run where this one finished it."""
    with store.session() as session:
        run = placing_segmentation(session)
    if run is None:
        return None
    place_chunks(store, settings, run_id_of(run), progress=progress)
    run = finish(store, run_id_of(run), progress=progress)
    return run if run is not None and run.status is RunStatus.DONE else None


def place_chunks(
    store: Store, settings: Settings, run_id: int, *, progress: Progress | None = None
) -> int:
    """Place the chunks that nobody else is at; returns how many."""
    from nlp.fitting import from_bytes

    progress = progress or Silent()
    with store.session() as session:
        run, data = session.get(Segmentation, run_id), fit_of(session, run_id)
        done = placed_chunks(session, run_id)
    if run is None or data is None or run.status is not RunStatus.PLACING:
        return 0
    left = [chunk for chunk in range(chunks_of(run)) if chunk not in done]
    if not left:
        return 0
    fit, placed = from_bytes(data), 0
    progress.begin("Placing authors", len(left))
    for chunk in left:
        with held(store, f"place:{run_id}:{chunk}") as ours:
            if ours and _waits(store, run_id, chunk):
                found = _chunk(store, settings, run, fit, chunk)
                with store.work() as session:
                    placed += place_chunk(session, run, chunk, found)
        progress.advance()
    progress.end()
    return placed


def _waits(store: Store, run_id: int, chunk: int) -> bool:
    """Whether nobody placed a chunk while its lease was waited for."""
    with store.session() as session:
        run = session.get(Segmentation, run_id)
        placing = run is not None and run.status is RunStatus.PLACING
        return placing and chunk not in placed_chunks(session, run_id)


def _chunk(
    store: Store, settings: Settings, run: Segmentation, fit: Fit, chunk: int
) -> list[FoundMembership]:
    """The memberships of the authors whose ids fall into a chunk."""
    from nlp.fitting import place
    from workers.jobs.segmenting import author_rows

    size = int(run.params["chunk"])
    with store.session() as session:
        ids = authors_between(
            session,
            run.model,
            profile_params(settings),
            settings.segment_min_posts,
            chunk * size,
            (chunk + 1) * size,
        )
        people = read_some(session, ids)
    if not len(people.ids):
        return []
    return found_memberships(people.ids, place(fit, author_rows(people, settings)))


def found_memberships(ids: Ints, placed: Placed, *, later: bool = False) -> list[FoundMembership]:
    """What `place` says of authors, on its way into the store.

    Args:
        ids: (n,) of the authors, in the order of the rows that were placed.
        placed: of n rows.
        later: they came or changed after the run was made.
    """
    found = []
    for row, author_id in enumerate(ids):
        label = int(placed.labels[row])
        best = [
            (int(other), float(strength))
            for other, strength in zip(placed.best[row], placed.strengths[row], strict=True)
            if other >= 0
        ]
        x, y = placed.xy[row]
        found.append(
            FoundMembership(
                author_id=int(author_id),
                label=label,
                noise=bool(placed.noise[row]),
                strength=next((strength for other, strength in best if other == label), 0.0),
                others=[(other, strength) for other, strength in best if other != label],
                x=round(float(x), 4),
                y=round(float(y), 4),
                placed=later,
            )
        )
    return found


def finish(store: Store, run_id: int, *, progress: Progress | None = None) -> Segmentation | None:
    """Describe the segments of a run and let lists show it, if everybody is placed.

    Returns:
        the run, still placing where authors are left or another finishes it; None: it is gone.
    """
    with held(store, f"finish:{run_id}") as ours:
        with store.session() as session:
            run = session.get(Segmentation, run_id)
            placed = placed_chunks(session, run_id)
        if run is None or run.status is RunStatus.DONE:
            return run
        if not ours or len(placed) < chunks_of(run):
            return run
        with store.work() as session:
            keep_pinned(session, session.get_one(Segmentation, run_id))
        described, groups = describe(store, run_id, progress=progress)
        with store.session() as session:
            events = _events(session, run)
        with store.work() as session:
            done = finish_run(session, run, described, groups=groups, events=events)
    word_segments(store, progress=progress)
    return done


def _events(session: Session, run: Segmentation) -> list[Told]:
    """What became of the segments of the last run."""
    from nlp.align import lineage

    last, run_id = current_segmentation(session), run_id_of(run)
    after = members_of(session, run_id)
    before = members_of(session, run_id_of(last)) if last is not None else {}
    then = noise_of(session, run_id_of(last)) if last is not None else set()
    comparable = last is not None and last.model == run.model
    old = centres_of(session, run_id_of(last)) if last is not None and comparable else {}
    new = centres_of(session, run_id)
    told = lineage(
        before,
        after,
        {i: np.frombuffer(centre, np.float32) for i, centre in old.items()},
        {i: np.frombuffer(centre, np.float32) for i, centre in new.items()},
        took_part_before=then.union(*before.values()),
        takes_part=noise_of(session, run_id).union(*after.values()),
    )
    return [
        Told(
            event=LineageEvent(event.kind.value),
            segment_id=event.segment,
            other_id=event.other,
            shared=event.shared,
            joined=event.joined,
            left=event.left,
            came=event.came,
            gone=event.gone,
            moved=event.moved,
        )
        for event in told
    ]
