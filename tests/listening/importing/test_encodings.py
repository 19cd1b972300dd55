"""Encodings: marks, UTF-16, Windows, and files that break in the middle."""

from __future__ import annotations

import codecs

import pytest

from listening.errors import ImportFileError
from listening.importing import open_table

CSV = "id,author,text,date\n1,ann,Café “très” bon – 5 €,2024-09-01\n2,bob,naïve façade,2024-09-02\n"
TEXTS = ["Café “très” bon – 5 €", "naïve façade"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CSV.encode("utf-8"), "utf-8"),
        (CSV.encode("utf-8-sig"), "utf-8"),
        (codecs.BOM_UTF16_LE + CSV.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"), "utf-16-be"),
        (codecs.BOM_UTF32_LE + CSV.encode("utf-32-le"), "utf-32-le"),
        (CSV.encode("utf-16-le"), "utf-16-le"),
        (CSV.encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_found(write, split, content, expected) -> None:
    table = open_table(write(content))
    assert table.encoding == expected
    posts, bad = split(table)
    assert ([post.text for post in posts], bad) == (TEXTS, [])


def test_latin_1_where_cp1252_has_no_such_byte(write, split) -> None:
    content = "id,author,text,date\n1,ann,d\u00e9j\u00e0 vu \u0081,2024-09-01\n".encode("latin-1")
    table = open_table(write(content), encoding="latin-1")
    assert table.encoding == "iso8859-1"
    assert split(table)[0][0].text == "déjà vu"  # the control character is dropped


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Очень хороший сервис и всем советую его спасибо большое за помощь и внимание"),
        ("cp932", "とても良いサービスでした。また利用したいと思います。ありがとうございました"),
    ],
)
def test_other_scripts_are_found_or_named(write, split, encoding, text) -> None:
    rows = "".join(f"{n},ann,{text},2024-09-01\n" for n in range(20))
    path = write("id,author,text,date\n" + rows, encoding=encoding)
    for table in (open_table(path), open_table(path, encoding=encoding)):
        posts, bad = split(table)
        assert (len(posts), posts[3].text, bad) == (20, text, [])


def test_utf16_named_without_its_order_is_little_endian(write, split) -> None:
    table = open_table(write(CSV, encoding="utf-16-le"), encoding="utf-16")
    assert (table.encoding, split(table)[1]) == ("utf-16-le", [])


def test_half_a_character_at_the_end_of_utf16_is_a_bad_row(write, split) -> None:
    posts, bad = split(open_table(write(codecs.BOM_UTF16_LE + CSV.encode("utf-16-le")[:-1])))
    assert [post.text for post in posts] == TEXTS[:1]
    assert [row.line for row in bad] == [3]


def test_utf8_that_breaks_late_has_bad_rows_and_goes_on(write, split) -> None:
    good = "".join(f"{n},ann,{'é' * 50},2024-09-01\n" for n in range(10_000)).encode()
    late = b"x,ann,caf\xe9,2024-09-01\n" + "y,ann,à la fin,2024-09-01\n".encode()
    table = open_table(write(b"id,author,text,date\n" + good + late))
    assert table.encoding == "utf-8"
    posts, bad = split(table)
    assert (len(posts), posts[-1].text) == (10_001, "à la fin")
    assert [(row.line, row.raw) for row in bad] == [(10_002, "x,ann,caf\\xe9,2024-09-01")]
    assert bad[0].reason == (
        "byte 0xE9 at column 10 is not utf-8: name the file's encoding (--encoding cp1252, for one)"
    )


def test_a_few_broken_bytes_in_good_utf8_do_not_change_the_encoding(write, split) -> None:
    good = "".join(f"{n},ann,déjà vu,2024-09-01\n" for n in range(30)).encode()
    table = open_table(write(b"id,author,text,date\nx,ann,caf\xe9,2024-09-01\n" + good))
    assert table.encoding == "utf-8"
    posts, bad = split(table)
    assert (len(posts), [row.line for row in bad]) == (30, [2])


@pytest.mark.parametrize("name", ["klingon", "hex", "", "a\0b", "idna", "punycode"])
def test_an_unknown_encoding_is_refused(write, name) -> None:
    with pytest.raises(ImportFileError, match="there is no encoding called"):
        open_table(write(CSV), encoding=name)


def test_undecodable_bytes_in_json(write, split) -> None:
    line = '{"id": %d, "author": "a", "text": "café", "date": "2024-09-01"}'
    good = "\n".join(line % n for n in range(12))
    for content in (
        good.encode() + b'\n{"id": 1, "text": "\xff"}\n',
        b"[" + good.replace("\n", ",\n").encode() + b',\n{"id": 1, "text": "\xff"}]',
    ):
        posts, bad = split(open_table(write(content)))
        assert (len(posts), [row.line for row in bad]) == (12, [13])
        assert "--encoding" in bad[0].reason
