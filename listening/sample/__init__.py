"""The bundled sample: invented brands, written posts, and what should come of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
POSTS = FOLDER / "posts.jsonl"


def expected() -> dict[str, Any]:
    """The labels that came with the posts; see README.md beside this file."""
    found: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return found


def brands() -> dict[str, dict[str, Any]]:
    """The sample's brands by name: query and own accounts."""
    found: dict[str, dict[str, Any]] = expected()["brands"]
    return found
