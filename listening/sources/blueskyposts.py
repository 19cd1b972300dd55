"""Posts of Bluesky as the network has them: a view that a search gives, a record of a stream.

Shapes are those of the lexicons app.bsky.feed.post, app.bsky.feed.defs and app.bsky.embed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from listening.sources.base import PostKind, RawPost
from listening.sources.normalise import (
    clean,
    count,
    language,
    links_in,
    moment,
    optional,
    part,
    web_address,
    words,
)

SOURCE = "bluesky"
COLLECTION = "app.bsky.feed.post"
GIVES = (
    "text, author with name and followers, address, time, language, links, kinds of media, tags, "
    "what is replied to or quoted"
)
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,2000}")
_KEY = re.compile(r"[A-Za-z0-9._~:-]{1,512}")
_UNKNOWN_HANDLE = "handle.invalid"
_MEDIA = {
    "app.bsky.embed.images": "image",
    "app.bsky.embed.gallery": "image",
    "app.bsky.embed.video": "video",
    "app.bsky.embed.external": "link",
}


def address_of(did: str, key: str) -> str:
    """The native id of a post: the address that the network itself has for it."""
    return f"at://{did}/{COLLECTION}/{key}"


def post_of_record(did: Any, key: Any, record: Any, seen: datetime) -> RawPost | str | None:
    """A record of the collection of posts as a post.

    Args:
        did: of the repository it stands in, hence its author.
        key: of the record.
        record: JSON, or decoded CBOR.
        seen: when the network saw it. When it was made is what its author says, which may lie
            in the future, and even before there were any; then it was made when it was seen.

    Returns:
        The post; or which field is missing; or None, where it has no text.
    """
    if not isinstance(did, str) or not _DID.fullmatch(did):
        return "did"
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return "rkey"
    if not isinstance(record, dict):
        return "record"
    text, told = record.get("text"), record.get("createdAt")
    if not isinstance(text, str):
        return "record.text"
    if not isinstance(told, str):
        return "record.createdAt"
    if not (text := clean(text)):
        return None
    own = address_of(did, key)
    made = moment(told)
    embed, facets = record.get("embed"), record.get("facets")
    features = list(_features(facets)) if facets else []
    links = _links(text, embed, features)
    quoted = _quoted(embed) if embed else None
    reply = record.get("reply")
    parent, root = _uri(part(reply, "parent")), _uri(part(reply, "root"))
    kind = PostKind.REPLY if parent else PostKind.QUOTE if quoted else PostKind.POST
    return RawPost(
        source=SOURCE,
        native_id=own,
        author_native_id=did,
        text=text,
        url=web_address(f"https://bsky.app/profile/{did}/post/{key}"),
        published_at=made if made is not None and made < seen else seen,
        language=language(record.get("langs")),
        kind=kind,
        reply_to=parent,
        thread=(root or parent) if parent else own,
        repost_of=quoted,
        links=links,
        media=_media(embed, links),
        tags=_tags(record.get("tags"), features),
    )


def post_of_view(view: Any) -> RawPost | str | None:
    """A post as the network shows it, with its author and its counts; returns as above."""
    did, seen = part(view, "author", "did"), moment(part(view, "indexedAt"))
    if not isinstance(did, str):
        return "author.did"
    if seen is None:
        return "indexedAt"
    begin, _, key = clean(part(view, "uri")).rpartition("/")
    if begin != f"at://{did}/{COLLECTION}":
        return "uri"
    found = post_of_record(did, key, part(view, "record"), seen)
    if not isinstance(found, RawPost):
        return found
    return replace(
        found,
        likes=count(view.get("likeCount")),
        reposts=count(view.get("repostCount")),
        replies=count(view.get("replyCount")),
        quotes=count(view.get("quoteCount")),
        **author_of(view["author"]),
    )


def author_of(profile: Any) -> dict[str, Any]:
    """What a profile tells of an author, by the names of a post's facts."""
    handle = optional(part(profile, "handle"))
    status = part(profile, "verification", "verifiedStatus")
    return {
        "author_handle": None if handle == _UNKNOWN_HANDLE else handle,
        "author_name": optional(part(profile, "displayName")),
        "author_followers": count(part(profile, "followersCount")),
        "author_verified": status == "valid" if isinstance(status, str) else None,
    }


def _uri(value: Any) -> str | None:
    """The post that a reference names."""
    found = clean(part(value, "uri"))
    return found if found.startswith("at://") and f"/{COLLECTION}/" in found else None


def _quoted(embed: Any) -> str | None:
    inner = part(embed, "record")
    return _uri(inner) or _uri(part(inner, "record"))


def _parts(embed: Any) -> Iterator[Any]:
    """An embed, and what it holds beside a quoted post."""
    if isinstance(embed, dict):
        yield embed
        if isinstance(embed.get("media"), dict):
            yield embed["media"]


def _media(embed: Any, links: tuple[str, ...]) -> tuple[str, ...]:
    found = [_MEDIA.get(clean(one.get("$type")).partition("#")[0]) for one in _parts(embed)]
    if links:
        found.append("link")
    return tuple(dict.fromkeys(one for one in found if one))


def _links(text: str, embed: Any, features: list[Any]) -> tuple[str, ...]:
    """What a post links to: its card, what its text is marked with, else what stands there."""
    found = [web_address(part(one, "external", "uri")) for one in _parts(embed)]
    marked = [web_address(one.get("uri")) for one in features if "uri" in one]
    found += marked or (links_in(text) if "://" in text else ())
    return tuple(dict.fromkeys(one for one in found if one))


def _tags(told: Any, features: list[Any]) -> tuple[str, ...]:
    marked = [one.get("tag") for one in features if "tag" in one]
    return words([*(told if isinstance(told, list) else ()), *marked])


def _features(facets: Any) -> Iterator[Any]:
    """What marks the text: mentions, links, hashtags."""
    for facet in facets if isinstance(facets, list) else ():
        own = part(facet, "features")
        yield from (one for one in own if isinstance(one, dict)) if isinstance(own, list) else ()
