"""Other people's models, with tiny real ones built on disk."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import RobertaForSequenceClassification

from nlp.engine import Engine
from nlp.errors import ModelError
from nlp.named import OWN, NamedClassifier, NamedEncoder, revision_with, route
from nlp.opinions import analyse
from tests.nlp import tiny

pytestmark = pytest.mark.model

TEXTS = [
    "die maschine ist gut",
    "der kaffee war schlecht und wir haben wieder gekauft",
    "die maschine ist wir",
    "",
    "die maschine ist gut",
    "super!",
    "furchtbar",
]
LABELS = [2, 0, 1, None, 2, 2, 0]


@pytest.fixture(scope="session")
def german_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.classifier(tmp_path_factory.mktemp("models") / "german")


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("models") / "encoder")


@pytest.fixture(scope="session")
def german(german_folder: Path) -> NamedClassifier:
    return NamedClassifier(str(german_folder), threads=1)


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> NamedEncoder:
    return NamedEncoder(str(encoder_folder), threads=1)


@pytest.fixture
def changed(german_folder: Path, tmp_path: Path) -> Path:
    """A copy of the German model to damage."""
    return Path(shutil.copytree(german_folder, tmp_path / "changed"))


def configured(folder: Path, **changes: object) -> Path:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


@pytest.mark.parametrize(
    ("language", "others", "expected"),
    [
        ("en", [], OWN),
        ("de", [], None),
        (None, [], OWN),
        ("de", ["de"], "de"),
        ("fr", ["de"], None),
        ("fr", ["de", "*"], "*"),
        ("de", ["de", "*"], "de"),
        ("en", ["de", "*"], OWN),
        (None, ["de", "*"], OWN),
        ("en", ["en"], "en"),
        (None, ["en"], "en"),
        ("de", ["en"], None),
    ],
)
def test_a_language_has_one_model_or_none(
    language: str | None, others: list[str], expected: str | None
) -> None:
    assert route(language, others) == expected


def test_without_other_models_our_own_is_all() -> None:
    assert (route("en", None), route("de", None)) == (OWN, None)


def test_a_german_model_reads_german(german: NamedClassifier) -> None:
    found = german.probabilities(TEXTS)
    assert (found.shape, found.dtype) == ((7, 3), np.float32)
    assert found.sum(axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    for row, label in zip(found, LABELS, strict=True):
        assert label is None or (row.argmax() == label and row.max() > 0.9)


def test_it_answers_as_the_library_does(german: NamedClassifier, german_folder: Path) -> None:
    from transformers import pipeline

    asked = pipeline("text-classification", model=str(german_folder), top_k=None, device="cpu")
    for answers, row in zip(asked(TEXTS), german.probabilities(TEXTS), strict=True):
        theirs = {answer["label"]: answer["score"] for answer in answers}
        assert row == pytest.approx(
            [theirs["negative"], theirs["neutral"], theirs["positive"]], abs=1e-5
        )


def test_results_stand_in_the_order_of_the_texts(german: NamedClassifier) -> None:
    texts = [f"{'der kaffee ' * (n % 9)} war {w}" for n, w in enumerate(tiny.GOOD + tiny.BAD)]
    order = list(range(len(texts)))
    random.Random(3).shuffle(order)
    straight, shuffled = (
        german.probabilities(texts),
        german.probabilities([texts[i] for i in order]),
    )
    assert np.array_equal(straight[order], shuffled)


def test_the_same_text_has_the_same_result_and_none_has_none(german: NamedClassifier) -> None:
    found = german.probabilities(TEXTS)
    assert np.array_equal(found[0], found[4])
    assert german.probabilities([]).shape == (0, 3)


def test_a_long_text_is_read_in_windows_weighted_by_their_tokens(german: NamedClassifier) -> None:
    # 30 words fill a window of 32 tokens, 6 more are a window of 8.
    head, tail = "gut " * (tiny.POSITIONS - 2), "schlecht " * 6
    whole, first, second = german.probabilities([head + tail, head, tail])
    assert whole == pytest.approx((32 * first + 8 * second) / 40, abs=1e-5)
    assert first[2] > 0.9
    assert second[0] > 0.9


def test_of_an_endless_text_so_much_is_read(german: NamedClassifier) -> None:
    words = "gut " * 2048
    more = words + "schlecht " * 20_000
    assert german.probabilities([more])[0, 2] > 0.9


def test_a_limit_that_only_the_positions_know_is_kept(tmp_path: Path) -> None:
    # RoBERTa counts its positions from behind the padding: 32 of them hold 31 tokens.
    named = NamedClassifier(
        str(tiny.untrained(tmp_path / "roberta", RobertaForSequenceClassification)), threads=1
    )
    head, tail = "gut " * (tiny.POSITIONS - 3), "schlecht " * 6
    whole, first, second = named.probabilities([head + tail, head, tail])
    assert whole == pytest.approx((31 * first + 8 * second) / 39, abs=1e-5)


def test_a_tokenizer_written_in_python_is_cut_the_same_way(tmp_path: Path) -> None:
    named = NamedClassifier(str(tiny.with_python_tokenizer(tmp_path / "python")), threads=1)
    head, tail = "g " * (tiny.POSITIONS - 2), "s " * 6
    whole, first, second = named.probabilities([head + tail, head, tail])
    assert np.abs(first - second).max() > 1e-3
    assert whole == pytest.approx((32 * first + 8 * second) / 40, abs=1e-5)


def test_threads_share_one_model(german_folder: Path, german: NamedClassifier) -> None:
    expected = german.probabilities(TEXTS)
    fresh = NamedClassifier(str(german_folder), threads=1)
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(fresh.probabilities(TEXTS))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(np.array_equal(own, expected) for own in found)


def test_nothing_is_loaded_before_a_fork(german_folder: Path) -> None:
    """What a worker does: import, name the model, fork, and only then read."""
    code = f"""
