"""Whether a correction is worth having: compared with none by nested cross-validation.

What is reported comes from texts that neither fitted the correction nor chose how strong it
is (Varma and Simon, 2006). It is accepted only where it is better by more than one standard
error and finds no less; of corrections that are equal within one, the simplest is taken
(Breiman et al., 1984). Every class counts the same, in fitting and in comparing: otherwise
a brand that is mostly complained about would have its praise unlearned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.correction import (
    Candidate,
    Doubles,
    Params,
    Space,
    Taught,
    logs,
    params_of,
    predict,
    softmax,
    solve,
    whole,
    within,
)
from nlp.evaluate import macro_recall
from nlp.types import SENTIMENTS, Floats, Ints

MIN_LABELS = 24
MIN_CLASSES = 2
_OUTER, _INNER = 5, 4
# Texts times repetitions of the outer folds: more repetitions where there are few texts.
_REPEATED_TEXTS = 400
# What the model says of a text counts as so many labels, spread over all texts: a class that
# hardly anybody labelled is not unlearned.
_MODEL_COUNTS = 30

# The simplest first: the first one that is not worse than the best is chosen.
CANDIDATES = (
    Candidate("scale", bias=0.01, scale=0.5),
    Candidate("bias, careful", bias=0.3),
    Candidate("bias", bias=1.0),
    Candidate("bias and scale", bias=1.0, scale=0.5),
    Candidate("text, careful", bias=1.0, scale=0.5, vector=1.0),
    Candidate("text", bias=1.0, scale=0.5, vector=2.5),
    Candidate("text, strong", bias=1.0, scale=0.5, vector=6.0),
)


@dataclass(frozen=True, slots=True)
class Scores:
    """Before and after, over people's labels and anchors, on texts held out.

    Attributes:
        log_loss_before, log_loss_after: in nats a text, every class counting the same.
        gain: how far it falls.
        gain_se: its standard error.
        right_before, right_after: share of people's labels alone that are met.
    """

    log_loss_before: float
    log_loss_after: float
    gain: float
    gain_se: float
    macro_recall_before: float
    macro_recall_after: float
    right_before: float
    right_after: float

    def rounded(self) -> dict[str, float]:
        """As they are stored and shown."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a trial found.

    Attributes:
        accepted: whether it is better beyond doubt.
        reason: why it is accepted or not, in words.
        labels, anchors: how many texts of each kind.
        params: the correction, fitted on everything; None where there is none to fit.
        scores: None where nothing could be tried.
    """

    accepted: bool
    reason: str
    labels: int
    anchors: int
    params: Params | None = None
    scores: Scores | None = None


def fit(
    probabilities: Floats,
    vectors: Floats,
    labels: Sequence[int],
    *,
    anchors: int = 0,
    groups: Sequence[int] | None = None,
    seed: int = 7,
) -> Fitted:
    """Fit the best light correction, and say whether it is accepted.

    Args:
        probabilities: (n, 3) as the model says.
        vectors: (n, d) unit sentence vectors.
        labels: one a text but for the anchors, which come last and have none.
        anchors: texts nobody labelled, taken to be as the model says. They stand for what
            it gets right where labels were only given to what it got wrong.
        groups: (n,) copies of a text have the same number and are never on both sides of a
            fold; None: there are no copies.
        seed: of the folds.
    """
    count = len(labels)
    classes = len(set(labels))
    if count < MIN_LABELS or classes < MIN_CLASSES:
        return Fitted(False, _too_few(count, classes), count, anchors)
    trial = _Trial(probabilities, vectors, labels, anchors, groups)
    scores = trial.scores(seed)
    chosen = trial.choose(np.arange(len(trial.truth)), np.random.default_rng(seed))
    if chosen is None:
        return Fitted(False, "no correction is better than none", count, anchors, None, scores)
    params = params_of(solve(trial.taught, chosen), chosen.name, trial.space, trial.classes)
    reason = trial.objection(scores)
    accepted = reason is None
    told = reason or f"{chosen.name}: log loss falls by {scores.gain:.3f} ± {scores.gain_se:.3f}"
    return Fitted(accepted, told, count, anchors, params, scores)


def _too_few(count: int, classes: int) -> str:
    return (
        f"{count} labels of {classes} classes: at least {MIN_LABELS} of at least "
        f"{MIN_CLASSES} classes are needed"
    )


def _balanced(truth: Ints) -> Doubles:
    """(n,) weights by which every class counts the same, as in macro recall; their mean is 1."""
    weights = 1 / np.bincount(truth)[truth]
    return np.asarray(weights / weights.mean())


def _worse(more: Doubles) -> bool:
    """Whether losses are higher by more than one standard error."""
    return bool(more.mean() > more.std(ddof=1) / len(more) ** 0.5)


class _Trial:
    """Labels, anchors and folds of one comparison."""

    def __init__(
        self,
        probabilities: Floats,
        vectors: Floats,
        labels: Sequence[int],
        anchors: int,
        groups: Sequence[int] | None,
    ) -> None:
        targets = np.zeros((len(labels) + anchors, len(SENTIMENTS)))
        targets[np.arange(len(labels)), list(labels)] = 1
        targets[len(labels) :] = softmax(logs(probabilities[len(labels) :]))
        self.space = Space.of(vectors)
        self.truth: Ints = targets.argmax(axis=1)
        self.targets = targets
        self.before = softmax(logs(probabilities))
        self.classes = [int(c) for c in np.unique(self.truth)]
        inner = within(self.before, self.classes)
        own = _MODEL_COUNTS / (_MODEL_COUNTS + len(labels))
        self.taught = Taught(
            np.log(inner),
            self.space.places(vectors),
            (1 - own) * within(targets, self.classes) + own * inner,
            _balanced(self.truth),
        )
        self.labels = len(labels)
        self.groups = np.arange(len(targets)) if groups is None else np.asarray(groups)
        # Folds hold each class, and the anchors of each class, in the same shares.
        self.strata = self.truth + len(SENTIMENTS) * (np.arange(len(targets)) >= len(labels))

    def after(
        self, fitted: NDArray[np.int64], held: NDArray[np.int64], candidate: Candidate
    ) -> Doubles:
        """(h, 3) probabilities of texts held out, by what the others taught."""
        solved = solve(self.taught[fitted], candidate)
        inner = predict(solved, self.taught[held])
        return whole(inner, self.before[held], self.classes)

    def losses(self, predicted: Doubles, rows: NDArray[np.int64]) -> Doubles:
        """(n,) log loss of each text, by the weight of its class."""
        each = -(self.targets[rows] * np.log(predicted)).sum(axis=1)
        return np.asarray(self.taught.weights[rows] * each)

    def folds(
        self, rows: NDArray[np.int64], count: int, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Stratified (fit, hold out) of some texts; copies stay together."""
        firsts, own = np.unique(self.groups[rows], return_index=True, return_inverse=True)[1:]
        place = np.empty(len(firsts), np.int64)
        turn = 0
        for stratum in np.unique(self.strata[rows[firsts]]):
            members = rng.permutation(np.flatnonzero(self.strata[rows[firsts]] == stratum))
            place[members] = (turn + np.arange(len(members))) % count
            turn += len(members)
        fold = place[own]
        for number in range(count):
            held = rows[fold == number]
            if len(held) and len(held) < len(rows):
                yield rows[fold != number], held

    def choose(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Candidate | None:
        """The simplest of the candidates that do best on the inner folds without finding less.

        None where no candidate does better than no correction.
        """
        folds = list(self.folds(rows, _INNER, rng))
        before = self.losses(self.before[rows], rows)
        floor = macro_recall(self.truth[rows], self.before[rows].argmax(axis=1))
        tried: list[tuple[Candidate, Doubles]] = []
        for candidate in CANDIDATES:
            after = np.array(self.before)
            for fitted, held in folds:
                after[held] = self.after(fitted, held, candidate)
            loss = self.losses(after[rows], rows)
            recall = macro_recall(self.truth[rows], after[rows].argmax(axis=1))
            if loss.mean() < before.mean() and recall >= floor:
                tried.append((candidate, loss))
        if not tried:
            return None
        best = min(tried, key=lambda one: float(one[1].mean()))[1]
        return next(one for one, loss in tried if not _worse(loss - best))

    def scores(self, seed: int) -> Scores:
        """From outer folds, repeated; what stands for "after" includes having chosen."""
        everything = np.arange(len(self.truth))
        before = self.losses(self.before, everything)
        after, recalls, right = np.zeros(len(before)), [], []
        repeats = int(np.clip(_REPEATED_TEXTS // len(before), 1, 5))
        for repeat in range(repeats):
            rng = np.random.default_rng([seed, repeat])
            predicted = np.array(self.before)
            for fitted, held in self.folds(everything, _OUTER, rng):
                chosen = self.choose(fitted, rng)
                if chosen is not None:
                    predicted[held] = self.after(fitted, held, chosen)
            after += self.losses(predicted, everything) / repeats
            said = predicted.argmax(axis=1)
            recalls.append(macro_recall(self.truth, said))
            right.append((said == self.truth)[: self.labels].mean())
        said = self.before.argmax(axis=1)
        gains = before - after
        return Scores(
            log_loss_before=float(before.mean()),
            log_loss_after=float(after.mean()),
            gain=float(gains.mean()),
            gain_se=float(gains.std(ddof=1) / np.sqrt(len(np.unique(self.groups)))),
            macro_recall_before=macro_recall(self.truth, said),
            macro_recall_after=float(np.mean(recalls)),
            right_before=float((said == self.truth)[: self.labels].mean()),
            right_after=float(np.mean(right)),
        )

    def objection(self, scores: Scores) -> str | None:
        """Why the correction is not accepted; None: it is."""
        if scores.gain <= scores.gain_se:
            return (
                f"not better beyond doubt: log loss changes by {-scores.gain:+.3f} "
                f"± {scores.gain_se:.3f}"
            )
        if scores.macro_recall_after < scores.macro_recall_before:
            return (
                f"macro recall would fall from {scores.macro_recall_before:.3f} to "
                f"{scores.macro_recall_after:.3f}"
            )
        kinds = len(np.unique(self.truth))
        chance = 1 / kinds
        doubt = float(np.sqrt(chance * (1 - chance) / len(self.truth)))
        if scores.macro_recall_after <= chance + 2 * doubt:
            return "even corrected it is no surer than guessing: are the labels of these texts?"
        return None
