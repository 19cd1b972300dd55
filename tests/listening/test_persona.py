"""What personas count, by hand."""

from __future__ import annotations

from collections import Counter
from math import log

import pytest

from listening.factsheet import factsheet
from listening.persona import (
    Affinity,
    Coverage,
    Towards,
    affinities,
    persona,
    shares,
    times_likelier,
)
from listening.sources.base import PostKind
from listening.tally import PostFacts, Tally
from tests.factories import at


def said(text: str = "hello", moment: str = "2026-09-01T10:00Z", **more: object) -> PostFacts:
    facts = {"source": "forum", "kind": PostKind.POST, "published_at": at(moment), "text": text}
    return PostFacts(**(facts | more))  # type: ignore[arg-type]


def tally(*authors: list[PostFacts]) -> Tally:
    found = Tally()
    for posts in authors:
        found.add(posts)
    return found


COVERAGE = Coverage(
    members=2, read=2, posts=3, scored=2, left_out=1, everyone=4, all_authors=9
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tags", "found"),
    [
        ("#Coffee and #coffee", (), {"coffee"}),
        ("a#b and &#39; and #7", (), set()),
        ("#東京 #déjàvu_2", (), {"東京", "déjàvu_2"}),
        ("nothing", ("Gravel", "#Ride", " "), {"gravel", "ride"}),
        ("https://a.example/#part", (), set()),
    ],
)
def test_hashtags_are_those_of_text_and_source_folded(
    text: str, tags: tuple[str, ...], found: set[str]
) -> None:
    assert said(text, tags=tags).hashtags == found


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, {"text"}),
        ({"media": ("image",)}, {"image"}),
        ({"media": ("video", "image")}, {"image", "video"}),
        ({"media": ("photo", "image/png")}, {"image"}),
        ({"links": ("https://www.youtube.com/watch?v=1",)}, {"video"}),
        ({"text": "see https://a.example/x.JPG?w=2"}, {"image"}),
        ({"text": "see https://a.example/page"}, {"link"}),
        ({"media": ("something else",)}, {"text"}),
    ],
)
def test_a_post_carries_what_its_source_and_its_addresses_tell(
    more: dict[str, object], found: set[str]
) -> None:
    assert said(**more).formats == found  # type: ignore[arg-type]


def test_sites_are_hosts_and_what_is_no_address_is_none() -> None:
    post = said("http://www.a.example/x, (https://b.example)", links=("no address", "http://["))
    assert post.sites == {"a.example", "b.example"}


def test_a_thing_counts_once_an_author_and_once_a_post() -> None:
    found = tally([said("#tea #tea"), said("#tea")], [said("#tea"), said("coffee")])
    assert found.by_author == {("hashtag", "tea"): 2}
    assert found.by_post == {("hashtag", "tea"): 3}
    assert (found.authors, found.posts) == (2, 4)


def test_times_likelier_by_hand() -> None:
    # Everyone's share is 0.1: (5 + 10 * 0.1) / (10 + 10) / 0.1.
    assert times_likelier(5, 10, 20, 200, 10.0) == pytest.approx(3.0)
    assert times_likelier(20, 200, 20, 200, 10.0) == pytest.approx(1.0)
    # Everyone's sample lacks it: p = (0 + 4) / (96 + 4).
    assert times_likelier(4, 4, 0, 96, 10.0) == pytest.approx((4 + 0.4) / 14 / 0.04)


def test_affinities_need_three_and_lead_with_the_most_behind_them() -> None:
    own = {("hashtag", "tea"): 10, ("site", "a.example"): 3, ("hashtag", "rare"): 2}
    everyone = {("hashtag", "tea"): 20, ("site", "a.example"): 3, ("hashtag", "rare"): 2}
    found = affinities(own, 20, everyone, 100)
    assert [(a.name, a.times) for a in found] == [("tea", 2.0), ("a.example", 3.67)]
    assert 10 * log(2.0) > 3 * log(3.67)


