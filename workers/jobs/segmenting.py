"""Segment authors: profiles, UMAP, HDBSCAN, names; the same data give the same run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from listening.config import Settings
from listening.query import parse
from listening.store.analyses import AuthorPost, author_posts
from listening.store.brands import list_brands
from listening.store.posts import newest_post_at
from listening.store.segments import (
    FoundMembership,
    FoundProfile,
    FoundSegment,
    author_keys,
    current_segmentation,
    find_run,
    make_current,
    members_of,
    store_profiles,
    store_segmentation,
)
from listening.store.session import Store
from listening.store.tables import Brand, Segmentation
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.cluster import Clusters
    from nlp.types import Floats, Ints

# Fewer authors than this have no structure to find: they are one segment, said so.
MIN_AUTHORS = 30
EXEMPLARS = 5
_LIBRARIES = ("umap-learn", "hdbscan", "scikit-learn", "numpy", "numba")


@dataclass(frozen=True, slots=True)
class _People:
    """n authors in the order of their natural keys, with what is needed of each."""

    ids: list[int]
    space: Floats
    interests: Floats
    posts: list[list[AuthorPost]]


def segment(
    store: Store, settings: Settings, *, model: str, progress: Progress | None = None
) -> Segmentation | None:
    """Run a segmentation; None where no author has enough analysed posts.

    A run over the same profiles with the same parameters is not run twice: the one that
    stands is made current.
    """
    progress = progress or Silent()
    people = _profiles(store, settings, model, progress)
    if not people.ids:
        return None
    params = _params(settings, len(people.ids))
    fingerprint = _fingerprint(store, people, params, model)
    with store.work() as session:
        stands = find_run(session, fingerprint)
        if stands is not None:
            make_current(session, stands)
            return stands
    return _run(store, people, params, fingerprint, model, progress)


def _profiles(store: Store, settings: Settings, model: str, progress: Progress) -> _People:
    from nlp.profile import author_space, profile

    with store.session() as session:
        as_of = newest_post_at(session)
        keys = author_keys(session)
        if as_of is None:
            return _People([], np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32), [])
        progress.begin("Author profiles", len(keys))
        rows = []
        for author_id, own in _by_author(author_posts(session, model)):
            progress.advance()
            if len(own) < settings.segment_min_posts:
                continue
            found = profile(
                np.stack([np.frombuffer(p.vector, np.float16) for p in own]).astype(np.float32),
                np.array([p.sentiment or (np.nan,) * 3 for p in own], np.float32),
                np.array([_days(as_of, p.published_at) for p in own], np.float32),
                np.array([settings.mention_weight if p.mention else 1.0 for p in own], np.float32),
                half_life_days=settings.interest_half_life_days,
            )
            rows.append((keys[author_id], author_id, found, own))
        progress.end()
    rows.sort(key=lambda row: row[0])
    with store.work() as session:
        store_profiles(
            session,
            [
                FoundProfile(
                    author_id=author_id,
                    posts=p.posts,
                    interests=p.interests.tobytes(),
                    opinions=[round(float(x), 6) for x in p.opinions],
                )
                for _, author_id, p, _ in rows
            ],
            model=model,
            as_of=as_of,
        )
    if not rows:
        return _People([], np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32), [])
    interests = np.stack([p.interests for _, _, p, _ in rows])
    opinions = np.stack([p.opinions for _, _, p, _ in rows])
    space = author_space(interests, opinions, opinion_weight=settings.opinion_weight)
    return _People([r[1] for r in rows], space, interests, [r[3] for r in rows])


def _by_author(posts: Iterator[AuthorPost]) -> Iterator[tuple[int, list[AuthorPost]]]:
    """Each author's posts, a copied text once."""
    for author_id, own in groupby(posts, key=lambda p: p.author_id):
        seen: set[str] = set()
        kept = []
        for post in own:
            if post.copy_key is None or post.copy_key not in seen:
                kept.append(post)
            seen.add(post.copy_key or "")
        yield author_id, kept


def _days(as_of: datetime, moment: datetime) -> float:
    return (as_of - moment).total_seconds() / 86_400


def _params(settings: Settings, authors: int) -> dict[str, object]:
    from nlp.cluster import LIMITS, params_for
    from nlp.reduce import ReduceParams

    return {
        "interest_half_life_days": settings.interest_half_life_days,
        "mention_weight": settings.mention_weight,
        "opinion_weight": settings.opinion_weight,
        "min_posts": settings.segment_min_posts,
        "reduce": asdict(ReduceParams(seed=settings.segment_seed)),
        "cluster": asdict(params_for(authors)),
        "limits": [list(limit) for limit in LIMITS],
    }


