"""What a source delivers, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PostKind(StrEnum):
    """How a post came about."""

    POST = "post"
    COMMENT = "comment"
    REPLY = "reply"
    REPOST = "repost"
    QUOTE = "quote"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPost:
    """One post as a source gave it, normalised. Unknown is None, never zero.

    A post is unique by (source, native_id), its author by (source, author_native_id).
    """

    source: str
    native_id: str
    author_native_id: str
    text: str
    published_at: datetime  # aware; stored as UTC
    title: str | None = None
    url: str | None = None
    language: str | None = None  # as the source declares it, BCP-47, lower case
    kind: PostKind = PostKind.POST
    reply_to: str | None = None  # native ids, at the same source
    thread: str | None = None
    repost_of: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None
    rating: float | None = None  # stars, as the source counts them
    media: tuple[str, ...] = ()  # "image", "video", "link"
    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # given by the source or the export
    author_handle: str | None = None
    author_name: str | None = None
    author_followers: int | None = None
    author_location: str | None = None
    author_verified: bool | None = None
