"""Killed at moments nobody chose, the service ends where an undisturbed one does.

The short form; `python -m tests.benchmarks kills` is the long one, with 20,000 posts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from listening import sample
from listening.store.session import Store
from tests.functional.killing import Trial
from tests.functional.outcome import ENTERED, KEYS, RUNNING, SEGMENTS, Outcome, differences
from tests.redis_server import RedisServer

pytestmark = [
    pytest.mark.model,
    pytest.mark.server,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc"),
]

BRANDS = [("Brindlecup", "brindlecup*"), ("Mokkaro", "mokkaro*"), ("Steamwright", "steamwright*")]
KILLS = 6
BROKEN = '{"id": "broken", "text": \n'


def test_every_table_is_compared_or_said_not_to_be() -> None:
    assert {table.name for table in SQLModel.metadata.sorted_tables} == {
        *KEYS,
        *RUNNING,
        *ENTERED,
        *SEGMENTS,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled sample in two files, one with a row that cannot be read."""
    folder = tmp_path_factory.mktemp("posts")
    lines = sample.POSTS.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "first.jsonl").write_text("".join(lines[:500]), encoding="utf-8")
    (folder / "second.jsonl").write_text(BROKEN + "".join(lines[500:]), encoding="utf-8")
    for file in folder.iterdir():
        os.utime(file, (1_000_000_000, 1_000_000_000))  # left alone for long enough
    return folder


POSTS = len(sample.POSTS.read_text(encoding="utf-8").splitlines())


def trial(work: Path, folder: Path, **more: Any) -> Trial:
    return Trial(work, folder, BRANDS, POSTS, between=(0.2, 4.0), **more)


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """What comes out where nothing is killed, and the caches that others may have."""
    work = tmp_path_factory.mktemp("undisturbed")
    return trial(work, folder).outcome(), work / "data" / "cache"


def test_embedded(undisturbed: tuple[Outcome, Path], folder: Path, tmp_path: Path) -> None:
    expected, cache = undisturbed
    assert len(expected["post"]) == POSTS
    assert len(expected["quarantined_row"]) == 1
    found = trial(tmp_path, folder, kills=KILLS, cache=cache).outcome()
    assert differences(expected, found) == []


def test_on_redis_and_postgresql(
    undisturbed: tuple[Outcome, Path],
    folder: Path,
    tmp_path: Path,
    redis: RedisServer,
    postgresql: Any,
) -> None:
    expected, cache = undisturbed
    url = postgresql.create(migrated=False)
    found = trial(tmp_path, folder, kills=KILLS, redis=redis, url=url, cache=cache).outcome()
    assert differences(expected, found) == []
    postgresql.drop(Store(url))
