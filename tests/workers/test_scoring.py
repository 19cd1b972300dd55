"""Texts out of files that are to be scored, without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from listening.errors import ImportFileError
from workers.jobs.scoring import MAX_FIELD, read_texts


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
