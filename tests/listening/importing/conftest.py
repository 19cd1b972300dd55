"""Files written by the tests themselves, and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from listening.importing import BadRow, Table
from listening.sources.base import RawPost

Write = Callable[..., Path]
Split = Callable[..., tuple[list[RawPost], list[BadRow]]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text (in an encoding) or bytes to a file."""

    def write(content: str | bytes, name: str = "posts.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture
def split() -> Split:
    """Read a whole table: posts here, bad rows there."""

    def split(table: Table, **options: int) -> tuple[list[RawPost], list[BadRow]]:
        posts: list[RawPost] = []
        bad: list[BadRow] = []
        for row in table.rows(**options):
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                posts.append(row)
        return posts, bad

    return split
