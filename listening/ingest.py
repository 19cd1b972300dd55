"""From what a source delivered to stored posts and mentions, in one unit of work a batch.

Every batch is an upsert on natural keys: a pull that was killed is simply run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from listening import metrics
from listening.matching import BrandMatcher, Matched
from listening.sources.base import RawPost
from listening.store.keeping.tombstones import admitted
from listening.store.mentions.mentions import FoundMention, drop_unmatched, store_mentions
from listening.store.posts.posts import clashing, standing, store_posts
from listening.store.running.counters import add
from listening.store.tables import MatchedBy


@dataclass(frozen=True, slots=True)
class Ingested:
    """Counts of a batch, and the posts it left out for their ids; they add up over batches."""

    rows: int = 0
    posts_new: int = 0
    posts_edited: int = 0
    posts_same: int = 0
    mentions_new: int = 0
    refused: int = 0
    passed: int = 0
    clashes: tuple[RawPost, ...] = ()

    def __add__(self, other: Ingested) -> Ingested:
        """Counts of both."""
        names = self.__dataclass_fields__
        return Ingested(**{name: getattr(self, name) + getattr(other, name) for name in names})


def ingest(
    session: Session,
    posts: Sequence[RawPost],
    matcher: BrandMatcher,
    *,
    brand_ids: Sequence[int],
    all_about: int | None = None,
    only_mentions: bool = False,
) -> Ingested:
    """Store a batch of posts and the mentions found in them.

    Args:
        session: inside a unit of work.
        posts: in the order delivered; of two with the same key the later one counts.
        matcher: of every brand in the store, since how central one is hangs on the others.
        brand_ids: the brands that gain mentions, and lose those that an edit undid.
        all_about: a brand that every post mentions, whether or not its query matches.
        only_mentions: posts of no brand are passed over, unless they stand already: an edit
            may have undone a mention.
    """
    before = standing(session, posts)
    given = len(posts)
    if only_mentions and all_about is None:
        posts = [p for p in posts if (p.source, p.native_id) in before or matcher.match(p)]
    clashes = clashing(posts, before)
    away = {id(post) for post in clashes}
    latest = {(p.source, p.native_id): p for p in posts if id(p) not in away}
    kept = admitted(session, list(latest.values()))
    stored = store_posts(session, kept, before)
    brands = {*brand_ids, all_about}
    mentions: list[FoundMention] = []
    for post in kept:
        post_id = stored.ids[post.source, post.native_id]
        author_id = stored.author_ids[post.source, post.author_native_id]
        found = found_in(post, post_id, author_id, matcher, all_about=all_about)
        mentions += [one for one in found if one.matched.brand_id in brands]
    fresh = {post_id for key, post_id in stored.ids.items() if key not in before}
    mentions_new = store_mentions(session, mentions, fresh=fresh)
    if stored.edited:
        keep = {(m.post_id, m.matched.brand_id) for m in mentions}
        drop_unmatched(session, brand_ids, list(stored.ids.values()), keep)
    return Ingested(
        rows=len(posts) - len(clashes),
        posts_new=stored.new,
        posts_edited=stored.edited,
        posts_same=stored.same + len(posts) - len(clashes) - len(latest),
        mentions_new=mentions_new,
        refused=len(latest) - len(kept),
        passed=given - len(posts),
        clashes=tuple(clashes),
    )


def tally(
    session: Session, source: str, found: Ingested, quarantined: int, deleted: int = 0
) -> None:
    """Add a batch to what /metrics counts."""
    for name, value in (
        (metrics.POSTS_NEW, found.posts_new),
        (metrics.POSTS_EDITED, found.posts_edited),
        (metrics.MENTIONS_NEW, found.mentions_new),
        (metrics.QUARANTINED, quarantined),
        (metrics.REFUSED, found.refused),
        (metrics.PASSED, found.passed),
        (metrics.DELETED, deleted),
    ):
        if value:
            add(session, name, value, source=source)


def found_in(
    post: RawPost,
    post_id: int,
    author_id: int,
    matcher: BrandMatcher,
    *,
    all_about: int | None = None,
) -> list[FoundMention]:
    """The mentions a post makes."""
    matches = {m.brand_id: (m, MatchedBy.QUERY) for m in matcher.match(post)}
    if all_about is not None and not matcher.is_own(all_about, post):
        by_query = matches.get(all_about)
        found = by_query[0] if by_query else Matched(all_about, 1.0, ())
        matches[all_about] = (replace(found, salience=1.0), MatchedBy.IMPORT)
    return [
        FoundMention(post_id, author_id, post.published_at, matched, why)
        for matched, why in matches.values()
    ]
