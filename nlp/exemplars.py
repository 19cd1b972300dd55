"""Posts that explain a segment: near its middle, met with a response, unlike each other (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.arrays import unit
from nlp.types import Floats

# How much the most engaged post gains on one that nobody answered, in cosine.
ENGAGED = 0.1
# How much a post loses that says what another one says already.
ALIKE = 0.5


def exemplars(
    vectors: Floats,
    middle: Floats,
    engagement: NDArray[np.float64],
    owners: Sequence[int],
    *,
    most: int = 5,
) -> list[int]:
    """Rows of the posts to quote, best first, at most one an author.

    Each is the best of what is left by maximal marginal relevance (Carbonell and Goldstein,
    1998):

        cosine with the middle + ENGAGED * engaged - ALIKE * cosine with the nearest chosen

    with `engaged` the logarithm of a post's responses as a share of the largest.

    Args:
        vectors: (n, d) unit vectors, in an order of nature: the first wins a tie.
        middle: (d,) of the segment.
        engagement: (n,) likes, reposts, replies and quotes; unknown is 0.
        owners: (n,) authors.
        most: posts.
    """
    if not len(vectors):
        return []
    said = np.log1p(np.maximum(engagement, 0))
    worth = vectors @ unit(middle) + ENGAGED * said / max(float(said.max()), 1.0)
    likest = np.zeros(len(vectors))
    free = np.ones(len(vectors), bool)
    who = np.asarray(owners)
    chosen: list[int] = []
    while len(chosen) < most and free.any():
        best = int(np.where(free, worth - ALIKE * likest, -np.inf).argmax())
        chosen.append(best)
        free &= who != who[best]
        likest = np.maximum(likest, vectors @ vectors[best])
    return chosen
