"""Constant memory, going on where one stopped, and no input that breaks the reading."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from listening.errors import ImportFileError
from listening.importing import BadRow, open_table


def peak(path: Path) -> int:
    """Bytes that reading a file takes at most."""
    tracemalloc.start()
    try:
        for _ in open_table(path).rows():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def csv_of(size: int, text: str) -> bytes:
    row = f"1,ann,{text},2024-09-01\n"
    return ("id,author,text,date\n" + row * (size // len(row))).encode()


def json_list_of(size: int) -> bytes:
    item = json.dumps({"id": 1, "author": "a", "text": "x" * 2000, "date": "2024-09-01"})
    return ("[" + ",".join([item] * (size // len(item))) + "]").encode()


@pytest.mark.parametrize(
    "make",
    [
        lambda size: csv_of(size, "x" * 2000),
        lambda size: csv_of(size, "x" * 2000).decode().encode("utf-16"),
        lambda size: gzip.compress(csv_of(size, "x" * 2000), 1),
        lambda size: b"id,author,text,date\n1,ann,hi,2024-09-01\n" + b"x" * size,
        lambda size: b'id,author,text,date\n1,ann,"oops,\n' + csv_of(size, "y" * 2000),
        json_list_of,
        lambda size: json_list_of(5000)[:-1] + b',{"text": "' + b"x" * size,
    ],
    ids=["csv", "utf-16", "gzip", "endless line", "open quote", "json list", "open string"],
)  # fmt: skip
def test_a_file_ten_times_as_long_needs_about_as_much_memory(tmp_path, make) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(make(3_000_000))
    large.write_bytes(make(30_000_000))
    assert peak(large) < 1.3 * peak(small) + 500_000


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_reading_goes_on_where_it_stopped(write, form) -> None:
    items = [
        {"id": str(n), "author": "a", "text": "x" if n % 7 else "", "date": "2024-09-01"}
        for n in range(100)
    ]
    if form == "csv":
        content = "id,author,date,text\n" + "".join(
            f'{item["id"]},a,2024-09-01,"{item["text"]}\n"\n' for item in items
        )
    else:
        content = "\n".join(json.dumps(item) for item in items)
        content = f"[{content.replace(chr(10), ',' + chr(10))}]" if form == "json" else content
    table = open_table(write(content))
    assert table.format == form
    whole = list(table.rows())
    for stop in (1, 40, 99):
        rows = table.rows()
        before = [next(rows) for _ in range(stop)]
        line = table.progress().line
        rows.close()
        assert before + list(table.rows(start_line=line)) == whole


def test_progress_counts_the_bytes_on_disk(write) -> None:
    path = write(gzip.compress(csv_of(5_000_000, "hi"), 1))
    table = open_table(path)
    total = path.stat().st_size
    assert (table.progress().bytes_read, table.progress().bytes_total) == (0, total)
    rows = table.rows()
    seen = []
    for number, _ in enumerate(rows):
        if number % 20_000 == 0:
            seen.append(table.progress().bytes_read)
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= total
    assert table.progress().bytes_read == total


def read_anything(content: bytes) -> None:
    """Reading gives rows, or says in an ImportFileError why not."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "posts"
        path.write_bytes(content)
        try:
            table = open_table(path)
            table.describe()
            for row in table.rows():
                if isinstance(row, BadRow):
                    assert row.line >= 1
                    assert row.reason
                    assert "\0" not in row.raw
                    row.raw.encode()
                else:
                    row.text.encode()
        except ImportFileError as error:
            assert "\n" not in str(error)


@given(st.binary(max_size=2000))
@settings(max_examples=300, deadline=None)
@example(b"\x1f\x8b\x08\x00")
@example(b"\xff\xfe\x00")
@example(b'"')
@example(b"[{")
@example(b"{}\n{}")
@example(b'[{"a":1},')
def test_any_bytes(content: bytes) -> None:
    read_anything(content)


@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl", "json", "utf-16", "gzip"]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_after_a_good_beginning(content: bytes, form: str) -> None:
    if form in ("jsonl", "json"):
        good = b'{"id": 1, "author": "a", "text": "hi", "date": "2024-09-01"}'
        read_anything(good + b"\n" + content if form == "jsonl" else b"[" + good + b"," + content)
        return
    good = b"id,author,text,date\n1,ann,hi,2024-09-01\n"
    if form == "utf-16":
        read_anything(good.decode().encode("utf-16") + content)
    else:
        read_anything(gzip.compress(good)[:-4] + content if form == "gzip" else good + content)


@given(st.lists(st.text('ab,;"\n\r\t|{}[]:0\\é', max_size=30), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_cells(cells: list[str]) -> None:
    read_anything(b"id,author,text,date\n" + ",".join(cells).encode())


@given(
    st.lists(
        st.tuples(
            st.text('abc ,;"\n|é🙂', min_size=1, max_size=40).filter(lambda text: text.strip()),
            st.sampled_from(["2024-09-01", "2024-09-01T08:15:00Z"]),
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=200, deadline=None)
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "posts.csv"
        body = "".join(
            '{},ann,"{}",{}\n'.format(n, text.replace('"', '""'), date)
            for n, (text, date) in enumerate(rows)
        )
        path.write_text("id,author,text,date\n" + body, encoding="utf-8", newline="")
        posts = [row for row in open_table(path).rows() if not isinstance(row, BadRow)]
        assert [post.text for post in posts] == [text.strip() for text, _ in rows]
