"""A comment of YouTube as a post of ours."""

from __future__ import annotations

from typing import Any

from listening.sources.base import PostKind, RawPost
from listening.sources.normalise import clean, count, links_in, moment, optional, part, web_address


def comment_of(
    comment: Any, video: str | None, thread: str | None, replies: int | None
) -> RawPost | str:
    """A comment as a post; or which field is missing."""
    snippet = part(comment, "snippet")
    native = optional(part(comment, "id"))
    author = optional(part(snippet, "authorChannelId", "value"))
    published = moment(part(snippet, "publishedAt"))
    if native is None or author is None or published is None:
        return "id" if native is None else "authorChannelId" if author is None else "publishedAt"
    answered = native != thread
    name = optional(part(snippet, "authorDisplayName"))
    text = clean(part(snippet, "textDisplay")) or clean(part(snippet, "textOriginal"))
    links = links_in(text)
    return RawPost(
        source="youtube",
        native_id=native,
        author_native_id=author,
        author_handle=name[1:] or None if name and name.startswith("@") else None,
        author_name=name,
        text=text,
        url=web_address(f"https://www.youtube.com/watch?v={video}&lc={native}") if video else None,
        published_at=published,
        kind=PostKind.REPLY if answered else PostKind.COMMENT,
        reply_to=(optional(part(snippet, "parentId")) or thread) if answered else None,
        thread=video or thread,
        likes=count(part(snippet, "likeCount")),
        replies=None if answered else replies,
        links=links,
        media=("link",) if links else (),
    )
