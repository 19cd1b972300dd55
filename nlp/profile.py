"""From an author's posts to one vector: what they care about, joined with how they feel.

A profile is kept as sums, so that new posts are added to it and history is never read again.
Each post counts by its age, half after a half-life: with the moment from which ages are
counted everything in the sums loses the same share, and directions and means stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.types import Floats

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sums:
    """One author's posts as of a moment.

    Attributes:
        interests: (d,) weighted sum of the post vectors; (0,) as long as there is none.
        opinions: (4,) weighted sums of the sentiment probabilities, and the weight in them.
        posts: how many are in it.
    """

    interests: Doubles
    opinions: Doubles
    posts: int


def nothing() -> Sums:
    """Of an author without a post."""
    return Sums(np.zeros(0), np.zeros(4), 0)


def later(sums: Sums, days: float, *, half_life_days: float) -> Sums:
    """The same posts as of a moment so many days later."""
    left = float(np.exp2(-days / half_life_days))
    return Sums(sums.interests * left, sums.opinions * left, sums.posts)


def added(
    sums: Sums,
    vectors: Floats,
    sentiment: Floats,
    ages_days: Doubles,
    weights: Floats,
    *,
    half_life_days: float,
) -> Sums:
    """With n more posts.

    Args:
        sums: as of the moment that ages are counted from.
        vectors: (n, d) unit vectors of the posts.
        sentiment: (n, 3) probabilities; a row of NaN where a post is not scored.
        ages_days: (n,) age of each post, 0 or more.
        weights: (n,) how much each post says about interests, beside its age.
        half_life_days: age at which a post counts half.
    """
    recency = np.exp2(-np.asarray(ages_days, np.float64) / half_life_days)
    interests = (recency * weights) @ vectors.astype(np.float64)
    scored = ~np.isnan(sentiment).any(axis=1)
    opinions = np.append(
        recency[scored] @ sentiment[scored].astype(np.float64), recency[scored].sum()
    )
    stood = sums.interests if len(sums.interests) else 0.0
    return Sums(
        np.asarray(interests + stood, np.float64),
        np.asarray(opinions + sums.opinions, np.float64),
        sums.posts + len(vectors),
    )


def interests_of(sums: Doubles) -> Floats:
    """Where sums of post vectors point: (n, d) unit vectors; a zero row stays zero."""
    # Far in the past a sum may be too small to be squared.
    largest = np.abs(sums).max(axis=-1, keepdims=True, initial=0)
    scaled = sums / np.where(largest > 0, largest, 1)
    lengths = np.linalg.norm(scaled, axis=-1, keepdims=True)
    return np.asarray(scaled / np.where(lengths > 0, lengths, 1), np.float32)


def opinions_of(sums: Doubles) -> Floats:
    """(n, 3) mean sentiment of (n, 4) sums; a third each where no post is scored."""
    weight = sums[:, 3:]
    means = sums[:, :3] / np.where(weight > 0, weight, 1)
    return np.asarray(np.where(weight > 0, means, 1 / 3), np.float32)


def author_space(interests: Floats, opinions: Floats, *, opinion_weight: float) -> Floats:
    """The (n, d + 3) space that segments are found in.

    Rounded to a thousandth: what a batch of another composition changes in the last bits
    of a vector must not change a segmentation.

    Args:
        interests: (n, d) unit vectors.
        opinions: (n, 3) mean sentiment.
        opinion_weight: scale of the opinion block; 0 leaves it without effect.
    """
    return np.round(np.hstack([interests, opinions * opinion_weight]), 3).astype(np.float32)
