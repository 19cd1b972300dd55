"""The fields a query may name, and where each is found in a document."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from listening.query.document import Document

Values = tuple[str, ...]

_SUBREDDIT = re.compile(r"reddit\.com/r/([^/?#]+)", re.IGNORECASE)

# As the query writes them -> as Document.kind has them.
ENGAGEMENT_TYPES = {
    "COMMENT": "comment",
    "REPLY": "reply",
    "RETWEET": "repost",
    "QUOTE": "quote",
}


def _one(value: str | None) -> Values:
    return () if value is None else (value,)


def _site(document: Document) -> Values:
    site = document.site
    if site is None and document.url is not None:
        try:
            site = urlsplit(document.url).hostname
        except ValueError:  # a broken address tells no site
            return ()
    if site is None:
        return ()
    # jetblue.com also stands for blog.jetblue.com.
    labels = site.removesuffix("/").split(".")
    return tuple(".".join(labels[i:]) for i in range(len(labels)))


def _language(document: Document) -> Values:
    if document.language is None:
        return ()
    return tuple(dict.fromkeys((document.language, document.language.split("-")[0])))


def _author(document: Document) -> Values:
    if document.author is None:
        return ()
    handle = document.author.removeprefix("@")
    return (handle, f"@{handle}")


def _subreddit(document: Document) -> Values:
    found = _SUBREDDIT.search(document.url or "")
    if found:
        return (found[1], f"r/{found[1]}")
    return _one(document.channel_id) if document.source == "reddit" else ()


def _engagement_type(document: Document) -> Values:
    return tuple(name for name, kind in ENGAGEMENT_TYPES.items() if kind == document.kind)


# Looked through word by word, as the text is.
WORD_FIELDS: dict[str, Callable[[Document], Values]] = {
    "title": lambda document: _one(document.title),
    "content": lambda document: (document.text,),
    "url": lambda document: _one(document.url),
    "links": lambda document: document.links,
}
# Compared as a whole; several values mean that any of them may do.
VALUE_FIELDS: dict[str, Callable[[Document], Values]] = {
    "site": _site,
    "author": _author,
    "channelId": lambda document: _one(document.channel_id),
    "language": _language,
    "country": lambda document: _one(document.country),
    "region": lambda document: _one(document.region),
    "city": lambda document: _one(document.city),
    "tags": lambda document: document.tags,
    "engagementType": _engagement_type,
    "sourcetype": lambda document: _one(document.source),
    "authorVerified": lambda document: (
        () if document.verified is None else ("true" if document.verified else "false",)
    ),
    "subreddit": _subreddit,
    "guid": lambda document: _one(document.native_id),
    "parentPostId": lambda document: _one(document.parent_id),
    "rootPostId": lambda document: _one(document.root_id),
}
NUMBER_FIELDS: dict[str, Callable[[Document], float | None]] = {
    "authorFollowers": lambda document: document.followers,
    "rating": lambda document: document.rating,
    "reach": lambda document: document.reach,
    "engagement": lambda document: document.engagement,
}
# A few fields take one of a closed list.
CHOICES = {"engagementType": tuple(ENGAGEMENT_TYPES), "authorVerified": ("true", "false")}

_ALIASES = {"lang": "language"}
NAMES = {
    name.lower(): name for name in (*WORD_FIELDS, *VALUE_FIELDS, *NUMBER_FIELDS, "sentiment")
} | _ALIASES

# What stands at the start of a bare word and would be read as something else than a term.
RESERVED = re.compile(r"(?:AND|OR|NOT)$|(?:O?NEAR|SENTENCE)(?:/|$)|[A-Za-z]+:", re.ASCII)


def canonical(name: str) -> str | None:
    """The field's own spelling, whatever the capitals; None for an unknown one."""
    return NAMES.get(name.lower())
