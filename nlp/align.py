"""Which segment of this run is which of the last (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np

MIN_OVERLAP = 0.3


def match_by_members(
    before: Mapping[int, Set[int]], after: Mapping[int, Set[int]]
) -> dict[int, int]:
    """Pair the clusters of two runs, each at most once, with the largest total overlap.

    Overlap is the Jaccard index over the authors present in both runs (Kuhn's assignment);
    pairs below `MIN_OVERLAP` are not the same segment.

    Args:
        before: segment id to its authors' ids in the last run.
        after: label to its authors' ids in this run.

    Returns:
        label to segment id, for those that go on.
    """
    from scipy.optimize import linear_sum_assignment

    if not before or not after:
        return {}
    present = set().union(*before.values()) & set().union(*after.values())
    ids, labels = sorted(before), sorted(after)
    overlap = np.array(
        [[_jaccard(before[i] & present, after[label] & present) for i in ids] for label in labels]
    )
    rows, columns = linear_sum_assignment(-overlap)
    return {
        labels[r]: ids[c]
        for r, c in zip(rows, columns, strict=True)
        if overlap[r, c] >= MIN_OVERLAP
    }


def _jaccard(a: Set[int], b: Set[int]) -> float:
    union = len(a | b)
    return len(a & b) / union if union else 0.0
