"""The sentiment head: a small network on what the base encoder computes anyway.

It reads the mean-pooled token states of the encoder's last four layers and the first
token's last state, side by side: polarity is written more plainly in the middle layers
than in the sentence vector, which was trained to hold topics.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from nlp.errors import ModelError
from nlp.types import Floats

_TENSORS = ("mean", "scale", "hidden.weight", "hidden.bias", "out.weight", "out.bias")


@dataclass(frozen=True, slots=True)
class SentimentHead:
    """Weights of a one-hidden-layer network.

    Attributes:
        mean, scale: (f,) subtracted from and divided into the features.
        hidden_weight, hidden_bias: (h, f) and (h,).
        out_weight, out_bias: (3, h) and (3,), divided by the temperature already.
    """

    mean: Floats
    scale: Floats
    hidden_weight: Floats
    hidden_bias: Floats
    out_weight: Floats
    out_bias: Floats

    def probabilities(self, features: Floats) -> Floats:
        """(n, f) features to (n, 3) probabilities in the order of `SENTIMENTS`."""
        scaled = (features - self.mean) / self.scale
        hidden = np.asarray(scaled @ self.hidden_weight.T + self.hidden_bias, np.float32)
        logits = _gelu(hidden) @ self.out_weight.T + self.out_bias
        logits -= logits.max(axis=1, keepdims=True)
        weights = np.exp(logits)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write float16 safetensors."""
        arrays = (
            self.mean,
            self.scale,
            self.hidden_weight,
            self.hidden_bias,
            self.out_weight,
            self.out_bias,
        )
        save_file(
            {n: a.astype(np.float16) for n, a in zip(_TENSORS, arrays, strict=True)}, str(path)
        )

    @classmethod
    def load(cls, path: Path) -> SentimentHead:
        """Read a head.

        Raises:
            ModelError: not a safetensors file, or not this kind of head.
        """
        try:
            tensors = load_file(str(path))
            arrays = [tensors[name].astype(np.float32) for name in _TENSORS]
        except (SafetensorError, KeyError, OSError) as error:
            raise ModelError(f"{path} is not a sentiment head: {error}") from error
        return cls(*arrays)


def _gelu(x: Floats) -> Floats:
    """Gaussian error linear unit, tanh form (Hendrycks and Gimpel, 2016)."""
    return np.asarray(0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))), np.float32)
