"""Keys made from one secret: what signs cookies, and what encrypts credentials where they are kept.

The secret is LISTENING_SECRET_KEY, or a file in the data folder that only its owner reads, made
when first needed. Whoever has it and the store has everything in the store; whoever has only
the store (a backup) has no credential and can sign nobody in.
"""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from listening.config import Settings
from listening.errors import SettingsError

_FILE = "secret.key"
_LEAST = 32  # characters


class Keyring:
    """Keys for purposes, each of its own; the same secret gives the same keys.

    Args:
        secret: at least 32 bytes that nobody guesses.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def of(cls, settings: Settings) -> Keyring:
        """The keyring of this service.

        Raises:
            SettingsError: the secret is too short, or its file cannot be read or made.
        """
        if settings.secret_key is not None:
            return cls(_checked(settings.secret_key.get_secret_value(), "LISTENING_SECRET_KEY"))
        return cls(_from_file(settings.folder(".") / _FILE))

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF, RFC 5869)."""
        derive = HKDF(
            algorithm=SHA256(), length=32, salt=None, info=f"listening {purpose}".encode()
        )
        return derive.derive(self._secret)

    def fernet(self, purpose: str) -> Fernet:
        """What encrypts for one purpose."""
        return Fernet(base64.urlsafe_b64encode(self.key(purpose)))

    def open(self, purpose: str, sealed: str) -> str:
        """What was encrypted for a purpose.

        Raises:
            SettingsError: by another secret than this one.
        """
        try:
            return self.fernet(purpose).decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SettingsError(
                "What is kept encrypted was encrypted under another secret: set "
                f"LISTENING_SECRET_KEY (or {_FILE} in the data folder) to what it was, or enter "
                "it again."
            ) from None

    def seal(self, purpose: str, value: str) -> str:
        """A value encrypted for a purpose."""
        return self.fernet(purpose).encrypt(value.encode()).decode()


def _checked(secret: str, name: str) -> bytes:
    if len(secret.strip()) < _LEAST:
        raise SettingsError(
            f"{name} is too short: write at least {_LEAST} random characters, such as "
            '`python -c "import secrets; print(secrets.token_urlsafe(48))"` gives.'
        )
    return secret.strip().encode()


@lru_cache(maxsize=16)
def _from_file(path: Path) -> bytes:
    with suppress(FileExistsError):  # made already, perhaps by another process just now
        _make(path)
    try:
        return _checked(path.read_text(encoding="ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The secret in {path} cannot be read: {error}") from None


def _make(path: Path) -> None:
    """Make the file whole or not at all, so that another process never reads half of it."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secrets.token_urlsafe(48).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        os.link(draft, path)  # fails where another was first
    except FileExistsError:
        raise
    except OSError as error:
        raise SettingsError(
            f"The secret {path} cannot be made ({error.strerror}): set LISTENING_SECRET_KEY."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
