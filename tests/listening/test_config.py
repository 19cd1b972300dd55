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
