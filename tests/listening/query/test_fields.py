"""Fields of a query: what holds, what does not, what an unknown value does."""

from __future__ import annotations

import pytest

from listening.query import Document, Matcher, explain, parse


def holds(query: str, document: Document) -> bool:
    """Through the matcher, and checked to be the same straight from the tree."""
    parsed = parse(query)
    found = 0 in Matcher({0: parsed}).match(document)
    assert found is explain(parsed, document).held
    return found


FULL = Document(
    "Lost my bag at JFK",
    title="Worst flight ever",
    url="https://www.reddit.com/r/Flights/comments/abc/worst_flight",
    site="blog.jetblue.com",
    links=("https://bit.ly/x", "https://jetblue.com/deals"),
    author="Ann_B",
    channel_id="UC-123",
    language="en-US",
    country="US",
    region="New York",
    city="New York",
    tags=("complaint", "lost bag"),
    kind="repost",
    source="reddit",
    followers=500,
    verified=False,
    rating=3.5,
    reach=0,
    engagement=12,
    native_id="t3_abc",
    parent_id="t3_p",
    root_id="t3_r",
)
EMPTY = Document("Lost my bag at JFK")

FIELDS = [
    ("flight", True),  # words are looked for in text and title
    ("flight AND bag", True),
    ("flight NEAR/50 bag", False),  # but near only within one of them
    ("title:flight", True),
    ("title:bag", False),
    ('title:"worst flight"', True),
    ("title:(worst NEAR/0 flight)", True),
    ("title:(flight AND NOT best)", True),
    ("title:flig*", True),
    ("content:bag", True),
    ("content:flight", False),
    ("site:jetblue.com", True),
    ("site:blog.jetblue.com", True),
    ("site:blue.com", False),
    ("site:jetblue", False),
    ("site:jetblue*", True),
    ("url:comments", True),
    ('url:"reddit.com/r/flights"', True),
    ("url:https://www.reddit.com/r/Flights/*", True),
    ("url:https://www.reddit.com/r/Trains/*", False),
    ("links:jetblue.com", True),
    ("links:reddit.com", False),
    ("author:ann_b", True),
    ("author:@ann_b", True),
    ("author:ann", False),
    ("author:ann*", True),
    ("author:{ann_b}", False),
    ("author:{Ann_B}", True),
    ("channelId:UC-123", True),
    ("language:en", True),
    ("lang:EN-us", True),
    ("language:e", False),
    ("language:(de OR en)", True),
    ("country:us", True),
    ("bag NOT country:us", False),
    ('region:"new york"', True),
    ("region:york", False),
    ('city:"New York"', True),
    ("tags:complaint", True),
    ('tags:(complaint AND "lost bag")', True),
    ("tags:(complaint AND praise)", False),
    ("tags:lost", False),
    ("engagementType:RETWEET", True),
    ("engagementType:(COMMENT|REPLY|RETWEET)", True),
    ("engagementType:(comment OR quote)", False),
    ("sourcetype:reddit", True),
    ("subreddit:flights", True),
    ("subreddit:flight", False),
    ("guid:t3_abc", True),
    ("guid:t3_*", True),
    ("channelId:UC-*", True),
    ("channelId:UX-*", False),
    ("parentPostId:t3_p", True),
    ("rootPostId:t3_r", True),
    ("authorVerified:false", True),
    ("authorVerified:true", False),
    ("authorFollowers:[500 TO 100000]", True),
    ("authorFollowers:[501 TO 100000]", False),
    ("authorFollowers:[0 TO 500]", True),
    ("authorFollowers:[* TO 499]", False),
    ("rating:[3 TO 5]", True),
    ("rating:[3.6 TO *]", False),
    ("rating:3.5", True),
    ("reach:[0 TO 0]", True),
    ("engagement:[12 TO *]", True),
]


@pytest.mark.parametrize(("query", "expected"), FIELDS)
def test_fields(query: str, expected: bool) -> None:
    assert holds(query, FULL) is expected


KNOWN_ALWAYS = ("flight", "bag", "content")


@pytest.mark.parametrize("query", [row[0] for row in FIELDS if not row[0].startswith(KNOWN_ALWAYS)])
def test_an_unknown_value_satisfies_no_condition(query: str) -> None:
    assert holds(query, EMPTY) is False


def test_not_of_an_unknown_value_holds() -> None:
    assert holds("bag NOT country:us", EMPTY) is True
    assert holds("bag NOT authorFollowers:[0 TO 5]", EMPTY) is True


def test_the_site_is_read_from_the_address_where_it_is_not_given() -> None:
    assert holds("site:jetblue.com", Document("x", url="https://www.jetblue.com/a")) is True
    assert holds("site:jetblue.com", Document("x", url="http://[broken")) is False