def _fingerprint(store: Store, people: _People, params: dict[str, object], model: str) -> str:
    with store.session() as session:
        keys = author_keys(session, people.ids)
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([params, model, _versions()], sort_keys=True).encode())
    digest.update(json.dumps([keys[i] for i in people.ids]).encode())
    digest.update(people.space.tobytes())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES}


def _run(
    store: Store,
    people: _People,
    params: dict[str, object],
    fingerprint: str,
    model: str,
    progress: Progress,
) -> Segmentation:
    from nlp.align import match_by_members

    progress.begin("Segmenting")
    clusters, labels, strengths = _clusters(people, params)
    note = None
    if clusters is not None:
        params = params | {"cluster": asdict(clusters.params)}
    else:
        note = f"{len(people.ids)} authors show no structure: one segment was made"
    with store.work() as session:
        last = current_segmentation(session)
        before = members_of(session, last.id) if last is not None and last.id else {}
        noise = np.zeros(len(people.ids), bool) if clusters is None else clusters.labels < 0
        after = {
            int(label): {people.ids[i] for i in np.flatnonzero((labels == label) & ~noise)}
            for label in np.unique(labels)
        }
        same = match_by_members(before, after)
        brands = _brand_words(list_brands(session))
        run = store_segmentation(
            session,
            Segmentation(
                fingerprint=fingerprint,
                model=model,
                params=params,
                versions=_versions(),
                authors=len(people.ids),
                noise=int(noise.sum()),
                note=note,
            ),
            _described(people, labels, noise, strengths, same, brands),
            [
                FoundMembership(
                    author_id=author,
                    label=int(labels[i]),
                    noise=bool(noise[i]),
                    strength=round(float(strengths[i]), 6),
                )
                for i, author in enumerate(people.ids)
            ],
        )
    progress.end()
    return run


def _brand_words(brands: Sequence[Brand]) -> list[str]:
    """Names and query terms of the brands: everybody says them, so they name no segment."""
    names = [brand.name for brand in brands]
    terms = [term for brand in brands for term in parse(brand.query).terms()]
    return sorted({word for name in [*names, *terms] for word in re.findall(r"\w+", name)})


def _clusters(people: _People, params: dict[str, object]) -> tuple[Clusters | None, Ints, Floats]:
    """Clusters (None: no structure), everybody's nearest label, and strengths."""
    from nlp.assign import nearest_cluster
    from nlp.cluster import ClusterParams, cluster_opened
    from nlp.reduce import ReduceParams, reduce

    count = len(people.ids)
    if count >= MIN_AUTHORS:
        coordinates = reduce(people.space, ReduceParams(**params["reduce"]))  # type: ignore[arg-type]
        found = cluster_opened(coordinates, ClusterParams(**params["cluster"]))  # type: ignore[arg-type]
        if found.count:
            nearest = nearest_cluster(coordinates, found.labels, found.strengths)
            return found, nearest.labels, nearest.strengths
    return None, np.zeros(count, np.int64), np.ones(count, np.float32)


def _described(
    people: _People,
    labels: Ints,
    noise: NDArray[np.bool_],
    strengths: Floats,
    same: dict[int, int],
    brands: list[str],
) -> list[FoundSegment]:
    from nlp.keywords import keywords, name_of

    found = sorted(int(label) for label in np.unique(labels))
    members = {label: np.flatnonzero((labels == label) & ~noise) for label in found}
    documents = [
        [" \n ".join(post.text for post in people.posts[i]) for i in members[label]]
        for label in found
    ]
    words = keywords(documents, leave_out=brands)
    return [
        FoundSegment(
            label=label,
            segment_id=same.get(label),
            name=name_of(own),
            keywords=own,
            exemplars=_exemplars(people, members[label]),
            size=len(members[label]),
        )
        for label, own in zip(found, words, strict=True)
    ]


def _exemplars(people: _People, members: Ints) -> list[int]:
    """The posts nearest to the segment's middle, at most one an author."""
    middle = people.interests[members].mean(axis=0)
    scored = []
    for i in members:
        vectors = np.stack([np.frombuffer(p.vector, np.float16) for p in people.posts[i]])
        near = vectors.astype(np.float32) @ middle
        best = int(near.argmax())
        scored.append((-float(near[best]), people.posts[i][best].post_id))
    return [post_id for _, post_id in sorted(scored)[:EXEMPLARS]]
