"""Cursors come back as they were, and others are refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.routes.paging import decode_cursor, encode_cursor
from listening.errors import InvalidError

PLACE = [0.25, datetime(2026, 9, 1, 8, tzinfo=UTC), 17, None, "naïve ✓"]
KINDS = (float, datetime, int, int, str)


def test_a_cursor_comes_back() -> None:
    cursor = encode_cursor(PLACE)
    assert set(cursor) <= set(base64.urlsafe_b64encode(bytes(range(256))).decode() + "-_")
    assert decode_cursor(cursor, KINDS) == PLACE
    assert decode_cursor(None, KINDS) is None
    assert decode_cursor("", KINDS) is None


def cursor_of(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "!", "AAAA", cursor_of(3), cursor_of([1]), cursor_of(["x", 1]), cursor_of([1.5, True]),
        cursor_of([1.5, 2**63]), cursor_of([{"t": "2026-01-01"}, 1]), cursor_of([{"x": 1}, 1]),
        cursor_of(["\0", 1]), encode_cursor(PLACE),
    ],
)  # fmt: skip
def test_what_is_no_cursor_of_the_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidError, match="begin again without one") as refused:
        decode_cursor(cursor, (float, int))
    assert refused.value.field == "cursor"


@given(st.text(max_size=60))
def test_nothing_else_is_raised(cursor: str) -> None:
    try:
        found = decode_cursor(cursor, (float, int))
    except InvalidError:
        return
    assert found is None or len(found) == 2
