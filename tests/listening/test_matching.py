"""From posts to mentions: which brands, how central, and who does not count."""

from __future__ import annotations

import pytest

from listening.errors import QueryError
from listening.matching import BrandMatcher, BrandRule, Matched, document_of
from listening.sources.base import PostKind
from tests.factories import post


def rule(id: int, query: str, *own: str) -> BrandRule:
    return BrandRule(id, f"Brand {id}", query, frozenset(own))


JETBLUE, DELTA = rule(1, "jetblue", "jetblue", "did:plc:jb"), rule(2, "delta")


def test_a_post_about_one_brand() -> None:
    assert BrandMatcher([JETBLUE, DELTA]).match(post("I like JetBlue")) == [
        Matched(1, 1.0, ((7, 14),))
    ]


def test_a_post_about_two_brands_is_half_about_each() -> None:
    assert BrandMatcher([JETBLUE, DELTA]).match(post("JetBlue or Delta")) == [
        Matched(1, 0.5, ((0, 7),)),
        Matched(2, 0.5, ((11, 16),)),
    ]


def test_a_post_about_none() -> None:
    assert BrandMatcher([JETBLUE, DELTA]).match(post("lovely")) == []
    assert BrandMatcher([]).match(post("lovely")) == []


def test_a_title_counts() -> None:
    assert BrandMatcher([JETBLUE]).match(post("late again", title="JetBlue")) == [
        Matched(1, 1.0, ())
    ]


@pytest.mark.parametrize(
    ("author", "handle"),
    [("jetblue", None), ("17", "@JetBlue"), ("JETBLUE", "support"), ("did:plc:jb", "jb")],
)
def test_a_brands_own_account_does_not_mention_it(author: str, handle: str | None) -> None:
    own = post("JetBlue beats Delta", author=author, author_handle=handle)
    assert [m.brand_id for m in BrandMatcher([JETBLUE, DELTA]).match(own)] == [2]


def test_a_query_that_cannot_be_read_names_the_brand() -> None:
    with pytest.raises(QueryError, match=r"The query of 'Brand 2' cannot be read: ") as caught:
        BrandMatcher([JETBLUE, rule(2, "a AND")])
    assert caught.value.column is not None


@pytest.mark.parametrize(
    "query",
    [
        "title:news", "site:example.com", "author:zoe", "language:en", "country:US",
        "tags:vip", "engagementType:REPLY", "sourcetype:bluesky", "authorFollowers:[10 TO 20]",
        "authorVerified:true", "rating:[4 TO 5]", "reach:[10 TO 20]", "engagement:[10 TO 10]",
        "guid:p1", "parentPostId:p0", "rootPostId:r0", "links:acme",
    ],
)  # fmt: skip
def test_a_query_may_ask_for_what_the_source_told(query: str) -> None:
    told = post(
        "lovely", source="bluesky", title="News", url="https://example.com/1", language="en",
        author_handle="zoe", country="US", tags=("vip",), kind=PostKind.REPLY, reply_to="p0",
        thread="r0", likes=1, reposts=2, replies=3, quotes=4, rating=4.5,
        author_followers=15, author_verified=True, links=("https://acme.com",),
    )  # fmt: skip
    assert len(BrandMatcher([rule(1, query)]).match(told)) == 1
    assert BrandMatcher([rule(1, query)]).match(post("lovely", id="q")) == []


def test_an_author_known_by_id_alone_is_found_by_it() -> None:
    assert len(BrandMatcher([rule(1, "author:zoe")]).match(post("lovely", author="zoe"))) == 1


def test_engagement_is_the_sum_of_the_known_counts() -> None:
    assert document_of(post(likes=3, replies=2)).engagement == 5
    assert document_of(post(likes=0)).engagement == 0
    assert document_of(post()).engagement is None


def test_a_broken_address_is_no_site_and_no_failure() -> None:
    broken = post("JetBlue", url="http://[broken/1")
    assert len(BrandMatcher([JETBLUE]).match(broken)) == 1
    assert BrandMatcher([rule(1, "site:broken")]).match(broken) == []
