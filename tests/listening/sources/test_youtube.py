"""What is peculiar to YouTube: a quota that ends at midnight, searches that are few, replies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.sources.base import Batch, Wanted, Window
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.youtube import YouTube, seconds_to_midnight
from tests.listening.sources.cases.youtube import (
    VIDEO,
    YouTubeCase,
    comment,
    listed,
    refusal,
    thread,
)
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving

OTHER = "jetblue0002"
CHANNEL = "UC0123456789abcdefghijkl"


class Tried:
    """A connector and the platform of a case."""

    def __init__(self, case: YouTubeCase, platform: Platform) -> None:
        self.case, self.platform = case, platform
        self.source = YouTube(TurnedClient(platform, "youtube"))

    def pull(self, cursor: Any = None, window: Window | None = None, **told: Any) -> list[Batch]:
        return list(self.source.pull(self.source.check(told), cursor, window, JETBLUE))

    def until_it_fails(self, error: type[Exception], **told: Any) -> tuple[list[Batch], Any]:
        got: list[Batch] = []
        with pytest.raises(error) as failed:
            for batch in self.source.pull(self.source.check(told), None, None, JETBLUE):
                got.append(batch)
        return got, failed.value

    def fails(self, path: str, reply: Reply, **having: str) -> None:
        """From now on what is asked of a path, with such parameters, is refused."""

        def answer(asked: Asked) -> Reply:
            hit = asked.path.endswith(path) and having.items() <= asked.query.items()
            return reply if hit else self.case.answer(asked)

        self.platform.answer = answer

    @property
    def paths(self) -> list[str]:
        return [asked.path.rpartition("/")[2] for asked in self.platform.asked]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tried]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    for name, value in YouTubeCase.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    case = YouTubeCase()
    with serving(case.answer) as platform:
        found = Tried(case, platform)
        yield found
        found.source._client.close()
    get_settings.cache_clear()


def ids(batches: list[Batch]) -> set[str]:
    return {post.native_id for batch in batches for post in batch.posts}


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        ("2026-11-22T11:00:00+00:00", 21 * 3600),  # 03:00, winter
        ("2026-07-01T06:30:00+00:00", 1800),  # 23:30, summer
        ("2026-11-01T06:00:00+00:00", 3600),  # the evening before clocks are put back
        ("2026-11-01T08:00:00+00:00", 24 * 3600),  # 01:00 of a day of 25 hours
    ],
)
def test_a_day_ends_at_midnight_pacific(now: str, seconds: float) -> None:
    assert seconds_to_midnight(datetime.fromisoformat(now)) == seconds


@pytest.mark.parametrize("status", [403, 400])
def test_a_quota_that_is_spent_waits_for_midnight(tried: Tried, status: int) -> None:
    tried.fails("/commentThreads", refusal(status, "quotaExceeded"), pageToken="page-2")
    got, error = tried.until_it_fails(RateLimitError)
    assert abs(error.retry_after - seconds_to_midnight(datetime.now(UTC))) < 60
    assert ids(got) == {"Ug3", "Ug3.a", "Ug2"}, "the page before stands"
    tried.platform.answer = tried.case.answer
    assert ids(tried.pull(got[-1].cursor)) >= {"Ug1", "Ug1.a", "Ug1.b"}


def test_too_fast_is_a_minute(tried: Tried) -> None:
    tried.fails("/search", refusal(403, "rateLimitExceeded"))
    _, error = tried.until_it_fails(RateLimitError)
    assert error.retry_after == 60


def test_videos_without_comments_are_passed_over(tried: Tried) -> None:
    tried.case.videos = [OTHER, VIDEO]
    tried.fails("/commentThreads", refusal(403, "commentsDisabled"), videoId=OTHER)
    found = tried.pull()
    assert ids(found) == {post.native_id for post in tried.case.posts}
    assert found[-1].cursor["videos"] == [VIDEO]


def test_a_video_that_was_named_and_is_gone_is_told_after_the_others(tried: Tried) -> None:
    tried.fails("/commentThreads", refusal(404, "videoNotFound"), videoId=OTHER)
    got, error = tried.until_it_fails(UnavailableError, videos=f"{OTHER} {VIDEO}")
    assert "videoNotFound" in str(error)
    assert ids(got) == {post.native_id for post in tried.case.posts}
    assert "search" not in tried.paths


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "keyInvalid"),
        refusal(403, "accessNotConfigured"),
        refusal(403, "ipRefererBlocked"),
        Reply({"error": {"code": 400, "message": "API key not valid.", "status":
               "INVALID_ARGUMENT", "errors": [{"reason": "badRequest"}],
               "details": [{"reason": "API_KEY_INVALID"}]}}, 400),
    ],
    ids=["invalid", "not switched on", "not from here", "invalid, in details"],
)  # fmt: skip
def test_a_key_that_is_rejected_is_named(tried: Tried, reply: Reply) -> None:
    tried.fails("/search", reply)
    _, error = tried.until_it_fails(AuthenticationError)
    assert "LISTENING_YOUTUBE_KEY" in str(error)


def test_another_refusal_is_another_format(tried: Tried) -> None:
    tried.fails("/search", refusal(400, "invalidSearchFilter"))
    _, error = tried.until_it_fails(FormatChangedError)
    assert "invalidSearchFilter" in str(error)


def test_the_key_is_in_no_address(tried: Tried) -> None:
    tried.pull()
    assert all("key" not in asked.query for asked in tried.platform.asked)


def test_searches_are_spread_over_the_day_and_counted(tried: Tried) -> None:
    cursor = tried.pull(searches="2")[-1].cursor
    assert (cursor["searches"], tried.case.searches) == (1, 1)
    assert tried.pull(cursor, searches="2")[-1].cursor["searches"] == 1, "not yet"
    query = '"JetBlue"'
    long_ago = int(datetime.now(UTC).timestamp()) - 13 * 3600
    cursor = tried.pull({**cursor, "searched": {query: long_ago}}, searches="2")[-1].cursor
    assert cursor["searches"] == 2
    tried.pull({**cursor, "searched": {query: long_ago}}, searches="2")
    assert tried.case.searches == 2, "no more than two a day"
    cursor = {**cursor, "searched": {query: long_ago}, "day": "2026-01-01"}
    assert tried.pull(cursor, searches="2")[-1].cursor["searches"] == 1, "another day"


def test_all_terms_are_one_search(tried: Tried) -> None:
    asked: list[str] = []

    def answer(one: Asked) -> Reply:
        asked.append(one.query["q"])
        return listed("search", [], 0, 50)

    tried.platform.answer = answer
    wanted = Wanted("JetBlue", ("jetblue", "jet blue"))
    list(tried.source.pull({}, None, None, wanted))
    list(tried.source.pull({"query": "jetblue -crash"}, None, None, wanted))
    assert asked == ['"jetblue"|"jet blue"', "jetblue -crash"]


def test_the_newest_videos_are_kept(tried: Tried) -> None:
    old = [f"old{n:08}" for n in range(50)]
    state = {"videos": old, "listings": {f"videoId={old[-1]}": {"known": 1}}}
    tried.platform.answer = lambda asked: (
        tried.case.answer(asked) if asked.path.endswith("/search") else listed("x", [], 0, 100)
    )
    cursor = tried.pull(state)[-1].cursor
    assert cursor["videos"] == [VIDEO, *old[:-1]]
    assert f"videoId={old[-1]}" not in cursor["listings"]


def test_replies_are_asked_for_again_only_where_there_are_more(tried: Tried) -> None:
    cursor = tried.pull()[-1].cursor
    assert tried.paths.count("comments") == 1
    cursor = tried.pull(cursor)[-1].cursor
    assert tried.paths.count("comments") == 1
    above = tried.case.threads[0]
    above["replies"]["comments"].append(
        comment("Ug1.c", tried.case.now - 60, "a third", parentId="Ug1")
    )
    above["snippet"]["totalReplyCount"] = 3
    assert "Ug1.c" in ids(tried.pull(cursor))
    assert tried.paths.count("comments") == 3, "two pages"


def test_a_page_that_is_no_longer_known_is_begun_anew(tried: Tried) -> None:
    first = next(
        batch for batch in tried.source.pull({}, None, None, JETBLUE) if batch.posts
    ).cursor
    stale = {**first, "listings": {f"videoId={VIDEO}": {"page": "of yesterday", "top": 1}}}
    tried.fails("/commentThreads", refusal(400, "invalidPageToken"), pageToken="of yesterday")
    assert ids(tried.pull(stale)) == {post.native_id for post in tried.case.posts}


def test_a_channel_is_one_listing(tried: Tried) -> None:
    own = thread(comment("Ug7", tried.case.now - 60, "of another video"), video=OTHER)

    def answer(asked: Asked) -> Reply:
        assert asked.path.endswith("/commentThreads")
        assert asked.query["allThreadsRelatedToChannelId"] == CHANNEL
        return listed("commentThread", [own], 0, 100)

    tried.platform.answer = answer
    (post,) = [post for batch in tried.pull(channels=CHANNEL) for post in batch.posts]
    assert (post.thread, post.url) == (OTHER, f"https://www.youtube.com/watch?v={OTHER}&lc=Ug7")


def test_a_back_fill_that_was_done_asks_nothing_more(tried: Tried) -> None:
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=30), now)
    cursor = tried.pull(None, window)[-1].cursor
    before = len(tried.paths)
    assert ids(tried.pull(cursor, window)) == set()
    assert len(tried.paths) == before


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"videos": "https://www.youtube.com/watch?v=jetblue0001&t=9s"}, VIDEO),
        ({"videos": "https://youtu.be/jetblue0001?si=x, jetblue0001"}, VIDEO),
        ({"videos": "https://www.youtube.com/shorts/jetblue0001"}, VIDEO),
    ],
)
def test_videos_are_kept_by_their_ids(told: dict[str, str], kept: str) -> None:
    assert YouTube().check(told)["videos"] == kept


@pytest.mark.parametrize(
    "told",
    [
        {"videos": "https://example.com/jetblue0001"},
        {"channels": "@jetblue"},
        {"searches": "0"},
        {"searches": "101"},
        {"searches": "many"},
    ],
)
def test_settings_that_make_no_sense(told: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(told))):
        YouTube().check(told)


def test_objects_of_other_kinds_break_nothing(tried: Tried) -> None:
    body = {"items": [3, {"snippet": []}, {"snippet": {"topLevelComment": "?"}, "replies": 1}]}
    tried.platform.answer = lambda asked: Reply(body)
    got = tried.pull(videos=VIDEO)
    assert ids(got) == set()
    assert [row.field for batch in got for _, row in batch.bad_rows] == ["id", "id", "id"]
