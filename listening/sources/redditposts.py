"""What Reddit lists, a post or a comment, as a post of ours."""

from __future__ import annotations

from typing import Any

from listening.sources.base import PostKind, RawPost
from listening.sources.normalise import (
    clean,
    count,
    html_text,
    moment,
    optional,
    part,
    web_address,
    words,
)

_GONE = ("[deleted]", "[removed]", "[ Removed by ")


def is_gone(data: Any) -> bool:
    """Whether a post was deleted by its author or taken away by others."""
    if not optional(part(data, "name")):
        return False
    told = clean(part(data, "body") or part(data, "selftext"))
    return (
        part(data, "author") == "[deleted]"
        or told.startswith(_GONE)
        or bool(optional(part(data, "removed_by_category")))
    )


def post_of(child: Any) -> RawPost | str:
    """A thing of a listing as a post; or which field is missing."""
    data, kind = part(child, "data"), part(child, "kind")
    native, author = optional(part(data, "name")), optional(part(data, "author"))
    published = moment(part(data, "created_utc"))
    if kind not in ("t1", "t3"):
        return "kind"
    if native is None or author is None or published is None or is_gone(data):
        return "name" if native is None else "author" if author is None else "created_utc"
    comment = kind == "t1"
    markup, plain = ("body_html", "body") if comment else ("selftext_html", "selftext")
    text, links = html_text(part(data, markup))
    text = text or clean(part(data, plain))
    title = None if comment else optional(part(data, "title"))
    link = None if comment or part(data, "is_self") else web_address(part(data, "url"))
    parent, crossed = optional(part(data, "parent_id")), optional(part(data, "crosspost_parent"))
    path = clean(part(data, "permalink"))
    return RawPost(
        source="reddit",
        native_id=native,
        author_native_id=author,
        author_handle=author,
        text=text or clean(title),
        title=title,
        url=web_address(f"https://www.reddit.com{path}") if path else None,
        published_at=published,
        kind=_kind(parent if comment else None, crossed),
        reply_to=parent if comment else None,
        thread=optional(part(data, "link_id")) if comment else native,
        repost_of=crossed,
        likes=None if part(data, "score_hidden") is True else count(part(data, "score")),
        replies=None if comment else count(part(data, "num_comments")),
        media=_media(data, bool(link or links)),
        links=tuple(dict.fromkeys([*([link] if link else []), *links])),
        tags=words([part(data, "subreddit"), part(data, "link_flair_text")]),
    )


def _kind(parent: str | None, crossed: str | None) -> PostKind:
    if parent is not None:
        return PostKind.REPLY if parent.startswith("t1_") else PostKind.COMMENT
    return PostKind.REPOST if crossed else PostKind.POST


def _media(data: Any, linked: bool) -> tuple[str, ...]:
    hint = clean(part(data, "post_hint"))
    found = {
        "image": hint == "image" or part(data, "is_gallery") is True,
        "video": part(data, "is_video") is True or hint.endswith("video"),
        "link": linked,
    }
    return tuple(name for name, there in found.items() if there)
