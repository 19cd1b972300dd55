"""One bad thing among many: found by halving, so that the others come through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def isolated(
    things: Sequence[T],
    run: Callable[[Sequence[T]], Sequence[R]],
    *,
    tries: int = 3,
    stops: Callable[[Exception], bool] = lambda _: False,
    sound: Callable[[T], None] = lambda _: None,
) -> tuple[list[tuple[T, R]], list[tuple[T, Exception]]]:
    """Run many things at once; where that raises, halves of them, down to single ones.

    Args:
        things: in their order.
        run: gives one outcome for each of what it is given.
        tries: how often one alone may raise before it is given up.
        stops: which errors are not about the things; they are raised at once.
        sound: called with a thing before it is given up; raises where not the thing is bad
            but what runs it, and every other would be given up likewise.

    Returns:
        things with their outcomes, and those given up with their errors, in their order.
    """
    if not things:
        return [], []
    for attempt in range(tries if len(things) == 1 else 1):
        try:
            return list(zip(things, run(things), strict=True)), []
        except Exception as error:
            if stops(error):
                raise
            if len(things) == 1 and attempt == tries - 1:
                sound(things[0])
                return [], [(things[0], error)]
    middle = len(things) // 2
    done, bad = [], []
    for part in (things[:middle], things[middle:]):
        own, failed = isolated(part, run, tries=tries, stops=stops, sound=sound)
        done += own
        bad += failed
    return done, bad
