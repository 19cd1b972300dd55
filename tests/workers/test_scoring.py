"""Texts out of files that are to be scored, without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from listening.errors import ImportFileError, ListeningError
from tests.workers.test_analysing import Reader
from workers.jobs.scoring import MAX_FIELD, named, read_texts, score_texts
from workers.models import Models


def read(path: Path, content: str) -> list[tuple[str | None, str | None]]:
    path.write_text(content)
    return list(read_texts(str(path)))


def test_an_empty_csv_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="no column holds the text"):
        read(tmp_path / "empty.csv", "")


def test_a_row_that_csv_cannot_hold_does_not_stop_the_rest(tmp_path: Path) -> None:
    long = '"' + "y" * (MAX_FIELD - 9) + "\n" + "y" * 99 + '"'
    found = read(tmp_path / "texts.csv", f"text\nfirst\n{long}\nlast\n")
    assert (found[0], found[-1]) == (("first", None), ("last", None))
    assert "field larger" in str(next(error for text, error in found if text is None))


def test_json_too_deep_is_one_bad_row(tmp_path: Path) -> None:
    found = read(tmp_path / "texts.jsonl", "[" * 200_000 + '\n{"text": "ok"}\n')
    assert found == [(None, "not JSON"), ("ok", None)]


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    found = read(tmp_path / "texts.txt", "first\n" + "x" * (2 * MAX_FIELD + 9) + "\nlast")
    assert [len(text or "") for text, _ in found] == [5, MAX_FIELD, 4]


# Where a name stands in a text


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("JetBlue", "jetblue, @JetBlue and #JETBLUE", ["jetblue", "@JetBlue", "#JETBLUE"]),
        ("JetBlue", "jetblues, @jetblue_help, myjetblue", []),
        ("Jet Blue", "Jet  Blue @jetblue #JetBlue jetblue", ["Jet  Blue", "@jetblue", "#JetBlue"]),
        ("@jetblue", "@jetblue or JetBlue", ["@jetblue", "JetBlue"]),
        ("C++", "c++ is not C+", ["c++"]),
        ("Ümläut", "ÜMLÄUT!", ["ÜMLÄUT"]),
        ("AT&T", "(at&t)", ["at&t"]),
        ("a.b", "axb a.b", ["a.b"]),
    ],
)
def test_a_name_is_found_as_words_handle_and_hashtag(
    name: str, text: str, found: list[str]
) -> None:
    (pattern,) = named([name]).values()
    assert [match.group() for match in pattern.finditer(text)] == found


@pytest.mark.parametrize("name", ["", " ", "@", "!?"])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ListeningError, match="names nothing"):
        named(["JetBlue", name])


def scored(*texts: str | None, **more: object) -> list[dict[str, object]]:
    lines = [(text, None) if text is not None else (None, "not JSON") for text in texts]
    models = Models(Reader())  # type: ignore[arg-type]
    return [json.loads(row) for row in score_texts(models, lines, **more)]  # type: ignore[arg-type]


def test_a_text_is_scored_with_every_opinion() -> None:
    (row,) = scored("JetBlue is good")
    assert list(row) == [
        "row", "text", "language", "label", "not_scored", "sentiment", "emotion", "ironic",
        "offensive",
    ]  # fmt: skip
    assert row["label"] == "positive"
    assert row["sentiment"] == {"negative": 0.0625, "neutral": 0.125, "positive": 0.8125}
    assert row["emotion"] == {"anger": 0.5, "joy": 0.25, "optimism": 0.125, "sadness": 0.125}
    assert (row["ironic"], row["offensive"]) == (0.25, 0.125)


def test_each_brand_that_a_text_names_is_scored_on_its_own() -> None:
    first, second, third, fourth = scored(
        "@JetBlue good Delta bad",
        None,
        "nothing good",
        "Die Bahn von JetBlue ist leider schon wieder kaputt gegangen",
        brands=["jetblue", "Delta"],
        embed=True,
    )
    assert first["towards"] == {
        "jetblue": {"negative": 0.0625, "neutral": 0.125, "positive": 0.8125},
        "Delta": {"negative": 0.8125, "neutral": 0.125, "positive": 0.0625},
    }
    assert second == {"row": 2, "error": "not JSON"}
    assert third["towards"] == {"jetblue": None, "Delta": None}
    assert (fourth["not_scored"], fourth["emotion"], fourth["ironic"]) == ("language", None, None)
    assert fourth["towards"] == {"jetblue": None, "Delta": None}
    assert list(first)[-2:] == ["towards", "vector"]
