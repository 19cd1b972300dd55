"""What is peculiar to Reddit: tokens that expire, subreddits that are closed, listings that end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.sources.base import Batch, RawPost, Wanted
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.reddit import Reddit
from listening.sources.redditposts import is_gone
from tests.listening.sources.cases.reddit import RedditCase, SubredditCase, comment, link
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving

Answer = Callable[[Asked], Reply]


class Tried:
    """A connector and a platform that answers as it is told to."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.source = Reddit(TurnedClient(platform, "reddit"))

    def pull(self, cursor: Any = None, wanted: Wanted = JETBLUE, **params: Any) -> list[Batch]:
        return list(self.source.pull(self.source.check(params), cursor, None, wanted))

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.platform.asked]


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedditCase]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    for name, value in RedditCase.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield RedditCase()
    get_settings.cache_clear()


@pytest.fixture
def tried(case: RedditCase) -> Iterator[Tried]:
    with serving(case.answer) as platform:
        found = Tried(platform)
        yield found
        found.source._client.close()


def ids(batches: list[Batch]) -> set[str]:
    return {post.native_id for batch in batches for post in batch.posts}


def test_a_token_is_used_until_it_expires_and_then_renewed_once(
    tried: Tried, case: RedditCase
) -> None:
    tried.pull()
    tried.pull()
    assert case.tokens == 1
    case.tokens += 1  # the one that we hold is no longer taken
    assert len(ids(tried.pull())) == 129
    assert case.tokens == 3
    assert tried.paths.count("/api/v1/access_token") == 2


def test_a_token_that_is_never_taken_ends_the_pull(tried: Tried, case: RedditCase) -> None:
    platform = tried.platform
    platform.answer = lambda asked: (
        case.token(asked) if asked.host == "www.reddit.com" else Reply({"error": 401}, 401)
    )
    with pytest.raises(AuthenticationError, match="LISTENING_REDDIT_CLIENT_ID"):
        tried.pull()
    assert tried.paths == ["/api/v1/access_token", "/search"] * 2


def test_another_app_gets_a_token_of_its_own(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    tried.pull()
    monkeypatch.setenv("LISTENING_REDDIT_CLIENT_ID", "another-app")
    tried.platform.answer = lambda asked: Reply({"message": "Unauthorized", "error": 401}, 401)
    with pytest.raises(AuthenticationError, match="LISTENING_REDDIT_CLIENT_SECRET"):
        tried.pull()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply({"reason": "private", "message": "Forbidden", "error": 403}, 403), "private"),
        (Reply({"reason": "banned", "message": "Not Found", "error": 404}, 404), "banned"),
        (Reply({"message": "Not Found", "error": 404}, 404), "does not exist"),
        (
            Reply("", 302, {"location": "https://oauth.reddit.com/subreddits/search?q=gone"}),
            "does not exist",
        ),
    ],
    ids=["private", "banned", "missing", "never was"],
)
def test_a_closed_subreddit_does_not_stop_the_others(
    tried: Tried, case: RedditCase, reply: Reply, why: str
) -> None:
    open_one = SubredditCase()

    def answer(asked: Asked) -> Reply:
        if asked.host == "www.reddit.com":
            return open_one.token(asked)
        if asked.path.startswith("/subreddits"):
            return open_one.listing([])
        return reply if asked.path.startswith("/r/gone/") else open_one.answer(asked)

    tried.platform.answer = answer
    got = []
    pulled = tried.source.pull({"subreddits": "gone, travel"}, None, None, JETBLUE)
    with pytest.raises(UnavailableError, match=f"/r/gone/new: .*{why}"):
        for batch in pulled:
            got.append(batch)
    assert ids(got) == {post.native_id for post in open_one.posts}


def test_a_listing_ends_after_a_thousand(tried: Tried, case: RedditCase) -> None:
    case.things = [link(n, case.now - n, "JetBlue") for n in range(1, 1500)]
    found = tried.pull()
    assert ids(found) == {f"t3_{n}" for n in range(1, 1001)}
    assert tried.paths.count("/search") == 10
    assert [len(batch.posts) for batch in found] == [100] * 10 + [0]
    times = [post.published_at for batch in found for post in batch.posts]
    assert times == sorted(times), "the oldest first"


def test_a_listing_is_read_only_back_to_what_is_known(tried: Tried, case: RedditCase) -> None:
    cursor = tried.pull()[-1].cursor
    before = len(tried.platform.asked)
    tried.pull(cursor)
    assert tried.paths[before:] == ["/search", "/search"]


def test_what_was_read_before_is_asked_for_by_name(tried: Tried, case: RedditCase) -> None:
    cursor = tried.pull()[-1].cursor
    newer = link(500, case.now, "JetBlue")
    case.things = [link(n, case.now - 9000 - n, "JetBlue") for n in range(1, 5)] + [newer]
    before = len(tried.platform.asked)
    known = {'/search "JetBlue"': case.now - 60}
    tried.pull({"known": known, "recent": [f"t3_{n}" for n in range(1, 150)]})
    assert cursor["known"] == {'/search "JetBlue"': case.start + 129}
    assert tried.paths[before:] == ["/search", "/api/info", "/api/info"]


