"""What tombstones keep out, and what they leave alone."""

from __future__ import annotations

import pytest

from listening.sources.base import PostKind
from listening.store.keeping.tombstones import (
    admitted,
    bury,
    erased,
    handles_in,
    masked_handles,
    rows_of_erased,
)
from listening.store.session import Store
from listening.store.watches.rawrows import fields_of, is_telling
from tests.factories import post


@pytest.mark.parametrize(
    ("raw", "some"),
    [
        ('1,@Ann,"lost, again"', {"1", "ann", "lost, again"}),
        ("1;Ann;x", {"1", "ann", "x"}),
        ("1\tann", {"1", "ann"}),
        ('{"user": {"id": 4711, "tags": ["Ann"]}, "ok": true, "at": null}', {"4711", "ann"}),
        ('{"user": "ann", "text": "cut sho', {"ann"}),
        ("see https://x.example/Ann/status/9?s=20", {"ann", "status", "9", "20"}),
        ("ann", {"ann"}),
        ('"unclosed, ann', {"unclosed, ann"}),
    ],
)
def test_a_row_is_read_in_every_way_it_may_mean(raw: str, some: set[str]) -> None:
    assert some <= fields_of(raw)


def test_a_name_within_a_text_is_no_field() -> None:
    assert "ann" not in fields_of("1,bob,thanks @ann for the annual report")


@pytest.mark.parametrize(
    ("value", "tells"),
    [("12", False), ("1234", False), ("12345", True), ("@an", True), ("a", False), ("", False)],
)
def test_short_numbers_tell_nobody(value: str, tells: bool) -> None:
    assert is_telling(value) is tells


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@Ann hi @bob-2, @c.d.bsky.social.", {"ann", "bob-2", "c.d.bsky.social"}),
        ("ann@example.org and @@ann", set()),
        ("nobody", set()),
    ],
)
def test_handles_in_a_text(text: str, handles: set[str]) -> None:
    assert handles_in(text) == handles


def test_a_masked_text_is_as_long() -> None:
    assert masked_handles("@Ann, @anna: @ann.", {"ann"}) == "@***, @anna: @***."


def test_before_anybody_is_erased_posts_pass_as_they_are(store: Store) -> None:
    posts = [post(id="1"), post("@ann", id="2", reply_to="x")]
    with store.work() as session:
        assert admitted(session, posts) == posts


def test_what_tombstones_keep_out(store: Store) -> None:
    posts = [
        post(id="1", author="ann"),
        post(id="2", author="Ann"),  # ids are told apart by case
        post("RT @ANN: hi", id="3", author="bob"),
        post("RT @bob: hi @ann", id="4", author="cay"),
        post("copied", id="5", author="bob", kind=PostKind.REPOST, repost_of="p1"),
        post("quoted", id="6", author="bob", kind=PostKind.QUOTE, repost_of="p1", thread="p9"),
        post("@ann", id="7", author="bob", source="other"),
    ]
    with store.work() as session:
        bury(
            session,
            authors=[("file", "ann")],
            posts=[("file", "p1")],
            handles=[("file", "@Ann")],
            values=["ann"],
        )
        kept = admitted(session, posts)
        assert erased(session, [("file", "ann"), ("other", "ann")]) == {("file", "ann")}
        rows = {1: "1,@ann,x", 2: "2,bob,@ann x"}
        assert rows_of_erased(session, rows) == {1}
    assert [(p.native_id, p.text, p.repost_of, p.thread) for p in kept] == [
        ("2", "JetBlue was fine", None, None),
        ("4", "RT @bob: hi @***", None, None),
        ("6", "quoted", None, "p9"),
        ("7", "@ann", None, None),
    ]


def test_the_same_tombstone_is_written_once(store: Store) -> None:
    for _ in range(2):
        with store.work() as session:
            bury(session, authors=[("file", "ann"), ("file", "ann")])
            assert erased(session, [("file", "ann")]) == {("file", "ann")}
