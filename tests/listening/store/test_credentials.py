"""Credentials that somebody entered: used by sources, overruled by the environment, never shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import select

from listening import logs
from listening.access import Actor, Role
from listening.config import Settings
from listening.errors import ForbiddenError, InvalidError, NotFoundError, SettingsError
from listening.keyring import Keyring
from listening.sources.credentials import credentials, look_up_by, missing
from listening.sources.registry import get_source
from listening.store.session import Store
from listening.store.tables import AuditEntry, Credential
from listening.store.watches.credentials import (
    delete_credential,
    serve_credentials,
    set_credential,
    standing_credentials,
)
from tests.wholestore import places_of

KEY = "LISTENING_YOUTUBE_KEY"
SPEC = get_source("youtube").spec
RITA = Actor(name="rita", everywhere=Role.ADMIN)


@pytest.fixture
def keeping(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Store, Settings]]:
    """A store whose credentials the sources of this process find."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.setattr(logs, "_KEPT", ())
    settings = Settings(
        database_url=SecretStr(store.url), data_dir=tmp_path, secret_key=SecretStr("s" * 40)
    )
    serve_credentials(settings)
    yield store, settings
    look_up_by(None)


def keep(store: Store, settings: Settings, value: str, name: str = KEY) -> None:
    with store.work() as session:
        set_credential(session, RITA, Keyring.of(settings), name, value)


def test_what_is_kept_is_used_and_masked(keeping: tuple[Store, Settings]) -> None:
    store, settings = keeping
    assert missing(SPEC) == [KEY]
    keep(store, settings, " hunter2-hunter2\n")
    assert (missing(SPEC), credentials(SPEC)) == ([], {KEY: "hunter2-hunter2"})
    assert logs.masked("key hunter2-hunter2") == "key ***"
    keep(store, settings, "another-secret")
    assert credentials(SPEC) == {KEY: "another-secret"}
    with store.work() as session:
        delete_credential(session, RITA, KEY)
        with pytest.raises(NotFoundError):
            delete_credential(session, RITA, KEY)
    with pytest.raises(SettingsError, match=r"in \.env, or in the settings"):
        credentials(SPEC)


def test_the_environment_comes_first_then_the_file(
    keeping: tuple[Store, Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = keeping
    keep(store, settings, "from-settings")
    (tmp_path / ".env").write_text(f"{KEY}=from-file\n")
    assert credentials(SPEC)[KEY] == "from-file"
    monkeypatch.setenv(KEY, "from-environment")
    assert credentials(SPEC)[KEY] == "from-environment"
    with store.session() as session:
        (one,) = [own for own in standing_credentials(session) if own.wanted.name == KEY]
    assert (one.from_environment, one.set_by, one.source) == (True, "rita", "youtube")


def test_it_stands_nowhere_in_clear(keeping: tuple[Store, Settings]) -> None:
    store, settings = keeping
    keep(store, settings, "hunter2-hunter2")
    assert places_of(store, "hunter2") == []
    with store.session() as session:
        (row,) = session.exec(select(Credential))
        assert Keyring.of(settings).open("credentials", row.value) == "hunter2-hunter2"
        (entry,) = session.exec(select(AuditEntry))
    assert (entry.by, entry.action, entry.noun_id) == ("rita", "credential.set", KEY)
    assert (entry.before, entry.after) == (None, None)


def test_under_another_secret_it_is_told_without_the_value(
    keeping: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, settings = keeping
    keep(store, settings, "hunter2-hunter2")
    serve_credentials(settings.model_copy(update={"secret_key": SecretStr("t" * 40)}))
    with pytest.raises(SettingsError, match=f"{KEY}: .*another secret") as found:
        credentials(SPEC)
    assert "hunter2" not in str(found.value)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        (KEY, "  ", InvalidError),
        (KEY, "a\nb", InvalidError),
        (KEY, "x" * 4001, InvalidError),
        ("LISTENING_SECRET_KEY", "x", NotFoundError),
    ],
)
def test_what_is_none_is_refused(
    keeping: tuple[Store, Settings], name: str, value: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        keep(*keeping, value, name)


def test_only_who_administers_may(keeping: tuple[Store, Settings]) -> None:
    store, settings = keeping
    brander = Actor(name="bob", everywhere=Role.BRAND)
    with store.work() as session:
        with pytest.raises(ForbiddenError):
            set_credential(session, brander, Keyring.of(settings), KEY, "x")
        with pytest.raises(ForbiddenError):
            delete_credential(session, brander, KEY)


def test_without_a_store_nothing_is_found_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    serve_credentials(Settings(data_dir=tmp_path / "data"))
    assert missing(SPEC) == [KEY]
    assert not (tmp_path / "data").exists()
    look_up_by(None)
