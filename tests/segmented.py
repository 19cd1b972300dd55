"""A run as one is made, in its steps, with clusters that a test names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from listening.store.segments.finishing import Described, Told, finish_run, keep_pinned
from listening.store.segments.segmentations import FoundCluster, begin_run, place_chunk
from listening.store.segments.segments import FoundMembership, segments_by_label
from listening.store.session import Store
from listening.store.tables import Segmentation
from tests.factories import MODEL, author_id


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster of a run; `segment_id` where it goes on from the last run."""

    name: str
    segment_id: int | None = None
    keywords: Sequence[str] = ()
    exemplars: Sequence[int] = ()


def store_run(
    session: Session,
    run: Segmentation,
    clusters: Sequence[Cluster],
    memberships: Sequence[FoundMembership],
    *,
    events: Sequence[Told] = (),
) -> Segmentation:
    """Store a run whole and make it current."""
    begin_run(session, run, [FoundCluster(segment_id=c.segment_id) for c in clusters], b"fit")
    place_chunk(session, run, 0, memberships)
    keep_pinned(session, run)
    described = {
        segment_id: Described(
            name=clusters[label].name,
            keywords=clusters[label].keywords,
            exemplars=clusters[label].exemplars,
        )
        for label, segment_id in reversed(segments_by_label(session, run).items())
        if label >= 0
    }
    done = finish_run(session, run, described, groups=[], events=events)
    assert done is not None
    return done


def run_of(
    store: Store,
    fingerprint: str,
    clusters: Mapping[str, Sequence[str]],
    *,
    same: Mapping[str, int] | None = None,
    noise: Sequence[str] = (),
    events: Sequence[Told] = (),
) -> dict[str, int]:
    """Store a run of clusters by name, each with its authors; returns their segments' ids.

    Args:
        store: with the authors.
        fingerprint: of the run.
        clusters: name, which is its only keyword as well, to authors' native ids.
        same: the segment that a cluster goes on as; none: a new one.
        noise: of the authors, those who belong nowhere.
        events: what became of the last run's segments.
    """
    found = [
        Cluster(name=name, keywords=[name], segment_id=(same or {}).get(name)) for name in clusters
    ]
    memberships = [
        FoundMembership(author_id=author_id(store, a), label=n, noise=a in noise, strength=0.5)
        for n, authors in enumerate(clusters.values())
        for a in authors
    ]
    with store.work() as session:
        run = Segmentation(fingerprint=fingerprint, model=MODEL, authors=0, noise=0)
        store_run(session, run, found, memberships, events=events)
        return dict(zip(clusters, run.clusters, strict=True))
