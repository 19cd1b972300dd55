"""What a platform wants to know before it lets us in, read from the environment or .env."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache

from listening.errors import SettingsError
from listening.logs import keep_secret
from listening.sources.base import SourceSpec


def credentials(spec: SourceSpec) -> dict[str, str]:
    """The credentials of a source by name; one that may be missing is left out where it is.

    Raises:
        SettingsError: one is missing; says what to get, where, and how to set it.
    """
    found = {one.name: value for one in spec.credentials if (value := _value(one.name))}
    for one in spec.credentials:
        if one.name not in found and not one.optional:
            raise SettingsError(
                f"{spec.name} needs {one.name} ({one.help}"
                + (f"; get it at {one.where}" if one.where else "")
                + "); set it in the environment or in .env."
            )
    for value in found.values():
        keep_secret(value)
    return found


def missing(spec: SourceSpec) -> list[str]:
    """Names of the credentials that a source cannot do without and that are not set."""
    return [one.name for one in spec.credentials if not one.optional and not _value(one.name)]


def _value(name: str) -> str:
    return (os.environ.get(name) or _file().get(name) or "").strip()


@lru_cache(maxsize=1)
def _file() -> Mapping[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(".env")
