"""One engine for all tests that need the real model."""

from __future__ import annotations

import pytest

from nlp.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The real encoder and head in float32: the same on every processor."""
    return Engine(backend="float32", threads=1)
