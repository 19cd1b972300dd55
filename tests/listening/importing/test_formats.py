"""CSV with every delimiter, JSON lines, JSON lists, gzip: the same posts come out."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

from listening.importing import Progress, open_table
from listening.sources.base import PostKind, RawPost

POSTS = [
    RawPost(
        source="file",
        native_id="1",
        author_native_id="ann",
        text='Late again, "sorry" they say.\nSecond; line | with\ttab',
        published_at=datetime(2024, 9, 1, 8, 15, tzinfo=UTC),
    ),
    RawPost(
        source="file",
        native_id="2",
        author_native_id="bob",
        text="Fine, thanks, really, truly, yes 🙂",
        published_at=datetime(2024, 9, 2, tzinfo=UTC),
    ),
]


def as_csv(delimiter: str) -> str:
    rows = [
        ["id", "author_id", "text", "created_at"],
        ["1", "ann", POSTS[0].text, "2024-09-01T08:15:00Z"],
        ["2", "bob", POSTS[1].text, "2024-09-02"],
    ]
    return "".join(
        delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows
    )


def as_objects() -> list[dict[str, object]]:
    return [
        {"id": 1, "author_id": "ann", "text": POSTS[0].text, "created_at": "2024-09-01T08:15:00Z"},
        {"id": 2, "author_id": "bob", "text": POSTS[1].text, "created_at": "2024-09-02"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found(write, split, delimiter) -> None:
    table = open_table(write(as_csv(delimiter)))
    assert (table.format, table.delimiter, table.compression) == ("csv", delimiter, None)
    assert split(table) == (POSTS, [])


def test_texts_full_of_commas_do_not_hide_the_delimiter(write, split) -> None:
    rows = "".join(f"{n};ann;2024-09-01;a, b, c, d, e, {n}\n" for n in range(50))
    table = open_table(write("id;author;date;text\n" + rows))
    assert table.delimiter == ";"
    posts, bad = split(table)
    assert (len(posts), bad, posts[7].text) == (50, [], "a, b, c, d, e, 7")


def test_the_delimiter_of_unknown_columns_is_found_by_their_number(write) -> None:
    rows = "".join(f"{n}|ann|2024-09-01|a, b{', c' * (n % 3)}\n" for n in range(50))
    table = open_table(
        write("Nr|Wer|Wann|Was\n" + rows), mapping={"text": "Was", "author": "Wer", "date": "Wann"}
    )
    assert table.delimiter == "|"


def test_a_line_that_tells_excel_the_delimiter_is_obeyed(write, split) -> None:
    table = open_table(write("sep=;\nid;author;text;date\n1;ann;a,b;2024-09-01\n"))
    assert table.delimiter == ";"
    posts, bad = split(table)
    assert ([post.text for post in posts], bad) == (["a,b"], [])


def test_backslashed_quotes_are_understood(write, split) -> None:
    rows = "".join(f'{n},ann,"he said \\"no\\", twice",2024-09-01\n' for n in range(9))
    posts, bad = split(open_table(write("id,author,text,date\n" + rows)))
    assert (len(posts), posts[0].text, bad) == (9, 'he said "no", twice', [])


def test_json_lines(write, split) -> None:
    lines = "\n".join(json.dumps(item) for item in as_objects())
    table = open_table(write(lines + "\n\n", "posts.jsonl"))
    assert (table.format, table.delimiter) == ("jsonl", None)
    assert split(table) == (POSTS, [])


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_list(write, split, indent) -> None:
    table = open_table(write(json.dumps(as_objects(), indent=indent), "posts.json"))
    assert table.format == "json"
    assert split(table) == (POSTS, [])


def test_a_broken_element_of_a_json_list_is_one_bad_row(write, split) -> None:
    first, second = (json.dumps(item) for item in as_objects())
    posts, bad = split(open_table(write(f'[\n{first},\n{{"id": 3, "text" oops}},\n{second}\n]')))
    assert posts == POSTS
    assert [(row.line, row.field) for row in bad] == [(3, None)]
    assert "invalid JSON at character 18" in bad[0].reason
    assert bad[0].raw == '{"id": 3, "text" oops}'


def test_a_json_list_cut_short_says_so(write, split) -> None:
    first, second = (json.dumps(item) for item in as_objects())
    posts, bad = split(open_table(write(f"[{first},\n{second[:30]}")))
    assert posts == POSTS[:1]
    assert bad[0].line == 2
    posts, bad = split(open_table(write(f"[{first}\n")))
    assert [row.reason for row in bad] == ["the list is not closed: the file is cut short"]


def test_nested_json_has_dotted_columns(write, split) -> None:
    item = {
        "id_str": "7",
        "full_text": "hi",
        "created_at": "Tue Feb 24 11:35:52 +0000 2015",
        "user": {"id_str": "99", "screen_name": "ann", "followers_count": 12, "verified": True},
        "entities": {"hashtags": []},
    }
    table = open_table(write(json.dumps(item), "tweets.jsonl"))
    assert table.columns == (
        "id_str", "full_text", "created_at", "user.id_str", "user.screen_name",
        "user.followers_count", "user.verified", "entities.hashtags",
    )  # fmt: skip
    assert split(table)[0] == [
        RawPost(
            source="file",
            native_id="7",
            author_native_id="99",
            author_handle="ann",
            author_followers=12,
            author_verified=True,
            text="hi",
            published_at=datetime(2015, 2, 24, 11, 35, 52, tzinfo=UTC),
        )
    ]


def test_our_own_format(write, split) -> None:
    item = {
        "id": "m1", "source": "mastodon", "author_id": "a1", "author_handle": "ann",
        "author_name": "Ann", "author_followers": 10, "author_location": "Kiel",
        "author_verified": False, "text": "Hello", "title": "T", "url": "https://example.org/1",
        "published_at": "2024-09-01T08:15:00+02:00", "language": "en", "likes": 1, "reposts": 2,
        "replies": 3, "quotes": 4, "views": 5, "rating": 4.5, "kind": "reply", "reply_to": "m0",
        "thread": "m0", "repost_of": None, "media": ["image", "video"],
    }  # fmt: skip
    table = open_table(write(json.dumps(item) + "\n", "sample.jsonl"))
    assert table.unused == ()
    assert split(table) == (
        [
            RawPost(
                source="mastodon", native_id="m1", author_native_id="a1", author_handle="ann",
                author_name="Ann", author_followers=10, author_location="Kiel",
                author_verified=False, text="Hello", title="T", url="https://example.org/1",
                published_at=datetime(2024, 9, 1, 6, 15, tzinfo=UTC), language="en", likes=1,
                reposts=2, replies=3, quotes=4, views=5, rating=4.5, kind=PostKind.REPLY,
                reply_to="m0", thread="m0", media=("image", "video"),
            )
        ],
        [],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["posts.csv.gz", "posts.csv"])
def test_gzip_is_told_by_its_first_bytes(write, split, name) -> None:
    path = write(gzip.compress(as_csv(",").encode()), name)
    table = open_table(path)
    assert table.compression == "gzip"
    assert split(table) == (POSTS, [])
    size = path.stat().st_size
    assert table.progress() == Progress(bytes_read=size, bytes_total=size, line=5)


def test_a_name_ending_in_gz_does_not_make_it_gzip(write, split) -> None:
    table = open_table(write(as_csv(","), "posts.csv.gz"))
    assert table.compression is None
    assert split(table) == (POSTS, [])


def test_a_header_below_lines_about_the_export(write, split) -> None:
    content = "Exported by: Some Tool\n2024-09-30\n\nid,author,text,date\n1,ann,hi,2024-09-01\n"
    posts, bad = split(open_table(write(content)))
    assert ([post.text for post in posts], bad) == (["hi"], [])


def test_old_mac_line_ends(write, split) -> None:
    table = open_table(write("id,author,text,date\r1,ann,hi,2024-09-01\r2,bob,ho,2024-09-02\r"))
    assert [post.text for post in split(table)[0]] == ["hi", "ho"]


def test_blank_rows_are_passed_over(write, split) -> None:
    content = "id,author,text,date\n\n1,ann,hi,2024-09-01\n,,,\n  \n2,bob,ho,2024-09-02,\n"
    posts, bad = split(open_table(write(content)))
    assert ([post.native_id for post in posts], bad) == (["1", "2"], [])


def test_nameless_and_repeated_columns_are_named(write) -> None:
    table = open_table(write(",text,text,author,date\n0,hi,ho,ann,2024-09-01\n"))
    assert table.columns == ("column 1", "text", "text (2)", "author", "date")
    assert table.unused == ("column 1", "text (2)")


def test_a_table_describes_itself(write) -> None:
    table = open_table(
        write(gzip.compress(b"author;text;date;x\nann;hi;03.04.2024;1\n"), "my.csv.gz")
    )
    assert table.describe() == [
        "my.csv.gz: CSV, gzip, utf-8, separated by semicolons, 4 columns",
        "text: text (guessed)",
        "author: author (guessed)",
        "author_handle: author (guessed)",
        "date: date (guessed)",
        "source: 'file' (default)",
        "not used: x",
        "dates with dots are read day first (DD.MM.YYYY)",
        "dates that name no zone are read as UTC",
        "no column for id: ids are derived from author, date and text, so a text edited later is "
        "another post",
    ]
