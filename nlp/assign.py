"""Where the authors that HDBSCAN left out are nearest to, and how near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.cluster import NOISE
from nlp.types import Floats, Ints

NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Nearest:
    """For n authors.

    Attributes:
        labels: (n,) the nearest cluster of everybody; a member's own.
        strengths: (n,) in [0, 1]: a member's own, else the share of the nearest members'
            votes that the cluster gets, weighted by closeness.
    """

    labels: Ints
    strengths: Floats


def nearest_cluster(coordinates: Floats, labels: Ints, strengths: Floats) -> Nearest:
    """Give every noise author the cluster that most of their nearest members belong to.

    Args:
        coordinates: (n, k).
        labels: (n,) with at least one cluster.
        strengths: (n,) of the members.
    """
    from sklearn.neighbors import NearestNeighbors

    members, noise = np.flatnonzero(labels != NOISE), np.flatnonzero(labels == NOISE)
    if not len(members):
        raise ValueError("no cluster to be near to")
    labels, strengths = labels.copy(), strengths.copy()
    if not len(noise):
        return Nearest(labels, strengths)
    index = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(members)), n_jobs=1)
    distances, places = index.fit(coordinates[members]).kneighbors(coordinates[noise])
    closeness = 1 / (1 + distances)
    votes = np.zeros((len(noise), int(labels.max()) + 1))
    for column in range(places.shape[1]):
        np.add.at(
            votes,
            (np.arange(len(noise)), labels[members[places[:, column]]]),
            closeness[:, column],
        )
    labels[noise] = votes.argmax(axis=1)
    # The share of votes, damped by how far the nearest member is.
    strengths[noise] = votes.max(axis=1) / votes.sum(axis=1) * closeness[:, 0]
    return Nearest(labels, strengths)