def test_a_limit_that_is_used_up_is_waited_for(tried: Tried, case: RedditCase) -> None:
    used_up = {
        "x-ratelimit-used": "996",
        "x-ratelimit-remaining": "0.0",
        "x-ratelimit-reset": "480",
    }

    def answer(asked: Asked) -> Reply:
        reply = case.answer(asked)
        return reply if asked.host == "www.reddit.com" else Reply(reply.body, 200, used_up)

    tried.platform.answer = answer
    with pytest.raises(RateLimitError) as stopped:
        tried.pull()
    assert 470 < stopped.value.retry_after <= 480
    assert tried.paths.count("/search") == 1


@pytest.mark.parametrize(
    ("facts", "gone"),
    [
        ({"author": "flyer", "body": "JetBlue", "removed_by_category": None}, False),
        ({"author": "flyer", "body": "It says [removed]"}, False),
        ({"author": "[deleted]", "body": "[deleted]"}, True),
        ({"author": "[deleted]", "body": "the account is gone, the text stands"}, True),
        ({"author": "flyer", "body": "[removed]"}, True),
        ({"author": "flyer", "selftext": "[ Removed by Reddit ]"}, True),
        ({"author": "flyer", "selftext": "", "removed_by_category": "moderator"}, True),
    ],
)
def test_what_counts_as_deleted(facts: dict[str, Any], gone: bool) -> None:
    assert is_gone({"name": "t1_1", **facts}) is gone


def test_only_what_mentions_a_brand_is_asked_for_again(tried: Tried, case: RedditCase) -> None:
    other = SubredditCase()
    tried.platform.answer = other.answer
    about = Wanted("JetBlue", ("JetBlue",), lambda post: "jetblue" in post.text.casefold())
    few = tried.pull(None, about, subreddits="travel")[-1].cursor
    assert sorted(few["recent"]) == ["t1_20", "t3_1", "t3_2", "t3_3", "t3_4", "t3_5"]
    every = tried.pull(None, about, subreddits="travel", keep_all=True)[-1].cursor
    assert set(every["recent"]) - set(few["recent"]) == {"t1_21"}


def test_what_is_asked_for_again_has_an_end(tried: Tried, case: RedditCase) -> None:
    case.things = [link(n, case.now - n, "JetBlue") for n in range(1, 400)]
    cursor = tried.pull()[-1].cursor
    assert cursor["recent"] == [f"t3_{n}" for n in range(300, 0, -1)], "the latest"


def test_a_query_is_asked_as_it_is_beside_the_subreddits(tried: Tried, case: RedditCase) -> None:
    tried.platform.answer = lambda asked: (
        case.token(asked) if asked.host == "www.reddit.com" else case.listing([])
    )
    tried.pull(query='jetblue OR "jet blue"', subreddits="r/travel, /r/boston/ travel")
    listings = [
        (asked.path, asked.query.get("q"))
        for asked in tried.platform.asked
        if asked.host == "oauth.reddit.com"
    ]
    assert listings == [
        ("/r/travel/new", None),
        ("/r/travel/comments", None),
        ("/r/boston/new", None),
        ("/r/boston/comments", None),
        ("/search", 'jetblue OR "jet blue"'),
    ]


@pytest.mark.parametrize("name", ["r/", "a/b", "travel?x=1", "../user", "é"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="subreddits"):
        Reddit().check({"subreddits": name})


def test_names_are_kept_in_one_spelling() -> None:
    told = Reddit().check({"subreddits": "/r/travel/ r/boston,travel"})
    assert told == {"subreddits": "travel, boston"}


def test_another_listing_is_told_with_what_came(tried: Tried, case: RedditCase) -> None:
    tried.platform.answer = lambda asked: (
        case.token(asked) if asked.host == "www.reddit.com" else Reply({"kind": "t2", "data": {}})
    )
    with pytest.raises(FormatChangedError, match="no Listing") as changed:
        tried.pull()
    assert changed.value.raw == '{"kind": "t2", "data": {}}'


def test_what_somebody_said_of_late(tried: Tried, case: RedditCase) -> None:
    said = [link(1, case.now - 5, "Of Boston"), comment(2, case.now - 9, "Of food")]

    def answer(asked: Asked) -> Reply:
        if asked.host == "www.reddit.com":
            return case.token(asked)
        assert (asked.path, asked.query["sort"], asked.query["limit"]) == (
            "/user/flyer1/overview", "new", "20",
        )  # fmt: skip
        return case.listing(said)

    tried.platform.answer = answer
    found: list[RawPost] = tried.source.recent("flyer1", {}, 20)
    assert [(post.native_id, post.text) for post in found] == [
        ("t3_1", "Of Boston"), ("t1_2", "Of food"),
    ]  # fmt: skip
    assert found[0].published_at == datetime.fromtimestamp(case.now - 5, UTC)


def test_an_account_that_is_gone_has_said_nothing(tried: Tried, case: RedditCase) -> None:
    tried.platform.answer = lambda asked: (
        case.token(asked) if asked.host == "www.reddit.com" else Reply({"error": 404}, 404)
    )
    with pytest.raises(UnavailableError, match="/user/flyer1/overview"):
        tried.source.recent("flyer1", {}, 20)
