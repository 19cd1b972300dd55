"""Rows that are no posts: each told apart, none taking others with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from listening.importing import BadRow, open_table

HEADER = "id,author,text,date\n"
GOOD = "9,zoe,fine,2024-09-01\n"


def read_one(write, split, row: str | bytes) -> BadRow:
    """Read a bad row between good ones."""
    row = row if isinstance(row, bytes) else row.encode()
    posts, bad = split(open_table(write((HEADER + GOOD).encode() + row + b"\n" + GOOD.encode())))
    assert [post.native_id for post in posts] == ["9", "9"]
    assert len(bad) == 1
    assert bad[0].line == 3
    return bad[0]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("1,ann,,2024-09-01", "text", "no text: text is empty"),
        ("1,ann, \u0007 ,2024-09-01", "text", "no text: text is empty"),
        (
            "1,,hi,2024-09-01",
            "author",
            "no author: author is empty (--map author='COLUMN|=anonymous' gives such rows one)",
        ),
        (
            "1,ann,hi,",
            "date",
            "no date: date is empty (--map date='COLUMN|=2024-09-01' gives such rows one)",
        ),
        (
            "1,ann,hi,soon",
            "date",
            "'soon' is not a date; write it like 2024-09-01T08:15:00Z (in date)",
        ),
        ("1,ann,hi,1989-12-31", "date", "'1989-12-31' is 1989-12-31, before 1990: mend it"),
        (
            "1,ann,hi",
            None,
            "3 columns where the header has 4: a text that holds ',' or a line end is to stand "
            "in quotes",
        ),
        (
            "1,ann,hi,there,2024-09-01",
            None,
            "5 columns where the header has 4: a text that holds ',' or a line end is to stand "
            "in quotes",
        ),
        (
            b"1,ann,h\0i,2024-09-01",
            None,
            "NUL bytes in the row: the file is damaged, export it again",
        ),
    ],
)
def test_reasons(write, split, row, field, reason) -> None:
    bad = read_one(write, split, row)
    assert (bad.field, bad.reason) == (field, reason)


def test_the_future_begins_tomorrow(write, split) -> None:
    now = datetime.now(UTC)
    soon, late = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (23, 26))
    posts, bad = split(open_table(write(f"{HEADER}1,ann,hi,{soon}\n2,ann,hi,{late}\n")))
    assert [post.native_id for post in posts] == ["1"]
    assert [(row.line, row.field) for row in bad] == [(3, "date")]
    assert "in the future" in bad[0].reason


def test_raw_is_readable_and_bounded(write, split) -> None:
    table = open_table(write(HEADER.encode() + b"1,ann,a\0b\xff,x\n"), encoding="utf-8")
    assert [row.raw for row in split(table)[1]] == ["1,ann,a\\x00b\\xff,x"]
    bad = read_one(write, split, "1,ann," + "é" * 100_000)
    assert len(bad.raw) <= 65_536


def test_a_monstrous_line_is_one_bad_row(write, split) -> None:
    bad = read_one(write, split, "1,ann," + "x" * 3_000_000 + ",2024-09-01")
    assert bad.reason == "the row is longer than 1 MiB: is it one post?"
    assert len(bad.raw) == 65_536


def test_a_long_text_below_the_limit_is_a_post(write, split) -> None:
    text = "long\n" * 200_000 + "end"
    posts, bad = split(open_table(write(f'{HEADER}1,ann,"{text}",2024-09-01\n')))
    assert (posts[0].text, bad) == (text, [])


UNCLOSED = 'a quote (") is opened in this row and not closed: close it, or double it'


def test_an_unclosed_quote_costs_one_row(write, split) -> None:
    rest = "".join(f"{n},bob,ok,2024-09-02\n" for n in range(50_000))
    posts, bad = split(open_table(write(f'{HEADER}1,ann,"oops,2024-09-01\n{rest}')))
    assert [post.native_id for post in posts] == [str(n) for n in range(50_000)]
    assert bad == [BadRow(2, UNCLOSED, None, '1,ann,"oops,2024-09-01')]


def test_an_unclosed_quote_in_a_row_of_quotes_is_mended(write, split) -> None:
    rest = "".join(f'"{n}","bob","ok, then","2024-09-02"\n' for n in range(100))
    posts, bad = split(open_table(write(f'{HEADER}"1","ann","oops,"2024-09-01"\n{rest}')))
    assert (len(posts), posts[0].text, bad) == (101, '"oops', [])


def test_rows_swallowed_by_a_quote_that_closes_later_come_back(write, split) -> None:
    content = (
        f'{HEADER}1,ann,"oops,2024-09-01\n2,bob,kept,2024-09-02\n3,cay,kept,2024-09-03\n'
        '4,dan,end",2024-09-04\n5,eve,kept,2024-09-05\n'
    )
    posts, bad = split(open_table(write(content)))
    assert [post.native_id for post in posts] == ["2", "3", "4", "5"]
    assert bad == [BadRow(2, UNCLOSED, None, '1,ann,"oops,2024-09-01')]


def test_many_unclosed_quotes_do_not_take_for_ever(write, split) -> None:
    # Every line leaves a quote open when it begins a record, and is inert inside one.
    rows = 'a"",""",\n' * 30_000
    posts, bad = split(open_table(write(f"{HEADER}{GOOD}{rows}")))
    assert len(posts) == 1
    assert len(bad) > 0


