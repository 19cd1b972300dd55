"""Every connector against its platform, well and ill; stored by real sweeps where that matters."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.sources import registry
from listening.sources.base import Batch, RawPost, Source, Window
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.store.posts.posts import read_posts
from listening.store.session import Store
from listening.store.tables import Sweep, SweepStatus
from listening.store.watches.sweeps import sweeps_of, waiting_rows
from listening.store.watches.watches import add_watch
from tests.factories import brand
from tests.listening.sources import cases
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Platform, Reply, TurnedClient, serving
from workers.jobs.sweeping import sweep_watch

CASES = [
    found
    for module in pkgutil.iter_modules(cases.__path__)
    for found in vars(importlib.import_module(f"{cases.__name__}.{module.name}")).values()
    if isinstance(found, type) and issubclass(found, Case) and found is not Case
]


def of(*cases: type[Case]) -> pytest.MarkDecorator:
    """A test of some cases only."""
    return pytest.mark.parametrize("tried", cases, indirect=True, ids=lambda case: case.name)


class Tried:
    """A case with its platform running and its connector reaching it."""

    def __init__(self, case: Case, platform: Platform) -> None:
        self.case, self.platform = case, platform
        self.client = TurnedClient(platform, case.name)
        self.source: Source = case.source(self.client)
        self.params = registry.settle(self.source, dict(case.params))
        # Told again what it has, as an edit of something else does, a watch is the same.
        assert registry.settle(self.source, self.params) == self.params

    def pull(self, cursor: Any = None, window: Window | None = None) -> list[Batch]:
        return list(self.source.pull(self.params, cursor, window, self.case.wanted))

    def fails(self, *faults: Reply) -> None:
        self.platform.faults += faults


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def tried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tried]:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    for name, value in request.param.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    case = request.param()
    with serving(case.answer) as platform:
        found = Tried(case, platform)
        yield found
        found.client.close()
    get_settings.cache_clear()


def posts_of(batches: list[Batch]) -> dict[str, RawPost]:
    return {post.native_id: post for batch in batches for post in batch.posts}


def test_every_platform_is_a_case() -> None:
    named = {case.name for case in CASES}
    # What is live is tested over websockets; it is the same platform by another way.
    ways = {own.spec.posts_as or name for name, own in registry.REGISTRY.items() if own.spec.terms}
    assert named >= ways


def test_what_the_platform_has_is_read(tried: Tried) -> None:
    found = tried.pull()
    assert posts_of(found) == {post.native_id: post for post in tried.case.posts}
    assert len(tried.platform.asked) >= 2, "more than a page"
    assert [row for batch in found for row in batch.bad_rows] == []
    agents = {asked.headers["user-agent"] for asked in tried.platform.asked}
    assert all(agent.startswith("listening/") for agent in agents)


def test_an_empty_platform_is_nothing(tried: Tried) -> None:
    tried.case.empty()
    assert posts_of(tried.pull()) == {}


def test_what_was_read_is_not_new_again(tried: Tried) -> None:
    cursor = tried.pull()[-1].cursor
    tried.case.post_later()
    known = {post.native_id for post in tried.case.posts}
    found = posts_of(tried.pull(cursor))
    assert found.keys() - known == {tried.case.later.native_id}
    assert found[tried.case.later.native_id] == tried.case.later


def test_a_pull_goes_on_after_any_batch(tried: Tried) -> None:
    whole = posts_of(tried.pull())
    cursor, seen = None, {}
    for _ in range(50):
        pulled = tried.source.pull(tried.params, cursor, None, tried.case.wanted)
        batch = next(iter(pulled), None)
        pulled.close()  # type: ignore[attr-defined]
        if batch is None or (batch.cursor == cursor and seen.keys() >= whole.keys()):
            break
        cursor = batch.cursor
        seen |= posts_of([batch])
        if seen.keys() >= whole.keys():
            break
    assert seen == whole


def test_a_post_without_what_it_needs_is_kept_aside(tried: Tried) -> None:
    telling = tried.case.break_one()
    found = tried.pull()
    assert posts_of(found).keys() >= {post.native_id for post in tried.case.posts}
    ((origin, row),) = [row for batch in found for row in batch.bad_rows]
    assert row.field == tried.case.bad_field
    assert telling in row.raw
    assert origin.startswith("http")
    assert "?" not in origin, "a query may hold a key"


@of(*(case for case in CASES if case.edits))
def test_an_edit_is_read(tried: Tried) -> None:
    cursor = tried.pull()[-1].cursor
    edited = tried.case.edit()
    assert posts_of(tried.pull(cursor))[edited.native_id] == edited


@of(*(case for case in CASES if case.deletes))
def test_a_deletion_is_told(tried: Tried) -> None:
    cursor = tried.pull()[-1].cursor
    gone = tried.case.delete()
    found = tried.pull(cursor)
    source = tried.source.spec.posts_as or tried.source.spec.name
    assert (source, gone) in [key for batch in found for key in batch.deleted]


@of(*(case for case in CASES if case.backfills))
def test_a_back_fill_takes_its_window(tried: Tried) -> None:
    moments = sorted(post.published_at for post in tried.case.posts)
    window = Window(moments[1], moments[-1])
    wanted = {
        post.native_id for post in tried.case.posts if moments[1] <= post.published_at < moments[-1]
    }
    assert posts_of(tried.pull(None, window)).keys() == wanted


def test_a_short_pause_is_waited_out(tried: Tried) -> None:
    tried.fails(Reply("slow down", 429, {"Retry-After": "2"}))
    assert posts_of(tried.pull()).keys() == {post.native_id for post in tried.case.posts}
    assert 2.0 in tried.client.slept


def test_a_long_pause_ends_the_pull(tried: Tried) -> None:
    tried.fails(Reply("slow down", 429, {"Retry-After": "900"}))
    with pytest.raises(RateLimitError) as stopped:
        tried.pull()
    assert stopped.value.retry_after == 900


def test_too_many_requests_without_a_time(tried: Tried) -> None:
    tried.fails(*[Reply("slow down", 429)] * 4)
    with pytest.raises(RateLimitError) as stopped:
        tried.pull()
    assert stopped.value.retry_after == 3600
    assert tried.client.slept == sorted(tried.client.slept) and len(tried.client.slept) == 3


def test_an_error_that_passes(tried: Tried) -> None:
    tried.fails(Reply("oops", 500), Reply("oops", 502))
    assert posts_of(tried.pull()).keys() == {post.native_id for post in tried.case.posts}


@pytest.mark.parametrize(
    "fault",
    [Reply("oops", 500), Reply("{}", slow=1.0), Reply("x" * 4000, cut=True), Reply("", 404)],
    ids=["500", "timeout", "truncated", "404"],
)
def test_a_platform_that_does_not_answer(tried: Tried, fault: Reply) -> None:
    tried.fails(*[fault] * 4)
    with pytest.raises(UnavailableError):
        tried.pull()


def test_a_platform_that_does_not_let_us_in(tried: Tried) -> None:
    tried.fails(Reply({"error": "no"}, 403))
    with pytest.raises(AuthenticationError):
        tried.pull()


def test_another_format_is_told_with_what_came(tried: Tried) -> None:
    for body in tried.case.sends_changed:
        tried.platform.faults = [Reply(body)]
        with pytest.raises(FormatChangedError) as changed:
            tried.pull()
        assert changed.value.raw == Reply(body).content.decode()


@of(*(case for case in CASES if case.environment))
def test_a_missing_credential_is_named(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = [one for one in tried.source.spec.credentials if not one.optional]
    for one in needed:
        with monkeypatch.context() as without:
            without.delenv(one.name)
            with pytest.raises(SettingsError, match=one.name):
                registry.settle(tried.source, dict(tried.case.params))


def test_the_spec_says_what_it_is(tried: Tried) -> None:
    spec = tried.source.spec
    assert spec.name == tried.case.name == spec.name.lower()
    assert spec.help.endswith(".") and spec.gives and spec.rate_limit
    assert spec.backfill == tried.case.backfills
    assert spec.terms is None or spec.terms.startswith("https://")
    assert all(one.name.startswith("LISTENING_") for one in spec.credentials)


def test_swept_killed_and_swept_again_it_is_stored_once(
    tried: Tried, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.REGISTRY, tried.case.name, tried.source)
    brand(store, "JetBlue")
    watch = watched(store, tried)
    tried.case.break_one()
    first = sweep_watch(store, watch, holder="one", asked=True)
    assert (first.error, first.quarantined) == (None, 1)
    assert first.counts.posts_new == len(tried.case.posts)
    again = sweep_watch(store, watch, holder="two", asked=True)
    assert (again.error, again.counts.posts_new) == (None, 0)
    with store.session() as session:
        stored = {raw.native_id: raw for part in read_posts(session) for _, _, raw in part}
        assert [row.field for row in waiting_rows(session)] == [tried.case.bad_field]
    assert stored == {post.native_id: post for post in tried.case.posts}
    if tried.case.deletes:
        gone = tried.case.delete()
        sweep_watch(store, watch, holder="three", asked=True)
        with store.session() as session:
            left = {raw.native_id for part in read_posts(session) for _, _, raw in part}
        assert left == stored.keys() - {gone}


def test_a_sweep_keeps_what_it_had_before_the_platform_failed(
    tried: Tried, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.REGISTRY, tried.case.name, tried.source)
    brand(store, "JetBlue")
    watch = watched(store, tried)
    tried.fails(*[Reply("oops", 500)] * 4)
    failed = sweep_watch(store, watch, holder="one", asked=True)
    assert failed.error is not None
    with store.session() as session:
        last: Sweep = sweeps_of(session, watch)[0]
        assert (last.status, last.error) == (SweepStatus.FAILED, failed.error)
    well = sweep_watch(store, watch, holder="one", asked=True)
    assert (well.error, well.counts.posts_new) == (None, len(tried.case.posts))


def watched(store: Store, tried: Tried) -> int:
    from listening.schedule import Schedule
    from listening.store.brands.brands import get_brand

    params = {**tried.params, **({"keep_all": True} if tried.source.spec.only_mentions else {})}
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        watch, _ = add_watch(
            session, own, tried.case.name, params, Schedule(interval=timedelta(minutes=15).seconds)
        )
        return int(watch.id or 0)
