"""What is peculiar to Discourse: ids that pages are counted by, quotes, what search leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching.answers import Answer
from listening.sources.base import Window
from listening.sources.discourse import Discourse, _read
from tests.listening.sources.cases.discourse import DiscourseCase, DiscourseSearchCase, post
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving
from tests.listening.sources.test_mastodon import bent

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
FORUM = {"forum": "meta.discourse.org"}


@contextmanager
def asking(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[Asked], Reply]
) -> Iterator[tuple[Discourse, Platform]]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    with serving(answer) as platform:
        client = TurnedClient(platform, "discourse")
        yield Discourse(client), platform
        client.close()
    get_settings.cache_clear()


def read(*listed: dict[str, Any], forum: str = "meta.discourse.org") -> Any:
    return _read(list(listed), Answer(200, {}, b"", "https://meta.discourse.org/posts.json"), forum)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://Meta.discourse.org/", "meta.discourse.org"),
        ("example.org/forum/", "example.org/forum"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_a_forum_has_one_spelling(typed: str, kept: str) -> None:
    assert Discourse().check({"forum": typed}) == {"forum": kept}


@pytest.mark.parametrize("typed", ["", "forum", "mailto:x.org", "meta.discourse.org/?q=1"])
def test_what_is_no_forum_is_refused(typed: str) -> None:
    with pytest.raises(SettingsError, match="discourse: forum"):
        Discourse().check({"forum": typed})


def test_what_is_quoted_is_not_said() -> None:
    cooked = (
        '<aside class="quote"><blockquote><aside class="quote"><p>inner</p></aside><p>outer</p>'
        '</blockquote></aside><p>mine <img class="emoji only-emoji" alt=":tada:" src="/e.png"></p>'
        '<aside class="onebox"><a href="https://example.org/x">Preview</a><img src="/t.png">'
        "</aside>"
    )
    (found,) = read(post(1, AT, cooked)).posts
    assert (found.text, found.links, found.media) == (
        "mine :tada:", ("https://example.org/x",), ("link",)
    )  # fmt: skip


def test_a_forum_in_a_folder_has_its_own_addresses() -> None:
    (found,) = read(post(1, AT, "<p>x</p>"), forum="http://example.org/forum").posts
    assert found.native_id == "example.org/forum/p/1"
    assert found.url == "http://example.org/forum/t/routes/8/2"


@pytest.mark.parametrize(
    "facts", [{"hidden": True}, {"user_deleted": True}, {"deleted_at": "2026-09-01T00:00:00Z"}]
)
def test_what_the_forum_took_away_is_told(facts: dict[str, Any]) -> None:
    page = read(post(1, AT, "<p>x</p>", **facts))
    assert (page.posts, page.deleted) == ([], [("discourse", "meta.discourse.org/p/1")])


def test_old_versions_list_the_post_itself_and_fifty_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    listed = [post(n, now, f"<p>{n}</p>") for n in (300, 299, 180, 20, 1)]

    def answer(asked: Asked) -> Reply:
        before = int(asked.query.get("before", 300))
        shown = [one for one in listed if before - 50 < one["id"] <= before]
        return Reply({"latest_posts": shown})

    with asking(monkeypatch, answer) as (source, _):
        batches = list(source.pull(FORUM, None, None, JETBLUE))
        again = list(source.pull(FORUM, batches[-1].cursor, None, JETBLUE))
    assert [p.text for batch in batches for p in batch.posts] == ["300", "299", "180", "20", "1"]
    assert batches[-1].cursor == {"known": 300}
    assert len(again) == 2, "a page, and what was reached"


def test_a_back_fill_finds_its_end_by_halving(monkeypatch: pytest.MonkeyPatch) -> None:
    case = DiscourseCase()
    case.listed = [post(n, AT - timedelta(hours=9000 - n), f"<p>{n}</p>") for n in range(1, 9001)]
    window = Window(AT - timedelta(hours=8000), AT - timedelta(hours=7990))
    with asking(monkeypatch, case.answer) as (source, platform):
        batches = list(source.pull(FORUM, None, window, JETBLUE))
        done = list(source.pull(FORUM, batches[-1].cursor, window, JETBLUE))
    texts = sorted(p.text for batch in batches for p in batch.posts)
    assert texts == [str(n) for n in range(1000, 1010)]
    assert len(platform.asked) < 15
    assert [batch.posts for batch in done] == [()]


def test_a_post_that_is_gone_when_it_is_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    case = DiscourseSearchCase()

    def answer(asked: Asked) -> Reply:
        return Reply("", 404) if asked.path == "/posts/5.json" else case.answer(asked)

    with asking(monkeypatch, answer) as (source, _):
        batches = list(source.pull({**FORUM, "search": True}, None, None, JETBLUE))
    found = {p.native_id for batch in batches for p in batch.posts}
    assert found == {one.native_id for one in case.posts} - {"meta.discourse.org/p/5"}


def test_a_search_that_shows_no_more_goes_on_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    case = DiscourseSearchCase()  # shows five a page, ten pages
    days = [AT - timedelta(days=n) for n in range(4)]
    case.listed = [
        post(100 * n + k, day + timedelta(seconds=k), "<p>jetblue</p>")
        for n, day in enumerate(days, 1)
        for k in range(25)
    ]
    window = Window(AT - timedelta(days=10), AT + timedelta(days=1))
    with asking(monkeypatch, case.answer) as (source, _):
        batches = list(source.pull({**FORUM, "search": True}, None, window, JETBLUE))
    assert len({p.native_id for batch in batches for p in batch.posts}) == 100


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_post_is_read_or_says_what_it_lacks(data: st.DataObject) -> None:
    page = read(bent(DiscourseCase().listed[0], data))
    assert len(page.posts) + len(page.bad) + len(page.deleted) == 1
