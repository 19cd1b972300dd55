"""What is peculiar to Bluesky's search: logins, tokens that end, lists that end too early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.sources import bluesky, registry
from listening.sources.base import Batch, Wanted
from listening.sources.bluesky import Bluesky
from listening.sources.errors import AuthenticationError, FormatChangedError, UnavailableError
from tests.listening.sources.cases.bluesky import BlueskyCase, did, plain, view
from tests.listening.sources.platform import Asked, Platform, Reply, TurnedClient, serving

EXPIRED = {"error": "ExpiredToken", "message": "Token has expired"}


class Tried:
    """The case with its platform, and the connector."""

    def __init__(self, case: BlueskyCase, platform: Platform) -> None:
        self.case, self.platform = case, platform
        self.client = TurnedClient(platform)
        self.source = Bluesky(self.client)
        self.params: dict[str, Any] = {}

    def pull(self, cursor: Any = None, wanted: Wanted = BlueskyCase.wanted) -> list[Batch]:
        return list(self.source.pull(self.params, cursor, None, wanted))

    def asked(self) -> list[str]:
        """The methods asked since the last time."""
        found = [asked.path.rpartition(".")[2] for asked in self.platform.asked]
        self.platform.asked.clear()
        return found


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tried]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    for name, value in BlueskyCase.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    case = BlueskyCase()
    with serving(case.answer) as platform:
        found = Tried(case, platform)
        yield found
        found.client.close()
    get_settings.cache_clear()


def posts_of(batches: list[Batch]) -> set[str]:
    return {post.native_id for batch in batches for post in batch.posts}


def keys(tried: Tried) -> set[str]:
    return {post.native_id for post in tried.case.posts}


def test_it_logs_in_once(tried: Tried) -> None:
    tried.pull()
    tried.pull()
    assert tried.case.logins == 1


def test_a_token_that_ended_is_renewed(tried: Tried) -> None:
    tried.pull()
    tried.asked()
    tried.case.token = "another"
    assert posts_of(tried.pull()) == keys(tried)
    assert tried.asked()[:3] == ["searchPosts", "refreshSession", "searchPosts"]
    assert (tried.case.logins, tried.case.token) == (1, "access-2")


def test_where_it_cannot_be_renewed_it_logs_in_again(tried: Tried) -> None:
    tried.pull()
    tried.asked()
    tried.platform.faults = [Reply(EXPIRED, 400), Reply(EXPIRED, 400)]
    assert posts_of(tried.pull()) == keys(tried)
    assert tried.asked()[:4] == ["searchPosts", "refreshSession", "createSession", "searchPosts"]


def test_a_token_that_never_holds(tried: Tried) -> None:
    def answer(asked: Asked) -> Reply:
        expired = asked.method == "GET"
        return Reply(EXPIRED, 400) if expired else tried.case.session()

    tried.platform.answer = answer
    with pytest.raises(AuthenticationError, match="ExpiredToken: Token has expired"):
        tried.pull()
    assert tried.asked() == ["createSession", "searchPosts", "refreshSession", "searchPosts"]


@pytest.mark.parametrize("at", [0, 1])
def test_a_password_that_is_refused(tried: Tried, at: int) -> None:
    refused = {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}
    answers = [tried.case.session(), Reply(refused, 401)][1 - at :]
    tried.platform.faults = answers
    with pytest.raises(AuthenticationError, match="Invalid identifier or password") as error:
        tried.pull()
    assert "abcd-efgh" not in str(error.value)


def test_another_password_is_another_login(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    tried.pull()
    monkeypatch.setenv("LISTENING_BLUESKY_APP_PASSWORD", "zzzz-zzzz-zzzz-zzzz")
    tried.asked()
    tried.platform.faults = [tried.case.session()]
    tried.pull()
    assert tried.asked()[0] == "createSession"


def test_half_a_login_keeps_no_token(tried: Tried) -> None:
    tried.platform.faults = [Reply({"accessJwt": "eyJhbGciOi"})]
    with pytest.raises(FormatChangedError) as changed:
        tried.pull()
    assert "eyJ" not in changed.value.raw + str(changed.value)


def test_a_search_that_is_refused(tried: Tried) -> None:
    refused = {"error": "BadQueryString", "message": "no such search"}
    tried.platform.faults = [tried.case.session(), Reply(refused, 400)]
    with pytest.raises(FormatChangedError, match="BadQueryString: no such search"):
        tried.pull()


def test_a_list_that_ends_early_is_gone_on_with(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky, "_PAGE", 10)
    monkeypatch.setattr(bluesky, "_LIST", 20)
    monkeypatch.setattr(bluesky, "_SHORT", 20)
    tried.params["profiles"] = False
    assert posts_of(tried.pull()) == keys(tried)
    cursors = [asked.query.get("cursor") for asked in tried.platform.asked[1:]]
    assert set(cursors) == {None, "10"}, "no list is followed further than told"


def test_a_server_that_knows_no_times_is_read_as_far_as_needed(tried: Tried) -> None:
    case = tried.case
    old = case.now - timedelta(days=30)
    case.views += [view(n, old - timedelta(seconds=n), "JetBlue") for n in range(500, 900)]

    def answer(asked: Asked) -> Reply:
        if not asked.path.endswith("searchPosts"):
            return case.answer(asked)
        start = int(asked.query.get("cursor", 0))
        shown = sorted(case.views, key=lambda one: one["record"]["createdAt"], reverse=True)
        return Reply({"posts": shown[start : start + 100], "cursor": str(start + 100)})

    tried.platform.answer = answer
    assert posts_of(tried.pull()) == keys(tried)
    assert tried.asked().count("searchPosts") == 2


def test_what_is_asked_for(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(one: Asked) -> Reply:
        if one.path.endswith("searchPosts"):
            asked.append(one.query["q"])
            return Reply({"posts": []})
        return tried.case.answer(one)

    tried.platform.answer = answer
    terms = ("@jetblue", "jetblue", "#jetblue", 'jet "blue"', "Flügel")
    found = tried.pull(wanted=Wanted(brand="JetBlue", terms=terms))
    assert asked == ["jetblue", '"jet  blue"', "Flügel"]
    assert found[-1].read_until is not None and found[0].read_until is None
    tried.params["query"] = "from:jetblue.com #late"
    tried.pull()
    assert asked[3:] == ["from:jetblue.com #late"]


def test_a_walk_that_was_broken_off_goes_on_and_then_comes_the_new(tried: Tried) -> None:
    pulled = tried.source.pull(tried.params, None, None, tried.case.wanted)
    first = next(iter(pulled))
    pulled.close()  # type: ignore[attr-defined]
    assert first.read_until is None
    tried.case.post_later()
    later = posts_of(tried.pull(first.cursor))
    assert later | posts_of([first]) == keys(tried) | {tried.case.later.native_id}
    assert len(later) < len(keys(tried)), "what was read before is not read again"


def test_only_those_who_mention_are_looked_up(tried: Tried) -> None:
    about = Wanted(brand="JetBlue", terms=("JetBlue",), mentions=lambda post: "#" in post.text)
    found = {post.native_id: post for batch in tried.pull(wanted=about) for post in batch.posts}
    (asked,) = [one for one in tried.platform.asked if one.path.endswith("getProfiles")]
    assert asked.lists["actors"] == [did(2)]
    assert found[tried.case.posts[1].native_id].author_followers == 4200
    tried.asked()
    tried.params["profiles"] = False
    tried.pull()
    assert "getProfiles" not in tried.asked()


def test_where_profiles_cannot_be_had_posts_are(tried: Tried) -> None:
    def answer(asked: Asked) -> Reply:
        lost = asked.path.endswith("getProfiles")
        return Reply("oops", 500) if lost else tried.case.answer(asked)

    tried.platform.answer = answer
    found = {post.native_id: post for batch in tried.pull() for post in batch.posts}
    second = tried.case.posts[1]
    assert found[second.native_id] == replace(second, author_followers=None)
    assert tried.asked().count("getProfiles") == 4, "tried for one page alone"


def test_what_somebody_said_of_late(tried: Tried) -> None:
    def answer(asked: Asked) -> Reply:
        if not asked.path.endswith("getAuthorFeed"):
            return tried.case.answer(asked)
        assert asked.headers["authorization"] == "Bearer access-1"
        if asked.query["actor"] == did(9):
            return Reply({"error": "BlockedActor", "message": "Requester has blocked actor"}, 400)
        return Reply({"feed": [{"post": one} for one in tried.case.views[:3]]})

    tried.platform.answer = answer
    first = tried.case.posts[0]
    assert tried.source.recent(did(1), {}, 5) == [plain(1, first.published_at, first.text)]
    with pytest.raises(UnavailableError, match="BlockedActor"):
        tried.source.recent(did(9), {}, 5)


@pytest.mark.parametrize(
    "service", ["bsky", "http://example.com", "https://me:secret@example.com", "ftp://example.com"]
)
def test_settings_that_make_no_sense(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BlueskyCase.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        registry.settle(Bluesky(), {"service": service})
    assert "secret" not in str(error.value)


def test_an_address_is_kept_in_one_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BlueskyCase.environment.items():
        monkeypatch.setenv(name, value)
    found = registry.settle(Bluesky(), {"service": "https://pds.example.com/"})
    assert found == {"service": "https://pds.example.com"}
