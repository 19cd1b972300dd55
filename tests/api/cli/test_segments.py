"""`listening segments`: lists, the past, and what people decide, as a person types it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listening.store.schema import migrate
from listening.store.segments.finishing import Told
from listening.store.session import Store
from listening.store.tables import LineageEvent
from tests.api.cli.conftest import Run
from tests.factories import load, post
from tests.segmented import run_of


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """The store that the program opens."""
    (tmp_path / "data").mkdir()
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    migrate(store)
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(1, 5)))
    yield store
    store.close()


@pytest.fixture
def segments(kept: Store) -> dict[str, int]:
    """Two runs: tea lost an author to jazz, and rail came."""
    one = run_of(kept, "f1", {"tea": ["a1", "a2", "a3"], "jazz": ["a4"]})
    events = [
        Told(event=LineageEvent.CONTINUED, segment_id=one["tea"], shared=2, left=1, moved=0.125),
        Told(event=LineageEvent.CONTINUED, segment_id=one["jazz"], shared=1),
        Told(event=LineageEvent.SPLIT, segment_id=3, other_id=one["tea"], shared=1),
    ]
    clusters = {"tea": ["a1", "a2"], "jazz": ["a4"], "rail": ["a3"]}
    return run_of(kept, "f2", clusters, same=one, events=events)


def rows(listening: Run, *words: str) -> Any:
    return json.loads(listening("segments", *words, "--json").stdout)


def test_the_list_is_as_before_and_a_command_of_its_own(
    listening: Run, segments: dict[str, int]
) -> None:
    found = rows(listening)
    assert [(row["segment_id"], row["name"], row["authors"]) for row in found] == [
        (1, "tea", 2), (2, "jazz", 1), (3, "rail", 1),
    ]  # fmt: skip
    assert rows(listening, "list") == found
    assert "segment id" in listening("segments").stdout


def test_without_a_run_it_says_what_to_do(listening: Run, kept: Store) -> None:
    assert "No segmentation yet: run `listening analyse`" in listening("segments").stdout
    assert rows(listening, "history") == rows(listening, "lineage") == []


def test_show(listening: Run, segments: dict[str, int]) -> None:
    row = rows(listening, "show", "tea")
    assert {name: row[name] for name in ("segment_id", "authors", "share", "keywords")} == {
        "segment_id": 1, "authors": 2, "share": 0.5, "keywords": ["tea"],
    }  # fmt: skip
    assert "Keywords: tea" in listening("segments", "show", "1").stdout
    failed = listening("segments", "show", "opera", check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: No segment opera: `listening segments` lists")


def test_history_of_all_runs_and_of_one_segment(listening: Run, segments: dict[str, int]) -> None:
    found = rows(listening, "history")
    assert [(row["segments"], row["authors"], row["split"]) for row in found] == [
        (3, 4, 1), (2, 4, 0),
    ]  # fmt: skip
    assert [row["size"] for row in rows(listening, "history", "tea")] == [2, 3]
    assert "Segment tea, run by run" in listening("segments", "history", "tea").stdout


def test_lineage_of_the_run_and_of_one_segment(listening: Run, segments: dict[str, int]) -> None:
    told = [(row["event"], row["name"], row["other"]) for row in rows(listening, "lineage")]
    assert told == [
        ("continued", "tea", ""), ("continued", "jazz", ""), ("split", "rail", "tea"),
    ]  # fmt: skip
    assert [row["event"] for row in rows(listening, "lineage", "tea")] == ["split", "continued"]
    assert "What became of tea" in listening("segments", "lineage", "tea").stdout


def test_what_people_decide(listening: Run, segments: dict[str, int]) -> None:
    assert listening("segments", "rename", "tea", "Tea people").stdout == (
        "Segment 1 is named Tea people.\n"
    )
    assert "rail (3) is part of Tea people (1);" in (
        listening("segments", "merge", "rail", "tea people").stdout
    )
    assert [(r["name"], r["authors"]) for r in rows(listening)] == [("Tea people", 3), ("jazz", 1)]
    assert rows(listening, "show", "rail")["merged_into"] == 1
    refused = listening("segments", "pin", "rail", check=False)
    assert refused.stderr.startswith("Error: Segment 3 (rail) is part of 1: name that one, or")
    listening("segments", "unmerge", "rail")
    assert listening("segments", "pin", "jazz").stdout == "jazz (2) is kept by every run.\n"
    assert rows(listening, "show", "jazz")["pinned"] is True
    assert listening("segments", "unpin", "jazz").stdout == "jazz (2) is no longer pinned.\n"
    assert listening("segments", "hide", "jazz").stdout == "jazz (2) is hidden in lists.\n"
    assert [r["name"] for r in rows(listening)] == ["Tea people", "rail"]
    assert [r["name"] for r in rows(listening, "--all")] == ["Tea people", "jazz", "rail"]
    listening("segments", "unhide", "jazz")
    assert listening("segments", "rename", "1").stdout == "Segment 1 is named tea.\n"
