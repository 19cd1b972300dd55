"""Reddit, X and YouTube may send anything anywhere: a post, a deletion or a bad row comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.fetching.http import Answer
from listening.sources import reddit, x
from listening.sources.base import Batch, RawPost
from listening.sources.youtubeposts import comment_of
from tests.listening.sources.cases.reddit import RedditCase, comment
from tests.listening.sources.cases.x import XCase
from tests.listening.sources.cases.youtube import YouTubeCase

ANSWER = Answer(200, {}, b"{}", "https://platform.example/listing?key=secret")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["[deleted]", "2026-99-99T00:00:00Z", "9" * 30, "\ud800", "https://[::1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def changed(data: st.DataObject, sent: Any) -> Any:
    """What a platform sends, with something else somewhere in it."""
    sent = deepcopy(sent)
    within = sent
    while True:
        places = list(within) if isinstance(within, dict) else list(range(len(within)))
        place = data.draw(st.sampled_from(places))
        deeper = within[place]
        if not isinstance(deeper, dict | list) or not deeper or data.draw(st.booleans()):
            within[place] = data.draw(ANYTHING)
            return sent
        within = deeper


def of_reddit(sent: Any) -> Batch:
    return reddit._read(sent, ANSWER)


def of_x(sent: Any) -> Batch:
    return x._read(sent, ANSWER, None)


def of_youtube(sent: Any) -> Batch:
    found = [comment_of(one, "jetblue0001", "Ug1", 1) for one in sent]
    return Batch(cursor={}, posts=[post for post in found if isinstance(post, RawPost)])


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ([*RedditCase().things[:3], comment(9, 1_790_000_000, "JetBlue")], of_reddit),
        (XCase().found({}).body, of_x),
        ([YouTubeCase().threads[0]["snippet"]["topLevelComment"]], of_youtube),
    ],
    ids=["reddit", "x", "youtube"],
)
@given(data=st.data())
def test_whatever_comes_is_read_or_kept_aside(
    sent: Any, read: Callable[[Any], Batch], data: st.DataObject
) -> None:
    batch = read(changed(data, sent))
    json.dumps(batch.deleted)
    for post in batch.posts:
        assert post.published_at.tzinfo is UTC
        assert post.published_at > datetime(1990, 1, 1, tzinfo=UTC)
        for field in fields(post):
            value = getattr(post, field.name)
            if isinstance(value, str):
                value.encode()
                assert "\x00" not in value
                assert value or field.name == "text", "what is missing is None"
