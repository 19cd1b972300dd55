"""Sources that need credentials: a platform may repeat them, we never do."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from listening import logs
from listening.config import get_settings
from listening.errors import ListeningError, SettingsError
from listening.sources.base import Batch, Source
from listening.sources.errors import AuthenticationError, FormatChangedError
from listening.sources.reddit import Reddit
from listening.sources.x import X
from listening.sources.youtube import YouTube
from tests.listening.sources.cases.reddit import RedditCase, link
from tests.listening.sources.cases.x import XCase, tweet
from tests.listening.sources.cases.youtube import YouTubeCase, comment, thread
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving

SECRET = "s3cr3t-Zebra+quartz/0451=="
GIVEN = "t0ken-that-Reddit-gives"
NAMES = {
    "reddit": ("LISTENING_REDDIT_CLIENT_ID", "LISTENING_REDDIT_CLIENT_SECRET"),
    "youtube": ("LISTENING_YOUTUBE_KEY",),
    "x": ("LISTENING_X_BEARER_TOKEN",),
}
SOURCES: dict[str, type[Reddit] | type[X] | type[YouTube]] = {
    "reddit": Reddit,
    "youtube": YouTube,
    "x": X,
}


class Echo:
    """A platform that fails and says with what it was asked."""

    def __init__(self) -> None:
        self.status, self.only_api = 200, False
        self.body: Any = {}

    def answer(self, asked: Asked) -> Reply:
        if self.only_api and asked.host == "www.reddit.com":
            return Reply({"access_token": GIVEN, "token_type": "bearer", "expires_in": 86400})
        if self.body:
            return Reply(self.body, self.status)
        told = f"who is {SECRET} with {asked.headers.get('authorization')}"
        return Reply(
            {"error": {"message": told, "details": [{"reason": SECRET}]}, "reason": told},
            self.status,
        )


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Echo, Platform]]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    for name in (name for names in NAMES.values() for name in names):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setattr(logs, "_KEPT", ())
    get_settings.cache_clear()
    own = Echo()
    with serving(own.answer) as platform:
        yield own, platform
    get_settings.cache_clear()


def pulled(name: str, platform: Platform) -> tuple[list[Batch], ListeningError | None]:
    """What a pull yields, and how it ends."""
    client = TurnedClient(platform, name)
    source: Source = SOURCES[name](client)
    batches: list[Batch] = []
    try:
        for batch in source.pull(source.check({}), None, None, JETBLUE):
            batches.append(batch)
    except ListeningError as error:
        return batches, error
    finally:
        client.close()
    return batches, None


def silent(*told: object) -> None:
    for one in told:
        assert "Zebra" not in str(one)
        assert GIVEN not in str(one)
        assert "czNjcjN0LVplYnJh" not in str(one), "the pair in base 64"


@pytest.mark.parametrize(
    "status", [200, 400, 401, 402, 403, 404, 405, 409, 410, 422, 429, 451, 500, 503]
)
@pytest.mark.parametrize("name", NAMES)
def test_no_failure_tells_a_secret(
    name: str, status: int, echo: tuple[Echo, Platform], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    own, platform = echo
    own.status = status
    for own.only_api in (False, True):
        batches, error = pulled(name, platform)
        assert error is not None
        silent(error, getattr(error, "raw", ""), caplog.text)
        silent(*(json.dumps(batch.cursor) for batch in batches))
    assert all(SECRET not in asked.url for asked in platform.asked)


def test_no_bad_row_tells_a_secret(echo: tuple[Echo, Platform]) -> None:
    own, platform = echo
    own.only_api = True
    lost = link(1, 1_790_000_000, f"I found {SECRET} and {GIVEN}")
    del lost["data"]["author"], lost["data"]["created_utc"]
    posted = tweet(1, 1_790_000_000, f"I found {SECRET}")
    del posted["author_id"]
    said = comment("Ug1", 1_790_000_000, f"I found {SECRET}")
    del said["snippet"]["authorChannelId"]
    bodies = {
        "reddit": {"kind": "Listing", "data": {"after": None, "children": [lost]}},
        "x": {"data": [posted], "meta": {"result_count": 1}},
        "youtube": {"items": [{"id": {"videoId": "jetblue0001"}}, thread(said)]},
    }
    for name, own.body in bodies.items():
        batches, error = pulled(name, platform)
        assert error is None
        rows = [row.raw for batch in batches for _, row in batch.bad_rows]
        assert any("I found ***" in row for row in rows)
        silent(*rows)


def test_a_token_that_comes_broken_is_not_told(echo: tuple[Echo, Platform]) -> None:
    own, platform = echo
    own.body = f'{{"access_token": "{GIVEN}", "expires_in": '
    _, error = pulled("reddit", platform)
    assert isinstance(error, FormatChangedError)
    assert error.raw == '{"access_token": "***", "expires_in": '


@pytest.mark.parametrize("name", NAMES)
def test_what_is_rejected_is_named(name: str, echo: tuple[Echo, Platform]) -> None:
    own, platform = echo
    own.status = 401
    _, error = pulled(name, platform)
    assert isinstance(error, AuthenticationError)
    assert all(variable in str(error) for variable in NAMES[name])
    assert "https://" in str(error), "where to get another"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_missing_is_named(
    name: str, echo: tuple[Echo, Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in NAMES[name]:
        with monkeypatch.context() as without:
            without.delenv(variable)
            _, error = pulled(name, echo[1])
            assert isinstance(error, SettingsError)
            assert f"{name} needs {variable} (" in str(error)
            assert "get it at https://" in str(error)


def test_the_cases_use_the_same_variables() -> None:
    found = {case.name: tuple(case.environment) for case in (RedditCase, YouTubeCase, XCase)}
    assert found == NAMES
