"""Whether people have changed so much that their segments are to be found anew. Pure."""

from __future__ import annotations


def has_drifted(moved: int, authors: int, share: float) -> bool:
    """Whether enough authors have moved.

    Args:
        moved: authors who could take part and have posts analysed since the last segmentation.
        authors: who took part in it.
        share: of those, from which on it is enough; in (0, 1].
    """
    return moved > 0 and moved >= share * authors
