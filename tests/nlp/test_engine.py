"""One pass over texts, with the real model."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from nlp.encoder import WINDOW
from nlp.engine import BACKENDS, MAX_WINDOWS, Engine
from nlp.opinions import analyse

pytestmark = pytest.mark.model

TEXTS = [
    "best crew ever, thank you @user!",
    "they lost my bag again and nobody answers",
    "boarding starts at gate 12",
    "best crew ever, thank you @user!",
    "",
    "so happy with this little machine 😊 " * 3,
]


def test_vectors_are_unit_and_probabilities_sum_to_one(engine: Engine) -> None:
    found = engine.encode(TEXTS)
    assert found.vectors.shape == (6, 384)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert found.sentiment.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)


def test_plain_texts_are_understood(engine: Engine) -> None:
    labels = engine.encode(TEXTS).sentiment.argmax(axis=1)
    assert labels[[0, 1, 2, 5]].tolist() == [2, 0, 1, 2]


def test_results_stand_in_the_order_of_the_texts(engine: Engine) -> None:
    order = list(range(len(TEXTS)))
    random.Random(3).shuffle(order)
    straight, shuffled = engine.encode(TEXTS), engine.encode([TEXTS[i] for i in order])
    assert np.array_equal(straight.vectors[order], shuffled.vectors)


def test_the_same_text_has_the_same_result(engine: Engine) -> None:
    found = engine.encode(TEXTS)
    assert np.array_equal(found.vectors[0], found.vectors[3])


def test_no_texts_are_no_rows(engine: Engine) -> None:
    found = engine.encode([])
    assert found.vectors.shape == (0, 384)
    assert found.sentiment.shape == (0, 3)


def test_the_end_of_a_long_text_counts(engine: Engine) -> None:
    filler = "the table stands in the room near the wall " * 40
    assert len(filler.split()) > WINDOW
    angry = filler + "this is a terrible awful horrible scam " * 20
    vectors = engine.encode([filler, angry]).vectors
    assert float(vectors[0] @ vectors[1]) < 0.99


def test_an_endless_text_is_read_up_to_the_last_window(engine: Engine) -> None:
    words = "word " * (WINDOW * MAX_WINDOWS * 3)
    assert engine.encode([words]).vectors.shape == (1, 384)


def test_progress_adds_up_to_all_texts(engine: Engine) -> None:
    told: list[int] = []
    engine.encode([f"text number {n}" for n in range(300)], progress=told.append)
    assert sum(told) == pytest.approx(300, abs=len(told))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_agrees_with_float32(engine: Engine, backend: str) -> None:
    other = Engine(backend=backend, threads=1).encode(TEXTS[:4])
    cosine = (other.vectors * engine.encode(TEXTS[:4]).vectors).sum(axis=1)
    assert cosine.min() > 0.995


def test_auto_remembers_its_choice(tmp_path: Path) -> None:
    first = Engine(backend="auto", threads=1, cache_dir=tmp_path)
    again = Engine(backend="auto", threads=1, cache_dir=tmp_path)
    assert "texts/s" in first.choice.why
    assert again.choice == first.choice


def test_a_damaged_memory_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text("{")
    assert Engine(threads=1, cache_dir=tmp_path).choice.backend in BACKENDS


def test_another_language_keeps_its_vector_and_is_not_scored(engine: Engine) -> None:
    german, english, bare = analyse(
        engine,
        [
            "Die Maschine ist schon wieder kaputt, danke für nichts",
            "Would recommend it to anyone, you won't regret it",
            "@brand https://x.example",
        ],
    )
    assert (german.language, german.not_scored, german.sentiment) == ("de", "language", None)
    assert np.linalg.norm(german.vector) == pytest.approx(1.0, abs=1e-5)
    assert english.recommends
    assert english.sentiment is not None
    assert english.sentiment[2] > 0.5
    assert bare.not_scored == "no words"
