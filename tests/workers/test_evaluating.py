"""Labelled files: read whatever they are called, and compared with what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from listening.errors import ImportFileError
from listening.exporting import write_file
from listening.store.mentions.corrections import add_correction
from listening.store.session import Store
from nlp.correction import Params
from tests.factories import brand
from tests.workers.test_analysing import Reader
from workers.jobs.evaluating import evaluate_file, labelled_texts, named_brands
from workers.jobs.labelling import LabelledFile, Numbers, Task, about, read_labelled
from workers.models import Models


def file(tmp_path: Path, content: str, name: str = "labels.csv") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def labels(found: LabelledFile) -> list[int]:
    return [row.label for row in found.texts]


# Reading


@pytest.mark.parametrize(
    ("header", "cells", "numbers", "found"),
    [
        ("text,label", ["negative", "Neutral", "POS"], "signs", [0, 1, 2]),
        ("tweet,airline_sentiment", ["neg", "neu", "positive "], "signs", [0, 1, 2]),
        ("review,Sentiment", ["-1", "0", "1"], "signs", [0, 1, 2]),
        ("text,polarity", ["-1.0", "0.0", "+1"], "signs", [0, 1, 2]),
        ("text,stars", ["1", "3", "5"], "stars", [0, 1, 2]),
        ("review,rating", ["2.0", "3", "4 stars"], "stars", [0, 1, 2]),
        ("text,label", ["0", "1", "2"], "positions", [0, 1, 2]),
    ],
)
def test_common_spellings_of_sentiment(
    tmp_path: Path, header: str, cells: list[str], numbers: Numbers, found: list[int]
) -> None:
    rows = "".join(f"some words,{cell}\n" for cell in cells)
    read = read_labelled(file(tmp_path, f"{header}\n{rows}"), numbers=numbers)
    assert (labels(read), read.unreadable) == (found, [])


@pytest.mark.parametrize(
    ("task", "cells", "found"),
    [
        ("emotion", ["anger", "JOY", "2", "sad"], [0, 1, 2, 3]),
        ("irony", ["ironic", "not ironic", "1", "non_irony"], [1, 0, 1, 0]),
        ("offensive", ["OFF", "NOT", "not-offensive", "true"], [1, 0, 0, 1]),
    ],
)
def test_labels_of_the_other_tasks(
    tmp_path: Path, task: Task, cells: list[str], found: list[int]
) -> None:
    lines = "\n".join(json.dumps({"text": "some words", "label": cell}) for cell in cells)
    assert labels(read_labelled(file(tmp_path, lines, "l.jsonl"), task=task)) == found


def test_rows_that_cannot_be_read_are_named_and_stop_nothing(tmp_path: Path) -> None:
    content = (
        'text,label\nfine,positive\nhm,perhaps\n,negative\nno label,\n"a\nb",negative\nx,y,z\n'
    )
    found = read_labelled(file(tmp_path, content))
    assert [(row.line, row.text, row.label) for row in found.texts] == [
        (2, "fine", 2),
        (6, "a\nb", 0),
    ]
    assert [(bad.line, bad.field) for bad in found.unreadable] == [
        (3, "label"),
        (4, "text"),
        (5, "label"),
        (8, None),
    ]
    assert (
        found.unreadable[0].reason == "'perhaps' is none of negative, neutral, positive or -1, 0, 1"
    )
    assert found.unreadable[2].reason == "blank: write the label, or leave the row out"


def test_numbers_that_mean_something_else_are_refused_whole(tmp_path: Path) -> None:
    path = file(tmp_path, "text,label\na b,0\nc d,1\ne f,2\n")
    with pytest.raises(ImportFileError, match=r"labels.csv:4: label: 2 .*--numbers stars"):
        read_labelled(path)


@pytest.mark.parametrize(
    ("content", "more", "told"),
    [
        ("text,note\na,b\n", {}, "no column holds the labels (columns: text, note)"),
        ("text,label\na,b\n", {"label_column": "truth"}, "no column 'truth'"),
        ("label,note\nneutral,b\n", {}, "--column COLUMN"),
        ("text,label\na,b\n", {"text_column": "body"}, "no column 'body'"),
        ("", {}, "empty"),
    ],
)
def test_a_file_without_texts_or_labels_is_refused(
    tmp_path: Path, content: str, more: dict[str, str], told: str
) -> None:
    with pytest.raises(ImportFileError) as error:
        read_labelled(file(tmp_path, content), **more)  # type: ignore[arg-type]
    assert told in str(error.value)


def test_what_was_exported_is_read_as_it_was_written(tmp_path: Path) -> None:
    texts = ["@JetBlue lost my bag", "=1+1 jetblue", "it's fine", "'quoted' jetblue"]
    rows = [{"brand": "JetBlue", "text": text, "label": "neutral"} for text in texts]
    write_file(rows, tmp_path / "out.csv", "csv")
    found = read_labelled(tmp_path / "out.csv")
    assert [row.text for row in found.texts] == texts
    assert {row.brand for row in found.texts} == {"JetBlue"}


# Evaluating: the reader of these tests takes the word behind a brand for its sentiment


@pytest.fixture
def models() -> Models:
    return Models(Reader())  # type: ignore[arg-type]


CONTENT = """brand,text,label
JetBlue,JetBlue good but Delta bad,positive
Delta,JetBlue good but Delta bad,negative
Delta,nobody is named in this good,positive
JetBlue,JetBlue bad said nobody but you,positive
,we all had a good time on board and it was good,negative
JetBlue,Die Maschine war leider wieder viel zu spät gelandet,negative
JetBlue,hm,perhaps
"""


def test_a_file_is_compared_with_what_is_said_towards_the_brand_of_each_row(
    store: Store, models: Models, tmp_path: Path
) -> None:
    brand(store, "JetBlue", "jetblue OR b6")
    found = read_labelled(file(tmp_path, CONTENT))
    with store.session() as session:
        brands = named_brands(session, ["JetBlue", "Delta"])
        report = evaluate_file(models, found, brands, session=session).as_dict()
    assert (report["labels"], report["scored"], report["towards_brand"]) == (6, 5, 3)
    assert report["not_scored"] == {"language": 1}
    assert report["unreadable"] == [
        {
            "line": 8,
            "field": "label",
            "reason": "'perhaps' is none of negative, neutral, positive or -1, 0, 1",
        }
    ]
    # Negative: one of two; positive: two of three.
    assert report["confusion"] == [[1, 0, 1], [0, 0, 0], [1, 0, 2]]
    assert report["macro_recall"] == pytest.approx((1 / 2 + 2 / 3) / 2, abs=1e-4)
    assert report["accuracy"] == 0.6
    assert report["by_class"]["positive"] == {
        "precision": 0.6667,
        "recall": 0.6667,
        "f1": 0.6667,
        "labels": 3,
    }
    # All are said with 0.8125, and three of five are right.
    assert report["expected_calibration_error"] == pytest.approx(0.2125)
    assert [(w["line"], w["truth"], w["said"]) for w in report["worst"]] == [
        (5, "positive", "negative"),
        (6, "negative", "positive"),
    ]


def test_a_correction_that_counts_is_part_of_what_is_evaluated(
    store: Store, models: Models, tmp_path: Path
) -> None:
    brand(store, "JetBlue")
    upside_down = Params("bias", 1.0, np.array([np.log(13), 0.0, -np.log(13)]))
    with store.work() as session:
        add_correction(session, 1, model="r1", labels=40, params=upside_down.to_json(), scores={})
    found = about(read_labelled(file(tmp_path, "text,label\nJetBlue good,negative\n")), "jetblue")
    with store.session() as session:
        brands = named_brands(session, ["jetblue"])
        own = evaluate_file(models, found, brands, session=session).as_dict()
        alone = evaluate_file(models, found, brands).as_dict()
    assert (own["corrected"], own["accuracy"]) == (1, 1.0)
    assert (alone["corrected"], alone["accuracy"]) == (0, 0.0)
    # What is learned from is the model's own word, whatever counts at present.
    (taught,) = labelled_texts(models, found.texts, brands)
    assert (taught.label, taught.three) == (0, (0.0625, 0.125, 0.8125))


@pytest.mark.parametrize(
    ("task", "label", "accuracy"),
    [("emotion", "anger", 1.0), ("irony", "ironic", 0.0), ("offensive", "no", 1.0)],
)
def test_the_other_opinions_are_evaluated_too(
    models: Models, tmp_path: Path, task: Task, label: str, accuracy: float
) -> None:
    found = read_labelled(file(tmp_path, f"text,label\nso it goes,{label}\n"), task=task)
    assert evaluate_file(models, found, {}, task=task).as_dict()["accuracy"] == accuracy


def test_a_file_of_which_nothing_is_scored_has_no_figures(models: Models, tmp_path: Path) -> None:
    found = read_labelled(file(tmp_path, "text,label\n@ann,positive\n"))
    report = evaluate_file(models, found, {}).as_dict()
    assert (report["scored"], report["macro_recall"], report["worst"]) == (0, None, [])
    assert report["not_scored"] == {"no words": 1}
    json.dumps(report)
