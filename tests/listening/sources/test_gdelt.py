"""GDELT: windows sliced under 250 articles, names as it takes them, refusals in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.sources.base import Wanted, Window
from listening.sources.errors import RateLimitError
from listening.sources.gdelt import Gdelt
from tests.listening.sources.cases.gdelt import article
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving

DAY = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = Window(DAY, DAY.replace(hour=1))
JETBLUE = Wanted(brand="JetBlue", terms=("JetBlue",))


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def pulled(
    platform: Platform,
    wanted: Wanted = JETBLUE,
    params: dict[str, Any] | None = None,
    cursor: Any = None,
) -> list[Any]:
    client = TurnedClient(platform, "gdelt")
    try:
        return list(Gdelt(client).pull(params or {}, cursor, HOUR, wanted))
    finally:
        client.close()


def test_windows_are_halved_down_to_a_quarter_of_an_hour() -> None:
    many = [article(n, DAY.replace(minute=0), f"jetblue {n}") for n in range(300)]
    few = [article(n, DAY.replace(minute=45), f"jetblue {n}") for n in range(300, 310)]

    def answer(asked: Asked) -> Reply:
        since, until = asked.query["startdatetime"], asked.query["enddatetime"]
        found = [
            one
            for one in [*many, *few]
            if since <= one["seendate"].replace("T", "").replace("Z", "") <= until
        ]
        return Reply({"articles": found[:250]} if found else {})

    with serving(answer) as platform:
        batches = pulled(platform)
        spans = [
            (asked.query["startdatetime"][8:], asked.query["enddatetime"][8:])
            for asked in platform.asked
        ]
    assert spans == [
        ("000000", "005959"),
        ("000000", "002959"),
        ("000000", "001459"),
        ("001500", "002959"),
        ("003000", "005959"),
    ]
    # Of more than 250 in a quarter of an hour, 250 are to be had.
    assert [len(batch.posts) for batch in batches] == [250, 0, 10]
    assert [batch.read_until for batch in batches] == [
        DAY.replace(minute=15),
        DAY.replace(minute=30),
        DAY.replace(hour=1),
    ]


def asked_of(*terms: str, query: str = "") -> list[str]:
    with serving(lambda _: Reply({})) as platform:
        pulled(platform, Wanted(brand="it", terms=terms), {"query": query} if query else {})
        return [asked.query["query"] for asked in platform.asked]


def test_names_are_asked_for_as_gdelt_takes_them() -> None:
    assert asked_of("JetBlue") == ["JetBlue"]
    assert asked_of("jet blue") == ['"jet blue"']
    assert asked_of("JetBlue", "jet blue", "D-Wave") == ['(JetBlue OR "jet blue" OR "D-Wave")']
    assert asked_of("JetBlue", query='"jet blue" sourcelang:eng') == ['"jet blue" sourcelang:eng']
    names = [f"a brand of number {n}" for n in range(20)]
    several = asked_of(*names)
    assert all(len(query) < 250 for query in several)
    assert sum(query.count(" OR ") + 1 for query in several) == 20


@pytest.mark.parametrize("short", ["HP", "3 M", "A&B"])
def test_a_name_that_is_too_short_is_told(short: str) -> None:
    with pytest.raises(SettingsError, match=r"too short to be searched for; .* --set query="):
        asked_of("JetBlue", short)


def test_a_refusal_is_told_as_it_is_said() -> None:
    said = "One or more of your keywords contained an illegal character."
    with serving(lambda _: Reply(said)) as platform, pytest.raises(SettingsError, match=said):
        pulled(platform)
    said = "Please limit requests to one every 5 seconds or contact us for larger queries."
    with serving(lambda _: Reply(said)) as platform, pytest.raises(RateLimitError) as stopped:
        pulled(platform)
    assert stopped.value.retry_after == 60


def test_titles_with_stray_signs_are_read() -> None:
    body = (
        '{"articles": [{"url": "https://a.example/1", "title": "a\\b \\d \t JetBlue \\u00e9\\n", '
        '"seendate": "20261101T001500Z", "domain": "a.example"}]}'
    )
    with serving(lambda _: Reply(body)) as platform:
        (batch,) = pulled(platform)
    assert batch.posts[0].title == "a\b \\d \t JetBlue é"


def test_what_is_not_asked_for_any_more_is_forgotten() -> None:
    with serving(lambda _: Reply({})) as platform:
        (batch,) = pulled(platform, cursor={"Other": 1, "JetBlue": 1793491200 + 1800})
        assert platform.asked[0].query["startdatetime"] == "20261101003000"
    assert batch.cursor == {"JetBlue": 1793491200 + 3600}
