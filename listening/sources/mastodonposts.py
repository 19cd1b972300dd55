"""What Mastodon calls a status, as a post."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from listening.sources.base import PostKind, RawPost
from listening.sources.normalise import (
    clean,
    count,
    html_text,
    language,
    moment,
    optional,
    part,
    web_address,
    words,
)
from listening.sources.servers import host_of

_OPEN = (None, "public", "unlisted")  # what everybody may see


def post_of(status: Any) -> RawPost | str | None:
    """A status as a post; which field is missing; None: it is not for everybody."""
    if part(status, "visibility") not in _OPEN:
        return None
    native, published = optional(part(status, "uri")), moment(part(status, "created_at"))
    author = web_address(part(status, "account", "url")) or optional(part(status, "account", "uri"))
    if native is None or author is None or published is None:
        return "uri" if native is None else "account" if author is None else "created_at"
    boosted = part(status, "reblog")
    boost = isinstance(boosted, dict)
    # A boost has no words of its own: it says what it boosts.
    said = boosted if boost else status
    if part(said, "visibility") not in _OPEN:
        return None
    text, links = html_text(part(said, "content"))
    tags = words(part(tag, "name") for tag in _list(said, "tags"))
    links = _outward(links, said, tags)
    quoted = optional(part(status, "quote", "quoted_status", "uri"))
    kind = PostKind.REPLY if part(status, "in_reply_to_id") else PostKind.POST
    account = part(status, "account")
    return RawPost(
        source="mastodon",
        native_id=native,
        author_native_id=author,
        author_handle=_handle(account, author),
        author_name=_name(account),
        author_followers=count(part(account, "followers_count")),
        text=text,
        title=optional(part(said, "spoiler_text")),
        url=web_address(part(status, "url")) or web_address(part(said, "url")),
        published_at=published,
        language=language(part(said, "language")),
        kind=PostKind.REPOST if boost else PostKind.QUOTE if quoted else kind,
        repost_of=optional(part(boosted, "uri")) if boost else quoted,
        likes=None if boost else count(part(status, "favourites_count")),
        reposts=None if boost else count(part(status, "reblogs_count")),
        replies=None if boost else count(part(status, "replies_count")),
        quotes=None if boost else count(part(status, "quotes_count")),
        media=_media(said, links),
        links=links,
        tags=tags,
    )


def _list(status: Any, name: str) -> list[Any]:
    found = part(status, name)
    return found if isinstance(found, list) else []


def _outward(links: Sequence[str], status: Any, tags: Sequence[str]) -> tuple[str, ...]:
    """Links that lead out: neither to who is named nor to a hashtag, with that of the preview."""
    named = {clean(part(one, "url")) for one in _list(status, "mentions")}
    own = {tag.casefold() for tag in tags}
    found: list[str] = []
    for link in links:
        path, _, last = unquote(re.split("[?#]", link)[0]).rstrip("/").rpartition("/")
        is_tag = path.endswith(("/tags", "/tag")) and last.casefold() in own
        if link not in named and not is_tag:
            found.append(link)
    card = web_address(part(status, "card", "url"))
    return tuple(dict.fromkeys([*found, *([card] if card else [])]))


def _media(status: Any, links: Sequence[str]) -> tuple[str, ...]:
    kinds = {"image": "image", "gifv": "video", "video": "video"}
    types = [part(one, "type") for one in _list(status, "media_attachments")]
    found = [kinds[kind] for kind in types if isinstance(kind, str) and kind in kinds]
    return tuple(dict.fromkeys([*found, *(["link"] if links else [])]))


def _handle(account: Any, url: str) -> str | None:
    """Name and domain, whatever instance it was read from."""
    acct = clean(part(account, "acct")) or clean(part(account, "username"))
    return acct if "@" in acct or not acct else f"{acct}@{host_of(url)}"


def _name(account: Any) -> str | None:
    """The name without the pictures in it, which are written `:shortcode:`."""
    name = clean(part(account, "display_name"))
    for emoji in _list(account, "emojis"):
        if code := optional(part(emoji, "shortcode")):
            name = name.replace(f":{code}:", "")
    return " ".join(name.split()) or None


def tag_of(term: str) -> str:
    """A word or phrase as the hashtag it would be; empty where that has no letter."""
    found = []
    for letter in unicodedata.normalize("NFKC", term).casefold():
        plain = unicodedata.normalize("NFKD", letter)[0]
        # Instances fold the accents of Latin letters only.
        folded = plain if plain.isascii() else letter
        if unicodedata.category(folded)[0] in "LNM":
            found.append(folded)
    return "".join(found) if any(letter.isalpha() for letter in found) else ""
