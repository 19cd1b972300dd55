"""Lists written as files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from listening.errors import ListeningError
from listening.exporting import write_file


@pytest.mark.parametrize("late", [7, 0.5, True, "x", ["a"]])
def test_a_column_unknown_for_thousands_of_rows_keeps_its_type(tmp_path: Path, late: Any) -> None:
    path = tmp_path / "rows.parquet"
    rows = [{"id": n, "late": None, "never": None} for n in range(5001)]
    assert write_file([*rows, {"id": 5001, "late": late, "never": None}], path, "parquet") == 5002
    found = pq.read_table(path).to_pylist()
    assert (found[0]["late"], found[-1]) == (None, {"id": 5001, "late": late, "never": None})
    assert [p.name for p in tmp_path.iterdir()] == ["rows.parquet"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_only_a_file_gives_way_to_a_file(tmp_path: Path, form: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.csv").write_text("kept")
    for path in (tmp_path / "pipe", tmp_path, Path("/"), Path()):
        with pytest.raises(ListeningError, match="a folder or a device"):
            write_file([{"id": 1}], path, form)
    for path in (tmp_path / "a.csv" / "b", tmp_path / ("x" * 300)):
        with pytest.raises(ListeningError, match="cannot be written"):
            write_file([{"id": 1}], path, form)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "pipe"]
    assert ((tmp_path / "pipe").is_fifo(), (tmp_path / "a.csv").read_text()) == (True, "kept")
