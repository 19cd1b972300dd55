"""A bounded sample of a window's texts, evenly drawn; the same each time."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from listening.store.mentions.sentiments import mention_label
from listening.store.posts.analyses import reading
from listening.store.tables import Analysis, Mention, MentionSentiment, Post
from listening.windows import Window

MOST = 3000
LONGEST = 1200  # characters of a text


def sample_texts(
    session: Session, brand_id: int, window: Window, mentions: int, *, most: int = MOST
) -> list[tuple[int, str, bool]]:
    """About `most` mentions of a window: author, text, whether it is negative towards the brand.

    The same text counts once, and spam not at all: a campaign is no theme.

    Args:
        session: to read with.
        brand_id: of the brand.
        window: the days.
        mentions: about how many there are in it.
        most: how many are read.
    """
    step = max(1, math.ceil(mentions / most))
    moment = col(Mention.published_at)
    statement: Any = (
        select_columns(
            col(Mention.author_id),
            col(Post.title),
            func.substr(col(Post.text), 1, LONGEST),
            col(Post.text_hash),
            mention_label(),
        )
        .select_from(Mention)
        .join(Post, col(Post.id) == col(Mention.post_id))
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(
            col(Mention.brand_id) == brand_id,
            moment >= window.start,
            moment < window.end,
            func.coalesce(col(Analysis.spam), False).is_(False),
        )
        .order_by(moment, col(Mention.id))
        .limit(2 * most)
    )
    if step > 1:
        statement = statement.where(col(Mention.id) % step == 0)
    seen: set[str] = set()
    found = []
    for author, title, text, digest, label in session.execute(statement):
        if digest not in seen:
            seen.add(digest)
            found.append((author, reading(title, text)[0], label == "negative"))
    return found
