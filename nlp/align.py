"""Which segment of this run is which of the last, and what became of each (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nlp.types import Floats

# Likeness from which on two clusters are the same segment.
MIN_OVERLAP = 0.3
# Centres no nearer than this tell nothing: of two segments 95 % are below 0.68, of two halves of
# one segment 90 % above 0.87 (docs/segments.md).
NEAR = 0.8
# Between two that share as many members, the nearer one goes on.
_TIE = 1e-3
# A new segment came out of one that had so much of it; a lost one went into one that has it.
MOST = 0.5


class Kind(StrEnum):
    """What became of a segment from one run to the next."""

    CONTINUED = "continued"
    BORN = "born"
    DIED = "died"
    SPLIT = "split"  # came out of `other`, which goes on or not
    MERGED = "merged"  # `other` went into this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a segment between two runs.

    Attributes:
        shared: authors that both sides of the event have.
        joined, left: members now that were not before, and the reverse, of authors in both runs.
        came, gone: members now who took no part before, members then who take none any more.
        moved: cosine distance between the centres then and now; None: one is not known.
    """

    kind: Kind
    segment: int
    other: int | None = None
    shared: int = 0
    joined: int = 0
    left: int = 0
    came: int = 0
    gone: int = 0
    moved: float | None = None


def match_segments(
    before: Mapping[int, Set[int]],
    after: Mapping[int, Set[int]],
    centres_before: Mapping[int, Floats] | None = None,
    centres_after: Mapping[int, Floats] | None = None,
) -> dict[int, int]:
    """Pair the clusters of two runs, each at most once, with the largest total likeness.

    Likeness is the Jaccard index over the authors present in both runs, as far as there are
    any, and for the rest how near the centres are:

        likeness = known * jaccard + (1 - known) * nearness
        known    = share of the pair's authors who are present in both runs
        nearness = max(0, (cosine - NEAR) / (1 - NEAR))

    Kuhn's assignment over all pairs of at least `MIN_OVERLAP`; others are never the same.

    Args:
        before: segment id to its authors' ids in the last run, each author in one.
        after: cluster to its authors' ids in this run, each in one.
        centres_before, centres_after: (d,) centres, where they are known and of one space.

    Returns:
        cluster to segment id, for those that go on.
    """
    from scipy.optimize import linear_sum_assignment

    if not before or not after:
        return {}
    ids, labels = sorted(before), sorted(after)
    near = _nearness(ids, labels, centres_before or {}, centres_after or {})
    present = _all(before) & _all(after)
    common = _flows(before, after)
    then = {i: len(before[i] & present) for i in ids}
    today = {label: len(after[label] & present) for label in labels}
    likeness = np.zeros((len(labels), len(ids)))
    for row, label in enumerate(labels):
        for column, segment in enumerate(ids):
            both = common.get((segment, label), 0)
            known = then[segment] + today[label] - both
            share = known / max(1, len(before[segment]) + len(after[label]) - both)
            members = both / known if known else 0.0
            likeness[row, column] = share * members + (1 - share) * near[row, column]
    likeness[likeness < MIN_OVERLAP] = 0
    rows, columns = linear_sum_assignment(-(likeness + _TIE * near * (likeness > 0)))
    return {labels[r]: ids[c] for r, c in zip(rows, columns, strict=True) if likeness[r, c] > 0}


