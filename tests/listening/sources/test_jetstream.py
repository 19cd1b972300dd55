"""Jetstream as its README describes it, played by a real websocket server."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest

from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching.guard import ForbiddenAddressError
from listening.schedule import Schedule
from listening.sources import live, registry
from listening.sources.base import Batch, PostKind, Window
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from listening.sources.jetstream import Jetstream
from listening.store.brands.brands import get_brand
from listening.store.posts.posts import read_posts
from listening.store.session import Store
from listening.store.tables import Watch
from listening.store.watches.sweeps import waiting_rows
from listening.store.watches.watches import add_watch
from tests.factories import brand
from tests.functional.processes import wait_for
from tests.listening.sources.jets import (
    CLOCK,
    JETBLUE,
    Jet,
    commit,
    event,
    micros,
    post,
    posts_of,
    texts_of,
    uri,
)
from workers.jobs.sweeping import sweep_watch


def test_what_is_written_is_read(jet: Jet) -> None:
    reply = {"root": {"uri": uri(9), "cid": "x"}, "parent": {"uri": uri(8), "cid": "x"}}
    jet.events = [
        commit(0, 1, "JetBlue — très bien ✈️", langs=["fr", "en"]),
        commit(1, 2, "me too", reply=reply),
        commit(2, 3, "of tomorrow", createdAt="2200-01-01T00:00:00Z"),
        commit(3, 4, "of no time at all", createdAt="0001-01-01T00:00:00Z"),
        commit(4, 5, ""),
    ]
    found = jet.pull()
    assert posts_of(found) == [
        post(1, "JetBlue — très bien ✈️", language="fr"),
        post(2, "me too", kind=PostKind.REPLY, reply_to=uri(8), thread=uri(9)),
        post(3, "of tomorrow", published_at=CLOCK.start + timedelta(seconds=2)),
        post(4, "of no time at all", published_at=CLOCK.start + timedelta(seconds=3)),
    ]
    assert found[-1].cursor == {"time_us": micros(4)}
    assert found[-1].read_until == CLOCK.start + timedelta(seconds=4)
    assert [row for batch in found for row in batch.bad_rows] == []
    assert jet.played.agents[0].startswith("listening/")


def test_a_first_pull_begins_a_little_before_now(jet: Jet) -> None:
    jet.pull()
    begun = datetime.fromtimestamp(int(jet.played.asked[0]["cursor"]) / 1e6, UTC)
    assert timedelta(minutes=4) < datetime.now(UTC) - begun < timedelta(minutes=6)


def test_only_what_is_wanted_is_taken_but_every_edit(jet: Jet) -> None:
    jet.events = [
        commit(0, 1, "JetBlue is late"),
        commit(1, 2, "so am I"),
        commit(2, 3, "no names any more", operation="update"),
        event(3, "commit", 4, operation="create", collection="app.bsky.feed.like", rkey="k"),
        event(4, "commit", 4, operation="create", collection="com.example.unheard", rkey="k"),
        event(5, "identity", 5, did="did:plc:a5", handle="five.test", seq=1),
        event(6, "wholly-new", 6, something=True),
    ]
    found = jet.pull(wanted=JETBLUE)
    assert texts_of(found) == ["JetBlue is late", "no names any more"]
    assert found[-1].cursor == {"time_us": micros(6)}
    jet.params["keep_all"] = True
    assert texts_of(jet.pull(wanted=JETBLUE)) == ["JetBlue is late", "so am I", "no names any more"]


def test_what_is_taken_away_is_told(jet: Jet) -> None:
    jet.events = [
        commit(0, 1, operation="delete"),
        event(1, "account", 2, active=False, did="did:plc:a2", status="deleted", seq=1),
        event(2, "account", 3, active=False, did="did:plc:a3", status="takendown", seq=2),
        event(3, "account", 4, active=False, did="did:plc:a4", status="deactivated", seq=3),
        event(4, "account", 5, active=True, did="did:plc:a5", seq=4),
    ]
    found = jet.pull(wanted=JETBLUE)
    assert [key for batch in found for key in batch.deleted] == [("bluesky", uri(1))]
    assert [key for batch in found for key in batch.deleted_authors] == [
        ("bluesky", "did:plc:a2"),
        ("bluesky", "did:plc:a3"),
    ]


def test_a_pull_goes_on_after_any_step(jet: Jet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MOST", 3)
    jet.events = [commit(n * 10, n, f"post {n}") for n in range(1, 12)]
    whole = posts_of(jet.pull())
    assert [one.text for one in whole] == [f"post {n}" for n in range(1, 12)]
    cursor, seen = None, []
    for _ in range(10):
        pulled = jet.source.pull(jet.params, cursor)
        batch = next(pulled, None)
        pulled.close()  # type: ignore[attr-defined]
        assert batch is not None
        cursor = batch.cursor
        seen += [one for one in batch.posts if one not in seen]
    assert seen == whole
    assert cursor == {"time_us": micros(110)}


def test_after_the_last_only_the_newer_and_the_overlap(jet: Jet) -> None:
    jet.events = [commit(n, n, f"post {n}") for n in range(10)]
    cursor = jet.pull()[-1].cursor
    jet.events.append(commit(20, 20, "post 20"))
    found = jet.pull(cursor)
    assert texts_of(found) == ["post 7", "post 8", "post 9", "post 20"]
    assert jet.played.asked[-1]["cursor"] == str(micros(7)), "two seconds before the ninth"


def test_what_cannot_be_read_is_kept_aside(jet: Jet) -> None:
    bad = commit(1, 2, "x")
    del bad["commit"]["record"]["text"]
    nobody = commit(2, 3, "JetBlue") | {"did": "not a did"}
    jet.events = [
        commit(0, 1, "before"),
        "{broken",
        b"\x28\xb5\x2f\xfd",
        {"kind": "commit", "did": "did:plc:a1"},
        bad,
        nobody,
        "[" * 100_000,
        "[]",
        commit(5, 4, "after"),
    ]
    found = jet.pull()
    assert texts_of(found) == ["before", "after"]
    rows = [row for batch in found for _, row in batch.bad_rows]
    assert [row.field for row in rows] == [
        "event", "event", "time_us", "record.text", "did", "event", "time_us",
    ]  # fmt: skip
    assert {origin for batch in found for origin, _ in batch.bad_rows} == {jet.params["service"]}
    assert "{broken" in rows[0].raw and '"k2"' in rows[3].raw


def test_a_stream_of_nothing_but_that_has_changed(jet: Jet) -> None:
    jet.events = [f"<p>{n}" for n in range(60)]
    with pytest.raises(FormatChangedError) as changed:
        jet.pull()
    assert changed.value.raw == '"<p>59"'


def test_a_stream_that_is_cut_is_opened_again(jet: Jet) -> None:
    jet.events = [commit(n * 10, n, f"post {n}") for n in range(8)]
    jet.played.cuts = [3, 2]
    assert texts_of(jet.pull()) == [f"post {n}" for n in (0, 1, 2, 2, 3, 3, 4, 5, 6, 7)]
    assert [asked["cursor"] for asked in jet.played.asked[1:]] == [
        str(micros(18)),
        str(micros(28)),
    ]
    assert len(jet.slept) == 2


def test_one_that_is_cut_again_and_again_does_not_answer(jet: Jet) -> None:
    jet.events = [commit(n, n, f"post {n}") for n in range(3)]
    jet.played.cuts = [1] * 10
    found: list[Batch] = []
    with pytest.raises(UnavailableError, match="broke off"):
        found += jet.source.pull(jet.params, None)
    assert set(texts_of(found)) == {"post 0"}
    assert (len(jet.played.asked), len(jet.slept)) == (4, 3)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthenticationError),
        (403, AuthenticationError),
        (400, FormatChangedError),
        (404, UnavailableError),
        (500, UnavailableError),
        (302, UnavailableError),
    ],
)
def test_a_server_that_refuses(jet: Jet, status: int, error: type[Exception]) -> None:
    jet.played.refusals = [(status, {"Location": "ws://127.0.0.1:1/elsewhere"})] * 4
    with pytest.raises(error):
        jet.pull()


def test_a_server_that_asks_for_a_pause(jet: Jet) -> None:
    jet.played.refusals = [(429, {"Retry-After": "90"})]
    with pytest.raises(RateLimitError) as asked:
        jet.pull()
    assert asked.value.retry_after == 90


def test_an_error_that_passes(jet: Jet) -> None:
    jet.events = [commit(0, 1, "JetBlue")]
    jet.played.refusals = [(503, {}), (502, {})]
    assert texts_of(jet.pull()) == ["JetBlue"]


def test_nobody_there(jet: Jet) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        jet.params["service"] = f"ws://127.0.0.1:{probe.getsockname()[1]}/subscribe"
        with pytest.raises(UnavailableError):
            jet.pull()
    assert len(jet.slept) == 3


def test_a_server_that_says_nothing(jet: Jet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_OPEN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        jet.params["service"] = f"ws://127.0.0.1:{silent.getsockname()[1]}/subscribe"
        with pytest.raises(UnavailableError):
            jet.pull()


def test_an_address_of_this_network(jet: Jet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTENING_SOURCES_ALLOW_PRIVATE")
    get_settings.cache_clear()
    with pytest.raises(ForbiddenAddressError):
        jet.pull()
    assert jet.played.asked == []


def test_more_than_is_taken_at_once(jet: Jet) -> None:
    jet.events = [commit(0, 1, "x" * 1_100_000)]
    with pytest.raises(FormatChangedError, match="more at once"):
        jet.pull()


def test_the_present_ends_a_pull_unless_it_is_to_listen(jet: Jet) -> None:
    jet.source = Jetstream(silence=30, sleep=jet.slept.append)
    now = (datetime.now(UTC) - CLOCK.start).total_seconds()
    jet.events = [commit(now - 1, 1, "just now")]
    assert texts_of(jet.pull()) == ["just now"]
    jet.params["listen"] = "1.5"
    pulled = jet.source.pull(jet.params, None)
    assert texts_of([next(pulled)]) == ["just now"]
    jet.events.append(commit(now, 2, "and now"))
    assert texts_of(list(pulled)) == ["and now"]


def test_a_window_of_the_past(jet: Jet) -> None:
    jet.events = [commit(n, n, f"post {n}") for n in range(8)]
    window = Window(CLOCK.start + timedelta(seconds=2), CLOCK.start + timedelta(seconds=5))
    found = jet.pull(window=window)
    assert texts_of(found) == ["post 2", "post 3", "post 4"]
    assert jet.played.asked[0]["cursor"] == str(micros(2))
    # Gone on with, it does not begin before its window.
    assert texts_of(jet.pull(found[-1].cursor, window)) == ["post 2", "post 3", "post 4"]


@pytest.mark.parametrize(
    "told",
    [
        {"listen": "-1"},
        {"listen": "soon"},
        {"listen": "nan"},
        {"listen": "3601"},
        {"service": "jetstream"},
        {"service": "ftp://example.com"},
        {"service": "wss://someone:secret@example.com/subscribe"},
        {"service": "wss://example.com:port/"},
        {"service": "wss://example.com/subscribe?compress=true"},
    ],
)
def test_settings_that_make_no_sense(told: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as error:
        registry.settle(Jetstream(), told)
    assert "secret" not in str(error.value)


def test_an_address_of_the_web_is_one_of_a_stream() -> None:
    found = registry.settle(Jetstream(), {"service": "https://example.com/subscribe/"})
    assert found == {"service": "wss://example.com/subscribe"}


def test_the_spec_says_what_it_is() -> None:
    spec = Jetstream().spec
    assert (spec.name, spec.posts_as, spec.backfill) == ("jetstream", "bluesky", True)
    assert spec.help.endswith(".") and spec.gives and spec.lacks and spec.rate_limit
    assert list(spec.credentials) == []


def test_swept_and_swept_again_it_is_stored_once(
    jet: Jet, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.REGISTRY, "jetstream", jet.source)
    brand(store, "JetBlue")
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        watch, _ = add_watch(session, own, "jetstream", jet.params, Schedule(interval=60))
        number = int(watch.id or 0)
    bad = commit(3, 5, "JetBlue")
    del bad["commit"]["record"]
    jet.events = [
        commit(0, 1, "JetBlue one"),
        commit(1, 2, "no name"),
        commit(2, 3, "JetBlue three"),
        bad,
    ]
    first = sweep_watch(store, number, holder="one", asked=True)
    assert (first.error, first.counts.posts_new, first.quarantined) == (None, 2, 1)
    again = sweep_watch(store, number, holder="two", asked=True)
    assert (again.error, again.counts.posts_new) == (None, 0)
    jet.events += [
        commit(10, 1, operation="delete"),
        commit(11, 3, "JetBlue three, mended", operation="update"),
    ]
    assert sweep_watch(store, number, holder="three", asked=True).counts.posts_edited == 1
    with store.session() as session:
        stored = {raw.native_id: raw.text for part in read_posts(session) for _, _, raw in part}
        assert stored == {uri(3): "JetBlue three, mended"}
        assert [row.field for row in waiting_rows(session)] == ["record"]
        kept = session.get(Watch, number)
        assert kept is not None
        assert (kept.cursor, kept.read_until) == (
            {"time_us": micros(11)}, CLOCK.start + timedelta(seconds=11),
        )  # fmt: skip


def test_no_thread_stays_behind(jet: Jet) -> None:
    before = threading.active_count()
    pulled = jet.source.pull(jet.params, None)
    next(pulled)
    pulled.close()  # type: ignore[attr-defined]
    # Those of the server end a moment later.
    wait_for(lambda: threading.active_count() <= before)
