"""What X finds, with what comes along of authors and media, as a post of ours."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from listening.sources.base import PostKind, RawPost
from listening.sources.normalise import (
    clean,
    count,
    language,
    moment,
    optional,
    part,
    web_address,
    words,
)

# Not languages, but posts of media, mentions or hashtags alone, or too short to tell.
_NO_LANGUAGE = frozenset(("qam", "qct", "qht", "qme", "qst", "art"))
_LANGUAGES = {"in": "id", "iw": "he"}
_MEDIA = {"photo": "image", "video": "video", "animated_gif": "video"}


def by_id(things: Any, name: str) -> dict[str, Any]:
    """Objects of an answer by what they go under."""
    return {key: one for one in listed(things) if (key := optional(part(one, name)))}


def listed(value: Any) -> list[Any]:
    """A list; what is none is empty."""
    return value if isinstance(value, list) else []


def post_of(tweet: Any, authors: Mapping[str, Any], media: Mapping[str, Any]) -> RawPost | str:
    """A tweet as a post; or which field is missing."""
    native, author = optional(part(tweet, "id")), optional(part(tweet, "author_id"))
    published = moment(part(tweet, "created_at"))
    if native is None or author is None or published is None:
        return "id" if native is None else "author_id" if author is None else "created_at"
    who = authors.get(author)
    handle = optional(part(who, "username"))
    # The whole of a long post, whose `text` is its beginning.
    long = part(tweet, "note_tweet")
    whole = long if optional(part(long, "text")) else tweet
    urls = listed(part(whole, "entities", "urls"))
    refers = {
        clean(part(one, "type")): optional(part(one, "id"))
        for one in listed(part(tweet, "referenced_tweets"))
    }
    reposted, quoted = refers.get("retweeted"), refers.get("quoted")
    told = part(tweet, "public_metrics") if not reposted else None  # else the other post's
    links = _links(urls)
    verified = part(who, "verified")
    return RawPost(
        source="x",
        # An edit is another tweet; all of them are one post, by the first one's id.
        native_id=optional(part(tweet, "edit_history_tweet_ids", 0)) or native,
        author_native_id=author,
        author_handle=handle,
        author_name=optional(part(who, "name")),
        author_followers=count(part(who, "public_metrics", "followers_count")),
        author_location=optional(part(who, "location")),
        author_verified=verified if isinstance(verified, bool) else None,
        text=_text(part(whole, "text"), urls),
        url=web_address(f"https://x.com/{handle or 'i'}/status/{native}"),
        published_at=published,
        language=_language(part(tweet, "lang")),
        kind=PostKind.REPOST
        if reposted
        else PostKind.QUOTE
        if quoted
        else PostKind.REPLY
        if refers.get("replied_to")
        else PostKind.POST,
        reply_to=refers.get("replied_to"),
        thread=optional(part(tweet, "conversation_id")),
        repost_of=reposted or quoted,
        likes=count(part(told, "like_count")),
        reposts=count(part(told, "retweet_count")),
        replies=count(part(told, "reply_count")),
        quotes=count(part(told, "quote_count")),
        views=count(part(told, "impression_count")),
        media=_kinds(listed(part(tweet, "attachments", "media_keys")), media, linked=bool(links)),
        links=links,
        tags=words([part(tag, "tag") for tag in listed(part(whole, "entities", "hashtags"))]),
    )


def _language(value: Any) -> str | None:
    found = language(value)
    return None if found in _NO_LANGUAGE else _LANGUAGES.get(found or "", found)


def _links(urls: Sequence[Any]) -> tuple[str, ...]:
    own = (one for one in urls if not part(one, "media_key"))
    found = (web_address(part(one, "expanded_url") or part(one, "url")) for one in own)
    return tuple(dict.fromkeys(link for link in found if link))


def _text(value: Any, urls: Sequence[Any]) -> str:
    """The text, its short links written out, those to its own pictures left out."""
    text = clean(value)
    for one in urls:
        if short := clean(part(one, "url")):
            there = "" if part(one, "media_key") else clean(part(one, "expanded_url")) or short
            text = text.replace(short, there)
    return clean(html.unescape(text))


def _kinds(keys: Sequence[Any], media: Mapping[str, Any], *, linked: bool) -> tuple[str, ...]:
    found = [_MEDIA.get(clean(part(media.get(clean(key)), "type"))) for key in keys]
    return tuple(dict.fromkeys([*(one for one in found if one), *(["link"] if linked else [])]))
