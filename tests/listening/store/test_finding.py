"""Pages of mentions found: filters, orders, facets, cursors, bounds."""

from __future__ import annotations

from datetime import date

import pytest

from listening.access import COMMAND_LINE
from listening.errors import InvalidError, NotFoundError
from listening.searching import search_of
from listening.sources.base import PostKind
from listening.store.mentions import finding
from listening.store.mentions.finding import count_facets, find, find_mention
from listening.store.mentions.overriding import override
from listening.store.mentions.tagging import tag_mentions
from listening.store.session import Store
from listening.store.tables import SentimentLabel
from tests.factories import analyse, author_id, brand, load, mentions, opinion, post

ANGRY, HAPPY = (0.9, 0.05, 0.03, 0.02), (0.1, 0.7, 0.1, 0.1)


@pytest.fixture
def blue(store: Store) -> int:
    """Six mentions of JetBlue, a to f by time, and one of Delta."""
    number = brand(store, "JetBlue", "jetblue")
    brand(store, "Delta", "delta")
    load(
        store,
        post("jetblue lost my bag", id="a", author="ann", at="2026-09-01T12:00Z", source="x",
             country="US", author_followers=50, language="en"),
        post("jetblue lost it, é!", id="b", author="bob", at="2026-09-02T12:00Z", source="x",
             kind=PostKind.REPLY, author_followers=1_000, language="de"),
        post("jetblue is fine", id="c", author="cem", at="2026-09-03T12:00Z", source="reddit",
             country="DE", title="A bag"),
        post("jetblue is great", id="d", author="ann", at="2026-09-04T12:00Z", source="x",
             country="US"),
        post("jetblue bag", id="e", author="eve", at="2026-09-05T12:00Z", tags=("Luggage",),
             author_followers=200_000),
        post("jetblue?", id="f", author="fay", at="2026-09-06T12:00Z", rating=4.0),
        post("delta lost a bag", id="z", author="zoe"),
    )  # fmt: skip
    analyse(
        store,
        {
            "a": opinion(-0.9, emotion=ANGRY),
            "b": opinion(-0.5, language=None),
            "c": opinion(0.0),
            "d": opinion(0.9, emotion=HAPPY),
            "e": opinion(None, not_scored="language", language="fr"),
        },
    )
    own = {native: int(view.mention.id or 0) for native, view in mentions(store, number).items()}
    with store.work() as session:
        tag_mentions(session, COMMAND_LINE, [own["a"], own["b"]], add=["Lost bags"])
        tag_mentions(session, COMMAND_LINE, [own["b"]], add=["urgent"])
        override(session, COMMAND_LINE, [own["c"]], SentimentLabel.POSITIVE)
    return number


def found(store: Store, blue: int, *parameters: tuple[str, str], **more: int) -> str:
    """The native ids found over all pages, in their order."""
    letters, cursor = "", None
    with store.session() as session:
        while True:
            page = find(session, blue, search_of(parameters), cursor=cursor, **more)
            letters += "".join(row.view.post.native_id for row in page.rows)
            cursor = page.next_cursor
            if cursor is None:
                return letters


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize(
    ("parameters", "letters"),
    [
        ([], "fedcba"),
        ([("sort", "oldest")], "abcdef"),
        ([("sort", "reach")], "ebdafc"),
        ([("sort", "negative")], "abdcfe"),
        ([("q", "bag")], "eca"),
        ([("q", "bag"), ("sort", "oldest")], "ace"),
        ([("q", "title:bag")], "c"),
        ([("q", "lost AND é")], "b"),
        ([("q", "tags:luggage")], "e"),
        ([("q", 'tags:"lost bags"')], "ba"),
        ([("q", "bag NOT tags:luggage")], "ca"),
        ([("q", "language:fr")], "e"),
        ([("q", "authorFollowers:[100 TO 5000]")], "b"),
        ([("q", "jetblue NOT authorFollowers:[100 TO *]")], "fdca"),
        ([("q", "engagementType:REPLY OR rating:4")], "fb"),
        ([("q", "author:ann")], "da"),
        ([("sentiment", "negative")], "ba"),
        ([("sentiment", "positive")], "dc"),
        ([("sentiment", "negative"), ("sentiment", "none")], "feba"),
        ([("xsentiment", "negative")], "fedc"),
        ([("overridden", "true")], "c"),
        ([("xoverridden", "true")], "fedba"),
        ([("emotion", "anger")], "a"),
        ([("xemotion", "none")], "da"),
        ([("pageType", "x")], "dba"),
        ([("xpageType", "x"), ("xpageType", "reddit")], "fe"),
        ([("engagementType", "REPLY")], "b"),
        ([("engagementType", "post")], "fedca"),
        ([("language", "en")], "dca"),
        ([("language", "none")], "f"),
        ([("country", "US")], "da"),
        ([("xcountry", "US")], "fecb"),
        ([("tag", "Lost bags")], "ba"),
        ([("tag", "none")], "fedc"),
        ([("tag", "urgent"), ("tag", "none")], "fedcb"),
        ([("xtag", "urgent")], "fedca"),
        ([("reach", "0-99"), ("reach", "100k+")], "eda"),
        ([("reach", "none")], "fc"),
        ([("status", "none")], "fedcba"),
        ([("segment", "none")], "fedcba"),
        ([("author", "ann")], "da"),
        ([("xauthor", "ann"), ("xauthor", "@bob")], "fec"),
        ([("startDate", "2026-09-03"), ("endDate", "2026-09-04")], "dc"),
        ([("startDate", "2026-09-05T12:00:01Z")], "f"),
        ([("q", "bag"), ("tag", "Lost bags"), ("country", "US")], "a"),
    ],
)
def test_what_is_found(
    store: Store, blue: int, parameters: list[tuple[str, str]], letters: str, limit: int
) -> None:
    assert found(store, blue, *parameters, limit=limit) == letters


