"""What a platform wants to know before it lets us in.

Read from the environment, else from .env, else from what somebody entered in the settings
(`listening.store.watches.credentials`), which each process says how to look up.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import Path

from listening.errors import SettingsError
from listening.logs import keep_secret
from listening.sources.base import SourceSpec

_PATH = Path(".env")

LookUp = Callable[[Collection[str]], Mapping[str, str]]
_LOOK_UP: LookUp | None = None  # of this process; None: nothing is kept anywhere


def look_up_by(look_up: LookUp | None) -> None:
    """How this process finds credentials that neither the environment nor .env has."""
    global _LOOK_UP
    _LOOK_UP = look_up


def in_environment(name: str) -> bool:
    """Whether the environment or .env gives a credential."""
    return bool(_value(name))


def credentials(spec: SourceSpec) -> dict[str, str]:
    """The credentials of a source by name; one that may be missing is left out where it is.

    Raises:
        SettingsError: one is missing; says what to get, where, and how to set it.
    """
    found = _found(spec)
    for one in spec.credentials:
        if one.name not in found and not one.optional:
            raise SettingsError(
                f"{spec.name} needs {one.name} ({one.help}"
                + (f"; get it at {one.where}" if one.where else "")
                + "); set it in the environment, in .env, or in the settings."
            )
    for value in found.values():
        keep_secret(value)
    for name, value in found.items():
        if any(unicodedata.category(one) in ("Cc", "Cs") for one in value):
            raise SettingsError(
                f"{name} holds a line break or another character that no credential has; copy it "
                "again."
            )
    return found


def missing(spec: SourceSpec) -> list[str]:
    """Names of the credentials that a source cannot do without and that are not set."""
    found = _found(spec)
    return [one.name for one in spec.credentials if not one.optional and one.name not in found]


def _found(spec: SourceSpec) -> dict[str, str]:
    found = {one.name: value for one in spec.credentials if (value := _value(one.name))}
    wanted = [one.name for one in spec.credentials if one.name not in found]
    if wanted and _LOOK_UP is not None:
        found |= {name: value for name, value in _LOOK_UP(wanted).items() if value}
    return found


def _value(name: str) -> str:
    return (os.environ.get(name) or _file().get(name) or "").strip()


def _file() -> Mapping[str, str | None]:
    """What .env says now: a worker need not be started again for a new key."""
    try:
        stat = _PATH.stat()
    except OSError:
        return {}
    return _read(_PATH.resolve(), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int, _size: int) -> Mapping[str, str | None]:
    from dotenv import dotenv_values

    try:
        return dotenv_values(path, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{path} cannot be read: {why}.") from None
