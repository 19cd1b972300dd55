"""Segment authors: find clusters, tell which segment each goes on as, place everybody.

A run is made in steps that stand in the store: `begin` finds the clusters, `place_chunks`
gives authors their segments, by as many workers as there are, and `finish` says what the
segments are. The same data give the same run, and it is not run twice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from sqlmodel import Session

from listening.config import Settings
from listening.store.segments.edits import pinned_segments
from listening.store.segments.finishing import make_current
from listening.store.segments.segmentations import (
    FoundCluster,
    begin_run,
    find_run,
    placing_segmentation,
)
from listening.store.segments.segments import (
    author_keys,
    current_segmentation,
    latest_fit,
    members_by_label,
    merged_segments,
    own_segments,
    run_id_of,
)
from listening.store.session import Store
from listening.store.tables import RunStatus, Segmentation
from workers.jobs.finishing import place_and_finish
from workers.jobs.profiling import Profiles, read_profiles, update_profiles
from workers.jobs.wording import word_segments
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.fitting import Before, Fit
    from nlp.types import Floats

_LIBRARIES = ("umap-learn", "hdbscan", "scikit-learn", "numpy", "numba")
_BLOCK = 50_000  # authors at a time, so that no second copy of all is held


@dataclass(frozen=True, slots=True)
class _Last:
    """The last run as far as this one is compared with it.

    Attributes:
        members: of each cluster's own segment, whatever people merged, to author ids.
        centres: (d,) of the same segments; empty where they cannot be compared.
        before: its landmarks on the map.
    """

    members: dict[int, set[int]]
    centres: dict[int, Floats]
    before: Before | None


def segment(
    store: Store, settings: Settings, *, model: str, progress: Progress | None = None
) -> Segmentation | None:
    """Run a segmentation to its end; None where no author has enough analysed posts.

    A run over the same profiles with the same parameters is not run twice: the one that
    stands is made current. One that was cut off goes on.

    Args:
        store: migrated.
        settings: weights, seed, and how many authors are placed at a time.
        model: the revision whose analyses count.
        progress: told of stages.
    """
    run = begin(store, settings, model=model, progress=progress)
    return None if run is None else complete(store, settings, run, progress=progress)


def complete(
    store: Store, settings: Settings, run: Segmentation, *, progress: Progress | None = None
) -> Segmentation | None:
    """Take part in placing the authors of a run until it is done; None where it is gone."""
    if run.status is RunStatus.DONE:
        word_segments(store, progress=progress)  # where that was cut off
        return run
    return place_and_finish(store, settings, run_id_of(run), progress=progress)


def begin(
    store: Store, settings: Settings, *, model: str, progress: Progress | None = None
) -> Segmentation | None:
    """Find the clusters of a new run; its authors are placed and it is finished by others.

    Returns:
        the run, done already where it stood; None where nobody takes part.
    """
    progress = progress or Silent()
    update_profiles(store, settings, model=model, progress=progress)
    params = _params(settings)
    with store.session() as session:
        waiting = placing_segmentation(session)
        if waiting is not None and _goes_on(waiting, params, model):
            return waiting
        people = read_profiles(session, settings, model)
    if not len(people.ids):
        return None
    space = author_rows(people, settings)
    people = Profiles(people.ids, people.interests[:0], people.opinions[:0], people.posts)
    fingerprint = _fingerprint(store, people, space, params, model)
    with store.work() as session:
        stands = find_run(session, fingerprint)
        if stands is not None:
            if stands.status is RunStatus.DONE:
                make_current(session, stands)
            return stands
    return _find(store, settings, people, space, params, fingerprint, model, progress)


def author_rows(people: Profiles, settings: Settings) -> Floats:
    """The (n, d + 3) space that segments are found in, made in blocks."""
    from nlp.profile import author_space

    count, dimensions = people.interests.shape
    space = np.empty((count, dimensions + 3), np.float32)
    for start in range(0, count, _BLOCK):
        part = slice(start, start + _BLOCK)
        space[part] = author_space(
            people.interests[part], people.opinions[part], opinion_weight=settings.opinion_weight
        )
    return space


def _params(settings: Settings) -> dict[str, object]:
    return {
        "interest_half_life_days": settings.interest_half_life_days,
        "mention_weight": settings.mention_weight,
        "opinion_weight": settings.opinion_weight,
        "min_posts": settings.segment_min_posts,
        "seed": settings.segment_seed,
    }


def _goes_on(run: Segmentation, params: dict[str, object], model: str) -> bool:
    """Whether a run that many workers place is one that would be begun now."""
    same = all(run.params.get(name) == value for name, value in params.items())
    return same and run.model == model and int(run.params.get("chunks", 1)) > 1


def _fingerprint(
    store: Store, people: Profiles, space: Floats, params: dict[str, object], model: str
) -> str:
    """Of the data, the parameters, and of what people decided that a run heeds."""
    with store.session() as session:
        keys = author_keys(session)
        decided = _decided(session)
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([params, model, _versions(), decided], sort_keys=True).encode())
    digest.update(json.dumps([keys.get(int(i)) for i in people.ids]).encode())
    digest.update(np.ascontiguousarray(space).data)
    return digest.hexdigest()


def _decided(session: Session) -> list[object]:
    return [sorted(merged_segments(session).items()), pinned_segments(session)]


def _versions() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES}


def _find(
    store: Store,
    settings: Settings,
    people: Profiles,
    space: Floats,
    params: dict[str, object],
    fingerprint: str,
    model: str,
    progress: Progress,
) -> Segmentation:
    """Cluster, match with the last run, and write what authors are placed by."""
    from nlp.fitting import to_bytes

    with store.session() as session:
        last = _last_run(session, model, space.shape[1])
    found = _fit(space, settings, last.before, progress)
    same, own = _same(found, people, last)
    chunks, size = _divided(people, settings.segment_chunk)
    with store.work() as session:
        stands = find_run(session, fingerprint)
        if stands is not None:  # another found it meanwhile
            return stands
        return begin_run(
            session,
            Segmentation(
                fingerprint=fingerprint,
                model=model,
                params=params | {"fit": found.params, "chunk": size, "chunks": chunks},
                versions=_versions(),
                authors=len(people.ids),
                noise=0,
                note=found.note,
                stability=round(float(found.agreement), 6),
            ),
            _clusters(found, same, merged_segments(session), own),
            to_bytes(found),
        )


def _divided(people: Profiles, most: int) -> tuple[int, int]:
    """Into how many chunks authors are divided, and how many ids each spans.

    Ids may be far apart: of as many as there are authors, each chunk gets its share.
    """
    chunks = -(-len(people.ids) // most)
    return chunks, -(-(int(people.ids.max()) + 1) // chunks)


def _fit(space: Floats, settings: Settings, before: Before | None, progress: Progress) -> Fit:
    from nlp.fitting import MIN_AUTHORS, fit, one

    progress.begin("Finding segments")
    if len(space) < MIN_AUTHORS:
        found = one(space, note=f"{len(space)} authors show no structure: one segment was made")
    else:
        found = fit(
            space,
            seed=settings.segment_seed,
            before=before,
            progress=lambda _: progress.advance(0),
        )
    progress.end()
    return found


def _last_run(session: Session, model: str, dimensions: int) -> _Last:
    """What this run is compared with: the members always, positions where the space is the same."""
    from nlp.errors import ModelError
    from nlp.fitting import Before, from_bytes

    run = current_segmentation(session)
    if run is None:
        return _Last({}, {}, None)
    by_label, members = own_segments(session, run), members_by_label(session, run_id_of(run))
    own = {by_label[label]: authors for label, authors in members.items() if label in by_label}
    stored = latest_fit(session) if run.model == model else None
    try:
        found = from_bytes(stored[1]) if stored is not None else None
    except ModelError:  # of another release: members tell
        found = None
    if found is None or found.landmarks.shape[1] != dimensions:
        return _Last(own, {}, None)
    space = found.landmarks.astype(np.float32)
    centres = {by_label[label]: middle for label, middle in _middles(found).items()}
    return _Last(own, centres, Before(space, found.xy))


def _middles(found: Fit) -> dict[int, Floats]:
    """The centre of each cluster's landmarks."""
    return {
        label: found.landmarks[found.labels == label].astype(np.float32).mean(axis=0)
        for label in range(found.count)
        if (found.labels == label).any()
    }


