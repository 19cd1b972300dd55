"""One pass over texts, with the real model."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from nlp.engine import MAX_WINDOWS, Engine, batches
from nlp.opinions import analyse
from nlp.runners import Backend
from nlp.text import marked
from nlp.tokens import WINDOW, Window
from nlp.types import Target

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
    found = engine.read(TEXTS)
    assert found.vectors.shape == (6, 384)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert {name: p.shape for name, p in found.heads.items()} == {
        "sentiment": (6, 3),
        "emotion": (6, 4),
        "irony": (6, 2),
        "offensive": (6, 2),
    }
    for p in found.heads.values():
        assert p.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert found.towards == [[]] * 6


def test_plain_texts_are_understood(engine: Engine) -> None:
    labels = engine.read(TEXTS).heads["sentiment"].argmax(axis=1)
    assert labels[[0, 1, 2, 5]].tolist() == [2, 0, 1, 2]


def test_results_stand_in_the_order_of_the_texts(engine: Engine) -> None:
    order = list(range(len(TEXTS)))
    random.Random(3).shuffle(order)
    straight, shuffled = engine.read(TEXTS), engine.read([TEXTS[i] for i in order])
    assert np.array_equal(straight.vectors[order], shuffled.vectors)
    assert np.array_equal(straight.heads["emotion"][order], shuffled.heads["emotion"])


def test_the_same_text_has_the_same_result(engine: Engine) -> None:
    found = engine.read(TEXTS)
    assert np.array_equal(found.vectors[0], found.vectors[3])


def test_no_texts_are_no_rows(engine: Engine) -> None:
    found = engine.read([])
    assert found.vectors.shape == (0, 384)
    assert found.heads["sentiment"].shape == (0, 3)
    assert found.towards == []


def test_the_end_of_a_long_text_counts(engine: Engine) -> None:
    filler = "the table stands in the room near the wall " * 40
    assert len(filler.split()) > WINDOW
    angry = filler + "this is a terrible awful horrible scam " * 20
    vectors = engine.read([filler, angry]).vectors
    assert float(vectors[0] @ vectors[1]) < 0.99


def test_an_endless_text_is_read_up_to_the_last_window(engine: Engine) -> None:
    words = "word " * (WINDOW * MAX_WINDOWS * 3)
    assert engine.read([words]).vectors.shape == (1, 384)


def test_progress_adds_up_to_all_texts(engine: Engine) -> None:
    told: list[int] = []
    engine.read([f"text number {n}" for n in range(300)], progress=told.append)
    assert sum(told) == pytest.approx(300, abs=len(told))


def test_batches_hold_what_they_may_and_lose_nothing() -> None:
    windows = [Window(n, [0] * length) for n, length in enumerate([3] * 900 + [200] * 25)]
    cut = batches(windows)
    assert [w.owner for batch in cut for w in batch] == list(range(925))
    assert max(len(batch) * len(batch[-1].ids) for batch in cut) <= 2048


def ask(engine: Engine, text: str, *names: str) -> list[tuple[float, float, float] | None]:
    """Sentiment towards the first place of each name."""
    at = [[(text.index(name), text.index(name) + len(name))] for name in names]
    prepared, targets = marked(text, at)
    (towards,) = engine.read([prepared], [targets]).towards
    return towards


def between(engine: Engine) -> float:
    """How much better one of two brands in one post comes off, of -2 to 2."""
    text = "Delta was fantastic today, so grateful! United on the other hand is terrible, I hate it"
    delta, united = ask(engine, text, "Delta", "United")
    assert delta is not None
    assert united is not None
    return (delta[2] - delta[0]) - (united[2] - united[0])


def test_two_brands_in_one_post_are_two_things(engine: Engine) -> None:
    # A tendency only: see the known failures in models/README.md.
    assert between(engine) > 0.08


@pytest.mark.xfail(strict=True, reason="opinion model revision 2 barely tells two brands apart")
def test_two_brands_in_one_post_are_told_apart(engine: Engine) -> None:
    assert between(engine) > 0.15


def test_the_same_text_asked_about_different_targets(engine: Engine) -> None:
    text = "Delta was fantastic today, so grateful! United on the other hand is terrible, I hate it"
    delta: Target = [(0, 5)]
    united: Target = [(40, 46)]
    found = engine.read([text, text, text], [[delta], [united, delta], []])
    assert found.towards[0][0] == found.towards[1][1]
    assert found.towards[1][0] != found.towards[1][1]
    assert found.towards[2] == []
    assert np.array_equal(found.vectors[0], found.vectors[2])


def test_a_target_beyond_what_is_read_has_no_answer(engine: Engine) -> None:
    text = "word " * (WINDOW * MAX_WINDOWS * 2) + "United"
    found = engine.read([text], [[[(len(text) - 6, len(text))], []]])
    assert found.towards == [[None, None]]


def test_a_target_late_in_a_long_text_is_found(engine: Engine) -> None:
    text = "the table stands in the room. " * 60 + "I hate United so much, terrible awful company"
    (answer,) = ask(engine, text, "United")
    assert answer is not None
    assert answer[0] > 0.5


def test_threads_share_an_engine(engine: Engine) -> None:
    wanted = engine.read(TEXTS).heads["sentiment"]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: engine.read(TEXTS).heads["sentiment"], range(8)):
            assert np.array_equal(found, wanted)


@pytest.mark.parametrize("backend", ["bfloat16", "openvino-float32", "openvino-bfloat16"])
def test_every_backend_agrees_with_float32(engine: Engine, backend: Backend) -> None:
    own, other = engine.read(TEXTS[:4]), Engine(backend=backend, threads=1).read(TEXTS[:4])
    assert (own.vectors * other.vectors).sum(axis=1).min() > 0.995
    assert np.abs(own.heads["sentiment"] - other.heads["sentiment"]).max() < 0.05


def test_auto_remembers_its_choice(tmp_path: Path) -> None:
    first = Engine(backend="auto", threads=1, cache_dir=tmp_path)
    again = Engine(backend="auto", threads=1, cache_dir=tmp_path)
    assert "texts/s" in first.choice.why
    assert again.choice == first.choice


def test_another_language_keeps_its_vector_and_is_not_scored(engine: Engine) -> None:
    german, english, bare = analyse(
        engine,
        [
            "Die Maschine ist schon wieder kaputt, danke für nichts",
            "Would recommend it to anyone, you won't regret it",
            "@brand https://x.example",
        ],
        targets=[[[(4, 12)]], [], []],
    )
    assert (german.language, german.not_scored, german.sentiment) == ("de", "language", None)
    assert (german.emotion, german.ironic, german.offensive) == (None, None, None)
    assert german.towards == (None,)
    assert np.linalg.norm(german.vector) == pytest.approx(1.0, abs=1e-5)
    assert english.recommends
    assert english.sentiment is not None
    assert english.sentiment[2] > 0.5
    assert bare.not_scored == "no words"
