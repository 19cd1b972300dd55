"""Engines that read the word behind a brand, and such as fail, stop or die at a text."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from nlp.types import Reading, Target, Three

GOOD, BAD, SO_SO = (0.0625, 0.125, 0.8125), (0.8125, 0.125, 0.0625), (0.125, 0.75, 0.125)
SAID = {"good": GOOD, "bad": BAD}
POISON = "poison"


class Reader:
    """An engine that reads the word behind a brand, and notes what it was given."""

    dimensions = 2

    def __init__(self, revision: str = "r1") -> None:
        self.revision = revision
        self.passes: list[list[str]] = []
        self.before: Callable[[], None] = lambda: None  # called when a pass begins

    @property
    def texts(self) -> list[str]:
        """Every text that went through, in order."""
        return sorted(text for texts in self.passes for text in texts)

    def read(
        self,
        texts: Sequence[str],
        targets: Sequence[Sequence[Target]] | None = None,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Reading:
        if texts:
            self.before()
            self.passes.append(list(texts))
        if progress is not None:
            progress(len(texts))
        told = [[self._towards(t, own) for own in targets[i]] for i, t in enumerate(texts or ())]
        return Reading(
            vectors=np.array([[1.0, 0.0]] * len(texts), np.float32).reshape(-1, 2),
            heads={
                "sentiment": _rows([SAID.get(text.split()[-1], SO_SO) for text in texts], 3),
                "emotion": _rows([(0.5, 0.25, 0.125, 0.125)] * len(texts), 4),
                "irony": _rows([(0.75, 0.25)] * len(texts), 2),
                "offensive": _rows([(0.875, 0.125)] * len(texts), 2),
            },
            towards=told,
        )

    @staticmethod
    def _towards(text: str, target: Target) -> Three | None:
        behind = [text[end:].split() for _, end in target]
        return SAID.get(behind[0][0] if behind[0] else "", SO_SO) if behind else None


class Failing(Reader):
    """Raises at a poisoned text, whatever stands beside it."""

    def read(self, texts: Sequence[str], *more: object, **named: object) -> Reading:
        if any(POISON in text for text in texts):
            self.passes.append(list(texts))
            raise RuntimeError("the model fell over")
        return super().read(texts, *more, **named)  # type: ignore[arg-type]


class Dying(Reader):
    """Takes its process with it at a poisoned text, as a fault in native code does."""

    def read(self, texts: Sequence[str], *more: object, **named: object) -> Reading:
        if any(POISON in text for text in texts):
            os._exit(9)
        return super().read(texts, *more, **named)  # type: ignore[arg-type]


def _rows(values: Sequence[Sequence[float]], width: int) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, width)