import multiprocessing, sys
from nlp.named import NamedClassifier
model = NamedClassifier({str(german_folder)!r}, threads=1)
assert not {{"torch", "transformers"}} & set(sys.modules), "loaded too early"
def read(answers):
    answers.put(model.probabilities({TEXTS!r}).argmax(axis=1).tolist())
context = multiprocessing.get_context("fork")
answers = context.Queue()
child = context.Process(target=read, args=(answers,))
child.start()
print(answers.get(timeout=120))
child.join()
"""
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)[:3] == LABELS[:3]


def test_stars_are_added_up(changed: Path, german: NamedClassifier) -> None:
    names = {"0": "1 star", "1": "2 stars", "2": "4 stars"}
    stars = NamedClassifier(str(configured(changed, id2label=names)), threads=1)
    ours, theirs = stars.probabilities(TEXTS), german.probabilities(TEXTS)
    assert ours[:, 0] == pytest.approx(theirs[:, 0] + theirs[:, 1], abs=1e-6)
    assert (ours[:, 1] == 0).all()
    assert np.array_equal(ours[:, 2], theirs[:, 2])


def test_labels_without_meaning_are_given_one(changed: Path, german: NamedClassifier) -> None:
    names = {str(n): f"LABEL_{n}" for n in range(3)}
    configured(changed, id2label=names)
    with pytest.raises(ModelError, match="LISTENING_SENTIMENT_LABELS"):
        NamedClassifier(str(changed))
    given = {"LABEL_0": "negative", "LABEL_1": "neutral", "LABEL_2": "positive"}
    named = NamedClassifier(str(changed), labels=given, threads=1)
    assert np.array_equal(named.probabilities(TEXTS), german.probabilities(TEXTS))


def test_weights_without_a_head_are_not_filled_up_at_random(changed: Path) -> None:
    weights = load_file(str(changed / "model.safetensors"))
    kept = {name: value for name, value in weights.items() if not name.startswith("classifier")}
    save_file(kept, str(changed / "model.safetensors"), {"format": "pt"})
    with pytest.raises(ModelError, match=r"2 are missing \(classifier\.bias \.\.\.\)"):
        NamedClassifier(str(changed)).load()


def test_weights_of_another_size_are_refused(changed: Path) -> None:
    with pytest.raises(ModelError, match=r"changed cannot be loaded"):
        NamedClassifier(str(configured(changed, hidden_size=32))).load()


def test_an_unknown_kind_of_model_is_refused_and_its_code_not_run(changed: Path) -> None:
    code = f"import pathlib; pathlib.Path({str(changed / 'ran')!r}).touch()\nclass Evil: pass\n"
    (changed / "modeling_evil.py").write_text(code)
    auto = {
        "AutoModelForSequenceClassification": "modeling_evil.Evil",
        "AutoConfig": "modeling_evil.Evil",
    }
    configured(changed, model_type="evil", auto_map=auto)
    with pytest.raises(ModelError, match="cannot be loaded"):
        NamedClassifier(str(changed)).load()
    assert not (changed / "ran").exists()


def test_weights_that_are_no_numbers_are_told(changed: Path) -> None:
    weights = load_file(str(changed / "model.safetensors"))
    weights["classifier.weight"].fill_(torch.nan)
    save_file(weights, str(changed / "model.safetensors"), {"format": "pt"})
    with pytest.raises(ModelError, match="answers with what is no number"):
        NamedClassifier(str(changed)).probabilities(["gut"])


def test_a_changed_model_has_another_revision(changed: Path, german: NamedClassifier) -> None:
    assert NamedClassifier(str(changed)).revision == german.revision
    weights = load_file(str(changed / "model.safetensors"))
    weights["classifier.bias"] += 1
    save_file(weights, str(changed / "model.safetensors"), {"format": "pt"})
    assert NamedClassifier(str(changed)).revision != german.revision


def test_what_analyses_are_made_with_names_every_model() -> None:
    assert revision_with("own", {}, None) == "own"
    assert revision_with("own", {"fr": "b", "de": "a"}, None) == "own de:a fr:b"
    assert revision_with("own", {"*": "a"}, "e") == "own *:a vectors:e"


def test_an_encoder_gives_unit_vectors_in_order(encoder: NamedEncoder) -> None:
    found = encoder.encode(TEXTS)
    assert (found.shape, found.dtype, encoder.dimensions) == ((7, 16), np.float32, 16)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    assert np.array_equal(found[0], found[4])
    order = [3, 1, 6, 0, 5, 2, 4]
    assert np.array_equal(encoder.encode([TEXTS[i] for i in order]), found[order])
    assert encoder.encode([]).shape == (0, 16)


def test_an_encoder_answers_as_its_library_does(
    encoder: NamedEncoder, encoder_folder: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(encoder_folder), device="cpu").encode(TEXTS)
    assert encoder.encode(TEXTS) == pytest.approx(theirs, abs=1e-5)


def test_the_end_of_a_long_text_counts_in_its_vector(encoder: NamedEncoder) -> None:
    head, tail = "gut " * (tiny.POSITIONS - 2), "schlecht " * 6
    whole, first, second = encoder.encode([head + tail, head.strip(), tail.strip()])
    expected = 32 * first + 8 * second
    assert whole == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


def test_an_encoder_that_lacks_weights_is_refused(encoder_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(encoder_folder, tmp_path / "encoder"))
    before = NamedEncoder(str(folder)).revision
    (folder / "tokenizer.json").write_text("{}")
    broken = NamedEncoder(str(folder))
    assert broken.revision != before
    with pytest.raises(ModelError, match="cannot be loaded"):
        broken.load()


GERMAN = "Der Kaffee war schlecht und wir haben heute morgen im Laden wieder Kaffee gekauft"
ENGLISH = "The crew was lovely and the flight left on time, thank you so much"
FRENCH = "Le café était vraiment mauvais et nous ne reviendrons plus jamais ici"


def test_each_language_is_read_by_its_model(engine: Engine, german: NamedClassifier) -> None:
    texts = [GERMAN, ENGLISH, FRENCH, "@brand https://x.example"]
    targets = [[[(4, 10)]], [[(4, 8)]], [[(3, 7)]], [[(0, 6)]]]
    alone = analyse(engine, texts, targets=targets)
    found = analyse(engine, texts, targets=targets, others={"de": german})
    assert [own.language for own in found[:3]] == ["de", "en", "fr"]
    assert [own.not_scored for own in alone] == ["language", None, "language", "no words"]
    assert [own.not_scored for own in found] == [None, None, "language", "no words"]
    assert found[0].sentiment == pytest.approx(tuple(german.probabilities([GERMAN])[0]), abs=1e-5)
    assert found[0].sentiment is not None
    assert found[0].sentiment[0] > 0.9
    assert (found[0].emotion, found[0].ironic, found[0].offensive) == (None, None, None)
    assert found[0].towards == (None,)
    assert found[1].sentiment == alone[1].sentiment
    assert found[1].towards == alone[1].towards
    assert found[1].towards[0] is not None
    assert (found[2].sentiment, found[2].emotion, found[2].towards) == (None, None, (None,))
    assert found[3].sentiment is None


def test_one_model_may_read_every_other_language(engine: Engine, german: NamedClassifier) -> None:
    found = analyse(engine, [FRENCH, ENGLISH], others={"*": german})
    assert found[0].sentiment == pytest.approx(tuple(german.probabilities([FRENCH])[0]), abs=1e-5)
    assert found[1].sentiment == pytest.approx(analyse(engine, [ENGLISH])[0].sentiment, abs=1e-5)


def test_a_model_for_english_takes_the_place_of_ours(
    engine: Engine, german: NamedClassifier
) -> None:
    (found,) = analyse(engine, [ENGLISH], targets=[[[(4, 8)]]], others={"en": german})
    assert found.sentiment == pytest.approx(tuple(german.probabilities([ENGLISH])[0]), abs=1e-5)
    assert found.emotion is not None
    assert found.towards == (None,)


def test_another_encoder_gives_the_vectors(engine: Engine, encoder: NamedEncoder) -> None:
    texts = [ENGLISH, GERMAN]
    found = analyse(engine, texts, encoder=encoder)
    assert np.array_equal(np.stack([own.vector for own in found]), encoder.encode(texts))
    assert found[0].sentiment == analyse(engine, texts)[0].sentiment
