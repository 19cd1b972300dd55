"""`listening opinions` as a person types it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import update

from listening.store.session import Store
from listening.store.tables import Mention, SentimentLabel
from tests.api.cli.conftest import Run
from tests.api.cli.test_commands import POSTS


@pytest.fixture
def labelled(listening: Run, tmp_path: Path) -> Run:
    """Two mentions that a person labelled."""
    (tmp_path / "posts.csv").write_text(POSTS)
    listening("brand", "add", "JetBlue", "--query", "jetblue", "--own-account", "@jetblue")
    listening("import", "posts.csv", "--source", "twitter")
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    with store.work() as session:
        session.execute(update(Mention).values(override=SentimentLabel.NEGATIVE, override_by="eve"))
    store.close()
    return listening


def test_labels_are_exported_as_a_file_that_is_never_written_over(
    labelled: Run, tmp_path: Path
) -> None:
    assert "2 labels written to labels.csv." in labelled("opinions", "export", "labels.csv").stderr
    written = (tmp_path / "labels.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(written)))
    assert [(r["text"], r["label"], r["native_id"], r["by"]) for r in rows] == [
        ("jetblue lost my bag, again", "negative", "1", "eve"),
        ('\'=HYPERLINK("x") jetblue', "negative", "2", "eve"),
    ]
    assert "ann" not in written
    again = labelled("opinions", "export", "labels.csv", check=False)
    assert again.returncode == 1
    assert "--overwrite" in again.stderr
    labelled("opinions", "export", "labels.csv", "--overwrite", "--pseudonymise")
    assert "eve" not in (tmp_path / "labels.csv").read_text(encoding="utf-8")


def test_nothing_is_learned_from_labels_that_no_model_read(labelled: Run) -> None:
    told = labelled("opinions", "tune", "--brand", "JetBlue", "--overrides").stdout
    assert "Refused: 0 labels of 0 classes: at least 24" in told
    assert json.loads(labelled("opinions", "corrections", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "missing.csv"], "missing.csv"),
        (["evaluate", "posts.csv"], "no column holds the labels"),
        (["tune", "--brand", "JetBlue"], "Name a file of labels, or --overrides"),
        (["tune", "--brand", "Nobody", "--overrides"], "No brand 'Nobody'"),
        (["revert", "--brand", "JetBlue"], "no correction that counts"),
        (["revert", "--brand", "JetBlue", "--to", "3"], "no correction 3 (versions: none yet)"),
        (["revert", "--brand", "JetBlue", "--to", "x"], "neither a version nor none"),
        (["export", "/dev/null"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_told_without_a_traceback(
    labelled: Run, words: list[str], message: str
) -> None:
    done = labelled("opinions", *words, check=False)
    assert (done.returncode, done.stderr[:7]) == (1, "Error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.model
def test_a_file_is_evaluated_with_its_worst_mistakes(listening: Run, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "brand,text,label\n"
        "JetBlue,I love JetBlue so much and the crew was wonderful,positive\n"
        "JetBlue,JetBlue lost my suitcase and nobody helped. Worst airline ever,negative\n"
        ",I hate this awful and disgusting place,positive\n"
        ",so what,perhaps\n"
    )
    done = listening("opinions", "evaluate", "labels.csv")
    assert "3 labels of sentiment, 3 scored." in done.stdout
    assert "2 read towards the brand that the row names." in done.stdout
    assert "accuracy: 0.667" in done.stdout
    assert "I hate this awful and disgusting place" in done.stdout
    assert "labels.csv:5: label: 'perhaps' is none of" in done.stderr
    report = json.loads(listening("opinions", "evaluate", "labels.csv", "--json").stdout)
    assert report["confusion"] == [[1, 0, 0], [0, 0, 0], [1, 0, 1]]
    assert [w["line"] for w in report["worst"]] == [4]
