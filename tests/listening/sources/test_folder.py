"""A watched folder: what is new in its files, and nothing twice."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from listening.errors import SettingsError
from listening.sources import folder as module
from listening.sources.base import Batch, Window
from listening.sources.errors import UnavailableError
from listening.sources.folder import FolderSource
from listening.sources.registry import get_source, settle

HEADER = "id,author,text,date\n"
OLD = 1_700_000_000  # seconds since 1970: long settled


def row(n: int, text: str = "hello", day: int = 1) -> str:
    return f"p{n},ann,{text} {n},2024-09-{day:02d}T10:00Z\n"


def put(path: Path, content: str | bytes, *, at: int = OLD) -> Path:
    """Write a file as it was left at a time."""
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(data)
    os.utime(path, (at, at))
    return path


class Sweeper:
    """Pulls a folder and keeps the cursor as a store would: as JSON."""

    def __init__(self, path: Path, **params: object) -> None:
        self.source = FolderSource(settled=0.2)
        self.params = settle(self.source, {"path": str(path), **params})
        self.cursor: Mapping[str, Any] | None = None

    def batches(self, most: int | None = None, window: Window | None = None) -> list[Batch]:
        found = []
        for batch in self.source.pull(self.params, self.cursor, window):
            self.cursor = json.loads(json.dumps(batch.cursor))
            found.append(batch)
            if len(found) == most:
                break
        return found

    def ids(self, most: int | None = None, window: Window | None = None) -> list[str]:
        return [post.native_id for b in self.batches(most, window) for post in b.posts]

    def bad(self) -> list[tuple[str, int, str]]:
        return [
            (Path(origin).name, bad.line, bad.reason)
            for b in self.batches()
            for origin, bad in b.bad_rows
        ]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of three rows."""
    monkeypatch.setattr(module, "BATCH", 3)


def test_every_file_is_read_once_the_oldest_first(tmp_path: Path) -> None:
    put(tmp_path / "b.csv", HEADER + row(1), at=OLD)
    put(tmp_path / "a.csv", HEADER + row(2), at=OLD + 1)
    put(tmp_path / "c.jsonl", '{"id":"p3","author":"a","text":"x","date":"2024-09-01"}\n', at=OLD)
    sweeper = Sweeper(tmp_path)
    (batch,) = sweeper.batches()
    assert [post.native_id for post in batch.posts] == ["p1", "p3", "p2"]
    assert [(Path(origin).name, line) for origin, line in batch.places] == [
        ("b.csv", 1), ("c.jsonl", 1), ("a.csv", 1),
    ]  # fmt: skip
    assert sweeper.batches() == []


def test_a_file_that_grew_is_read_on(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", HEADER + row(1) + row(2))
    sweeper = Sweeper(tmp_path)
    assert sweeper.ids() == ["p1", "p2"]
    put(path, HEADER + row(1) + row(2) + row(3), at=OLD + 9)
    (batch,) = sweeper.batches()
    assert [post.native_id for post in batch.posts] == ["p3"]
    assert batch.again == {str(path): 4}
    assert sweeper.batches() == []


@pytest.mark.parametrize(
    "content",
    [
        HEADER + row(1) + row(9),  # as long as before
        HEADER + row(9),
        HEADER + row(1) + row(8, "a longer text") + row(9) + row(10),
        HEADER + row(7) + row(8) + row(9) + row(10),
    ],
    ids=["same length", "shorter", "longer, other end", "longer, other beginning"],
)
def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path, content: str) -> None:
    path = put(tmp_path / "a.csv", HEADER + row(1) + row(2))
    sweeper = Sweeper(tmp_path)
    sweeper.ids()
    put(path, content, at=OLD + 9)
    (batch,) = sweeper.batches()
    assert len(batch.posts) == content.count("\n") - 1
    assert batch.again == {str(path): 1}


def test_a_line_without_its_end_is_read_again_when_the_rest_is_there(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", HEADER + row(1) + "p2,ann,hel")
    sweeper = Sweeper(tmp_path)
    (batch,) = sweeper.batches()
    assert [post.native_id for post in batch.posts] == ["p1"]
    assert [bad.line for _, bad in batch.bad_rows] == [3]
    put(path, HEADER + row(1) + row(2), at=OLD + 9)
    (batch,) = sweeper.batches()
    assert [post.native_id for post in batch.posts] == ["p2"]
    assert batch.again == {str(path): 3}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "json in one line", "csv.gz"])
