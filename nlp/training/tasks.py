"""What the opinion model learns, from which texts, and how each task is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp.evaluate import f1_of, macro_f1, macro_recall
from nlp.network import TOWARDS
from nlp.training import data
from nlp.training.data import Labelled
from nlp.types import EMOTIONS, SENTIMENTS, Floats, Target

# Held out of every training text: it judges sentiment towards a topic.
_TOPIC_VALIDATION = "2016devtest"

Score = Callable[[Sequence[int], Floats], float]


@dataclass(frozen=True, slots=True)
class Task:
    """One head's texts.

    Attributes:
        name: of the head.
        classes: how many.
        train, validation: validation is None for a head that only helps the others to learn.
        repeats: how often an epoch shows each training text.
        balance: power of the inverse class frequency in the loss: 1 for scores that count
            every class alike, 0 for none.
        score: of labels and (n, classes) probabilities; higher is better.
    """

    name: str
    classes: int
    train: Labelled
    validation: Labelled | None
    repeats: float
    balance: float
    score: Score | None = None


def read_tasks(folder: Path, seed: int) -> list[Task]:
    """Every task, from the folder of the public data sets."""
    held = data.tweeteval_validation(folder)
    splits = data.semeval_towards(folder)
    topics = splits.pop(_TOPIC_VALIDATION)
    out = [*held.texts, *topics.texts]
    sentiment = data.semeval_sentiment(folder, without=out)
    towards = _joined(splits.values())
    towards = _towards(towards.pick(data.unseen(towards.texts, out)), sentiment, seed)
    emotions = data.goemotions(folder)
    return [
        Task("sentiment", len(SENTIMENTS), sentiment, held, 1.0, 1.0, _by_macro_recall),
        Task(TOWARDS, len(SENTIMENTS), towards, topics, 0.6, 1.0, _by_two_way_recall),
        Task(
            "emotion",
            len(EMOTIONS),
            data.tweeteval(folder, "emotion", "train"),
            data.tweeteval(folder, "emotion", "val"),
            3.0,
            0.5,
            _by_macro_f1,
        ),
        Task(
            "irony",
            2,
            data.tweeteval(folder, "irony", "train"),
            data.tweeteval(folder, "irony", "val"),
            3.0,
            0.0,
            _by_f1_of_second,
        ),
        Task(
            "offensive",
            2,
            data.tweeteval(folder, "offensive", "train"),
            data.tweeteval(folder, "offensive", "val"),
            1.0,
            0.5,
            _by_macro_f1,
        ),
        Task("emotions", max(emotions.labels) + 1, emotions, None, 0.35, 0.5),
        Task("sarcasm", 2, data.isarcasm(folder), None, 1.5, 0.5),
        Task("stars", len(SENTIMENTS), data.starred_reviews(folder), None, 1.0, 1.0),
    ]


def class_weights(labels: Sequence[int], classes: int, power: float) -> Floats:
    """(classes,) inverse frequencies to a power, one on average over the texts."""
    counts = np.bincount(labels, minlength=classes).astype(np.float32)
    weights = (len(labels) / np.maximum(counts, 1)) ** power
    return np.asarray(weights / (weights * counts).sum() * len(labels), np.float32)


def _towards(named: Labelled, posts: Labelled, seed: int) -> Labelled:
    """What trains sentiment towards a target, beside the topics named in SemEval's tweets.

    Those alone teach to read the post and forget the target: nearly all name one topic, and by
    its name. A third is turned into handles, pairs that disagree are joined into one text, and
    posts are addressed to somebody.
    """
    random = np.random.default_rng(seed)
    named = data.by_handle(named, random.permutation(len(named))[: len(named) // 3].tolist())
    pairs = data.two_in_one(named, random.permutation(len(named)).tolist())
    some = random.permutation(len(posts))[: len(posts) // 6].tolist()
    return _joined([named, pairs, data.addressed(posts, some)])


def _joined(parts: Iterable[Labelled]) -> Labelled:
    texts: list[str] = []
    labels: list[int] = []
    targets: list[Target] = []
    for part in parts:
        texts += part.texts
        labels += part.labels
        targets += part.targets
    return Labelled(texts, labels, targets)


def _by_macro_recall(labels: Sequence[int], p: Floats) -> float:
    return macro_recall(labels, p.argmax(1))


def _by_two_way_recall(labels: Sequence[int], p: Floats) -> float:
    """SemEval-2017 task 4 B: neutral texts are not asked, neutral is no answer."""
    rows = np.flatnonzero(np.asarray(labels) != 1)
    said = np.where(p[rows, 2] > p[rows, 0], 2, 0)
    return macro_recall(np.asarray(labels)[rows], said)


def _by_macro_f1(labels: Sequence[int], p: Floats) -> float:
    return macro_f1(labels, p.argmax(1))


def _by_f1_of_second(labels: Sequence[int], p: Floats) -> float:
    return f1_of(labels, p.argmax(1), 1)
