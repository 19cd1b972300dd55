"""Match the posts that are stored already against a new or changed query."""

from __future__ import annotations

from collections.abc import Sequence

from listening.ingest import found_in
from listening.matching import BrandMatcher
from listening.store.brands.brands import brand_rules
from listening.store.mentions.mentions import drop_unmatched, store_mentions
from listening.store.posts.posts import count_posts, read_posts
from listening.store.posts.standing import still_there
from listening.store.session import Store
from listening.store.tables import Post
from workers.progress import Progress, Silent


def match_stored(
    store: Store, names: Sequence[str] | None = None, *, progress: Progress | None = None
) -> tuple[int, int]:
    """Bring the mentions of the named brands (None: all) in line with their queries.

    Every brand is matched, since how central one is hangs on the others; only the named
    ones gain or lose mentions.

    Returns:
        how many mentions are new, and how many went.
    """
    progress = progress or Silent()
    with store.session() as session:
        rules = brand_rules(session)
        named = {rule.id for rule in (brand_rules(session, names) if names else rules)}
        matcher = BrandMatcher(rules)
        progress.begin("Matching stored posts", count_posts(session))
        new = gone = 0
        for batch in read_posts(session):
            found = [
                mention
                for post_id, author_id, post in batch
                for mention in found_in(post, post_id, author_id, matcher)
                if mention.matched.brand_id in named
            ]
            keep = {(m.post_id, m.matched.brand_id) for m in found}
            with store.work() as work:
                there = still_there(work, Post, [post_id for post_id, *_ in batch])
                found = [mention for mention in found if mention.post_id in there]
                new += store_mentions(work, found)
                gone += drop_unmatched(work, named, [post_id for post_id, *_ in batch], keep)
            session.rollback()  # a snapshot held to the end would keep the store's log growing
            progress.advance(len(batch))
    progress.end()
    return new, gone
