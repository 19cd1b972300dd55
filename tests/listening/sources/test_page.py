"""`docs/sources.md` is what the sources say of themselves."""

from __future__ import annotations

from pathlib import Path

from listening.sources.page import page
from listening.sources.registry import REGISTRY

PAGE = Path(__file__).parents[3] / "docs" / "sources.md"


def test_the_page_is_up_to_date() -> None:
    written = page(source.spec for source in REGISTRY.values())
    assert PAGE.read_text(encoding="utf-8") == written, "write it anew: make docs"


def test_a_source_is_told_whole() -> None:
    written = page([REGISTRY["x"].spec])
    assert "| [x](#x) | Posts of X" in written
    assert "| a key | yes | no |" in written
    assert "- `LISTENING_X_BEARER_TOKEN`: the bearer token" in written
    assert "| `keep_all` | keep posts" in written
