"""What a query is asked about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One post as the query language sees it. Unknown is None and satisfies no condition.

    `kind` is one of post, comment, reply, repost, quote, review; `author` a handle with or
    without its @; `followers`, `reach` and `engagement` counts; `rating` in stars.
    """

    text: str
    title: str | None = None
    url: str | None = None
    site: str | None = None
    links: tuple[str, ...] = ()
    author: str | None = None
    channel_id: str | None = None
    language: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    tags: tuple[str, ...] = ()
    kind: str | None = None
    source: str | None = None
    followers: int | None = None
    verified: bool | None = None
    rating: float | None = None
    reach: int | None = None
    engagement: int | None = None
    native_id: str | None = None
    parent_id: str | None = None
    root_id: str | None = None
