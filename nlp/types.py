"""What goes in and comes out of the models, with shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SENTIMENTS = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True)
class Encoded:
    """One pass over n texts, in their order.

    Attributes:
        vectors: (n, d) unit sentence vectors.
        sentiment: (n, 3) probabilities in the order of `SENTIMENTS`.
    """

    vectors: Floats
    sentiment: Floats


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is said of one post.

    Attributes:
        vector: (d,) unit sentence vector.
        language: two-letter code, or None where the text is too short to tell.
        not_scored: why there are no probabilities ("language", "no words"), else None.
        sentiment: (negative, neutral, positive), or None.
        recommends: the author tells others to take the product.
        warns: the author tells others to leave it.
        spam: looks like advertising by bots and resellers.
        copy_key: equal for texts that are copies of each other; None where too short.
    """

    vector: Floats
    language: str | None
    not_scored: str | None
    sentiment: tuple[float, float, float] | None
    recommends: bool
    warns: bool
    spam: bool
    copy_key: str | None
