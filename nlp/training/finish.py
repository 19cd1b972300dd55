"""From trained weights to an artefact: calibrated, scored, written."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from nlp import weights
from nlp.artifacts import file_sha256
from nlp.evaluate import expected_calibration_error
from nlp.network import OpinionNetwork
from nlp.types import Floats

log = logging.getLogger("training")


def temperature(labels: Sequence[int], probabilities: Floats) -> float:
    """The temperature that makes `labels` likeliest (Guo et al., 2017).

    Args:
        labels: (n,) positions.
        probabilities: (n, c) at temperature 1.
    """
    logits = np.log(probabilities + 1e-9)

    def surprise(t: float) -> float:
        scaled = logits / t
        total = np.log(np.exp(scaled).sum(axis=1))
        return float((total - scaled[np.arange(len(labels)), labels]).mean())

    return float(min(np.arange(0.4, 6.01, 0.02), key=surprise))


def calibrate(network: OpinionNetwork, name: str, labels: Sequence[int], p: Floats) -> Floats:
    """Fold a head's temperature into its last layer; returns the probabilities it then gives."""
    found = temperature(labels, p)
    head = network.heads[name]
    with torch.no_grad():
        head.out.weight.div_(found)  # type: ignore[operator, union-attr]
        head.out.bias.div_(found)  # type: ignore[operator, union-attr]
    sharpened = p ** (1 / found)
    sharpened /= sharpened.sum(axis=1, keepdims=True)
    log.info(
        "%s: temperature %.2f, calibration error %.4f before, %.4f after",
        name,
        found,
        expected_calibration_error(labels, p),
        expected_calibration_error(labels, sharpened),
    )
    return np.asarray(sharpened, np.float32)


def write(
    network: OpinionNetwork, path: Path, *, base_sha256: str, outputs: Mapping[str, int]
) -> None:
    """The artefact, and the lines of the manifest that belong to it."""
    weights.save(network, path, base_sha256=base_sha256, outputs=dict(outputs))
    log.info(
        'manifest:\n[opinions]\nfile = "%s"\nrevision = "?"\nsha256 = "%s"\n(%.1f MB)',
        path.name,
        file_sha256(path),
        path.stat().st_size / 1e6,
    )
