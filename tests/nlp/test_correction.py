"""A brand's correction: what it does by hand, that it helps, and that it never harms."""

from __future__ import annotations

import json
import math
from itertools import chain

import numpy as np
import pytest

from nlp.accepting import MIN_LABELS, Fitted, fit
from nlp.correction import Candidate, Params, Space, Taught, apply, solve
from nlp.errors import ModelError
from nlp.evaluate import macro_recall
from nlp.types import Floats, Ints

NO_TEXT = np.zeros((1, 2), np.float32)
HELD_OUT = 2000


def row(*values: float) -> Floats:
    return np.array([values], np.float32)


# What a correction does


def test_a_bias_of_log_two_doubles_the_odds() -> None:
    params = Params("bias", 1.0, np.array([0.0, 0.0, math.log(2)]))
    assert apply(params, row(0.5, 0.25, 0.25), NO_TEXT)[0] == pytest.approx([0.4, 0.2, 0.4])


def test_half_the_scale_takes_the_square_root() -> None:
    params = Params("scale", 0.5, np.zeros(3))
    # Square roots of 16, 4, 1 of 21 are in the ratio 4, 2, 1.
    after = apply(params, row(16 / 21, 4 / 21, 1 / 21), NO_TEXT)
    assert after[0] == pytest.approx([4 / 7, 2 / 7, 1 / 7])


def test_a_weight_moves_only_the_texts_on_its_side() -> None:
    weight = np.array([[0, 0], [0, 0], [math.log(4), 0]], np.float32)
    params = Params("text", 1.0, np.zeros(3), weight)
    third = np.full((2, 3), 1 / 3, np.float32)
    after = apply(params, third, np.array([[1, 0], [0, 1]], np.float32))
    assert after[0] == pytest.approx([1 / 6, 1 / 6, 4 / 6])
    assert after[1] == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_a_probability_of_zero_can_still_be_moved() -> None:
    after = apply(Params("bias", 1.0, np.array([0.0, 0.0, 20.0])), row(1, 0, 0), NO_TEXT)
    assert after[0, 2] > 0.99
    assert np.isfinite(after).all()


def test_a_correction_is_the_same_after_it_was_stored() -> None:
    weight = np.array([[0.5, -0.25], [0.125, 1.5], [0, -2]], np.float32)
    params = Params("text", 0.75, np.array([0.5, -0.25, -0.25]), weight)
    again = Params.from_json(json.loads(json.dumps(params.to_json())))
    p, v = row(0.5, 0.3, 0.2), np.array([[0.6, 0.8]], np.float32)
    assert (apply(again, p, v) == apply(params, p, v)).all()
    assert again.kind == "text"


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"kind": "bias", "scale": 1, "bias": [1, 2], "classes": [0, 1, 2]},
        {"kind": "bias", "scale": 1, "bias": [1, 2, 3], "classes": [0, 3]},
        {"kind": "bias", "scale": "much", "bias": [1, 2, 3]},
        {"kind": "t", "scale": 1, "bias": [0, 0, 0], "weight": {"dimensions": 2, "float16": "?"}},
        {
            "kind": "t",
            "scale": 1,
            "bias": [0, 0, 0],
            "weight": {"dimensions": 2, "float16": "AA=="},
        },
    ],
)
def test_what_is_no_correction_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="fit it again"):
        Params.from_json(broken)


def test_vectors_of_another_length_are_refused() -> None:
    params = Params("text", 1.0, np.zeros(3), np.zeros((3, 4), np.float32))
    with pytest.raises(ModelError, match="vectors of 4 numbers, these have 2"):
        apply(params, row(0.5, 0.3, 0.2), NO_TEXT)


# How it is fitted


def taught(p: Floats, labels: list[int]) -> Taught:
    targets = np.eye(3)[labels]
    return Taught(np.log(p.astype(float)), np.zeros((len(p), 0)), targets, np.ones(len(p)))


