"""Settings from the environment, and what is said of those that do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from listening.config import Settings, get_settings
from listening.errors import SettingsError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder without a .env, and nothing remembered."""
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_by_default_everything_is_in_one_folder() -> None:
    found = get_settings()
    assert found.store_url == "sqlite:///data/listening.db"
    assert found.embedded_queue
    assert found.folder("cache") == Path("data/cache")
    assert Path("data/cache").is_dir()


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LISTENING_DATA_DIR=from-file\nLISTENING_WEB_PORT=9000\n")
    monkeypatch.setenv("LISTENING_WEB_PORT", "9001")
    found = get_settings()
    assert (found.data_dir, found.web_port) == (Path("from-file"), 9001)


def test_what_does_not_fit_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_WEB_PORT", "http")
    monkeypatch.setenv("LISTENING_STANCE_HALF_LIFE_DAYS", "0")
    with pytest.raises(SettingsError) as caught:
        get_settings()
    assert "LISTENING_WEB_PORT: " in str(caught.value)
    assert "LISTENING_STANCE_HALF_LIFE_DAYS: " in str(caught.value)


def test_models_are_named_by_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_SENTIMENT_MODELS", '{"de": "/models/german ", "*": "house/many"}')
    monkeypatch.setenv("LISTENING_SENTIMENT_LABELS", '{"house/many": {"LABEL_0": "negative"}}')
    monkeypatch.setenv("LISTENING_ENCODER_MODEL", " house/encoder ")
    found = get_settings()
    assert found.sentiment_models == {"de": "/models/german", "*": "house/many"}
    assert found.sentiment_labels == {"house/many": {"LABEL_0": "negative"}}
    assert found.encoder_model == "house/encoder"


def test_a_setting_of_many_may_stand_in_the_file() -> None:
    Path(".env").write_text("""LISTENING_SENTIMENT_MODELS='{"de": "german"}'\n""")
    assert get_settings().sentiment_models == {"de": "german"}


def test_without_a_name_no_other_model_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SENTIMENT_MODELS", "SENTIMENT_LABELS", "ENCODER_MODEL"):
        monkeypatch.setenv(f"LISTENING_{name}", "")
    found = get_settings()
    assert (found.sentiment_models, found.sentiment_labels, found.encoder_model) == ({}, {}, None)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SENTIMENT_MODELS", '{"de": "x"', r"MODELS: not JSON \(.*docs/models\.md"),
        ("SENTIMENT_MODELS", "german", r"MODELS: not JSON \(.*docs/models\.md"),
        ("SENTIMENT_MODELS", '["german"]', "MODELS: Input should be a valid dictionary"),
        ("SENTIMENT_MODELS", '{"de": 3}', r"MODELS \(de\): Input should be a valid string"),
        ("SENTIMENT_MODELS", '{"deu": "x"}', 'MODELS: "deu" is no language: a code of two small'),
        ("SENTIMENT_MODELS", '{"DE": "x"}', 'MODELS: "DE" is no language'),
        ("SENTIMENT_MODELS", '{"de": " "}', 'MODELS: "de" names no model'),
        ("SENTIMENT_LABELS", '{"x": {"a": "positive"}}', 'LABELS: "x" is not named in LISTENING_'),
        (
            "SENTIMENT_LABELS",
            '{"x": {"a": "bad"}}',
            r"LABELS \(x > a\): Input should be 'negative'",
        ),
        ("SENTIMENT_LABELS", "{", r"LABELS: not JSON"),
    ],
)
def test_named_models_that_do_not_fit_are_told(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"LISTENING_{variable}", value)
    with pytest.raises(SettingsError, match="LISTENING_SENTIMENT_" + told):
        get_settings()


def test_models_that_do_not_fit_do_not_blame_their_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_SENTIMENT_MODELS", "{")
    monkeypatch.setenv("LISTENING_SENTIMENT_LABELS", '{"x": {"a": "positive"}}')
    with pytest.raises(SettingsError) as caught:
        get_settings()
    assert "LISTENING_SENTIMENT_MODELS" in str(caught.value)
    assert "LISTENING_SENTIMENT_LABELS" not in str(caught.value)


def test_a_file_that_is_no_text_is_told() -> None:
    Path(".env").write_bytes(b"LISTENING_WEB_HOST=\xff\n")
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8"):
        get_settings()


def test_secrets_are_not_shown() -> None:
    found = Settings(
        database_url="postgresql://ann:hunter2@db/shop", broker_url="redis://:hunter2@queue"
    )
    assert "hunter2" not in repr(found)
    assert "hunter2" not in str(found.model_dump())
    assert found.store_url == "postgresql://ann:hunter2@db/shop"
