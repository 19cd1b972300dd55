"""Keys made from one secret."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from listening.config import Settings
from listening.errors import SettingsError
from listening.keyring import Keyring, _from_file

SECRET = "0123456789abcdef0123456789abcdef"


def settings(folder: Path, secret: str | None = None) -> Settings:
    _from_file.cache_clear()
    return Settings(
        data_dir=folder,
        secret_key=SecretStr(secret) if secret else None,
        _env_file=None,  # type: ignore[call-arg]
    )


def test_a_key_for_each_purpose() -> None:
    ring = Keyring(SECRET.encode())
    assert ring.key("cookie") == Keyring(SECRET.encode()).key("cookie")
    assert len({ring.key("cookie"), ring.key("forms"), Keyring(b"x" * 32).key("cookie")}) == 3
    # HKDF-SHA256 without salt, info "listening cookie", 32 bytes: worked out with hmac alone.
    assert ring.key("cookie").hex() == expected(SECRET.encode(), b"listening cookie")


def expected(secret: bytes, info: bytes) -> str:
    import hashlib
    import hmac

    drawn = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(drawn, info + b"\x01", hashlib.sha256).hexdigest()


def test_what_is_sealed_is_opened_by_the_same_secret_and_purpose_alone() -> None:
    ring = Keyring(SECRET.encode())
    sealed = ring.seal("credentials", "s3cret ✓")
    assert "s3cret" not in sealed
    assert ring.open("credentials", sealed) == "s3cret ✓"
    for other, purpose in ((ring, "cookie"), (Keyring(b"x" * 32), "credentials")):
        with pytest.raises(SettingsError, match="under another secret"):
            other.open(purpose, sealed)


def test_a_file_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = {one.key("x") for one in threads.map(Keyring.of, [settings(tmp_path)] * 16)}
    assert len(made) == 1
    path = tmp_path / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret.key"]
    assert {Keyring.of(settings(tmp_path)).key("x")} == made


def test_the_setting_comes_before_the_file(tmp_path: Path) -> None:
    assert Keyring.of(settings(tmp_path, SECRET)).key("x") == Keyring(SECRET.encode()).key("x")
    assert not (tmp_path / "secret.key").exists()


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LISTENING_SECRET_KEY is too short"):
        Keyring.of(settings(tmp_path, "short"))
    (tmp_path / "secret.key").write_text("short")
    with pytest.raises(SettingsError, match=r"secret\.key is too short"):
        Keyring.of(settings(tmp_path))