def test_without_a_prior_the_shares_are_met() -> None:
    uniform = np.full((8, 3), 1 / 3)
    scale, weights = solve(taught(uniform, [0, 0, 0, 0, 1, 1, 2, 2]), Candidate("b", bias=1e3))
    shares = np.exp(weights[:, 0]) / np.exp(weights[:, 0]).sum()
    assert scale == 1.0
    assert shares == pytest.approx([0.5, 0.25, 0.25], abs=1e-4)


def test_a_narrow_prior_keeps_the_model() -> None:
    p = np.array([[0.8, 0.1, 0.1]] * 10)
    scale, weights = solve(taught(p, [2] * 10), Candidate("b", bias=0.01, scale=0.01))
    assert scale == pytest.approx(1, abs=0.01)
    assert np.abs(weights).max() < 0.01


def test_the_model_is_never_turned_upside_down() -> None:
    p = np.array([[0.9, 0.05, 0.05], [0.05, 0.05, 0.9]] * 50)
    scale, _ = solve(taught(p, [2, 0] * 50), Candidate("s", bias=0.01, scale=10))
    assert scale == 0.1


def test_the_space_has_the_directions_in_which_texts_differ() -> None:
    vectors = np.array([[1, 0, 1], [-1, 0, 1], [3, 0, 1], [-3, 0, 1]], np.float32)
    space = Space.of(vectors)
    assert np.abs(space.directions) == pytest.approx(np.array([[1, 0, 0]]))
    assert np.abs(space.places(vectors)[:, 0]) == pytest.approx([1, 1, 3, 3])


# That it helps, and never harms: worlds in which the truth is known


def world(seed: int, labels: int) -> tuple[Floats, Floats, Ints, np.random.Generator]:
    """A model that is right as often as it says, on texts of two kinds (first number ±)."""
    rng = np.random.default_rng(seed)
    count = labels + HELD_OUT
    logits = 1.5 * rng.standard_normal((count, 3)) + [0.5, 0, 0]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (p.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    vectors = 0.18 * rng.standard_normal((count, 16))
    vectors[:, 0] = rng.choice([-0.7, 0.7], count)
    return p.astype(np.float32), vectors.astype(np.float32), truth, rng


def tilted(p: Floats, odds: list[float]) -> Floats:
    """A model that takes some classes for likelier than they are."""
    told = p * odds
    return np.asarray(told / told.sum(axis=1, keepdims=True), np.float32)


def trial(p: Floats, v: Floats, labels: Ints, truth: Ints, n: int) -> tuple[Fitted, float, float]:
    """The trial, and what taking its advice does to macro recall and log loss elsewhere."""
    found = fit(p[:n], v[:n], labels[:n].tolist())
    if not found.accepted or found.params is None:
        return found, 0.0, 0.0
    after, there = apply(found.params, p[n:], v[n:]), truth[n:]
    own = np.arange(len(there))
    recall = macro_recall(there, after.argmax(1)) - macro_recall(there, p[n:].argmax(1))
    return found, recall, float(np.log(p[n:][own, there] / after[own, there]).mean())


def test_a_brand_whose_name_sounds_bad_is_put_right() -> None:
    p, v, truth, _ = world(1, 60)
    told = tilted(p, [8, 1, 1])
    found, recall, loss = trial(told, v, truth, truth, 60)
    assert found.accepted, found.reason
    assert found.params is not None
    assert found.params.bias[0] < min(found.params.bias[1:])
    assert recall > 0.08
    assert loss < -0.15
    assert found.scores is not None
    assert found.scores.macro_recall_after > found.scores.macro_recall_before


def test_slang_that_the_model_takes_for_the_contrary_is_learned() -> None:
    p, v, truth, _ = world(2, 120)
    told = np.where(v[:, :1] > 0, tilted(p, [16, 1, 0.5]), p)
    found, recall, loss = trial(told, v, truth, truth, 120)
    assert found.accepted, found.reason
    assert found.params is not None
    assert found.params.weight is not None
    assert loss < -0.05
    assert recall > 0.02


@pytest.mark.parametrize("count", [24, 80])
def test_a_model_that_is_right_already_is_left_alone(count: int) -> None:
    trials = []
    for seed in range(4):
        p, v, truth, _ = world(seed, count)
        trials.append(trial(p, v, truth, truth, count))
    assert sum(found.accepted for found, _, _ in trials) <= 1
    assert np.mean([recall for _, recall, _ in trials]) > -0.01
    assert max(loss for _, _, loss in trials) < 0.05


@pytest.mark.parametrize("kind", ["random", "shuffled"])
def test_labels_that_mean_nothing_teach_nothing(kind: str) -> None:
    for seed in range(3):
        p, v, truth, rng = world(seed, 60)
        labels = rng.integers(0, 3, len(truth)) if kind == "random" else rng.permutation(truth)
        found, recall, _ = trial(p, v, labels, truth, 60)
        assert not found.accepted or recall > -0.01, found


def test_labels_of_mistakes_alone_do_not_unlearn_what_is_right() -> None:
    p, v, truth, _ = world(3, 400)
    said = p.argmax(axis=1)
    wrong = np.flatnonzero(said != truth)[:40]
    others = np.setdiff1d(np.arange(len(p)), wrong)
    anchors = others[:120]
    chosen = np.concatenate([wrong, anchors])
    found = fit(p[chosen], v[chosen], truth[wrong].tolist(), anchors=120)
    assert (found.labels, found.anchors) == (40, 120)
    if found.accepted and found.params is not None:
        rest = others[120:]
        after = apply(found.params, p[rest], v[rest]).argmax(axis=1)
        assert macro_recall(truth[rest], after) > macro_recall(truth[rest], said[rest]) - 0.02


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([0, 2] * 11 + [0], "23 labels of 2 classes: at least 24"),
        ([1] * 40, "40 labels of 1 classes"),
        ([], "0 labels of 0 classes"),
    ],
)
def test_too_few_labels_are_refused(labels: list[int], told: str) -> None:
    p, v, _, _ = world(0, 40)
    found = fit(p[: len(labels)], v[: len(labels)], labels)
    assert (found.accepted, found.params, found.scores) == (False, None, None)
    assert told in found.reason