def test_what_everyone_has_as_often_is_no_affinity() -> None:
    assert affinities({("hashtag", "x"): 11}, 20, {("hashtag", "x"): 50}, 100) == ()


def test_shares_stand_beside_everyones() -> None:
    first, second = shares({"a": 3, "b": 1}, {"b": 5, "c": 5})
    assert (first.name, first.share, first.everyones) == ("a", 0.75, 0.0)
    assert (second.name, second.share, second.everyones) == ("b", 0.25, 0.5)
    (none,) = shares({}, {}, ("a",))
    assert (none.share, none.everyones) == (None, None)


def test_a_persona_counts_hours_formats_and_moods() -> None:
    own = tally(
        [
            said("x", "2026-09-07T23:30Z", sentiment="positive", emotion="joy", reactions=4),
            said("y", "2026-09-08T00:10Z", sentiment="negative", reactions=8),
        ],
        [said("z", "2026-09-08T09:00Z", media=("video",), kind=PostKind.REPLY)],
    )
    found = persona(own, own, coverage=COVERAGE)
    assert [(s.name, s.count) for s in found.weekdays[:2]] == [("Monday", 1), ("Tuesday", 2)]
    assert found.hours[0][23] == 1
    assert found.busiest == (22, 1, pytest.approx(2 / 3))
    assert [(s.name, s.count, s.of) for s in found.sentiment] == [
        ("negative", 1, 2),
        ("neutral", 0, 2),
        ("positive", 1, 2),
    ]
    text, *_, video = found.formats
    assert (text.share.count, text.share.of, text.reactions, text.known) == (2, 3, 6.0, 2)
    assert (video.share.count, video.reactions, video.known) == (1, None, 0)
    assert [(s.name, s.count) for s in found.kinds] == [("post", 2), ("reply", 1)]


def test_one_authors_affinities_are_of_posts() -> None:
    mine = tally([said("#tea"), said("#tea"), said("milk"), said("milk")])
    everyone = tally(*[[said("#tea")]] * 2, *[[said("water")]] * 18)
    (found,) = persona(mine, everyone, coverage=COVERAGE, one_author=True).affinities
    # Everyone's share is 0.1: (2 + 5 * 0.1) / (4 + 5) / 0.1.
    assert found == Affinity("hashtag", "tea", 2, 4, 2, 20, 2.78)


def test_nothing_read_is_unknown_and_not_zero() -> None:
    found = persona(Tally(), Tally(), coverage=COVERAGE)
    assert found.busiest is None
    assert found.sentiment[0].share is None
    assert factsheet(found)["busiest_hours_utc"] is None
    assert factsheet(found)["sentiment"][0]["share"] is None


def test_a_factsheet_says_what_every_figure_is_of() -> None:
    brand = Towards(
        brand_id=1, name="JetBlue", slug="jetblue", authors=2, mentions=5, counts=(1, 0, 3),
        everyone=(5, 0, 5), weighed=2, advocates=1,
    )  # fmt: skip
    own = tally([said("#tea", sentiment="positive")])
    row = factsheet(persona(own, own, coverage=COVERAGE, brands=[brand]))
    assert row["coverage"]["left_out"] == 1
    assert row["brands"][0]["net_sentiment"] == 0.5
    assert row["brands"][0]["everyone"] == 0.0
    assert row["brands"][0]["scored"] == 4
    assert row["sentiment"][2] == {
        "name": "positive", "share": 1.0, "count": 1, "of": 1,
        "everyone": 1.0, "everyone_count": 1, "everyone_of": 1,
    }  # fmt: skip
    assert sum(map(sum, row["hours_utc"].values())) == 1


def test_no_count_is_lost_between_authors() -> None:
    found = tally([said(sentiment="neutral")], [said(sentiment="neutral", emotion="anger")])
    assert found.sentiments == Counter({"neutral": 2})
    assert found.emotions == Counter({"anger": 1})
    assert found.sources == Counter({"forum": 2})
