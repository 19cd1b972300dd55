"""What is peculiar to Mastodon: hashtags, tokens, boosts, links in pieces, who opted out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening.config import get_settings
from listening.errors import SettingsError
from listening.sources.base import PostKind, RawPost, Wanted, Window
from listening.sources.errors import AuthenticationError, UnavailableError
from listening.sources.mastodon import Mastodon
from listening.sources.mastodonposts import post_of, tag_of
from tests.listening.sources.cases.mastodon import MastodonCase, bare, status
from tests.listening.sources.contract import JETBLUE
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
ODD = (None, True, -1, 1e300, "", "\x00\ud800", "http://[", "9" * 500, [], [[]], {}, {"x": []})


def bent(sample: Any, data: st.DataObject) -> Any:
    """A copy of JSON in which something is another thing than it should be."""
    found = json.loads(json.dumps(sample))
    into: Any = found
    while True:
        keys = list(into) if isinstance(into, dict) else list(range(len(into)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(into[key], dict | list) and into[key] and data.draw(st.booleans()):
            into = into[key]
            continue
        into[key] = data.draw(st.sampled_from(ODD))
        return found


@contextmanager
def asking(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[Asked], Reply]
) -> Iterator[tuple[Mastodon, Platform]]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    with serving(answer) as platform:
        client = TurnedClient(platform, "mastodon")
        yield Mastodon(client), platform
        client.close()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("term", "tag"),
    [
        ("JetBlue", "jetblue"),
        ("Jet Blue", "jetblue"),
        ("@JetBlue", "jetblue"),
        ("jet-blue 2", "jetblue2"),
        ("Nestlé", "nestle"),
        ("ＪｅｔＢｌｕｅ", "jetblue"),
        ("がんば", "がんば"),
        ("हिन्दी", "हिन्दी"),
        ("Straße", "strasse"),
        ("747", ""),
        ("?!", ""),
    ],
)
def test_a_name_is_its_hashtag(term: str, tag: str) -> None:
    assert tag_of(term) == tag


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://Fosstodon.org/", "fosstodon.org"),
        ("fosstodon.org", "fosstodon.org"),
        ("http://fosstodon.org:8080", "http://fosstodon.org:8080"),
        ("https://bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_an_instance_has_one_spelling(typed: str, kept: str) -> None:
    found = Mastodon().check({"instance": typed, "hashtags": "#JetBlue, jetblue Travel"})
    assert (found["instance"], found["hashtags"]) == (kept, "jetblue,travel")


@pytest.mark.parametrize(
    "typed",
    ["mastodon", "ftp://mastodon.social", "@one@mastodon.social", "https://one:secret@mastodon.social",
     "mastodon.social/@one", "mastodon.social?x=1", "https://[", "mastodon..social", "-.org"],
)  # fmt: skip
def test_what_is_no_instance_is_refused(typed: str) -> None:
    with pytest.raises(SettingsError, match="mastodon: instance") as refused:
        Mastodon().check({"instance": typed})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("params", [{"hashtags": "747"}, {"public": "everything"}])
def test_settings_without_sense_are_refused(params: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="mastodon"):
        Mastodon().check(params)


def test_a_query_without_a_hashtag_is_told() -> None:
    with pytest.raises(SettingsError, match="--set hashtags"):
        list(Mastodon().pull({}, None, None, Wanted(brand="B", terms=("747",))))


def test_a_boost_says_what_it_boosts() -> None:
    own = status(7, AT, "<p>Fly JetBlue</p>", favourites_count=9, language="en", url=None)
    booster = {**own["account"], "acct": "two@a.example", "url": "https://a.example/@two"}
    boost = status(8, AT, "", reblog=own, account=booster, uri="https://a.example/b/8/activity")
    assert post_of(boost) == RawPost(
        source="mastodon",
        native_id="https://a.example/b/8/activity",
        author_native_id="https://a.example/@two",
        author_handle="two@a.example",
        text="Fly JetBlue",
        published_at=AT,
        language="en",
        kind=PostKind.REPOST,
        repost_of="https://mastodon.social/users/one/statuses/7",
    )


def test_a_quote_says_what_it_quotes() -> None:
    quoted = {"state": "accepted", "quoted_status": status(7, AT, "<p>Fly JetBlue</p>")}
    found = post_of(status(8, AT, "<p>No</p>", quote=quoted, in_reply_to_id="3"))
    assert found == replace(
        bare(8, AT, "No"),
        kind=PostKind.QUOTE,
        repost_of="https://mastodon.social/users/one/statuses/7",
    )


def test_links_lead_out() -> None:
    content = (
        '<p><span class="h-card"><a href="https://b.example/@two" class="u-url mention">@<span>two'
        '</span></a></span> <a href="https://b.example/tags/Q%C3%BC" rel="tag">#<span>Qü</span></a>'
        ' <a href="https://example.org/tags/other">x</a></p>'
    )
    found = post_of(
        status(
            1,
            AT,
            content,
            mentions=[{"id": "2", "url": "https://b.example/@two", "acct": "two@b.example"}],
            tags=[{"name": "qü"}],
            card={"url": "https://example.org/card", "type": "link"},
        )
    )
    assert isinstance(found, RawPost)
    assert (found.text, found.tags) == ("@two #Qü x", ("qü",))
    assert found.links == ("https://example.org/tags/other", "https://example.org/card")


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_what_is_not_for_everybody_is_not_read(visibility: str) -> None:
    hidden = status(1, AT, "<p>psst</p>", visibility=visibility)
    assert post_of(hidden) is None
    assert post_of(status(2, AT, "", reblog=hidden)) is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_status_is_a_post_or_says_what_it_lacks(data: st.DataObject) -> None:
    sample = {**MastodonCase().statuses[0], "quote": {"quoted_status": {"uri": "x"}}}
    sample["mentions"] = [{"url": "https://b.example/@two"}]
    found = post_of(bent(sample, data))
    assert found is None or isinstance(found, RawPost | str)


def test_a_hashtag_that_nobody_used_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Reply({"error": "Record not found"}, 404)
    with asking(monkeypatch, lambda _: missing) as (source, _):
        (only,) = source.pull({}, None, None, JETBLUE)
    assert (only.posts, only.cursor) == ((), {})


def test_an_instance_that_wants_an_account_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Reply({"error": "This method requires an authenticated user"}, 422)
    with (
        asking(monkeypatch, lambda _: refusal) as (source, _),
        pytest.raises(AuthenticationError, match="LISTENING_MASTODON_TOKEN"),
    ):
        list(source.pull({}, None, None, JETBLUE))


def test_a_token_is_told_to_its_instance_only_and_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "LISTENING_MASTODON_TOKEN", "fosstodon.org=abcdefghijkl other.example=x12345678"
    )
    now = datetime.now(UTC)
    found = [status(n, now - timedelta(minutes=n), f"<p>jetblue {n}</p>") for n in (1, 2, 3)]

    def answer(asked: Asked) -> Reply:
        told = asked.headers.get("authorization")
        assert told == ("Bearer abcdefghijkl" if asked.host == "fosstodon.org" else None)
        if asked.path != "/api/v2/search":
            return Reply([])
        assert asked.host == "fosstodon.org"
        assert (asked.query["q"], asked.query["type"]) == ('"JetBlue"', "statuses")
        before = int(asked.query.get("max_id", "9" * 19))
        shown = [one for one in found if int(one["id"]) < before][:2]
        return Reply({"accounts": [], "statuses": shown, "hashtags": []})

    with asking(monkeypatch, answer) as (source, platform):
        first = list(source.pull({"instance": "fosstodon.org"}, None, None, JETBLUE))
        found.insert(0, status(4, now, "<p>jetblue 4</p>"))
        then = list(source.pull({"instance": "fosstodon.org"}, first[-1].cursor, None, JETBLUE))
        list(source.pull({}, None, None, JETBLUE))
    assert [post.text for batch in first for post in batch.posts] == [
        "jetblue 1", "jetblue 2", "jetblue 3"
    ]  # fmt: skip
    assert then[0].posts[0].text == "jetblue 4"
    assert {asked.host for asked in platform.asked} == {"fosstodon.org", "mastodon.social"}


def test_a_token_without_its_instance_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_MASTODON_TOKEN", "abcdefghijkl")
    with pytest.raises(SettingsError, match="instance=token") as refused:
        Mastodon().check({})
    assert "abcdefghijkl" not in str(refused.value)


def test_a_reading_that_was_cut_within_what_is_read_again_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = MastodonCase()
    with asking(monkeypatch, case.answer) as (source, _):
        cursor: Any = list(source.pull({}, None, None, JETBLUE))[-1].cursor
        reached = []
        for _ in range(3):  # a page each, all of them of the last ten minutes
            batch = next(source.pull({}, cursor, None, JETBLUE))
            cursor = batch.cursor
            reached.append(batch.posts[0].native_id.rpartition("/")[2])
    assert reached == ["40", "80", "94"]


def test_a_back_fill_begins_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = [status(n, AT - timedelta(days=n), f"<p>jetblue {n}</p>") for n in range(1, 400)]
    case = MastodonCase()
    case.statuses = statuses
    window = Window(AT - timedelta(days=395), AT - timedelta(days=390))
    with asking(monkeypatch, case.answer) as (source, platform):
        batches = list(source.pull({}, None, window, JETBLUE))
        again = list(source.pull({}, batches[-1].cursor, window, JETBLUE))
    texts = [post.text for batch in batches for post in batch.posts]
    assert texts == [f"jetblue {n}" for n in range(391, 396)]
    assert [batch.posts for batch in again] == [()]
    assert len(platform.asked) == 2


@pytest.mark.parametrize(
    ("facts", "seen"),
    [
        ({}, ["I like trains"]),
        ({"discoverable": True, "noindex": False}, ["I like trains"]),
        ({"discoverable": None}, ["I like trains"]),
        ({"discoverable": False}, []),
        ({"noindex": True}, []),
        ({"suspended": True}, []),
        ({"limited": True}, []),
    ],
)
def test_who_opted_out_is_not_looked_up(
    monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], seen: list[str]
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.host == "mastodon.social"
        if asked.path == "/api/v1/accounts/lookup":
            assert asked.query == {"acct": "two@a.example"}
            return Reply({"id": "55", "acct": "two@a.example", **facts})
        assert asked.path == "/api/v1/accounts/55/statuses"
        assert asked.query == {"limit": "3"}
        return Reply([status(1, AT, "<p>I like trains</p>")])

    with asking(monkeypatch, answer) as (source, platform):
        found = source.recent("https://a.example/@two", {}, 3)
    assert [post.text for post in found] == seen
    assert len(platform.asked) == 1 + len(seen)


def test_an_account_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Reply({"error": "Record not found"}, 404)
    with (
        asking(monkeypatch, lambda _: missing) as (source, _),
        pytest.raises(UnavailableError, match="gone"),
    ):
        source.recent("https://a.example/@two", {}, 3)


def test_the_public_timeline_is_read_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = []

    def answer(asked: Asked) -> Reply:
        asked_for.append((asked.path, asked.query.get("local")))
        return Reply([])

    with asking(monkeypatch, answer) as (source, _):
        list(source.pull({"public": "local"}, None, None, Wanted(brand="B", terms=("747",))))
    assert asked_for == [("/api/v1/timelines/public", "true")]