def test_a_class_that_nobody_labelled_stays_as_the_model_says() -> None:
    p, v, truth, _ = world(4, 300)
    told = tilted(p, [8, 1, 1])
    kept = np.flatnonzero(truth[:300] != 1)[:80]
    found = fit(told[kept], v[kept], truth[kept].tolist())
    assert found.accepted, found.reason
    assert found.params is not None
    assert found.params.classes == (0, 2)
    after = apply(found.params, told, v)
    assert after[:, 1] == pytest.approx(told[:, 1], abs=1e-3)
    assert after[:, 0].mean() < told[:, 0].mean() - 0.1
    again = Params.from_json(json.loads(json.dumps(found.params.to_json())))
    assert (apply(again, told, v) == after).all()


def test_the_same_labels_teach_the_same() -> None:
    p, v, truth, _ = world(1, 30)
    told = tilted(p, [8, 1, 1])
    one, two = (fit(told[:30], v[:30], truth[:30].tolist()) for _ in range(2))
    assert one.scores == two.scores
    assert one.reason == two.reason


def test_copies_of_one_text_are_no_proof() -> None:
    # Twelve texts, six times each: one that has seen a copy knows the answer.
    rng = np.random.default_rng(5)
    p = np.full((72, 3), 1 / 3, np.float32)
    labels = list(chain.from_iterable([label] * 6 for label in rng.permutation([0, 1, 2] * 4)))
    v = np.repeat(rng.standard_normal((12, 16)), 6, axis=0).astype(np.float32)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    groups = np.repeat(np.arange(12), 6).tolist()
    assert fit(p, v, labels).accepted
    assert not fit(p, v, labels, groups=groups).accepted
    assert len(labels) > MIN_LABELS
