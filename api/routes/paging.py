"""Cursors: where a list goes on, opaque to whoever sends them back."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query

from listening.errors import InvalidError

# Beyond these the store's own integers end.
BIGGEST_ID = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=BIGGEST_ID)]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows of one page.")]


def encode_cursor(place: Sequence[Any]) -> str:
    """The sort values of the last row, as a cursor; times and numbers come back as they were."""
    values = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in place]
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, kinds: Sequence[type | tuple[type, ...]]) -> list[Any] | None:
    """The sort values in a cursor; None where there is none.

    Args:
        cursor: as it was sent.
        kinds: of each value, such as (float, int); None is let through.

    Raises:
        InvalidError: not one of ours, or of another list.
    """
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = [_value(v) for v in json.loads(raw)]
        if len(values) != len(kinds):
            raise ValueError
        for value, kind in zip(values, kinds, strict=True):
            if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
                raise ValueError
            if isinstance(value, int) and abs(value) >= 2**63:
                raise ValueError
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError, RecursionError):
        raise InvalidError(
            "This cursor is not of this list: begin again without one.", field="cursor"
        ) from None
    return values


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        found = datetime.fromisoformat(value["t"]) if set(value) == {"t"} else None
        if found is None or found.tzinfo is None:
            raise ValueError
        return found
    if isinstance(value, str) and "\x00" in value:
        raise ValueError
    return value