def lineage(
    before: Mapping[int, Set[int]],
    after: Mapping[int, Set[int]],
    centres_before: Mapping[int, Floats] | None = None,
    centres_after: Mapping[int, Floats] | None = None,
    *,
    took_part_before: Set[int] | None = None,
    takes_part: Set[int] | None = None,
) -> list[Event]:
    """Tell what became of every segment: each of the last run has an end or goes on, each of
    this run an origin.

    A new segment came out of one that had at least half of its members (split). A segment
    that is no more went into one that has at least half of its members who still take part
    (merged). What is neither was born, or died.

    Args:
        before, after: segment id to members' ids; the same id is the same segment.
        centres_before, centres_after: (d,) centres of one space, where they are known.
        took_part_before, takes_part: everybody in the run, noise too; None: the members.

    Returns:
        continued ones first, then the others, each kind by id.
    """
    then = _all(before) if took_part_before is None else took_part_before
    today = _all(after) if takes_part is None else takes_part
    new, lost = sorted(set(after) - set(before)), sorted(set(before) - set(after))
    flows = _flows(before, after)
    splits = [
        (i, old)
        for i in new
        if (old := _main({b: n for (b, a), n in flows.items() if a == i}, len(after[i])))
        is not None
    ]
    merges = [
        (into, i)
        for i in lost
        if (into := _main({a: n for (b, a), n in flows.items() if b == i}, len(before[i] & today)))
        is not None
        and (into, i) not in splits
    ]
    explained = {i for i, _ in splits} | {into for into, _ in merges}
    ended = {i for _, i in merges} | {old for _, old in splits}

    def told(kind: Kind, segment: int, other: int | None = None) -> Event:
        return _event(
            kind, segment, other, before, after, (then, today), _centres(centres_before),
            _centres(centres_after),
        )  # fmt: skip

    return [
        *(told(Kind.CONTINUED, i) for i in sorted(set(after) & set(before))),
        *(told(Kind.SPLIT, i, old) for i, old in splits),
        *(told(Kind.MERGED, into, i) for into, i in merges),
        *(told(Kind.BORN, i) for i in new if i not in explained),
        *(told(Kind.DIED, i) for i in lost if i not in ended),
    ]


def _event(
    kind: Kind,
    segment: int,
    other: int | None,
    before: Mapping[int, Set[int]],
    after: Mapping[int, Set[int]],
    taking_part: tuple[Set[int], Set[int]],
    centres_before: Mapping[int, Floats],
    centres_after: Mapping[int, Floats],
) -> Event:
    """Count what is said of an event; nobody joins or leaves where there is no other side."""
    then, today = taking_part
    # A split and a merge are between two ids, everything else is within one.
    old_id = segment if other is None else other
    old, own = before.get(old_id, set()), after.get(segment, set())
    return Event(
        kind=kind,
        segment=segment,
        other=other,
        shared=len(old & own),
        joined=len((own & then) - old),
        left=len((old & today) - own),
        came=len(own - then),
        gone=len(old - today),
        moved=_distance(centres_before.get(old_id), centres_after.get(segment)),
    )


def _flows(
    before: Mapping[int, Set[int]], after: Mapping[int, Set[int]]
) -> Counter[tuple[int, int]]:
    """How many authors are in a cluster before and in one after; one look at each author."""
    owner = {author: i for i, members in before.items() for author in members}
    return Counter(
        (owner[author], label)
        for label, members in after.items()
        for author in members
        if author in owner
    )


def _main(shared: Mapping[int, int], of: int) -> int | None:
    """The one that has the most, if that is at least half of `of`."""
    best = max(sorted(shared), key=shared.__getitem__, default=None)
    return best if best is not None and shared[best] >= MOST * of else None


def _nearness(
    ids: Sequence[int],
    labels: Sequence[int],
    centres_before: Mapping[int, Floats],
    centres_after: Mapping[int, Floats],
) -> Floats:
    near = np.zeros((len(labels), len(ids)), np.float32)
    for row, label in enumerate(labels):
        for column, segment in enumerate(ids):
            apart = _distance(centres_before.get(segment), centres_after.get(label))
            if apart is not None:
                near[row, column] = max(0.0, (1 - apart - NEAR) / (1 - NEAR))
    return near


def _distance(one: Floats | None, other: Floats | None) -> float | None:
    if one is None or other is None or len(one) != len(other):
        return None
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    if not lengths:
        return None
    return round(max(0.0, 1 - float(np.dot(one, other)) / lengths), 6)


def _centres(given: Mapping[int, Floats] | None) -> Mapping[int, Floats]:
    return given or {}


def _all(sets: Mapping[int, Set[int]]) -> set[int]:
    return set().union(*sets.values()) if sets else set()
