"""What a source is told, as a form has it: a table is one NAME=VALUE a line, a flag yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from api.web.forms import text_of
from listening.errors import InvalidError
from listening.sources.base import SourceSetting

LONGEST = 20_000


def params_of(form: FormData, settings: tuple[SourceSetting, ...]) -> dict[str, Any]:
    """What was filled in; what is blank is as the source has it.

    Raises:
        InvalidError: a line of a table is none.
    """
    found: dict[str, Any] = {}
    for one in settings:
        value = text_of(form, f"set-{one.name}", LONGEST)
        if one.kind == "table" and value:
            pairs = [line.partition("=") for line in value.splitlines() if line.strip()]
            if any(not equals for _, equals, _ in pairs):
                raise InvalidError(f"{one.name}: write NAME=VALUE, one a line.", field=one.name)
            found[one.name] = {name.strip(): own.strip() for name, _, own in pairs}
        elif value:
            found[one.name] = value
    return found


def fields_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of a watch, to be filled in already."""
    return {f"set-{name}": value for name, value in written(params).items()}


def written(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of a watch as a person writes them."""
    return {name: _written(value) for name, value in params.items()}


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}={own}" for name, own in value.items())
    return str(value)
