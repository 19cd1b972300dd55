"""The models that settings name: their revision, and what the doctor says of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import workers.models
from listening.config import Settings, get_settings
from listening.errors import SettingsError
from tests.nlp import tiny
from workers.jobs.checking import sentiment, vectors
from workers.models import model_revision

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.classifier(tmp_path_factory.mktemp("models") / "german")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("models") / "encoder")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the test alone, and nothing loaded before it."""
    monkeypatch.setenv("LISTENING_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LISTENING_ENGINE_BACKEND", "float32")
    monkeypatch.setenv("LISTENING_MODEL_THREADS", "1")
    caches = (get_settings, workers.models.engine, workers.models.models)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_a_revision_is_told_without_loading(german: Path, encoder: Path, tmp_path: Path) -> None:
    own = model_revision(Settings())
    named = Settings(sentiment_models={"de": str(german)})
    both = Settings(sentiment_models={"de": str(german)}, encoder_model=str(encoder))
    assert model_revision(named).startswith(f"{own} de:")
    assert model_revision(both).startswith(f"{model_revision(named)} vectors:")
    moved = Path(shutil.copytree(german, tmp_path / "moved"))
    assert model_revision(Settings(sentiment_models={"de": str(moved)})) == model_revision(named)
    config = json.loads((moved / "config.json").read_text())
    config["id2label"] = {"0": "positive", "1": "neutral", "2": "negative"}
    (moved / "config.json").write_text(json.dumps(config))
    assert model_revision(Settings(sentiment_models={"de": str(moved)})) != model_revision(named)


def test_what_is_loaded_has_the_revision_that_was_told(
    german: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {"de": str(german), "*": str(german)}
    monkeypatch.setenv("LISTENING_SENTIMENT_MODELS", json.dumps(many))
    monkeypatch.setenv("LISTENING_ENCODER_MODEL", str(encoder))
    loaded = workers.models.models()
    assert loaded.revision == model_revision(get_settings())
    assert loaded.others["de"] is loaded.others["*"]
    assert loaded.dimensions == 16
    found = loaded.analyse(["Der Kaffee war schlecht und wir haben heute wieder Kaffee gekauft"])
    assert found[0].sentiment is not None
    assert found[0].sentiment[0] > 0.9
    assert found[0].vector.shape == (16,)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SENTIMENT_MODELS", '{"de": "/no/such/model"}'), ("ENCODER_MODEL", "/no/such/model")],
)
def test_a_missing_model_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"LISTENING_{variable}", value)
    told = f"LISTENING_{variable}: There is no folder /no/such/model"
    with pytest.raises(SettingsError, match=told):
        model_revision(get_settings())


def test_the_doctor_says_which_model_scores_what(german: Path, tmp_path: Path) -> None:
    two = str(tiny.classifier(tmp_path / "two", ["NEG", "POS"]))
    named = {"de": str(german), "fr": "/no/such/model", "jp": str(german), "*": two}
    found = list(sentiment(Settings(sentiment_models=named)))
    assert [row.state for row in found] == ["ok", "warning", "ok", "failed", "warning"]
    own, every, de, fr, jp = (row.text for row in found)
    assert own.startswith("en, and texts too short to tell: our own model, revision 53aa5117+")
    assert every.startswith(f"every other language: {two}, revision ")
    assert "negative = NEG; neutral = nothing; positive = POS" in every
    assert every.endswith("knows no neutral: every text is negative or positive")
    assert de.startswith(f"de: {german}, revision ")
    assert "negative = negative; neutral = neutral; positive = positive" in de
    assert "fr: /no/such/model" in fr
    assert "There is no folder" in fr
    assert jp.endswith("this language is not told from a text, only where a source declares it")


def test_the_doctor_says_what_is_not_scored() -> None:
    own, every = sentiment(Settings())
    assert (own.state, every.state) == ("ok", "ok")
    assert every.text == 'every other language: marked "not scored: language"'


def test_the_doctor_says_whose_vectors_they_are(encoder: Path) -> None:
    (found,) = vectors(Settings(encoder_model=str(encoder)))
    assert found.state == "ok"
    assert found.text.startswith(f"{encoder}, revision ")
    assert found.text.endswith("16 dimensions, a second pass a text")
