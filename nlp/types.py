"""What goes in and comes out of the models, with shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SENTIMENTS = ("negative", "neutral", "positive")
EMOTIONS = ("anger", "joy", "optimism", "sadness")

# Where a brand is named in a text, (start, end) in characters: one brand, all its places.
Target = Sequence[tuple[int, int]]
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """One pass over n texts, in their order.

    Attributes:
        vectors: (n, d) unit sentence vectors.
        heads: by name of the head, (n, c) probabilities: "sentiment" in the order of
            `SENTIMENTS`, "emotion" of `EMOTIONS`, "irony" and "offensive" as (not, is).
        towards: per text, per target given, probabilities in the order of `SENTIMENTS`; None
            where none of the target's places is in what the model reads.
    """

    vectors: Floats
    heads: dict[str, Floats]
    towards: list[list[Three | None]]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is said of one post.

    Attributes:
        vector: (d,) unit sentence vector.
        language: two-letter code, or None where the text is too short to tell.
        not_scored: why there are no probabilities ("language", "no words"), else None.
        sentiment: (negative, neutral, positive), or None.
        emotion: probabilities in the order of `EMOTIONS`, or None.
        ironic, offensive: probabilities in [0, 1], or None.
        towards: sentiment towards each target given, or None where it could not be read.
        recommends: the author tells others to take the product.
        warns: the author tells others to leave it.
        spam: looks like advertising by bots and resellers.
        copy_key: equal for texts that are copies of each other; None where too short.
    """

    vector: Floats
    language: str | None
    not_scored: str | None
    sentiment: Three | None
    emotion: tuple[float, float, float, float] | None
    ironic: float | None
    offensive: float | None
    towards: tuple[Three | None, ...]
    recommends: bool
    warns: bool
    spam: bool
    copy_key: str | None
