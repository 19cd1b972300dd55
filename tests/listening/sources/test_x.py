"""What is peculiar to X: seven days, one query of many terms, errors beside posts, money."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.sources.base import Batch, Wanted, Window
from listening.sources.errors import AuthenticationError, FormatChangedError, RateLimitError
from listening.sources.x import X
from tests.listening.sources.cases.x import XCase, id_at, tweet
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving

DAY = 86_400
NOTHING = Reply({"meta": {"result_count": 0}})


class Tried:
    """A connector and a platform that finds what its case has, whatever is searched for."""

    def __init__(self, case: XCase, platform: Platform) -> None:
        self.case, self.platform = case, platform
        self.source = X(TurnedClient(platform, "x"))

    def pull(
        self,
        cursor: Any = None,
        window: Window | None = None,
        wanted: Wanted = JETBLUE,
        **told: Any,
    ) -> list[Batch]:
        return list(self.source.pull(self.source.check(told), cursor, window, wanted))

    @property
    def queries(self) -> list[dict[str, str]]:
        return [asked.query for asked in self.platform.asked]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tried]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    for name, value in XCase.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    case = XCase()
    with serving(lambda asked: case.found(asked.query)) as platform:
        found = Tried(case, platform)
        yield found
        found.source._client.close()
    get_settings.cache_clear()


def ids(batches: list[Batch]) -> list[str]:
    return [post.native_id for batch in batches for post in batch.posts]


def test_several_terms_are_one_query(tried: Tried) -> None:
    wanted = Wanted("JetBlue", ("jetblue", "@jetblue", "jet blue", 'the "blue" jet', "or", "b6!"))
    tried.pull(wanted=wanted)
    assert {query["query"] for query in tried.queries} == {
        '(jetblue OR @jetblue OR "jet blue" OR "the blue jet" OR "or" OR "b6!") -is:retweet'
    }


def test_too_many_terms_are_several_queries_that_x_takes(tried: Tried) -> None:
    tried.case.empty()
    terms = tuple(f"the number {n} of all airlines" for n in range(60))
    tried.pull(wanted=Wanted("Airlines", terms))
    asked = [query["query"] for query in tried.queries]
    assert all(len(query) <= 512 for query in asked)
    assert len(asked) == 5
    found = [query.removeprefix("(").removesuffix(") -is:retweet") for query in asked]
    assert [t for query in found for t in query.split(" OR ")] == [f'"{term}"' for term in terms]


def test_a_query_is_asked_as_it_is(tried: Tried) -> None:
    tried.case.empty()
    tried.pull(query="from:jetblue lang:en", reposts=True)
    assert [query["query"] for query in tried.queries] == ["from:jetblue lang:en"]


def test_a_query_that_is_too_long_is_refused() -> None:
    with pytest.raises(SettingsError, match="512"):
        X().check({"query": "a" * 500})
    assert X().check({"query": "a" * 500, "reposts": True})
    long = Wanted("Long", ("a " * 260,))
    with pytest.raises(SettingsError, match="512"):
        list(X().pull({}, None, None, long))


def test_the_first_pull_looks_back_a_day_since_each_post_costs(tried: Tried) -> None:
    case = tried.case
    case.tweets = [tweet(1, case.now - DAY - 900, "before"), tweet(2, case.now - DAY + 900, "in")]
    assert ids(tried.pull()) == [case.tweets[1]["id"]]


def test_afterwards_only_what_is_new_is_asked_for(tried: Tried) -> None:
    cursor = tried.pull()[-1].cursor
    before = len(tried.queries)
    newest = int(tried.case.tweets[-1]["id"])
    (batch, _) = tried.pull(cursor)
    (query,) = tried.queries[before:]
    assert int(query["since_id"]) == newest - (60_000 << 22), "a minute of overlap"
    assert "start_time" not in query
    assert ids([batch]) == [tried.case.tweets[-1]["id"]]


def test_a_watch_that_rested_for_more_than_a_week_goes_on(tried: Tried) -> None:
    case = tried.case
    known = {"(JetBlue) -is:retweet": {"known": id_at(case.now - 9 * DAY)}}
    case.tweets = [tweet(1, case.now - 6 * DAY, "within the week")]
    found = tried.pull(known)
    assert ids(found) == [case.tweets[0]["id"]]
    assert found[-1].cursor == {"(JetBlue) -is:retweet": {"known": case.tweets[0]["id"]}}
    assert "since_id" not in tried.queries[0]


def test_a_pull_that_was_stopped_goes_on_even_where_its_beginning_is_out_of_reach(
    tried: Tried,
) -> None:
    case = tried.case
    stopped = {
        "(JetBlue) -is:retweet": {
            "known": id_at(case.now - 8 * DAY),
            "since_id": id_at(case.now - 8 * DAY),
            "top": id_at(case.now - 100, 5),
            "low": id_at(case.now - 2 * DAY, 4),
            "next": "b123",
        }
    }
    case.tweets = [
        tweet(3, case.now - 3 * DAY, "not read yet"),
        tweet(4, case.now - 2 * DAY, "read before"),
        tweet(5, case.now - 100, "read before, the newest"),
        tweet(6, case.now - 90, "came meanwhile"),
    ]
    found = tried.pull(stopped)
    assert "next_token" not in tried.queries[0]
    assert {case.tweets[0]["id"], case.tweets[3]["id"]} <= set(ids(found))
    assert found[-1].cursor == {"(JetBlue) -is:retweet": {"known": case.tweets[3]["id"]}}


def test_a_window_is_cut_to_seven_days(tried: Tried) -> None:
    case, now = tried.case, datetime.now(UTC)
    case.tweets = [tweet(1, case.now - 6 * DAY, "in it"), tweet(2, case.now - 60, "after it")]
    window = Window(now - timedelta(days=30), now - timedelta(days=1))
    assert ids(tried.pull(None, window)) == [case.tweets[0]["id"]]
    assert tried.pull(tried.pull(None, window)[-1].cursor, window)[0].posts == ()
    with pytest.raises(SettingsError, match="seven days"):
        tried.pull(None, Window(now - timedelta(days=30), now - timedelta(days=8)))


def test_errors_beside_posts_say_what_is_gone(tried: Tried) -> None:
    missing = "https://api.x.com/2/problems/resource-not-found"
    closed = "https://api.x.com/2/problems/not-authorized-for-resource"
    tried.platform.answer = lambda asked: Reply(
        {
            "data": [tweet(1, tried.case.now - 60, "JetBlue")],
            "errors": [
                {"resource_type": "tweet", "resource_id": "456", "type": missing},
                {"resource_type": "user", "resource_id": "77", "type": missing},
                {"resource_type": "tweet", "resource_id": "457", "type": closed},
                {"resource_type": "media", "resource_id": "3_9", "type": missing},
                "?",
            ],
            "meta": {"result_count": 1, "newest_id": "1", "oldest_id": "1"},
        }
    )
    first, _ = tried.pull()
    assert first.deleted == [("x", "456")]
    assert first.deleted_authors == [("x", "77")]
    assert len(first.posts) == 1


def test_a_limit_says_when_it_is_over(tried: Tried) -> None:
    over = int(time.time()) + 600
    tried.platform.answer = lambda asked: Reply(
        {"title": "Too Many Requests", "status": 429},
        429,
        {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "0",
         "x-rate-limit-reset": str(over)},
    )  # fmt: skip
    with pytest.raises(RateLimitError) as stopped:
        tried.pull()
    assert 590 < stopped.value.retry_after <= 600


def test_a_page_that_was_the_last_allowed_stands(tried: Tried) -> None:
    def answer(asked: Asked) -> Reply:
        reply = tried.case.found(asked.query)
        left = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(time.time()) + 600)}
        return Reply(reply.body, 200, left)

    tried.platform.answer = answer
    got = []
    with pytest.raises(RateLimitError):
        for batch in tried.source.pull({}, None, None, JETBLUE):
            got.append(batch)
    tried.platform.answer = lambda asked: tried.case.found(asked.query)
    later = Tried(tried.case, tried.platform)  # when the limit is over
    rest = later.pull(got[-1].cursor)
    later.source._client.close()
    assert {*ids(got), *ids(rest)} == {post.native_id for post in tried.case.posts}


@pytest.mark.parametrize(("status", "why"), [(401, "rejects"), (402, "credits"), (403, "search")])
def test_what_is_wrong_with_the_token(tried: Tried, status: int, why: str) -> None:
    tried.platform.answer = lambda asked: Reply({"title": "No", "status": status}, status)
    with pytest.raises(AuthenticationError, match=f"LISTENING_X_BEARER_TOKEN.*{why}|{why}.*LISTEN"):
        tried.pull()
    assert len(tried.queries) == 1


@pytest.mark.parametrize("body", [{"errors": [{"title": "?"}]}, {"meta": {"result_count": 3}}, []])
def test_another_format(tried: Tried, body: Any) -> None:
    tried.platform.answer = lambda asked: Reply(body)
    with pytest.raises(FormatChangedError, match="neither data nor"):
        tried.pull()


def test_objects_of_other_kinds_break_nothing(tried: Tried) -> None:
    strange = tweet(
        1, tried.case.now - 60, "JetBlue", referenced_tweets=3, entities=[], attachments="?",
        public_metrics=[], edit_history_tweet_ids=None, note_tweet="?", lang=9,
    )  # fmt: skip
    tried.platform.answer = lambda asked: Reply(
        {"data": [strange, "?", None], "includes": [], "errors": 3,
         "meta": {"result_count": 3, "newest_id": 9, "next_token": None}}
    )  # fmt: skip
    first, _ = tried.pull()
    assert [post.text for post in first.posts] == ["JetBlue"]
    assert [row.field for _, row in first.bad_rows] == ["id", "id"]
