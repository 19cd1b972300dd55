"""Author spaces that are known."""

from __future__ import annotations

import numpy as np


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def groups(
    sizes: list[int], *, spread: float = 0.08, dimensions: int = 50, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Unit rows round far middles, rounded as an author space is; and whose they are."""
    random = np.random.default_rng(seed)
    middles = unit(random.normal(size=(len(sizes), dimensions)))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    rows = unit(middles[truth] + random.normal(size=(len(truth), dimensions)) * spread)
    return np.round(rows, 3).astype(np.float32), truth


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    pairs = len(set(zip(a.tolist(), b.tolist(), strict=True)))
    return pairs == len(set(a.tolist())) == len(set(b.tolist()))
