"""A light correction of the model's sentiment for one brand, learned from people's labels.

    logits = scale * log p + bias + W v

p are the model's probabilities and v is the sentence vector; scale 1, bias 0 and W 0 leave
the model as it is. It is what calibration calls matrix scaling (Guo et al., 2017), kept
light by Gaussian priors around "no correction" (penalised maximum likelihood), so that few
labels move it little.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelError
from nlp.types import SENTIMENTS, Floats

Doubles = NDArray[np.float64]

# Nothing is so sure that a label could not move it: a probability of 0 is taken for this.
_LEAST = 1e-4
_NEVER = 1e-300
ALL = tuple(range(len(SENTIMENTS)))
# The model is never turned upside down, nor wholly unheard.
_LEAST_SCALE = 0.1
# Directions of the sentence vectors that W may use: those in which the labelled texts differ.
_DIRECTIONS = 32
_STEPS = 30


@dataclass(frozen=True, slots=True)
class Candidate:
    """How far a correction may go: standard deviations of the priors; 0 keeps a part out.

    Attributes:
        name: as it is shown.
        bias: of each class's bias, in logits.
        scale: of the scale around 1.
        vector: of each entry of W; vectors have length 1.
    """

    name: str
    bias: float
    scale: float = 0.0
    vector: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Params:
    """A fitted correction.

    Attributes:
        kind: name of the candidate it came from.
        scale: of the model's log probabilities.
        bias: (3,) logits in the order of `SENTIMENTS`.
        weight: (3, d), or None where the text does not matter.
        classes: positions of those it may change; of the others, which nobody labelled, the
            probability stays as it is.
    """

    kind: str
    scale: float
    bias: Doubles
    weight: Floats | None = None
    classes: tuple[int, ...] = ALL

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it: W as float16 in base64."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "scale": self.scale,
            "bias": [float(b) for b in self.bias],
            "classes": list(self.classes),
        }
        if self.weight is not None:
            packed = base64.b64encode(self.weight.astype("<f2").tobytes()).decode("ascii")
            found["weight"] = {"dimensions": self.weight.shape[1], "float16": packed}
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Params:
        """What `to_json` made.

        Raises:
            ModelError: something else.
        """
        try:
            bias = np.array(data["bias"], np.float64)
            weight = None
            if (packed := data.get("weight")) is not None:
                raw = base64.b64decode(packed["float16"], validate=True)
                shape = (len(SENTIMENTS), int(packed["dimensions"]))
                weight = np.frombuffer(raw, "<f2").reshape(shape).astype(np.float32)
            if bias.shape != (len(SENTIMENTS),):
                raise ValueError(f"{bias.size} biases")
            classes = tuple(int(c) for c in data["classes"])
            if not set(classes) <= set(ALL):
                raise ValueError(f"classes {classes}")
            return cls(str(data["kind"]), float(data["scale"]), bias, weight, classes)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise ModelError(
                f"A stored correction cannot be read ({error}): fit it again."
            ) from error


def apply(params: Params, probabilities: Floats, vectors: Floats) -> Floats:
    """Corrected probabilities.

    Args:
        params: fitted.
        probabilities: (n, 3) as the model said.
        vectors: (n, d) unit sentence vectors; not looked at where W is absent.

    Raises:
        ModelError: the vectors are not as long as those it was fitted on.
    """
    before = softmax(logs(probabilities))
    logits = params.scale * np.log(within(before, params.classes)) + params.bias
    if params.weight is not None:
        if vectors.shape[1] != params.weight.shape[1]:
            raise ModelError(
                f"The correction was fitted on vectors of {params.weight.shape[1]} numbers, "
                f"these have {vectors.shape[1]}: fit it again."
            )
        logits = logits + vectors.astype(np.float64) @ params.weight.T.astype(np.float64)
    return whole(softmax(logits), before, params.classes).astype(np.float32)


def within(probabilities: Doubles, classes: Sequence[int]) -> Doubles:
    """(n, 3) probabilities among some classes alone; that of the others is next to nothing."""
    inner = np.full_like(probabilities, _NEVER)
    inner[:, classes] = probabilities[:, classes]
    return np.asarray(inner / inner.sum(axis=1, keepdims=True))


def whole(inner: Doubles, before: Doubles, classes: Sequence[int]) -> Doubles:
    """Undo `within`: the other classes have what they had before, these share the rest."""
    found = before.copy()
    found[:, classes] = inner[:, classes] * before[:, classes].sum(axis=1, keepdims=True)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def logs(probabilities: Floats) -> Doubles:
    """Log probabilities, none below that of `_LEAST`."""
    return np.log(np.maximum(np.asarray(probabilities, np.float64), _LEAST))


def softmax(logits: Doubles) -> Doubles:
    """(n, c) logits to probabilities."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The few directions in which n sentence vectors differ most (principal components).

    Attributes:
        mean: (d,) their mean.
        directions: (r, d) orthonormal rows.
    """

    mean: Doubles
    directions: Doubles

    @classmethod
    def of(cls, vectors: Floats, most: int = _DIRECTIONS) -> Space:
        """Found without labels, so that it may be found once for all folds."""
        mean = vectors.mean(axis=0, dtype=np.float64)
        _, sizes, rows = np.linalg.svd(vectors - mean, full_matrices=False)
        # The first product has a rounding of about 1e-7; smaller directions are noise.
        kept = rows[: min(most, int((sizes > 1e-5).sum()))]
        return cls(mean, np.asarray(kept, np.float64))

    def places(self, vectors: Floats) -> Doubles:
        """(n, r) coordinates."""
        return np.asarray((vectors.astype(np.float64) - self.mean) @ self.directions.T)


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """Texts that taught something, n of them.

    Attributes:
        logs: (n, 3) of the model's probabilities, among the classes that are labelled.
        places: (n, r) of the sentence vectors.
        targets: (n, 3) what is true: one class, or a distribution over them.
        weights: (n,) how much each text counts; their mean is about 1.
    """

    logs: Doubles
    places: Doubles
    targets: Doubles
    weights: Doubles

    def __getitem__(self, rows: NDArray[Any]) -> Taught:
        """Some of the texts."""
        return Taught(self.logs[rows], self.places[rows], self.targets[rows], self.weights[rows])


def solve(taught: Taught, candidate: Candidate) -> tuple[float, Doubles]:
    """Scale and (3, 1 + r) weights, bias first, at the maximum of the posterior (Newton)."""
    x = np.hstack([np.ones((len(taught.logs), 1)), taught.places])
    if not candidate.vector:
        x = x[:, :1]
    width = x.shape[1]
    precision = np.full((len(SENTIMENTS), width), 1 / (candidate.vector or 1.0) ** 2)
    precision[:, 0] = 1 / candidate.bias**2
    scale_precision = 1 / candidate.scale**2 if candidate.scale else 1e12
    ridge = np.concatenate([[scale_precision], precision.ravel()])
    theta = np.zeros(len(ridge))
    value = _loss(theta, taught, x, ridge)
    for _ in range(_STEPS):
        gradient, hessian = _derivatives(theta, taught, x, ridge)
        step = np.linalg.solve(hessian, gradient)
        if float(gradient @ step) < 1e-8 * len(x):
            break
        # Full steps nearly always; the halves are for labels that contradict a sure model.
        for halving in range(20):
            after = _loss(theta - step / 2**halving, taught, x, ridge)
            if after <= value:
                break
        theta, value = theta - step / 2**halving, after
    return max(_LEAST_SCALE, 1 + float(theta[0])), theta[1:].reshape(len(SENTIMENTS), width)


def _logits(theta: Doubles, taught: Taught, x: Doubles) -> Doubles:
    weights = theta[1:].reshape(len(SENTIMENTS), x.shape[1])
    return np.asarray((1 + theta[0]) * taught.logs + x @ weights.T)


def _loss(theta: Doubles, taught: Taught, x: Doubles, ridge: Doubles) -> float:
    logits = _logits(theta, taught, x)
    top = logits.max(axis=1, keepdims=True)
    whole = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    each = whole - (taught.targets * logits).sum(axis=1)
    return float((taught.weights * each).sum() + (ridge * theta**2).sum() / 2)


def _derivatives(
    theta: Doubles, taught: Taught, x: Doubles, ridge: Doubles
) -> tuple[Doubles, Doubles]:
    """Gradient and Hessian of `_loss`, the scale first, then the weights class by class."""
    p = softmax(_logits(theta, taught, x))
    rest = taught.weights[:, None] * (p - taught.targets)
    gradient = np.concatenate([[(rest * taught.logs).sum()], (rest.T @ x).ravel()])
    counted = taught.weights[:, None] * p
    spread = counted * (taught.logs - (p * taught.logs).sum(axis=1, keepdims=True))
    classes, width = p.shape[1], x.shape[1]
    hessian = np.empty((len(theta), len(theta)))
    hessian[0, 0] = (spread * taught.logs).sum()
    hessian[0, 1:] = hessian[1:, 0] = (spread.T @ x).ravel()
    for a in range(classes):
        for b in range(a, classes):
            curve = counted[:, a] * ((a == b) - p[:, b])
            block = x.T @ (curve[:, None] * x)
            rows = slice(1 + a * width, 1 + (a + 1) * width)
            columns = slice(1 + b * width, 1 + (b + 1) * width)
            hessian[rows, columns] = block
            hessian[columns, rows] = block
    return gradient + ridge * theta, hessian + np.diag(ridge)


def predict(solved: tuple[float, Doubles], taught: Taught) -> Doubles:
    """(n, 3) probabilities of texts after what `solve` found."""
    scale, weights = solved
    logits = scale * taught.logs + weights[:, 0]
    if weights.shape[1] > 1:
        logits = logits + taught.places @ weights[:, 1:].T
    return softmax(logits)


def params_of(
    solved: tuple[float, Doubles], kind: str, space: Space, classes: Sequence[int] = ALL
) -> Params:
    """What `solve` found, for vectors as they come; rounded as it will be stored."""
    scale, weights = solved
    bias = weights[:, 0]
    weight = None
    if weights.shape[1] > 1:
        full = weights[:, 1:] @ space.directions
        weight = full.astype(np.float16).astype(np.float32)
        bias = bias - full @ space.mean
    # Adding the same to every class changes nothing: the mean is taken out.
    bias = np.round(bias - bias.mean(), 6)
    return Params(kind, round(scale, 6), bias, weight, tuple(int(c) for c in classes))
