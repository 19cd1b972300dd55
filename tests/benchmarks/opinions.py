"""Every opinion against people's labels, beside what is published for larger models.

The validation texts are none of the training texts (`nlp.training.data.unseen`), and the airline
tweets were never trained on. The plain baseline, in the same run, is a linear model on bags
of words from the same sentiment tweets.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlp.engine import Engine
from nlp.evaluate import expected_calibration_error, f1_of, macro_f1, macro_recall
from nlp.text import marked
from nlp.training import data as sets
from nlp.training.data import Labelled, places_of
from nlp.types import SENTIMENTS, Floats, Target
from tests.benchmarks.airline import BRANDS
from tests.benchmarks.bags import bag_of_words

_LINE = "{:44} {:>22} {:>8} {:>8} {:>12}"


def run(data: Path) -> None:
    """Print the table: published, bag of words, ours, calibration error."""
    engine = Engine()
    words = bag_of_words(data)
    print(_LINE.format("", "published", "words", "ours", "calibration"))
    held = sets.tweeteval_validation(data)
    p = engine.read(held.texts).heads["sentiment"]
    _row("sentiment, macro recall", "test: 71.3, 73.7", held, p, _recall, words(held.texts))
    for task, published, score in (
        ("emotion", "test: 76.1, 80.2", _macro_f1),
        ("irony", "test: 59.7, 64.5", _f1_of_second),
        ("offensive", "test: 79.5, 82.2", _macro_f1),
    ):
        own = sets.tweeteval(data, task, "val")
        _row(f"{task}, {score.__doc__}", published, own, engine.read(own.texts).heads[task], score)
    topics = sets.semeval_two_way(data, "2016devtest")
    reading = engine.read(topics.texts, [[target] for target in topics.targets])
    p = np.array([towards[0] for towards in reading.towards], np.float32)
    _row("towards a topic, macro recall of two", "88.2", topics, p, _two_way, words(topics.texts))
    single = sets.semeval_towards(data)["2016devtest"]
    order = np.random.default_rng(0).permutation(len(single)).tolist()
    pairs = sets.two_in_one(single, order)
    reading = engine.read(pairs.texts, [[target] for target in pairs.targets])
    p = np.array([towards[0] for towards in reading.towards], np.float32)
    whole = reading.heads["sentiment"]
    _row("two tweets in one, towards one's topic", "", pairs, p, _recall, words(pairs.texts))
    _row("the same, by the sentiment of the whole", "", pairs, whole, _recall)
    texts, targets, labels = _airline(data)
    reading = engine.read(texts, targets)
    plain = reading.heads["sentiment"]
    towards = [
        own[0] if own and own[0] else p for own, p in zip(reading.towards, plain, strict=True)
    ]
    tweets = Labelled(texts, labels)
    own_words = words(texts)
    _row("airline tweets, never seen: post", "simple tune: 75.0", tweets, plain, _recall, own_words)
    p = np.array(towards, np.float32)
    _row("airline tweets, never seen: towards", "", tweets, p, _recall, own_words)


def _row(
    name: str,
    published: str,
    held: Labelled,
    p: Floats,
    score: object,
    words: Floats | None = None,
) -> None:
    assert callable(score)
    plain = f"{100 * score(held.labels, words):.1f}" if words is not None else ""
    error = expected_calibration_error(held.labels, p)
    ours = f"{100 * score(held.labels, p):.1f}"
    print(_LINE.format(name, published, plain, ours, f"{error:.3f}"), flush=True)


def _recall(labels: Sequence[int], p: Floats) -> float:
    """macro recall"""
    return macro_recall(labels, p.argmax(1))


def _macro_f1(labels: Sequence[int], p: Floats) -> float:
    """macro F1"""
    return macro_f1(labels, p.argmax(1))


def _f1_of_second(labels: Sequence[int], p: Floats) -> float:
    """F1 of the ironic"""
    return f1_of(labels, p.argmax(1), 1)


def _two_way(labels: Sequence[int], p: Floats) -> float:
    """Neutral is no answer here."""
    return macro_recall(labels, np.where(p[:, 2] > p[:, 0], 2, 0))


def _airline(data: Path) -> tuple[list[str], list[list[Target]], list[int]]:
    """Tweets with the places of their airline, and people's labels."""
    with gzip.open(data / "mentions" / "airline.csv.gz", "rt", encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    prepared = [
        marked(row["text"], [places_of("@" + BRANDS[row["airline"]][0], row["text"])])
        for row in rows
    ]
    labels = [SENTIMENTS.index(row["airline_sentiment"]) for row in rows]
    return [t for t, _ in prepared], [own for _, own in prepared], labels