@pytest.mark.usefixtures("small")
def test_a_pull_that_was_cut_off_goes_on_after_any_batch(tmp_path: Path, kind: str) -> None:
    posts = [{"id": f"p{n}", "author": "ann", "text": "x", "date": "2024-09-01"} for n in range(10)]
    lines = [json.dumps(post) for post in posts]
    content = {
        "csv": (HEADER + "".join(map(row, range(10)))).encode(),
        "jsonl": "\n".join(lines).encode() + b"\n",
        "json": ("[" + ",\n".join(lines) + "]\n").encode(),
        "json in one line": ("[" + ", ".join(lines) + "]").encode(),
        "csv.gz": gzip.compress((HEADER + "".join(map(row, range(10)))).encode()),
    }[kind]
    put(tmp_path / f"a.{kind.split()[0]}", content)
    expected = [f"p{n}" for n in range(10)]
    sweeper, found = Sweeper(tmp_path), []
    for _ in range(20):
        if not (ids := sweeper.ids(most=1)):
            break
        found += ids
    assert list(dict.fromkeys(found)) == expected
    # Of a list with a row on each line the row at the seam may come twice, none is missing.
    assert len(found) <= 13
    assert sweeper.ids() == []


@pytest.mark.usefixtures("small")
def test_batches_span_files_and_are_bounded(tmp_path: Path) -> None:
    for n in range(7):
        put(tmp_path / f"{n}.csv", HEADER + row(n), at=OLD + n)
    assert [len(batch.posts) for batch in Sweeper(tmp_path).batches()] == [3, 3, 1]


def test_what_is_still_being_written_waits(tmp_path: Path) -> None:
    now = int(time.time())
    put(tmp_path / "done.csv", HEADER + row(1))
    for name in ("a.csv.part", "b.tmp", ".hidden.csv", "c.crdownload", "d.csv~"):
        put(tmp_path / name, HEADER + row(2))
    put(tmp_path / "empty.csv", "")
    (tmp_path / "sub").mkdir()
    put(tmp_path / "sub" / "e.csv", HEADER + row(3))
    young = put(tmp_path / "young.csv", HEADER + row(4), at=now + 3600)
    sweeper = Sweeper(tmp_path)
    # A time still to come is a clock that was put back, and holds nothing up.
    assert sweeper.ids() == ["p1", "p4"]
    (tmp_path / "b.tmp").rename(tmp_path / "b.csv")
    put(young, HEADER + row(4) + row(5), at=now + 3601)
    assert sweeper.ids() == ["p2", "p5"]


def test_a_file_put_there_just_now_is_taken_by_the_same_pull(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + row(1))
    assert Sweeper(tmp_path).ids() == ["p1"]


def test_a_file_that_is_written_to_all_the_time_waits_for_the_next_pull(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + row(1))
    waited = []

    def written(seconds: float) -> None:
        waited.append(0 < seconds <= 30)
        path.write_text(HEADER + row(1) + row(2))

    monkeypatch.setattr(time, "sleep", written)
    assert list(FolderSource(settled=30.0).pull({"path": str(tmp_path)}, None)) == []
    assert waited == [True]


