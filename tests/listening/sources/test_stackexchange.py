"""What is peculiar to Stack Exchange: back-off and quota in the body, errors in numbers, sites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching.answers import Answer
from listening.sources.base import PostKind
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.stackexchange import StackExchange, _read
from tests.listening.sources.cases.stackexchange import StackExchangeCase, answer, packed
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving
from tests.listening.sources.test_mastodon import bent

TRAVEL = {"site": "travel"}
EMPTY = {"items": [], "has_more": False, "quota_remaining": 100}


@contextmanager
def asking(
    monkeypatch: pytest.MonkeyPatch, play: Callable[[Asked], Reply]
) -> Iterator[tuple[StackExchange, Platform]]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    with serving(play) as platform:
        client = TurnedClient(platform, "stackexchange")
        yield StackExchange(client), platform
        client.close()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://stackoverflow.com/", "stackoverflow"),
        ("travel.stackexchange.com", "travel"),
        ("https://www.askubuntu.com", "askubuntu"),
        ("es.stackoverflow.com", "es.stackoverflow"),
        ("meta.stackexchange.com", "meta"),
        ("mathoverflow.net", "mathoverflow.net"),
        ("SuperUser", "superuser"),
    ],
)
def test_a_site_has_one_spelling(typed: str, kept: str) -> None:
    assert StackExchange().check({"site": typed}) == {"site": kept}


@pytest.mark.parametrize("typed", ["stack overflow", "https://", "travel.stackexchange.com/q/1"])
def test_what_is_no_site_is_refused(typed: str) -> None:
    with pytest.raises(SettingsError, match="stackexchange"):
        StackExchange().check({"site": typed})


def test_a_back_off_is_obeyed_after_what_came_is_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = StackExchangeCase()

    def play(asked: Asked) -> Reply:
        if asked.path.startswith("/2.3/posts/"):
            return case.answer(asked)
        reply = case.searched(asked.query)
        found = Answer(200, {}, _unpacked(reply), "https://api.stackexchange.com").json()
        return packed({**found, "backoff": 30})

    with asking(monkeypatch, play) as (source, platform):
        pull = source.pull(TRAVEL, None, None, JETBLUE)
        first = next(pull)
        assert len(first.posts) == 100
        with pytest.raises(RateLimitError) as stopped:
            next(pull)
        assert 25 < stopped.value.retry_after <= 30
        with pytest.raises(RateLimitError):  # nor does another pull ask before
            list(source.pull(TRAVEL, first.cursor, None, JETBLUE))
    assert len(platform.asked) == 2


def _unpacked(reply: Reply) -> bytes:
    import gzip

    return gzip.decompress(reply.content)


def test_a_quota_that_is_used_up_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with asking(monkeypatch, lambda _: packed({**EMPTY, "quota_remaining": 0})) as (source, _):
        list(source.pull(TRAVEL, None, None, JETBLUE))
        with pytest.raises(RateLimitError) as stopped:
            list(source.pull(TRAVEL, None, None, JETBLUE))
    assert 0 < stopped.value.retry_after <= 86_400


@pytest.mark.parametrize(
    ("number", "message", "error"),
    [
        (502, "too many requests, more requests available in 842 seconds", RateLimitError),
        (400, "No site found for name `travel`", SettingsError),
        (400, "`key` doesn't match a known application", AuthenticationError),
        (403, "page above 25 requires access token or app key", AuthenticationError),
        (500, "an error occurred", UnavailableError),
        (503, "temporarily unavailable", UnavailableError),
        (404, "no method found with this name", FormatChangedError),
    ],
)  # fmt: skip
def test_a_refusal_is_what_it_means(
    monkeypatch: pytest.MonkeyPatch, number: int, message: str, error: type[Exception]
) -> None:
    refusal = {"error_id": number, "error_name": "x", "error_message": message}
    with (
        asking(monkeypatch, lambda _: packed(refusal, 400)) as (source, _),
        pytest.raises(error) as stopped,
    ):
        list(source.pull(TRAVEL, None, None, JETBLUE))
    if isinstance(stopped.value, RateLimitError):
        assert stopped.value.retry_after == 842


def test_the_key_is_sent_and_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_STACKEXCHANGE_KEY", "U4DMV8nvpm3EOpvf69Rxw")
    replies = [packed(EMPTY), Reply("no", 410)]
    with asking(monkeypatch, lambda _: replies.pop(0)) as (source, platform):
        list(source.pull(TRAVEL, None, None, JETBLUE))
        with pytest.raises(UnavailableError) as stopped:
            list(source.pull(TRAVEL, None, None, JETBLUE))
    assert platform.asked[0].query["key"] == "U4DMV8nvpm3EOpvf69Rxw"
    assert "U4DMV8" not in str(stopped.value)


def test_the_last_of_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(asked: Asked) -> Reply:
        assert asked.path == "/2.3/users/5/posts"
        assert asked.query == {
            "site": "travel",
            "sort": "creation",
            "order": "desc",
            "pagesize": "2",
            "filter": "withbody",
        }
        return packed({"items": [answer(7, 1_790_000_000, "<p>Trains</p>")], "has_more": False})

    with asking(monkeypatch, play) as (source, _):
        (found,) = source.recent("travel/5", {}, 2)
        with pytest.raises(UnavailableError):
            source.recent("travel/x", {}, 2)
    assert (found.native_id, found.text, found.kind) == ("travel/7", "Trains", PostKind.REPLY)
    assert found.published_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert found.reply_to is None  # the platform does not say here what is answered


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_post_is_read_or_says_what_it_lacks(data: st.DataObject) -> None:
    sample: dict[str, Any] = StackExchangeCase().all[0]
    told = Answer(200, {}, b"", "https://api.stackexchange.com/2.3/posts/1")
    posts, bad = _read([bent(sample, data)], {"1": bent(sample, data)}, told, "travel")
    assert len(posts) + len(bad) == 1
