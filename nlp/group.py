"""Similar texts side by side, so that one answer serves many."""

from __future__ import annotations

import numpy as np

from nlp.types import Floats


def similar_groups(vectors: Floats, *, threshold: float = 0.75) -> list[int]:
    """Group each vector with the first earlier one that it resembles.

    Args:
        vectors: (n, d) unit vectors in the order in which the first of a group leads it.
        threshold: cosine from which two complaints are alike.

    Returns:
        (n,) the position of each one's leader; a leader holds its own.
    """
    groups = list(range(len(vectors)))
    leaders = np.zeros((len(vectors), vectors.shape[1] if len(vectors) else 0), np.float32)
    places: list[int] = []
    for position, vector in enumerate(vectors):
        if places:
            near = leaders[: len(places)] @ vector
            best = int(near.argmax())
            if near[best] >= threshold:
                groups[position] = places[best]
                continue
        leaders[len(places)] = vector
        places.append(position)
    return groups
