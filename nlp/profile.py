"""From an author's posts to one vector: what they care about, joined with how they feel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.arrays import unit
from nlp.types import Floats


@dataclass(frozen=True, slots=True)
class Profile:
    """One author.

    Attributes:
        interests: (d,) unit vector, the recency-weighted mean of the post vectors.
        opinions: (3,) weighted mean of the posts' sentiment probabilities; a third each
            where no post is scored.
        posts: how many it stands on.
    """

    interests: Floats
    opinions: Floats
    posts: int


def profile(
    vectors: Floats,
    sentiment: Floats,
    ages_days: Floats,
    weights: Floats,
    *,
    half_life_days: float,
) -> Profile:
    """The profile of one author.

    Args:
        vectors: (n, d) unit vectors of the posts.
        sentiment: (n, 3) probabilities; a row of NaN where a post is not scored.
        ages_days: (n,) age of each post.
        weights: (n,) how much each post says about interests, beside its age.
        half_life_days: age at which a post counts half.
    """
    recency = np.exp2(-np.maximum(ages_days, 0) / half_life_days).astype(np.float64)
    interests = unit((vectors * (recency * weights)[:, None]).sum(axis=0).astype(np.float32))
    scored = ~np.isnan(sentiment).any(axis=1)
    if scored.any():
        opinions = np.average(sentiment[scored], axis=0, weights=recency[scored])
    else:
        opinions = np.full(3, 1 / 3)
    return Profile(interests, opinions.astype(np.float32), len(vectors))


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
