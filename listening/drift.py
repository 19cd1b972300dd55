"""Whether people have changed so much that their segments are to be found anew. Pure.

Drift is the share of authors who have come or moved since the last segmentation: who were not
in it, whose nearest segment is another one by now, or who fit in nowhere any more. Posts that
leave their author where they were are none, however many.
"""

from __future__ import annotations


def drift(came_or_moved: int, authors: int) -> float:
    """The share of authors who have come or moved; above 1 where more came than there were.

    Args:
        came_or_moved: since the last segmentation.
        authors: who took part in it.
    """
    return came_or_moved / max(authors, 1)


def has_drifted(came_or_moved: int, authors: int, share: float) -> bool:
    """Whether enough authors have come or moved.

    Args:
        came_or_moved: since the last segmentation.
        authors: who took part in it.
        share: of those, from which on it is enough; in (0, 1].
    """
    return came_or_moved > 0 and drift(came_or_moved, authors) >= share
