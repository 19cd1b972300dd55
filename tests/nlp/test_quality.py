"""A floor under what the model is worth, on the bundled sample: its writers said what they meant.

The sample is small and fond of irony; `make bench` measures on the public sets.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nlp.engine import Engine
from nlp.evaluate import macro_recall
from nlp.opinions import analyse
from nlp.training.data import places_of
from nlp.types import Target

pytestmark = pytest.mark.model

FLOOR = 0.57  # 0.60 as measured
SAMPLE = Path(__file__).parents[2] / "listening" / "sample"


def labelled() -> tuple[list[str], list[list[Target]], list[int]]:
    """English posts with the one brand they name, and what was meant towards it."""
    meant = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))["posts"]
    texts, targets, labels = [], [], []
    for line in (SAMPLE / "posts.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        own = meant[row["id"]]
        if own["language"] != "en":
            continue
        for brand, label in own["brands"].items():
            if places := places_of(brand, row["text"]):
                texts.append(row["text"])
                targets.append([places])
                labels.append(label + 1)
    return texts, targets, labels


def test_sentiment_towards_a_brand_does_not_fall_below_its_floor(engine: Engine) -> None:
    texts, targets, labels = labelled()
    assert len(texts) > 250
    found = analyse(engine, texts, languages=["en"] * len(texts), targets=targets)
    said = [int(np.argmax(o.towards[0])) for o in found if o.towards[0] is not None]
    assert len(said) == len(texts)
    assert macro_recall(labels, said) > FLOOR
