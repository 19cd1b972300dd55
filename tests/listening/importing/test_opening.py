"""Files that cannot be imported: one line that says what, where and the fix."""

from __future__ import annotations

import gzip
import io
import os
import zipfile

import pytest

from listening.errors import ImportFileError
from listening.importing import open_table


def refusal(path, **options) -> str:
    with pytest.raises(ImportFileError) as caught:
        open_table(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


def test_missing_folder_and_special_files(tmp_path) -> None:
    assert refusal(tmp_path / "no.csv").endswith("no.csv does not exist: check the name")
    assert refusal(tmp_path).endswith("is a folder: name a file in it")
    os.mkfifo(tmp_path / "pipe")
    assert "not an ordinary file" in refusal(tmp_path / "pipe")
    assert "cannot be read" in refusal("a\0b")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty: there is nothing to import"),
        (gzip.compress(b"", mtime=0), "is empty: there is nothing to import"),
        (b" \n\n", "holds only blanks: there is nothing to import"),
        (zipped("xl/workbook.xml"), "is an Excel workbook: save it as CSV (UTF-8) first"),
        (zipped("posts.csv"), "is a ZIP archive: unpack it and import the CSV in it"),
        (b"PAR1\x15\x04", "is a Parquet file: save it as CSV first"),
        (b"%PDF-1.7\n", "is a PDF: save it as CSV first"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel workbook (.xls): save it as CSV first"),
        (b"SQLite format 3\0", "is an SQLite database: save it as CSV first"),
        (b"BZh91AY", "is packed with bzip2: unpack it, or pack it with gzip"),
        (bytes(range(256)) * 9, "is a binary file, not text: save it as CSV first"),
        (b"\x1f\x8bnonsense", "is a broken gzip file"),
    ],
)
def test_files_of_another_kind(write, content, reason) -> None:
    assert reason in refusal(write(content))


def test_no_header(write) -> None:
    message = refusal(write("17,ann,so late again,2024-09-01\n18,bob,fine,2024-09-02\n"))
    assert "has no header: line 1 is already data (17, ann, so late again, 2024-09-01)" in message


def test_no_text_column_lists_the_columns(write) -> None:
    message = refusal(write("nr,author,date\n1,ann,2024-09-01\n"))
    assert message.endswith(
        "no column for text among nr, author, date; say which one it is with --map text=COLUMN"
    )


def test_no_author_and_no_date_column(write) -> None:
    assert "--map author='=anonymous'" in refusal(write("text,date\nhi,2024-09-01\n"))
    assert "--map date='=2024-09-01'" in refusal(write("text,author\nhi,ann\n"))


def test_mapping_to_an_unknown_column_suggests_close_ones(write) -> None:
    path = write("nr,author,full_text_en,date\n1,ann,hi,2024-09-01\n")
    message = refusal(path, mapping={"text": "ful_txt_en"})
    assert message.endswith(
        "has no column 'ful_txt_en' for text (did you mean full_text_en?); "
        "its columns: nr, author, full_text_en, date"
    )


def test_mapping_to_an_unknown_field_lists_the_fields(write) -> None:
    message = refusal(
        write("author,text,date\nann,hi,2024-09-01\n"), mapping={"folowers": "author"}
    )
    assert "no field 'folowers' (did you mean followers" in message
    assert "fields: text, author, author_handle, author_name, date" in message


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_a_delimiter_that_is_none(write, delimiter) -> None:
    assert "cannot separate columns" in refusal(write("a,b\n1,2\n"), delimiter=delimiter)


def test_json_without_objects(write) -> None:
    assert "no post can be read (line 1: invalid JSON at column 2" in refusal(write("{\n]\n"))
    assert "looks like JSON" in refusal(write("[]"))


def test_too_many_columns(write) -> None:
    assert "has 20,001 columns, which is no header" in refusal(write("text," * 20_000 + "\n"))


def test_a_header_without_rows_is_an_empty_table(write) -> None:
    assert list(open_table(write("id,author,text,date\n")).rows()) == []


def test_a_gzip_cut_short_gives_its_rows_and_then_says_so(write, split) -> None:
    rows = "".join(f"{n},ann,{n * 7919 % 104729},2024-09-01\n" for n in range(200_000))
    packed = gzip.compress(("id,author,text,date\n" + rows).encode())
    table = open_table(write(packed[: len(packed) // 2]))
    posts = []
    with pytest.raises(ImportFileError, match=r"cut short after line \d+: fetch it again") as error:
        posts.extend(iter(table.rows()))
    got = []
    rows_again = table.rows()
    with pytest.raises(ImportFileError):
        while True:
            got.append(next(rows_again))
    assert len(got) > 50_000
    assert [post.native_id for post in got] == [str(n) for n in range(len(got))]
    assert f"after line {len(got) + 1}:" in str(error.value)


def test_a_damaged_gzip(write) -> None:
    packed = bytearray(gzip.compress(b"id,author,text,date\n1,ann,hi,2024-09-01\n"))
    packed[-5] ^= 0xFF
    table_path = write(bytes(packed))
    with pytest.raises(ImportFileError, match="damaged"):
        list(open_table(table_path).rows())


def test_a_file_that_vanishes_between(write) -> None:
    path = write("id,author,text,date\n1,ann,hi,2024-09-01\n")
    table = open_table(path)
    path.unlink()
    with pytest.raises(ImportFileError, match="cannot be read"):
        list(table.rows())
