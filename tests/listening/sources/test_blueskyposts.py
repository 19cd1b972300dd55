"""Records and views of Bluesky, read into posts; shapes as the lexicons have them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.sources.base import PostKind, RawPost
from listening.sources.blueskyposts import post_of_record, post_of_view

POST = "app.bsky.feed.post"
DID = "did:plc:eygmaihciaxprqvxpfvl6flk"
SEEN = datetime(2026, 9, 1, 10, 0, 1, tzinfo=UTC)
OWN = f"at://{DID}/{POST}/3lk1"
OTHER = {"uri": f"at://did:web:example.com/{POST}/3lk2", "cid": "x"}


def read(**facts: Any) -> Any:
    record = {"$type": POST, "text": "a text", "createdAt": "2026-09-01T12:00:00+02:00", **facts}
    return post_of_record(DID, "3lk1", record, SEEN)


def facet(**feature: Any) -> dict[str, Any]:
    return {"index": {"byteStart": 0, "byteEnd": 1}, "features": [feature]}


def embed(kind: str, **facts: Any) -> dict[str, Any]:
    return {"$type": f"app.bsky.embed.{kind}", **facts}


CARD = embed("external", external={"uri": "https://example.com/", "title": "t", "description": ""})
QUOTE = embed("record", record=OTHER)
BOTH = embed("recordWithMedia", record={"record": OTHER}, media=embed("video", video={}))
OF_A_LIST = embed("record", record={"uri": "at://did:plc:x/app.bsky.graph.list/3l", "cid": "x"})


def test_a_post_of_text_alone() -> None:
    assert read() == RawPost(
        source="bluesky",
        native_id=OWN,
        author_native_id=DID,
        text="a text",
        url=f"https://bsky.app/profile/{DID}/post/3lk1",
        published_at=datetime(2026, 9, 1, 10, 0, tzinfo=UTC),
        thread=OWN,
    )


@pytest.mark.parametrize(
    ("facts", "read_as"),
    [
        ({"text": " a\x00b \ud800"}, {"text": "ab ?"}),
        ({"langs": ["pt-BR", "en"]}, {"language": "pt-br"}),
        ({"langs": ["und"]}, {"language": None}),
        ({"langs": "en"}, {"language": "en"}),
        ({"embed": CARD}, {"links": ("https://example.com/",), "media": ("link",)}),
        ({"embed": embed("images", images=[])}, {"media": ("image",)}),
        ({"embed": embed("gallery", items=[])}, {"media": ("image",)}),
        ({"embed": embed("video", video={})}, {"media": ("video",)}),
        ({"embed": embed("unheard")}, {"media": ()}),
        ({"embed": QUOTE}, {"kind": PostKind.QUOTE, "repost_of": OTHER["uri"]}),
        (
            {"embed": BOTH},
            {"kind": PostKind.QUOTE, "repost_of": OTHER["uri"], "media": ("video",)},
        ),
        ({"embed": OF_A_LIST}, {"kind": PostKind.POST, "repost_of": None}),
        (
            {"reply": {"parent": OTHER, "root": OTHER}},
            {"kind": PostKind.REPLY, "reply_to": OTHER["uri"], "thread": OTHER["uri"]},
        ),
        (
            {"reply": {"parent": OTHER}, "embed": QUOTE},
            {
                "kind": PostKind.REPLY,
                "reply_to": OTHER["uri"],
                "thread": OTHER["uri"],
                "repost_of": OTHER["uri"],
            },
        ),
        (
            {"tags": ["#a", "b"], "facets": [facet(tag="b"), facet(tag="c")]},
            {"tags": ("a", "b", "c")},
        ),
        (
            {"facets": [facet(uri="https://example.com/long"), facet(did=DID)]},
            {"links": ("https://example.com/long",), "media": ("link",)},
        ),
        ({"facets": [facet(uri="javascript:alert(1)")]}, {"links": (), "media": ()}),
        (
            {"text": "see https://example.com/bare."},
            {"links": ("https://example.com/bare",), "media": ("link",)},
        ),
        ({"createdAt": "2026-09-01T12:00:00.123456789Z"}, {"published_at": SEEN}),
        ({"createdAt": "0000-00-00"}, {"published_at": SEEN}),
        ({"createdAt": "2023-01-02T03:04:05.6Z"},
         {"published_at": datetime(2023, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)}),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_record_tells(facts: dict[str, Any], read_as: dict[str, Any]) -> None:
    found = read(**facts)
    assert {name: getattr(found, name) for name in read_as} == read_as


@pytest.mark.parametrize(
    ("did", "key", "record", "field"),
    [
        ("plc:x", "k", {}, "did"),
        ("did:plc:a\x00b", "k", {}, "did"),
        (None, "k", {}, "did"),
        (DID, "", {}, "rkey"),
        (DID, "a/b", {}, "rkey"),
        (DID, "k", None, "record"),
        (DID, "k", {"createdAt": "2026-09-01"}, "record.text"),
        (DID, "k", {"text": "x"}, "record.createdAt"),
    ],
)
def test_what_a_record_needs(did: Any, key: Any, record: Any, field: str) -> None:
    assert post_of_record(did, key, record, SEEN) == field


def test_a_record_without_text_is_no_post() -> None:
    assert read(text=" \n") is None


def test_a_view_has_its_author_and_counts() -> None:
    view: dict[str, Any] = {
        "uri": OWN,
        "cid": "x",
        "author": {
            "did": DID,
            "handle": "handle.invalid",
            "displayName": "  ",
            "verification": {"verifiedStatus": "none"},
        },
        "record": {"text": "a text", "createdAt": "2026-09-01T10:00:00Z"},
        "indexedAt": "2026-09-01T10:00:01Z",
        "likeCount": 0,
        "quoteCount": 2,
        "replyCount": -1,
    }
    found = post_of_view(view)
    assert isinstance(found, RawPost)
    told = (found.author_handle, found.author_name, found.author_followers, found.author_verified)
    assert told == (None, None, None, False)
    assert (found.likes, found.reposts, found.replies, found.quotes) == (0, None, None, 2)
    assert post_of_view(view | {"author": {"handle": "x"}}) == "author.did"
    assert post_of_view(view | {"author": {"did": "did:plc:other"}}) == "uri"
    assert post_of_view({**view, "indexedAt": "soon"}) == "indexedAt"
    assert post_of_view({**view, "uri": f"at://{DID}/{POST}/a b"}) == "rkey"
    assert post_of_view([]) == "author.did"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "text createdAt langs facets features uri tag tags embed media record external "
                "reply parent root $type did handle author indexedAt likeCount verification".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_whatever_comes_is_read_or_told(did: Any, record: Any, view: Any) -> None:
    for who in (did, DID):
        assert isinstance(post_of_record(who, "k", record, SEEN), RawPost | str | None)
    assert isinstance(post_of_view(view), RawPost | str | None)
    told = {"text": "x", "createdAt": "2026-09-01"}
    full = {"uri": OWN, "author": {"did": DID}, "indexedAt": "2026-09-01", "record": told}
    for name in (full, told):
        for key in name:
            assert isinstance(post_of_view({**full, key: view}), RawPost | str | None)
    for name in ("facets", "embed", "reply", "langs", "tags"):
        found = post_of_record(DID, "k", {**told, name: record}, SEEN)
        assert isinstance(found, RawPost)
