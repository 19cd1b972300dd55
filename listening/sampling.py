"""A source asked once, politely: what a watch would find, and what would be stored of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlmodel import Session

from listening.ingest import found_in
from listening.matching import BrandMatcher, BrandRule
from listening.query import parse, search_terms
from listening.sources.base import KEEP_ALL, Batch, RawPost, Source, SourceSpec, Wanted
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    SourceError,
)
from listening.store.brands.brands import brand_rules, query_for, slug_of
from listening.store.keeping.tombstones import admitted

_EMPTY = 3  # batches without a post, after which there is none
# What a post may tell beside its text, by what it is called here.
_FACTS = {
    "handle": "author_handle",
    "name": "author_name",
    "followers": "author_followers",
    "location": "author_location",
    "verified": "author_verified",
    "title": "title",
    "url": "url",
    "language": "language",
    "likes": "likes",
    "reposts": "reposts",
    "replies": "replies",
    "quotes": "quotes",
    "views": "views",
    "rating": "rating",
    "reply to": "reply_to",
    "thread": "thread",
    "repost of": "repost_of",
    "country": "country",
    "media": "media",
    "links": "links",
    "tags": "tags",
}


def wanted_of(rules: Sequence[BrandRule], brand_id: int, matcher: BrandMatcher) -> Wanted:
    """What the watch of a brand listens for."""
    own = next((rule for rule in rules if rule.id == brand_id), None)
    return Wanted(
        brand=own.name if own else "",
        terms=search_terms(parse(own.query).tree) if own else (),
        mentions=lambda post: bool(matcher.match(post)),
    )


@dataclass(frozen=True, slots=True)
class Listened:
    """The brands of the store, and the one that is listened for; None: none is."""

    rules: list[BrandRule]
    own: BrandRule | None
    wanted: Wanted
    matcher: BrandMatcher


def listened_for(session: Session, brand: str | None) -> Listened:
    """What is listened for: a brand that is not tracked is tried by its name."""
    rules = brand_rules(session)
    own = rules[0] if len(rules) == 1 and brand is None else None
    if brand is not None:
        own = next((rule for rule in rules if slug_of(rule.name) == slug_of(brand)), None)
        if own is None:
            own = BrandRule(0, brand.strip(), query_for(brand), frozenset())
            rules.append(own)
    matcher = BrandMatcher(rules)
    return Listened(rules, own, wanted_of(rules, own.id if own else -1, matcher), matcher)


def first_batch(source: Source, params: dict[str, Any], wanted: Wanted) -> Batch | None:
    """The first batch of a first pull that has something, which ends with it; None: none.

    What a source notes without a post in it, such as a feed that failed, is told by what follows.
    """
    batches: Any = source.pull(params, None, None, wanted)
    found = None
    with closing(batches):
        for found in islice(batches, _EMPTY):
            if found.posts or found.bad_rows:
                break
    return found


def sample_of(
    session: Session,
    spec: SourceSpec,
    params: dict[str, Any],
    batch: Batch | None,
    tried: Listened,
) -> dict[str, Any]:
    """What of a batch would be stored."""
    read: Sequence[RawPost] = batch.posts if batch else ()
    posts = admitted(session, read)
    names = {rule.id: rule.name for rule in tried.rules}
    all_about = tried.own.id if tried.own and params.get("all_mentions") is True else None
    about = {
        id(post): sorted(
            names[one.matched.brand_id]
            for one in found_in(post, 0, 0, tried.matcher, all_about=all_about)
        )
        for post in posts
    }
    choosy = spec.only_mentions and params.get(KEEP_ALL.name) is not True
    kept = [post for post in posts if about[id(post)] or not choosy]
    return {
        "source": spec.name,
        "read": len(read),
        "stored": len(kept),
        "passed": len(posts) - len(kept),
        "refused": len(read) - len(posts),
        "deleted": len(batch.deleted) + len(batch.deleted_authors) if batch else 0,
        "mentions": {
            name: sum(name in about[id(post)] for post in kept) for name in sorted(names.values())
        },
        "facts": {
            fact: sum(getattr(post, own) not in (None, ()) for post in posts)
            for fact, own in _FACTS.items()
        },
        "posts": [
            {
                "published_at": post.published_at.isoformat(),
                "author": post.author_handle or post.author_name or post.author_native_id,
                "mentions": about[id(post)],
                "text": " ".join(post.text.split()),
                "url": post.url,
            }
            for post in kept
        ],
        "bad_rows": [
            {"where": origin, "line": row.line, "field": row.field, "reason": row.reason}
            | {"raw": row.raw}
            for origin, row in (batch.bad_rows if batch else ())
        ],
    }


def failure_of(spec: SourceSpec, error: SourceError) -> tuple[str, str, str]:
    """The kind of a failure, in words, and the fix."""
    if isinstance(error, AuthenticationError):
        needs = [f"{o.name} ({o.help}{f', {o.where}' * bool(o.where)})" for o in spec.credentials]
        fix = f"Check {', '.join(needs)}." if needs else "It needs no credential: it blocks us."
        return "authentication", "does not let us in", fix
    if isinstance(error, RateLimitError):
        fix = f"Try again in {error.retry_after:,.0f} s; a watch does so by itself."
        return "rate limit", "asks for a pause", fix
    if isinstance(error, FormatChangedError):
        fix = "Check the settings; where they are right, listening has to learn the new format."
        return "format", "answers in a way that is not understood", fix
    fix = "Check settings and network, or try again later; a watch does so by itself."
    return "unavailable", "does not deliver", fix
