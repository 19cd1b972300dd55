"""How a watch says in which way tables of posts are read: as the options of `listening import`."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from listening.errors import SettingsError
from listening.importing import FIELDS, PRESETS
from listening.importing.fields import ALIASES
from listening.sources.base import SourceSetting

READING = (
    SourceSetting(name="map", help="field to column, as --map of `import`", kind="table"),
    SourceSetting(name="preset", help="a known export, as of `import`"),
    SourceSetting(name="source", help="name of the source the posts came from"),
    SourceSetting(name="encoding", help="of the text; none: detected"),
    SourceSetting(name="delimiter", help="of columns; none: detected"),
    SourceSetting(name="day_first", help="how 03/04/2026 is read; none: detected", kind="flag"),
    SourceSetting(
        name="all_mentions",
        help="every row is about the brand, named or not",
        kind="flag",
        default=False,
    ),
)

_OPTIONS = ("preset", "source", "encoding", "delimiter", "day_first")


def check_reading(name: str, params: Mapping[str, Any]) -> None:
    """Refuse what could never be read, as far as that can be told before there is a table.

    Args:
        name: of the source, for the message.
        params: of the watch.

    Raises:
        SettingsError: there is no such preset, field, encoding or delimiter.
    """
    preset = params.get("preset")
    if preset is not None and preset.casefold() not in PRESETS:
        raise SettingsError(
            f"{name}: preset: there is no {preset!r}; there are {', '.join(PRESETS)}."
        )
    for field in params.get("map", {}):
        if ALIASES.get(field, field) not in FIELDS:
            raise SettingsError(
                f"{name}: map: there is no field {field!r}; fields: {', '.join(FIELDS)}."
            )
    encoding = params.get("encoding")
    if encoding is not None and not _is_encoding(encoding):
        raise SettingsError(
            f"{name}: encoding: there is no {encoding!r}; usual ones are utf-8, utf-16, cp1252."
        )
    delimiter = params.get("delimiter")
    if delimiter not in (None, "tab", "\\t") and len(delimiter) != 1:
        raise SettingsError(
            f"{name}: delimiter: {delimiter!r} cannot separate columns; it is one character, "
            "usually , or ; or | or tab."
        )


def reading_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options of `open_table` that a watch names."""
    return {"mapping": params.get("map"), **{name: params.get(name) for name in _OPTIONS}}


def in_settings(message: str) -> str:
    """A message of the importing that names its options, with those of a watch instead."""
    for option, setting in (
        ("--map ", "--set map."),
        ("--source", "--set source=..."),
        ("--encoding", "--set encoding="),
    ):
        message = message.replace(option, setting)
    return message


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
        "".encode(name)  # refuses codecs from bytes to bytes
    except (LookupError, ValueError):
        return False
    return True
