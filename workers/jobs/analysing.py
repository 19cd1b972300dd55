"""Analyse what has no analysis yet; killed at any moment, it goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from listening.store.analyses import (
    FoundAnalysis,
    PendingPost,
    count_pending,
    pending_posts,
    same_texts,
    store_analyses,
)
from listening.store.session import Store
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.engine import Engine

BATCH = 512


def analyse_pending(
    store: Store, engine: Engine, *, progress: Progress | None = None, most: int | None = None
) -> int:
    """Analyse pending posts, a unit of work a batch; returns how many.

    Args:
        store: migrated.
        engine: loaded.
        progress: told of every text.
        most: stop after about so many posts; None: until nothing is pending.
    """
    progress = progress or Silent()
    with store.session() as session:
        total = count_pending(session, engine.revision)
    progress.begin("Analysing", min(total, most) if most else total)
    done = 0
    while most is None or done < most:
        with store.session() as session:
            posts = pending_posts(session, engine.revision, BATCH)
            known = same_texts(session, posts, engine.revision)
        if not posts:
            break
        found = _found(engine, posts, known)
        with store.work() as session:
            store_analyses(session, found, engine.revision)
        progress.advance(len(posts))
        done += len(posts)
    progress.end()
    return done


def _found(
    engine: Engine, posts: list[PendingPost], known: dict[str, FoundAnalysis]
) -> list[FoundAnalysis]:
    from nlp.opinions import analyse

    fresh = [p for p in posts if p.text_hash not in known]
    opinions = analyse(engine, [p.text for p in fresh], languages=[p.language for p in fresh])
    found = [
        FoundAnalysis(
            post_id=post.id,
            text_hash=post.text_hash,
            language=opinion.language,
            not_scored=opinion.not_scored,
            negative=opinion.sentiment[0] if opinion.sentiment else None,
            neutral=opinion.sentiment[1] if opinion.sentiment else None,
            positive=opinion.sentiment[2] if opinion.sentiment else None,
            recommends=opinion.recommends,
            warns=opinion.warns,
            spam=opinion.spam,
            copy_key=opinion.copy_key,
            vector=opinion.vector.astype(np.float16).tobytes(),
            dimensions=engine.dimensions,
        )
        for post, opinion in zip(fresh, opinions, strict=True)
    ]
    found += [
        replace(known[post.text_hash], post_id=post.id) for post in posts if post.text_hash in known
    ]
    return found
