"""App Store: apps and countries as they are written, pages that come without their reviews."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.schedule import Schedule
from listening.sources import registry
from listening.sources.appstore import AppStore
from listening.store.brands.brands import get_brand
from listening.store.session import Store
from listening.store.watches.watches import add_watch
from tests.factories import brand
from tests.listening.sources.cases.appstore import feed, review
from tests.listening.sources.platform import Asked, Reply, TurnedClient, serving
from workers.jobs.sweeping import sweep_watch

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PATH = re.compile(r"/(\w\w)/rss/customerreviews/page=(\d+)/id=(\d+)/sortby=mostrecent/json")


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def pulled(pages: dict[int, list[int]], last: int, cursor: Any = None) -> tuple[list[int], Any]:
    """Which pages are asked for, and the cursor at the end; reviews are days old."""

    def answer(asked: Asked) -> Reply:
        page = int(PATH.fullmatch(asked.path)[2])  # type: ignore[index]
        days = pages.get(page, [])
        told = [review(n, NOW - timedelta(days=n), f"fine {n}") for n in days]
        return Reply(feed(page, told, f"https://itunes.apple.com/us/rss/page={last}/id=1/xml"))

    with serving(answer) as platform:
        client = TurnedClient(platform, "appstore")
        found = list(AppStore(client).pull({"app": "123456789"}, cursor))
        client.close()
        return (
            [int(PATH.fullmatch(asked.path)[2]) for asked in platform.asked],  # type: ignore[index]
            found[-1].cursor["us/123456789"],
        )


def test_a_pull_ends_where_all_is_known() -> None:
    pages = {1: [0, 1], 2: [2, 3], 3: [4, 5], 4: [6]}
    known = {"until": "2026-11-20T00:00:00+00:00"}  # two days ago, and two more are read again
    asked, cursor = pulled(pages, 4, {"us/123456789": known})
    assert asked == [1, 2, 3]
    assert cursor == {"until": "2026-11-22T00:00:00+00:00"}


def test_a_page_that_comes_empty_is_asked_for_again_and_its_reviews_are_not_given_up() -> None:
    pages = {1: [0, 1], 3: [4, 5]}
    asked, cursor = pulled(pages, 3)
    assert asked == [1, 2, 2, 2, 3]
    assert cursor == {}, "what was not to be had is asked for the next time"
    asked, cursor = pulled({**pages, 2: [2, 3]}, 3, {"us/123456789": cursor})
    assert asked == [1, 2, 3]
    assert cursor == {"until": "2026-11-22T00:00:00+00:00"}


def test_two_empty_pages_are_the_end_whatever_was_announced() -> None:
    asked, cursor = pulled({1: [0]}, 10)
    assert asked == [1, 2, 2, 2, 3, 3, 3]
    assert cursor == {"until": "2026-11-22T00:00:00+00:00"}


def test_no_page_beyond_the_tenth_is_asked_for() -> None:
    asked, _ = pulled({page: [page] for page in range(1, 15)}, 14)
    assert asked == list(range(1, 11))


def test_apps_and_countries_in_one_spelling() -> None:
    source = AppStore()
    assert registry.settle(
        source,
        {
            "app": "id123456789, https://apps.apple.com/de/app/the-app/id987654321?mt=8 123456789",
            "country": "US gb",
        },
    ) == {"app": "123456789 987654321", "country": "us gb", "all_mentions": True}
    assert registry.settle(source, {"app": "123456789", "all_mentions": "no"}) == {
        "app": "123456789",
        "all_mentions": False,
    }


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"app": "The App"}, "'The' is no app; write its number"),
        ({"app": "com.example.app"}, "after /id: --set app=123456789"),
        ({"app": "123456789", "country": "germany"}, "write two letters, such as us or gb"),
    ],
)
def test_what_makes_no_sense_is_told(told: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError) as refused:
        registry.settle(AppStore(), told)
    assert why in str(refused.value)


def test_every_review_is_a_mention_though_none_names_the_brand(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Reply:
        country, page, app = PATH.fullmatch(asked.path).groups()  # type: ignore[union-attr]
        number = {"us": 1, "gb": 2}[country] + int(app[-1]) * 10
        one = review(number, NOW - timedelta(days=1), "crashes")
        return Reply(feed(1, [one] if page == "1" else [], ""))

    with serving(answer) as platform:
        client = TurnedClient(platform, "appstore")
        source = AppStore(client)
        monkeypatch.setitem(registry.REGISTRY, "appstore", source)
        brand(store, "JetBlue")
        told = {"app": "123456781 123456782", "country": "us gb"}
        with store.work() as session:
            watch, _ = add_watch(
                session, get_brand(session, "JetBlue"), "appstore",
                registry.settle(source, told), Schedule(interval=900),
            )  # fmt: skip
            number = int(watch.id or 0)
        report = sweep_watch(store, number, holder="one", asked=True)
        client.close()
    assert (report.error, report.counts.posts_new, report.counts.mentions_new) == (None, 4, 4)