def test_one_that_cannot_be_read_is_told_once_and_stops_no_other(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", b"%PDF-1.7 not a table", at=OLD)
    put(tmp_path / "b.csv", "one,two\n1,2\n", at=OLD + 1)
    put(tmp_path / "c.csv", HEADER + row(1), at=OLD + 2)
    sweeper = Sweeper(tmp_path)
    (batch,) = sweeper.batches()
    assert [post.native_id for post in batch.posts] == ["p1"]
    told = {Path(origin).name: (bad.line, bad.reason) for origin, bad in batch.bad_rows}
    assert told["a.csv"] == (1, f"{tmp_path}/a.csv is a PDF: save it as CSV first")
    assert told["b.csv"][1].endswith("say which one it is with --set map.text=COLUMN")
    assert sweeper.batches() == []
    put(tmp_path / "b.csv", HEADER + row(2), at=OLD + 3)
    (batch,) = sweeper.batches()
    assert [post.native_id for post in batch.posts] == ["p2"]
    assert batch.again == {f"{tmp_path}/b.csv": 1}


def test_a_gzip_cut_short_gives_its_rows_and_goes_on_when_it_is_whole(tmp_path: Path) -> None:
    rows = "".join(row(n, str(n * n % 977) * 9) for n in range(3000))
    whole = gzip.compress((HEADER + rows).encode())
    put(tmp_path / "a.csv.gz", whole[: len(whole) // 2])
    sweeper = Sweeper(tmp_path)
    batches = sweeper.batches()
    first = [post.native_id for b in batches for post in b.posts]
    ((_, bad),) = [bad for b in batches for bad in b.bad_rows]
    assert 0 < len(first) < 3000
    assert "the gzip file is cut short after line" in bad.reason
    assert sweeper.batches() == []
    put(tmp_path / "a.csv.gz", whole, at=OLD + 9)
    rest = sweeper.ids()
    assert first + rest == [f"p{n}" for n in range(3000)]


def test_a_folder_that_is_gone_is_unavailable_and_forgets_nothing(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    put(inside / "a.csv", HEADER + row(1))
    sweeper = Sweeper(inside)
    sweeper.ids()
    inside.rename(tmp_path / "away")
    with pytest.raises(UnavailableError, match=r"/in cannot be read \(No such file"):
        sweeper.ids()
    (tmp_path / "away").rename(inside)
    assert sweeper.batches() == []


def test_a_file_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", HEADER + row(1))
    put(tmp_path / "b.csv", HEADER + row(2))
    sweeper = Sweeper(tmp_path)
    sweeper.ids()
    (tmp_path / "a.csv").unlink()
    (batch,) = sweeper.batches()
    assert (list(batch.cursor["files"]), list(batch.posts)) == (["b.csv"], [])


def test_a_name_that_is_not_utf_8_can_be_stored(tmp_path: Path) -> None:
    try:
        put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")), HEADER + row(1) + "p2,,\n")
    except OSError:
        pytest.skip("this file system takes no such name")
    (batch,) = Sweeper(tmp_path).batches()
    assert [post.native_id for post in batch.posts] == ["p1"]
    assert [origin for origin, _ in batch.bad_rows] == [f"{tmp_path}/caf\\udce9.csv"]


def test_a_back_fill_takes_the_posts_of_its_window_from_every_file(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", HEADER + row(1, day=1) + row(2, day=2) + "p9,,\n", at=OLD)
    put(tmp_path / "b.csv", HEADER + row(3, day=3) + row(4, day=2), at=OLD + 1)
    sweeper = Sweeper(tmp_path)
    sweeper.ids()
    sweeper.cursor = None  # a back-fill has its own
    window = Window(datetime(2024, 9, 2, tzinfo=UTC), datetime(2024, 9, 3, tzinfo=UTC))
    (batch,) = sweeper.batches(window=window)
    assert [post.native_id for post in batch.posts] == ["p2", "p4"]
    assert (list(batch.bad_rows), batch.again) == ([], {})
    assert sweeper.batches(window=window) == []


def test_files_are_read_as_the_watch_says(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", "nr;who;said;when\n1;ann;hello;03/04/2024\n")
    put(tmp_path / "b.log", "nothing")
    sweeper = Sweeper(
        tmp_path,
        pattern="*.txt",
        map={"id": "nr", "author": "who", "text": "said", "date": "when"},
        source="forum",
        day_first="yes",
    )
    (batch,) = sweeper.batches()
    (post,) = batch.posts
    assert (post.source, post.native_id, post.text) == ("forum", "1", "hello")
    assert post.published_at.date().isoformat() == "2024-04-03"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda p: {}, "folder: path is missing (the folder); write --set path=..."),
        (lambda p: {"path": str(p / "x")}, "is no folder on this machine"),
        (lambda p: {"path": str(p), "patern": "*"}, "no setting 'patern' (did you mean pattern?)"),
        (lambda p: {"path": str(p), "pattern": "/etc/*"}, "'/etc/*' is no pattern within"),
        (lambda p: {"path": str(p), "day_first": "maybe"}, "'maybe' is neither yes nor no"),
        (lambda p: {"path": str(p), "map": "text"}, "write map.NAME=VALUE, once for each"),
        (lambda p: {"path": str(p), "map": {"txt": "a"}}, "map: there is no field 'txt'"),
        (lambda p: {"path": str(p), "preset": "x"}, "preset: there is no 'x'; there are"),
        (lambda p: {"path": {"a": "b"}}, "folder: path is one value"),
    ],
)
def test_settings_that_make_no_sense(
    tmp_path: Path, given: Callable[[Path], dict[str, Any]], told: str
) -> None:
    with pytest.raises(SettingsError) as error:
        settle(get_source("folder"), given(tmp_path))
    assert told in str(error.value)


def test_two_spellings_of_one_folder_are_one(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = get_source("Folder")
    spellings = [
        {"path": f"{tmp_path}/in/"},
        {"path": f"{tmp_path}/./in/../in", "pattern": "*", "all_mentions": "no", "preset": ""},
    ]
    assert [settle(source, one) for one in spellings] == [{"path": f"{tmp_path}/in"}] * 2
