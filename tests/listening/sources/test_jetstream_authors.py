"""Who wrote what Jetstream tells: looked up, politely, of those who mention a brand."""

from __future__ import annotations

import pytest

from listening.sources.errors import (
    UnavailableError,
)
from listening.sources.jetstream import Jetstream
from tests.listening.sources.jets import (
    JETBLUE,
    Jet,
    commit,
    post,
    posts_of,
    uri,
)
from tests.listening.sources.platform import Asked, Reply, TurnedClient, serving


def profiles(asked: Asked) -> Reply:
    assert (asked.host, asked.path) == (
        "public.api.bsky.app", "/xrpc/app.bsky.actor.getProfiles",
    )  # fmt: skip
    assert len(asked.lists["actors"]) <= 25 and "authorization" not in asked.headers
    found = [{"did": did, "handle": did[8:] + ".test"} for did in asked.lists["actors"]]
    found[0] |= {"displayName": "First", "followersCount": 7}
    return Reply({"profiles": found})


def test_who_wrote_is_looked_up_of_mentions_alone(jet: Jet) -> None:
    del jet.params["profiles"]
    jet.events = [commit(n / 1000, n, f"JetBlue {n}") for n in range(30)]
    jet.events += [commit(1, 40, "nothing", operation="update"), commit(1, 0, "JetBlue 0")]
    with serving(profiles) as platform:
        client = TurnedClient(platform)
        jet.source = Jetstream(client, silence=0.15)
        found = posts_of(jet.pull(wanted=JETBLUE))
        client.close()
    asked = [one.lists["actors"] for one in platform.asked]
    assert asked == [
        [f"did:plc:a{n}" for n in range(25)],
        [f"did:plc:a{n}" for n in range(25, 30)],
    ]
    assert found[0] == post(
        0, "JetBlue 0", author_handle="a0.test", author_name="First", author_followers=7
    )
    assert found[1] == post(1, "JetBlue 1", author_handle="a1.test")
    assert found[30] == post(40, "nothing")


def test_posts_stay_where_nobody_can_say_who_wrote(jet: Jet) -> None:
    del jet.params["profiles"]
    jet.events = [commit(0, 1, "JetBlue")]
    with serving(lambda _: Reply("oops", 500)) as platform:
        client = TurnedClient(platform)
        jet.source = Jetstream(client, silence=0.15)
        assert posts_of(jet.pull()) == [post(1, "JetBlue")]
        client.close()


def test_what_somebody_said_of_late(jet: Jet) -> None:
    def feed(asked: Asked) -> Reply:
        assert asked.path == "/xrpc/app.bsky.feed.getAuthorFeed"
        if asked.query["actor"] == "did:plc:gone":
            return Reply({"error": "InvalidRequest", "message": "Profile not found"}, 400)
        assert asked.query == {"actor": "did:plc:a1", "limit": "2"}
        view = {
            "uri": uri(1),
            "cid": "x",
            "author": {"did": "did:plc:a1", "handle": "handle.invalid"},
            "record": {"text": "one", "createdAt": "2026-09-01T10:00:00.5Z"},
            "indexedAt": "2026-09-01T10:00:01Z",
        }
        other = {**view, "author": {"did": "did:plc:a2", "handle": "two.test"}}
        reason = {"$type": "app.bsky.feed.defs#reasonRepost"}
        return Reply({"feed": [{"post": other, "reason": reason}, {"post": other}, {"post": view}]})

    with serving(feed) as platform:
        client = TurnedClient(platform)
        assert Jetstream(client).recent("did:plc:a1", {}, 2) == [post(1, "one")]
        with pytest.raises(UnavailableError, match="Profile not found"):
            Jetstream(client).recent("did:plc:gone", {}, 2)
        client.close()