def _same(found: Fit, people: Profiles, last: _Last) -> tuple[dict[int, int], dict[int, Floats]]:
    """The segment that each cluster goes on as, by its landmarks; and the clusters' centres."""
    from nlp.align import match_segments

    ids = people.ids[found.places]
    after = {
        label: {int(i) for i in ids[found.labels == label]}
        for label in range(found.count)
        if (found.labels == label).any()
    }
    members = last.members
    if len(ids) < len(people.ids):
        # Of the last run only those count who are landmarks now: nobody else is placed yet.
        looked_at = {int(i) for i in ids}
        members = {segment: authors & looked_at for segment, authors in members.items()}
    middles = _middles(found)
    return match_segments(members, after, last.centres, middles), middles


def _clusters(
    found: Fit, same: dict[int, int], into: dict[int, int], middles: dict[int, Floats]
) -> list[FoundCluster]:
    """The clusters; where people merged several, each has the centre of the whole."""
    stands = {
        label: into.get(same[label], same[label]) if label in same else -1 - label
        for label in range(found.count)
    }
    counts = np.bincount(found.labels[found.labels >= 0], minlength=found.count)
    clusters = []
    for label in range(found.count):
        whole = [i for i in middles if stands[i] == stands[label]]
        middle = np.average(
            [middles[i] for i in whole], axis=0, weights=[counts[i] for i in whole]
        ) if whole else None  # fmt: skip
        clusters.append(
            FoundCluster(
                segment_id=same.get(label),
                coarse=int(found.coarse[label]),
                stability=round(float(found.stability[label]), 6),
                tentative=bool(found.tentative[label]),
                centre=None if middle is None else middle.astype(np.float32).tobytes(),
            )
        )
    return clusters
