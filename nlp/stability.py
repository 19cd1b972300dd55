"""Many resamples vote on who belongs together; what most of them say is the segmentation.

Evidence accumulation (Fred and Jain, 2005): every resample of the authors is clustered by every
setting, and each of these partitions is a vote. A setting weighs what it is worth: the
information that one resample's clusters give about another's, times the part of theirs that
this is. That is high only for clusters that are many, of like size, and found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.types import Floats, Ints

# Two authors belong together where this share of the votes says so, on the mean of a cluster.
MAJORITY = 0.55
# A setting that gives less than this part of the best one's information has no vote.
_WORTH = 0.7
_FULL = 100  # votes of the best setting
_PASSES = 10
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Votes:
    """What r resamples and g settings said of m landmarks.

    Attributes:
        labels: (r, g, m) a cluster for everybody.
        noise: (r, g, m) 1: left out by HDBSCAN, 0: not, -1: not in the resample.
    """

    labels: NDArray[np.int16]
    noise: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the votes come to.

    Attributes:
        labels: (m,) clusters 0, 1, ...; empty where there is none of the least size.
        shares: (m, clusters) share of the votes that put a landmark with the cluster's typical
            member.
    """

    labels: Ints
    shares: Floats


def information(votes: Votes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each setting: what it is worth in nats, and its share of noise.

    The mutual information of a resample and the next, less what chance gives (Miller and
    Madow), times the part that it is of their entropy, times the share of authors that HDBSCAN
    clustered.
    """
    resamples, settings, _ = votes.labels.shape
    told = np.array(
        [
            np.mean(
                [
                    _shared(votes.labels[r, g], votes.labels[(r + 1) % resamples, g])
                    for r in range(resamples)
                ]
            )
            for g in range(settings)
        ]
    )
    noise = (votes.noise == 1).sum(axis=(0, 2)) / (votes.noise >= 0).sum(axis=(0, 2))
    return told * (1 - noise), noise


def weights(told: NDArray[np.float64]) -> Ints:
    """(g,) votes of each setting, whole numbers."""
    best = told.max(initial=0)
    if best <= 0:
        return np.zeros(len(told), np.int64)
    return np.asarray(
        np.round(_FULL * np.maximum(0, told / best - _WORTH) / (1 - _WORTH)), np.int64
    )


def together(votes: Votes, weight: Ints) -> Floats:
    """(m, m) votes that put two landmarks together: whole numbers, so exact in any order."""
    count = votes.labels.shape[2]
    found = np.zeros((count, count), np.float32)
    used = np.flatnonzero(weight)
    for own in votes.labels:
        # Landmarks that every setting puts alike stand for each other: they are few.
        kinds, same = np.unique(own[used], axis=1, return_inverse=True)
        same = same.reshape(-1)
        alike = np.zeros((kinds.shape[1],) * 2, np.float32)
        for labels, heavy in zip(kinds, weight[used], strict=True):
            alike += np.float32(heavy) * (labels[:, None] == labels[None])
        wide = alike[:, same]
        for start in range(0, count, _BLOCK):
            found[start : start + _BLOCK] += wide[same[start : start + _BLOCK]]
    return found


def tree_of(pairs: Floats, total: float) -> NDArray[np.float64]:
    """Average linkage over the share of votes that keep two apart, as scipy writes trees."""
    from scipy.cluster.hierarchy import linkage

    count = len(pairs)
    apart = np.concatenate(
        [1 - pairs[i, i + 1 :].astype(np.float64) / total for i in range(count - 1)]
    )
    return np.asarray(linkage(apart, "average"))


def agree(pairs: Floats, total: float, least: int) -> Consensus:
    """The clusters that most votes agree on.

    Branches of the tree in which two take the majority's vote on the mean; what is
    smaller than the least size goes where it was put most often, and so does everybody after
    that until nobody moves.

    Args:
        pairs: of `together`.
        total: votes in all.
        least: authors of the smallest cluster.
    """
    from scipy.cluster.hierarchy import fcluster

    labels = fcluster(tree_of(pairs, total), 1 - MAJORITY, "distance") - 1
    sizes = np.bincount(labels)
    kept = np.flatnonzero(sizes >= least)
    if not len(kept):
        return Consensus(np.zeros(0, np.int64), np.zeros((len(pairs), 0), np.float32))
    number = np.full(len(sizes), -1)
    number[kept] = np.arange(len(kept))
    labels = number[labels]
    for _ in range(_PASSES):
        shares = _shares(pairs, total, labels)
        moved = shares.argmax(axis=1)
        # A cluster that everybody leaves would have no share to compare.
        if (moved == labels).all() or len(np.unique(moved)) < shares.shape[1]:
            break
        labels = moved
    labels = np.where(labels < 0, shares.argmax(axis=1), labels)
    labels = by_size(labels)
    return Consensus(labels, _shares(pairs, total, labels))


def by_size(labels: Ints) -> Ints:
    """Number clusters by falling size, the first member's place deciding a tie."""
    found, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.empty(len(found), np.int64)
    number[order] = np.arange(len(found))
    return number[np.searchsorted(found, labels)]


def found_again(votes: Votes, weight: Ints, labels: Ints) -> tuple[Floats, float]:
    """How much of each cluster resamples find again, and how far they agree with the whole.

    A cluster's stability (Hennig, 2007) is the Jaccard index with the most like cluster of
    each resample, by any setting that votes, on the mean over resamples. The whole's
    agreement is the adjusted Rand index of the votes with it, on their mean.

    Returns:
        (clusters,) in [0, 1]; one number of at most 1.
    """
    used = np.flatnonzero(weight)
    again, rand = [], []
    for own in votes.labels:
        jaccard, index = [], []
        for g in used:
            table = _table(labels, own[g].astype(np.int64))
            union = table.sum(axis=1)[:, None] + table.sum(axis=0)[None] - table
            jaccard.append((table / union).max(axis=1))
            index.append(_adjusted_rand(table))
        again.append(np.max(jaccard, axis=0))
        rand.append(np.average(index, weights=weight[used]))
    return np.mean(again, axis=0).astype(np.float32), float(np.mean(rand))


def left_out(votes: Votes, weight: Ints) -> Floats:
    """(m,) share of the votes on each landmark that leave it out as noise."""
    own = weight[None, :, None]
    asked = ((votes.noise >= 0) * own).sum(axis=(0, 1))
    return np.asarray(
        ((votes.noise == 1) * own).sum(axis=(0, 1)) / np.maximum(asked, 1), np.float32
    )


def coarse_of(pairs: Floats, total: float, labels: Ints, points: Floats) -> Ints:
    """(clusters,) the coarse group of each: the tree goes on above the clusters.

    Clusters are linked by the share of votes that put their members together and, where
    none does, by how near their middles are; the tree is cut where its steps widen most.

    Args:
        pairs, total: of `together`.
        labels: (m,) of the clusters.
        points: (m, c) landmarks.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    count = int(labels.max()) + 1
    if count < 4:
        return np.arange(count)
    member = (labels[:, None] == np.arange(count)).astype(np.float64)
    sizes = member.sum(axis=0)
    shares = (member.T @ _sums(pairs, member)) / total / np.outer(sizes, sizes)
    middles = (member.T @ points) / sizes[:, None]
    gaps = np.sqrt(((middles[:, None] - middles[None]) ** 2).sum(axis=2))
    apart = (1 - np.minimum(shares, 1)) * gaps
    upper = np.triu_indices(count, 1)
    tree = linkage(apart[upper], "average")
    # Between a quarter and half as many groups as there are clusters.
    fewest, most = max(2, count // 4), count // 2
    steps = np.diff(tree[:, 2])[count - 1 - most : count - fewest]
    groups = most - int(np.argmax(steps)) if len(steps) else most
    return by_size(np.asarray(fcluster(tree, groups, "maxclust"), np.int64))


def _shares(pairs: Floats, total: float, labels: Ints) -> Floats:
    """(m, clusters) mean share of votes with the members of each, oneself left out."""
    count = int(labels.max()) + 1
    member = np.zeros((len(labels), count), np.float32)
    placed = np.flatnonzero(labels >= 0)
    member[placed, labels[placed]] = 1
    sizes = member.sum(axis=0)
    sums = _sums(pairs, member) - member * total
    return np.asarray(sums / np.maximum(sizes[None] - member, 1) / total, np.float32)


def _sums(pairs: Floats, member: NDArray[Any]) -> NDArray[np.float64]:
    """(m, clusters) votes with all of each: whole numbers, beyond float32 but not float64."""
    return np.concatenate(
        [
            pairs[start : start + 1024].astype(np.float64) @ member
            for start in range(0, len(pairs), 1024)
        ]
    )


def _table(a: Ints, b: Ints) -> NDArray[np.float64]:
    width = int(b.max()) + 1
    counts = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width)
    return counts.reshape(-1, width).astype(np.float64)


def _shared(a: NDArray[np.int16], b: NDArray[np.int16]) -> float:
    """Information that both have, times the part of their entropy that it is; in nats."""
    table = _table(a.astype(np.int64), b.astype(np.int64))
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    share = table / table.sum()
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    seen = share > 0
    told = float((share[seen] * np.log(share[seen] / np.outer(rows, columns)[seen])).sum())
    told -= (len(rows) - 1) * (len(columns) - 1) / (2 * float(table.sum()))
    entropy = -float((rows * np.log(rows)).sum() + (columns * np.log(columns)).sum()) / 2
    return max(told, 0) ** 2 / entropy if entropy > 0 else 0.0


def _adjusted_rand(table: NDArray[np.float64]) -> float:
    """Hubert and Arabie (1985), from a table of counts."""

    def pairs(counts: NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    total = float(table.sum())
    chance = rows * columns / max(total * (total - 1) / 2, 1)
    most = (rows + columns) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)
