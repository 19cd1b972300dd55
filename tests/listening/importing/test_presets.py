"""Exports of other tools, as they come."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from listening.errors import ImportFileError
from listening.importing import open_table
from listening.sources.base import PostKind, RawPost

BRANDWATCH = """\
Report:,Bulk Mentions Download
Brand:,Nordwind
From:,Tue Sep 01 00:00:00 UTC 2024
To:,Wed Sep 02 00:00:00 UTC 2024
Label:,Nordwind EN

Query Id,Query Name,Date,Title,Snippet,Url,Domain,Sentiment,Page Type,Language,Country Code,\
Country,Region,City,Author,Full Name,Full Text,Twitter Author ID,Twitter Followers,\
Twitter Retweets,Twitter Reply Count,Twitter Reply to,Twitter Retweet of,Engagement Type,\
Reach (new),Thread Id
1,Nordwind,2024-09-01 08:15:00.0,"Late, again",late...,https://twitter.com/ann/status/111,\
twitter.com,negative,twitter,en,DEU,Germany,Hamburg,Hamburg,ann,Ann A,"Late, again &amp; again",\
999,"1,234",2,3,http://twitter.com/bob/statuses/110,,REPLY,500,110
1,Nordwind,2024-09-01 09:00:00.0,Nordwind grows,"The airline, it says",\
https://news.example/a,news.example,neutral,news,de,,,,,,,,,,,,,,,900,
"""


def test_brandwatch(write, split) -> None:
    table = open_table(write(BRANDWATCH))
    assert (table.preset, table.mapping["text"].how) == ("brandwatch", "preset")
    assert table.mapping["text"].otherwise == ("Snippet", "Title")
    assert "Sentiment" in table.unused
    posts, bad = split(table)
    assert bad == []
    assert posts == [
        RawPost(
            source="twitter",
            native_id="111",
            author_native_id="999",
            author_handle="ann",
            author_name="Ann A",
            author_followers=1234,
            text="Late, again & again",
            title="Late, again",
            published_at=datetime(2024, 9, 1, 8, 15, tzinfo=UTC),
            url="https://twitter.com/ann/status/111",
            language="en",
            kind=PostKind.REPLY,
            reply_to="110",
            thread="110",
            country="Germany",
            region="Hamburg",
            city="Hamburg",
            reposts=2,
            replies=3,
        ),
        RawPost(
            source="news",
            native_id="https://news.example/a",
            author_native_id="news.example",
            text="The airline, it says",
            title="Nordwind grows",
            published_at=datetime(2024, 9, 1, 9, tzinfo=UTC),
            url="https://news.example/a",
            language="de",
        ),
    ]


def test_brandwatch_bad_rows_have_the_line_of_the_file(write, split) -> None:
    _, bad = split(open_table(write(BRANDWATCH + "1,Nordwind,2024-09-01\n")))
    assert [row.line for row in bad] == [10]


MELTWATER = (
    "Date\tHeadline\tURL\tOpening Text\tHit Sentence\tSource\tInfluencer\tCountry\tSubregion\t"
    "State\tCity\tLanguage\tReach\tSentiment\tKey Phrases\tInput Name\tKeywords\tDocument Tags\n"
    '01-Sep-2024 08:15AM\t\t"https://twitter.com/ann/statuses/111"\t"QT ""late"", again"\t'
    '"late"\tTwitter\t@ann\tGermany\t\tHamburg\tHamburg\tEnglish\t1234\tNegative\t"a,b"\tN\tn\t'
    '"vip, urgent"\n'
    "02-Sep-2024 12:05PM\tNordwind grows\thttps://news.example/a\t\tThe airline says so.\t"
    "The Example\t\tUnited Kingdom\t\t\t\ten\t900\tNeutral\t\tN\tn\t\n"
)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_meltwater(write, split, encoding) -> None:
    table = open_table(write(MELTWATER, encoding=encoding))
    assert (table.preset, table.delimiter) == ("meltwater", "\t")
    posts, bad = split(table)
    assert bad == []
    assert posts == [
        RawPost(
            source="meltwater",
            native_id="111",
            author_native_id="ann",
            author_handle="ann",
            text='QT "late", again',
            published_at=datetime(2024, 9, 1, 8, 15, tzinfo=UTC),
            url="https://twitter.com/ann/statuses/111",
            language="en",
            country="Germany",
            region="Hamburg",
            city="Hamburg",
            tags=("vip", "urgent"),
        ),
        RawPost(
            source="meltwater",
            native_id="https://news.example/a",
            author_native_id="The Example",
            text="The airline says so.",
            title="Nordwind grows",
            published_at=datetime(2024, 9, 2, 12, 5, tzinfo=UTC),
            url="https://news.example/a",
            language="en",
            country="United Kingdom",
        ),
    ]


def test_meltwater_with_the_time_in_its_own_column(write, split) -> None:
    content = (
        "Date,Time,Document ID,URL,Source Type,Source Name,Author Name,Author Handle,Title,"
        "Opening Text,Hit Sentence,Language,Likes\n"
        "01-Sep-2024,08:15 PM,d1,https://x.com/ann/status/7,X,X,Ann,@ann,,Hello,Hello,en,4\n"
    )
    table = open_table(write(content))
    assert table.preset == "meltwater"
    assert split(table)[0] == [
        RawPost(
            source="x",
            native_id="d1",
            author_native_id="ann",
            author_handle="ann",
            author_name="Ann",
            text="Hello",
            published_at=datetime(2024, 9, 1, 20, 15, tzinfo=UTC),
            url="https://x.com/ann/status/7",
            language="en",
            likes=4,
        )
    ]


TALKWALKER = {
    "url": "https://twitter.com/ann/status/111",
    "published": "2024-09-01 08:15",
    "indexed": "2024-09-01 08:20",
    "title_snippet": "Late...",
    "content": "Late again",
    "lang": "en",
    "sentiment": "-5",
    "source_type": "SOCIALMEDIA, SOCIALMEDIA_TWITTER",
    "extra_author_attributes.name": "Ann",
    "extra_author_attributes.gender": "UNKNOWN",
    "extra_author_attributes.url": "https://twitter.com/ann",
    "source_extended_attributes.twitter_followers": "1234",
    "extra_article_attributes.world_data.country_code": "de",
    "cluster_id": "1",
    "tags_internal": "",
}


def test_talkwalker(write, split) -> None:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(TALKWALKER), delimiter=";")
    writer.writeheader()
    writer.writerow(TALKWALKER)
    table = open_table(write(buffer.getvalue()))
    assert table.preset == "talkwalker"
    assert split(table)[0] == [
        RawPost(
            source="twitter",
            native_id="111",
            author_native_id="https://twitter.com/ann",
            author_name="Ann",
            author_followers=1234,
            text="Late again",
            title="Late...",
            published_at=datetime(2024, 9, 1, 8, 15, tzinfo=UTC),
            url="https://twitter.com/ann/status/111",
            language="en",
            country="de",
        )
    ]


def test_talkwalker_as_nested_json(write, split) -> None:
    content = (
        '{"url": "https://e.org/1", "published": 1725178500000, "indexed": 1725178600000, '
        '"title_snippet": "T", "content": "Hi", '
        '"source_type": ["SOCIALMEDIA", "SOCIALMEDIA_TWITTER"], '
        '"extra_author_attributes": {"id": "tw:9", "name": "Ann"}}\n'
    )
    table = open_table(write(content, "export.jsonl"))
    assert table.preset == "talkwalker"
    post = split(table)[0][0]
    assert (post.author_native_id, post.author_name) == ("tw:9", "Ann")
    assert (post.source, post.published_at) == ("twitter", datetime(2024, 9, 1, 8, 15, tzinfo=UTC))


def test_fourcat(write, split) -> None:
    content = (
        "id,thread_id,author,body,subject,timestamp,author_fullname,like_count,retweet_count,"
        "hashtags,author_followers\n"
        '11,10,ann,"Late, again",,2024-09-01 08:15:00,Ann A,5,2,"late,rail",77\n'
    )
    table = open_table(write(content))
    assert table.preset == "4cat"
    assert table.mapping["followers"].how == "guessed"
    assert split(table)[0] == [
        RawPost(
            source="4cat",
            native_id="11",
            author_native_id="ann",
            author_handle="ann",
            author_name="Ann A",
            author_followers=77,
            text="Late, again",
            thread="10",
            published_at=datetime(2024, 9, 1, 8, 15, tzinfo=UTC),
            likes=5,
            reposts=2,
            tags=("late", "rail"),
        )
    ]


def test_a_preset_that_does_not_fit_says_what_is_missing(write) -> None:
    path = write("id,author,text,date,Url\n1,ann,hi,2024-09-01,\n")
    with pytest.raises(ImportFileError, match="no brandwatch export: its header has no Query Id, "):
        open_table(path, preset="brandwatch")


def test_an_unknown_preset_lists_those_there_are(write) -> None:
    path = write("id,author,text,date\n1,ann,hi,2024-09-01\n")
    with pytest.raises(ImportFileError, match="brandwatch, meltwater, talkwalker, 4cat"):
        open_table(path, preset="sprinklr")


def test_a_named_column_goes_before_the_preset(write, split) -> None:
    table = open_table(write(BRANDWATCH), mapping={"text": "Title"}, source="bw")
    assert (table.mapping["text"].how, table.mapping["date"].how) == ("named", "preset")
    assert [(post.text, post.source) for post in split(table)[0]] == [
        ("Late, again", "bw"),
        ("Nordwind grows", "bw"),
    ]
