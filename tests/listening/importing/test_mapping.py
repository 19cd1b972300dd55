"""Which column becomes which field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from listening.errors import ImportFileError
from listening.importing import Found, open_table
from listening.sources.base import PostKind


def columns_found(write, header: str, row: str) -> dict[str, str]:
    table = open_table(write(f"{header}\n{row}\n"))
    return {field: found.column for field, found in table.mapping.items()}


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (
            "tweet_id,author_id,airline,text,tweet_created,retweet_count",
            "1,a1,United,late,2015-02-24 11:35:52 -0800,0",
            {"text": "text", "author": "author_id", "date": "tweet_created", "id": "tweet_id",
             "reposts": "retweet_count"},
        ),
        (
            "reviewId,userName,content,score,thumbsUpCount,reviewCreatedVersion,at",
            "r1,Ann,nice,5,2,1.0,2024-06-12 22:01:30",
            {"text": "content", "author": "userName", "author_handle": "userName", "date": "at",
             "id": "reviewId", "likes": "thumbsUpCount", "rating": "score"},
        ),
        (
            "id,synthetic_author_id,subreddit,text,created_utc,score,num_comments",
            "1,s1,Cooking,yum,1366236278,3,4",
            {"text": "text", "author": "synthetic_author_id", "date": "created_utc", "id": "id",
             "likes": "score", "replies": "num_comments"},
        ),
        (
            "Tweet ID,User ID,User Name,Name,Full Text,Created At,In Reply To Status Id,Favourites",
            "1,7,ann,Ann,hi,2024-09-01,,3",
            {"text": "Full Text", "author": "User ID", "author_handle": "User Name",
             "author_name": "Name", "date": "Created At", "id": "Tweet ID",
             "reply_to": "In Reply To Status Id", "likes": "Favourites"},
        ),
        (
            "doc_id,author_id,newsgroup,subject,text,date_utc_or_offset,is_reply",
            "1,a,alt.x,Re: x,hi,1993-04-05T18:01:16+00:00,1",
            {"text": "text", "author": "author_id", "date": "date_utc_or_offset", "id": "doc_id",
             "title": "subject"},
        ),
        (
            "id,in_reply_to_user_id,username,text,date,time",
            "1,9,ann,hi,2024-09-01,08:15",
            {"text": "text", "author": "username", "author_handle": "username", "date": "date",
             "time": "time", "id": "id"},
        ),
        (
            "id,author,text,date,source",
            "1,ann,hi,2024-09-01,Twitter for iPhone",
            {"text": "text", "author": "author", "author_handle": "author", "date": "date",
             "id": "id"},
        ),
        (
            "id,author,text,full_text,date",
            "1,ann,,hi,2024-09-01",
            {"text": "full_text", "author": "author", "author_handle": "author", "date": "date",
             "id": "id"},
        ),
    ],
)  # fmt: skip
def test_guesses(write, header, row, expected) -> None:
    assert columns_found(write, header, row) == expected


def test_named_columns_constants_and_alternatives(write, split) -> None:
    path = write("Nr,Was,Wann\n1,hi,2024-09-01\n2,ho,\n")
    table = open_table(
        path,
        mapping={"id": "nr", "text": "Was", "author": "=anonymous", "date": "Wann|=2015-01-01"},
    )
    assert table.mapping["date"] == Found("Wann", "named", ("=2015-01-01",))
    assert "author: always 'anonymous' (named)" in table.describe()
    posts, bad = split(table)
    assert bad == []
    assert [(post.native_id, post.author_native_id, post.published_at) for post in posts] == [
        ("1", "anonymous", datetime(2024, 9, 1, tzinfo=UTC)),
        ("2", "anonymous", datetime(2015, 1, 1, tzinfo=UTC)),
    ]


def test_fields_may_be_called_as_posts_call_them(write) -> None:
    table = open_table(
        write("a,b,c,d\nhi,ann,2024-09-01,4\n"),
        mapping={"text": "a", "author_id": "b", "published_at": "c", "author_followers": "d"},
    )
    assert list(table.mapping) == ["text", "author", "date", "followers"]


def test_sources(write, split) -> None:
    content = "id,author,text,date,platform\n1,ann,hi,2024-09-01,Mastodon\n2,ann,hi,2024-09-01,\n"
    path = write(content)
    for options, expected in (
        ({}, ["mastodon", "file"]),
        ({"source": "survey"}, ["survey", "survey"]),
        ({"mapping": {"source": "=forum"}}, ["forum", "forum"]),
    ):
        assert [post.source for post in split(open_table(path, **options))[0]] == expected


def test_derived_ids_are_the_same_the_next_time(write, split) -> None:
    first = write("author,text,date\nann,hi,2024-09-01\nann,ho,2024-09-01\n", "a.csv")
    again = write("x;date;author;text\n1;2024-09-01T00:00:00Z;ann;hi\n", "b.csv")
    posts = split(open_table(first))[0]
    assert posts[0].native_id == "derived-e524af0be370d097eaa5fd1d"
    assert posts[1].native_id != posts[0].native_id
    assert split(open_table(again))[0][0].native_id == posts[0].native_id


def test_a_link_post_has_its_title_for_text(write, split) -> None:
    posts, _ = split(
        open_table(write("id,author,title,selftext,created_utc\n1,ann,Look,,1725178500\n"))
    )
    assert (posts[0].text, posts[0].title) == ("Look", "Look")


def test_how_a_post_came_about(write, split) -> None:
    content = (
        "id,author,text,date,reply_to,repost_of,kind\n"
        "1,a,x,2024-09-01,,,\n2,a,x,2024-09-01,1,,\n3,a,x,2024-09-01,,1,\n"
        "4,a,x,2024-09-01,1,,quote\n5,a,x,2024-09-01,,,Retweet\n6,a,x,2024-09-01,,,status\n"
    )
    assert [post.kind for post in split(open_table(write(content)))[0]] == [
        PostKind.POST, PostKind.REPLY, PostKind.REPOST, PostKind.QUOTE, PostKind.REPOST,
        PostKind.POST,
    ]  # fmt: skip


def test_stars_make_a_review(write, split) -> None:
    posts, _ = split(open_table(write("author,review,date,stars\nann,nice,2024-09-01,4\n")))
    assert (posts[0].kind, posts[0].rating) == (PostKind.REVIEW, 4.0)


def test_day_or_month_first_is_decided_by_the_file(write, split) -> None:
    def dates(rows: list[str], **options: bool) -> tuple[list[str], list[str]]:
        body = "".join(f"ann,hi {row},{row}\n" for row in rows)
        table = open_table(write(f"author,text,date\n{body}"), **options)
        posts, bad = split(table)
        told = [note for note in table.notes if "day" in note]
        return [f"{post.published_at:%m-%d}" for post in posts] + [r.reason for r in bad], told

    assert dates(["03/04/2024", "25/04/2024"]) == (["04-03", "04-25"], [])
    assert dates(["03/04/2024", "04/25/2024"]) == (["03-04", "04-25"], [])
    assert dates(["03/04/2024"], day_first=True) == (["04-03"], [])
    assert dates(["03/04/2024"]) == (
        ["03-04"],
        [
            "nothing tells whether the day or the month comes first in dates like 03/04/2024: "
            "read month first (say --day-first if not)"
        ],
    )
    assert dates(["25/04/2024"], day_first=False) == (
        [
            "'25/04/2024' has no month 25: dates here are read month first; if the day comes "
            "first, say so (--day-first) (in date)"
        ],
        [],
    )


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"id": "=1"}, "one id for all rows would make them one post"),
        ({"date": "=someday"}, "'someday' is not a date"),
    ],
)
def test_a_constant_that_no_row_can_have_is_refused(write, named, reason) -> None:
    with pytest.raises(ImportFileError, match=reason):
        open_table(write("id,author,text,date\n1,ann,hi,2024-09-01\n"), mapping=named)
