"""Reading the public data sets that heads are trained and judged on."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.text import for_model
from nlp.types import SENTIMENTS


@dataclass(frozen=True, slots=True)
class Labelled:
    """n texts, as the models want them, with labels as positions in `SENTIMENTS`."""

    texts: list[str]
    labels: list[int]


def semeval_sentiment(folder: Path, *, without: Sequence[str] = ()) -> Labelled:
    """SemEval-2017 task 4 A, the 2013 to 2016 splits.

    Args:
        folder: holds sentiment/semeval_a.csv.gz with the columns label and text.
        without: validation texts; the same text is left out of what is returned.
    """
    held_out = {comparable(text) for text in without}
    path = folder / "sentiment" / "semeval_a.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [(for_model(r["text"]), r["label"]) for r in csv.DictReader(file)]
    kept = [(text, label) for text, label in rows if comparable(text) not in held_out]
    return Labelled([t for t, _ in kept], [SENTIMENTS.index(label) for _, label in kept])


def tweeteval_validation(folder: Path) -> Labelled:
    """TweetEval's sentiment validation split, 2,000 tweets."""
    base = folder / "tweeteval" / "sentiment"
    texts = (base / "val_text.txt").read_text(encoding="utf-8").split("\n")
    labels = (base / "val_labels.txt").read_text(encoding="utf-8").split("\n")
    pairs = [(for_model(t), int(y)) for t, y in zip(texts, labels, strict=True) if y]
    return Labelled([t for t, _ in pairs], [y for _, y in pairs])


def comparable(text: str) -> str:
    """A text stripped to its letters and digits, to find it again in another data set."""
    return re.sub(r"\W+", "", for_model(text).casefold())