def test_a_stray_quote_within_a_row_is_forgiven(write, split) -> None:
    rows = (
        '1,ann,"big" news,2024-09-01\n"2","ann","big" news","2024-09-01"\n'
        '3,"ann","big" news, really,2024-09-01\n4,"a,n","big" news,2024-09-01\n'
    )
    posts, bad = split(open_table(write(HEADER + rows)))
    assert [post.text for post in posts] == ['"big" news', 'big" news', "big news"]
    assert [row.line for row in bad] == [4]  # its comma may be text or not


def test_a_long_text_with_lines_like_rows_but_no_dates_stays_whole(write, split) -> None:
    text = "a,b,c,d\n1,2,3,4\nend"
    posts, bad = split(open_table(write(f'{HEADER}1,ann,"{text}",2024-09-01\n')))
    assert (posts[0].text, bad) == (text, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1, "text": }', "invalid JSON at column 19: expecting value"),
        ("[1, 2]", "not an object: each line is to be one {...}"),
        ('{"id": 1, "text": "a\0b"}', "NUL bytes in the row: the file is damaged, export it again"),
        ('{"id": ' + "9" * 5000 + "}", "Exceeds the limit (4300 digits) for integer string"),
        ('{"a":' * 100_000, "nested too deeply to be a post"),
        ('{"id": 1, "text": "' + "x" * 2**20 + '"}', "the row is longer than 1 MiB"),
        ('{"id": 1, "author": "a", "date": "2024-09-01"}', "no text: text is empty"),
    ],
)
def test_bad_json_lines(write, split, line, reason) -> None:
    good = json.dumps({"id": 9, "author": "a", "text": "fine", "date": "2024-09-01"})
    posts, bad = split(open_table(write(f"{good}\n{line}\n{good}\n", "posts.jsonl")))
    assert len(posts) == 2
    assert [row.line for row in bad] == [2]
    assert bad[0].reason.startswith(reason)


def test_counts_that_cannot_be_read_are_unknown_and_counted(write, split) -> None:
    content = (
        "id,author,text,date,likes,followers\n"
        "1,ann,hi,2024-09-01,many,-5\n2,ann,hi,2024-09-01,N/A,7\n3,ann,hi,2024-09-01,0,x\n"
    )
    table = open_table(write(content))
    posts, bad = split(table)
    assert bad == []
    assert [(post.likes, post.author_followers) for post in posts] == [
        (None, None), (None, 7), (0, None),
    ]  # fmt: skip
    assert table.unreadable() == {"likes": 1, "followers": 2}


def test_ids_rounded_by_a_spreadsheet_are_derived(write, split) -> None:
    content = f"{HEADER}5.70306E+17,ann,one,2024-09-01\n5.70306E+17,ann,two,2024-09-01\n"
    table = open_table(write(content))
    posts, _ = split(table)
    assert len({post.native_id for post in posts}) == 2
    assert table.unreadable() == {"id": 2}
