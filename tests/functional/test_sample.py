"""The main job on the bundled sample, as `make demo` runs it, against what its writers expected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import sample
from listening.config import Settings
from listening.store.brands.brands import get_brand
from listening.store.rows import case_rows, membership_rows, mention_rows, segment_rows, stance_rows
from listening.store.session import Store
from listening.store.tables import StanceKind

pytestmark = [pytest.mark.model]

LISTENING = Path(sys.executable).parent / "listening"
ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LISTENING, *words],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ
        | {
            "LISTENING_DATA_DIR": str(folder),
            "NUMBA_CACHE_DIR": str(ROOT / "data/cache/numba"),
            "COLUMNS": "160",
        },
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def shown(folder: Path) -> str:
    """What `listening demo` prints."""
    done = run(folder, "demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def store(shown: str, folder: Path) -> Iterator[Store]:
    opened = Store.from_settings(Settings(data_dir=folder))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return sample.expected()


def test_the_demo_shows_the_result_and_where_the_pages_are(shown: str) -> None:
    for title in ("Brands (", "Segments of", "Top advocates", "Top detractors", "Most urgent"):
        assert title in shown
    assert "http://127.0.0.1:8765/" in shown


def test_a_second_demo_finds_its_work_done(shown: str, folder: Path) -> None:
    again = run(folder, "demo", "--no-serve").stdout
    assert again.splitlines()[:30] == shown.splitlines()[:30]


def test_every_mention_is_found_and_no_other(store: Store, expected: dict[str, Any]) -> None:
    with store.session() as session:
        found = {(row["native_id"], row["brand"]) for row in mention_rows(session)}
    wanted = {
        (native, brand) for native, said in expected["posts"].items() for brand in said["brands"]
    }
    assert found == wanted


def test_another_language_is_never_scored(store: Store, expected: dict[str, Any]) -> None:
    with store.session() as session:
        rows = list(mention_rows(session))
    foreign = [
        r for r in rows if expected["posts"][r["native_id"]]["language"] not in {"en", "und"}
    ]
    assert len(foreign) > 50
    assert [r["text"] for r in foreign if r["sentiment"] is not None] == []


def test_sentiment_is_right_more_often_than_not(store: Store, expected: dict[str, Any]) -> None:
    right: dict[int, list[bool]] = defaultdict(list)
    value = {"negative": -1, "neutral": 0, "positive": 1}
    with store.session() as session:
        for row in mention_rows(session):
            if row["sentiment"] is not None:
                label = expected["posts"][row["native_id"]]["brands"][row["brand"]]
                right[label].append(value[row["sentiment"]] == label)
    recalls = [sum(own) / len(own) for own in right.values()]
    # 0.60 as measured; a third of these posts are jokes, irony or about two brands.
    assert sum(recalls) / 3 > 0.57


def test_segments_agree_with_the_communities(store: Store, expected: dict[str, Any]) -> None:
    from sklearn.metrics import adjusted_mutual_info_score

    with store.session() as session:
        rows = list(membership_rows(session))
    pairs = [
        (expected["authors"][r["author_native_id"]]["community"], r["segment_id"])
        for r in rows
        if expected["authors"][r["author_native_id"]]["community"] != "other"
    ]
    assert len(pairs) > 120
    # 0.93 as measured.
    assert adjusted_mutual_info_score(*zip(*pairs, strict=True)) > 0.85


def test_segments_are_named_by_what_their_members_care_about(store: Store) -> None:
    with store.session() as session:
        named = " ".join(word for row in segment_rows(session) for word in row["keywords"])
    for word in ("espresso", "bike", "baby", "seedlings", "code", "sourdough", "boss"):
        assert word in named
    for brand in sample.brands():
        assert brand.casefold() not in named


# What the sentiment head before the opinion model reached; strict, so that these come off
# with the model that reaches it again (models/README.md, known failures).
not_yet = pytest.mark.xfail(strict=True, reason="opinion model revision 2 reads too few complaints")


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        (StanceKind.ADVOCATE, 16),
        (StanceKind.DETRACTOR, 14),
        pytest.param(StanceKind.DETRACTOR, 18, marks=not_yet),
    ],
)
def test_flags_are_mostly_whom_the_writers_meant(
    store: Store, expected: dict[str, Any], kind: StanceKind, least: int
) -> None:
    meant = {
        a: facts.get("stance", {}).get("Brindlecup") for a, facts in expected["authors"].items()
    }
    with store.session() as session:
        brand = get_brand(session, "Brindlecup")
        rows = list(stance_rows(session, brand, kind))
    hits = [meant[r["author_native_id"]] == kind for r in rows]
    opposite = [r["author"] for r in rows if meant[r["author_native_id"]] not in {kind, None}]
    assert opposite == []
    assert all(r["opinions"] >= 2 for r in rows)
    assert sum(hits[:10]) >= 7
    assert sum(hits) >= least


def test_copies_and_spam_are_no_opinion(store: Store, expected: dict[str, Any]) -> None:
    spam = {n for n, said in expected["posts"].items() if said.get("spam")}
    with store.session() as session:
        brand = get_brand(session, "Brindlecup")
        urgent = {r["native_id"] for r in case_rows(session, brand)}
        marked = {r["native_id"] for r in mention_rows(session) if r["spam"]}
    assert len(marked & spam) >= 12
    assert marked - spam == set()
    assert urgent & marked == set()


def test_what_support_should_answer_first_is_near_the_top(
    store: Store, expected: dict[str, Any]
) -> None:
    with store.session() as session:
        rows = list(case_rows(session, get_brand(session, "Brindlecup")))
    first = {row["native_id"] for row in rows[:30]}
    assert len(first & set(expected["urgent"])) >= 8
    assert len(set(expected["urgent"]) - {row["native_id"] for row in rows}) <= 2
    assert len(rows) > 100


@not_yet
def test_whatever_is_urgent_is_a_case(store: Store, expected: dict[str, Any]) -> None:
    with store.session() as session:
        cases = {row["native_id"] for row in case_rows(session, get_brand(session, "Brindlecup"))}
    assert set(expected["urgent"]) <= cases


def test_scores_come_in_the_order_of_the_texts(folder: Path) -> None:
    texts = "I love it\nterrible, broken again\n\nDas ist leider schon wieder kaputt gegangen\n"
    done = run(folder, "score", "-", "--embed", stdin=texts)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["label"] for r in rows] == ["positive", "negative", None, None]
    assert [r["not_scored"] for r in rows] == [None, None, "no words", "language"]
    assert [len(r["vector"]) for r in rows] == [384] * 4
    assert sum(rows[0]["sentiment"].values()) == pytest.approx(1, abs=1e-3)


def test_scoring_keeps_a_bad_row_in_its_place(folder: Path) -> None:
    lines = '{"text": "I love it"}\nnot json\n{"id": 3}\n{"text": "awful"}\n'
    done = run(folder, "score", "-", "--format", "jsonl", stdin=lines)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r.get("label", "error") for r in rows] == ["positive", "error", "error", "negative"]
    assert done.returncode == 1
    assert "2 rows could not be read" in done.stderr