def test_an_author_by_number(store: Store, blue: int) -> None:
    assert found(store, blue, ("author", str(author_id(store, "ann")))) == "da"


def test_a_bound_says_how_far_it_came(store: Store, blue: int) -> None:
    search = search_of([("q", "lost OR rating:1")])
    with store.session() as session:
        page = find(session, blue, search, most=14)
        assert page.rows == []
        assert page.looked_to is not None
        assert page.looked_to.date() == date(2026, 9, 5)
    assert found(store, blue, ("q", "lost OR rating:1"), most=14) == "ba"


def test_rows_bring_what_lists_show(store: Store, blue: int) -> None:
    with store.session() as session:
        row = find(session, blue, search_of([("q", "lost")])).rows[0]
        assert (row.view.post.native_id, row.match.spans) == ("b", ((8, 12),))
        assert row.tags == ("Lost bags", "urgent")
        assert (row.case, row.segment) == (None, None)
        assert find_mention(session, blue, row.id).tags == row.tags
        for brand_id, number in ((blue + 1, row.id), (blue, 10_000)):
            with pytest.raises(NotFoundError):
                find_mention(session, brand_id, number)


def test_facets_count_what_is_found(store: Store, blue: int) -> None:
    with store.session() as session:
        facets = count_facets(session, blue, search_of([("xtag", "urgent")]))
    assert (facets.found, facets.whole, facets.since) == (5, True, None)
    counts = {name: dict(own) for name, own in facets.counts.items()}
    assert counts["sentiment"] == {"negative": 1, "positive": 2, "none": 2}
    assert counts["overridden"] == {"false": 4, "true": 1}
    assert counts["emotion"] == {"anger": 1, "joy": 1, "none": 3}
    assert counts["pageType"] == {"x": 2, "file": 2, "reddit": 1}
    assert counts["engagementType"] == {"post": 5}
    assert counts["language"] == {"en": 3, "fr": 1, "none": 1}
    assert counts["country"] == {"US": 2, "DE": 1, "none": 2}
    assert counts["tag"] == {"Lost bags": 1, "none": 4}
    assert counts["reach"] == {"0-99": 2, "100k+": 1, "none": 2}
    assert (counts["status"], counts["segment"]) == ({"none": 5}, {"none": 5})
    assert facets.days[0][0] == date(2026, 9, 1)


def test_facets_of_the_latest_say_so(
    store: Store, blue: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "COUNTED", 2)
    with store.session() as session:
        facets = count_facets(session, blue, search_of([]))
        assert (facets.found, facets.whole) == (2, False)
        assert facets.since is not None
        assert facets.since.date() == date(2026, 9, 5)
    monkeypatch.setattr(finding, "RANKED", 3)
    with store.session() as session:
        page = find(session, blue, search_of([("sort", "reach")]))
        assert ("".join(r.view.post.native_id for r in page.rows), page.ranked) == ("edf", 3)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ([("sentiment", "angry")], "sentiment"),
        ([("xreach", "many")], "xreach"),
        ([("startDate", "soon")], "startDate"),
        ([("startDate", "2026-09-05"), ("endDate", "2026-09-01")], "endDate"),
        ([("sort", "best")], "sort"),
        ([("country", "x" * 201)], "country"),
        ([("q", "a" * 10_001)], "q"),
        ([("tag", str(i)) for i in range(51)], "tag"),
    ],
)
def test_what_does_not_fit_names_the_field(parameters: list[tuple[str, str]], field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        search_of(parameters)
    assert refused.value.field == field


@pytest.mark.parametrize("cursor", ["x", "1-", "-1", "1-2-3", "99999999999999999999-1", "from-1"])
def test_a_cursor_of_something_else(store: Store, blue: int, cursor: str) -> None:
    with store.session() as session, pytest.raises(InvalidError) as refused:
        find(session, blue, search_of([]), cursor=cursor)
    assert refused.value.field == "cursor"


def test_a_search_is_its_address() -> None:
    parameters = [("q", "bag OR seat"), ("sentiment", "none"), ("xtag", "a b"), ("xtag", "c"),
                  ("startDate", "2026-09-01T00:00:00Z"), ("endDate", "2026-09-08T00:00:00Z"),
                  ("sort", "oldest")]  # fmt: skip
    assert search_of(parameters).as_parameters() == parameters
    assert search_of([*parameters, ("page", "3"), ("q", " ")]).as_parameters() == parameters
