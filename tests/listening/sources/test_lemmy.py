"""What is peculiar to Lemmy: communities, pinned posts, Markdown, pages by cursor."""

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
from listening.sources.errors import UnavailableError
from listening.sources.lemmy import Lemmy, _page
from tests.listening.sources.cases.lemmy import LemmyCase, comment_view, person, post_view
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving
from tests.listening.sources.test_mastodon import bent

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)


@contextmanager
def asking(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[Asked], Reply]
) -> Iterator[tuple[Lemmy, Platform]]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    with serving(answer) as platform:
        client = TurnedClient(platform, "lemmy")
        yield Lemmy(client), platform
        client.close()
    get_settings.cache_clear()


def read(*views: dict[str, Any]) -> Any:
    answer = Answer(
        200, {}, Reply({"posts": views}).content, "https://lemmy.world/api/v3/post/list"
    )
    return _page(answer, "posts", None)


def test_settings_have_one_spelling() -> None:
    typed = {"instance": "https://Lemmy.ml/", "communities": "!Technology@lemmy.world, /c/flying"}
    assert Lemmy().check(typed) == {
        "instance": "lemmy.ml",
        "communities": "technology@lemmy.world,flying",
    }


@pytest.mark.parametrize(
    "params", [{"instance": "lemmy"}, {"communities": "a b/c"}, {"instance": "lemmy.ml/c/x"}]
)
def test_settings_without_sense_are_refused(params: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="lemmy"):
        Lemmy().check(params)


def test_whole_communities_are_read_past_what_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    pinned = post_view(9, now - timedelta(days=900), "Rules")
    pages: dict[str | None, dict[str, Any]] = {
        None: {"posts": [pinned, post_view(3, now, "three")], "next_page": "Pabc"},
        "Pabc": {"posts": [post_view(2, now - timedelta(days=1), "two")], "next_page": "Pdef"},
        "Pdef": {"posts": [post_view(1, now - timedelta(days=30), "one")], "next_page": "Pghi"},
    }

    def answer(asked: Asked) -> Reply:
        query = asked.query
        assert (query["community_name"], query["type_"], query["sort"]) == (
            "flying@lemmy.ml",
            "All",
            "New",
        )
        if asked.path == "/api/v3/comment/list":
            return Reply({"comments": []})
        assert asked.path == "/api/v3/post/list"
        return Reply(pages[query.get("page_cursor")])

    with asking(monkeypatch, answer) as (source, _):
        batches = list(source.pull({"communities": "flying@lemmy.ml"}, None, None, JETBLUE))
        again = list(
            source.pull({"communities": "flying@lemmy.ml"}, batches[-1].cursor, None, JETBLUE)
        )
    assert [post.text for batch in batches for post in batch.posts] == ["three", "two"]
    assert [post.text for batch in again for post in batch.posts] == ["Rules", "three", "two"]


def test_a_server_that_does_not_turn_pages_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    same = {"posts": [post_view(1, now, "one")], "comments": []}
    with asking(monkeypatch, lambda _: Reply(same)) as (source, platform):
        list(source.pull({}, None, None, JETBLUE))
    assert len(platform.asked) == 3  # twice the posts, once the comments


def test_markdown_is_text() -> None:
    body = (
        "# Late\n\nIt is *so* ~~bad~~ **good**, [here](https://example.org/a) or "
        "https://example.org/b\n\n- one\n- two\n\n::: spoiler More\nhidden\n:::\n\n"
        "a < b & c\n\n<b>raw</b> `code`"
    )
    (found,) = read(post_view(1, AT, "Title", body=body)).posts
    assert found.text == (
        "Late\n\nIt is so bad good, here or https://example.org/b\n\none\n\ntwo\n\nMore\nhidden"
        "\n\na < b & c\n\nraw code"
    )
    assert found.links == ("https://example.org/a", "https://example.org/b")


@pytest.mark.parametrize(
    ("facts", "media"),
    [
        ({}, ()),
        ({"url": "https://example.org/p.PNG?x=1"}, ("image",)),
        ({"url": "https://example.org/p", "url_content_type": "video/mp4"}, ("video",)),
        ({"url": "https://example.org/p"}, ("link",)),
        ({"url": "https://example.org/p.png", "body": "https://example.org"}, ("image", "link")),
    ],
)
def test_media_are_told(facts: dict[str, str], media: tuple[str, ...]) -> None:
    (found,) = read(post_view(1, AT, "Title", **facts)).posts
    assert found.media == media


def test_who_and_what_is_gone_is_told() -> None:
    left = post_view(3, AT, "x")
    left["creator"] = person(3, deleted=True)
    page = read(post_view(1, AT, "x", removed=True), post_view(2, AT, "x", deleted=True), left)
    assert page.posts == []
    assert page.deleted == [
        ("lemmy", "https://lemmy.world/post/1"),
        ("lemmy", "https://lemmy.world/post/2"),
    ]
    assert page.deleted_authors == [("lemmy", "https://lemmy.world/u/user3")]


def test_an_answer_to_a_comment_names_the_post_only_as_thread() -> None:
    body = {"comments": [comment_view(5, AT, "so", path="0.4.5")]}
    answer = Answer(200, {}, Reply(body).content, "https://lemmy.world/api/v3/comment/list")
    (found,) = _page(answer, "comments", None).posts
    assert (found.reply_to, found.thread) == (None, "https://lemmy.world/post/1")


def test_the_last_of_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: Asked) -> Reply:
        assert (asked.host, asked.path) == ("lemmy.world", "/api/v3/user")
        assert asked.query == {"username": "two@lemmy.ml", "sort": "New", "limit": "2"}
        return Reply(
            {
                "person_view": {"person": person(2)},
                "posts": [post_view(1, AT, "first"), post_view(3, AT + timedelta(2), "third")],
                "comments": [comment_view(2, AT + timedelta(1), "second")],
            }
        )

    with asking(monkeypatch, answer) as (source, _):
        found = source.recent("https://lemmy.ml/u/two", {}, 2)
        with pytest.raises(UnavailableError):
            source.recent("nobody", {}, 2)
    assert [post.text for post in found] == ["third", "second"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_view_is_a_post_or_says_what_it_lacks(data: st.DataObject) -> None:
    page = read(bent(LemmyCase().views["posts"][0], data))
    assert len(page.posts) + len(page.bad) + len(page.deleted) + len(page.deleted_authors) == 1
