"""Analyse what has no analysis yet; killed at any moment, it goes on where it was.

Posts come first, each with the sentiment towards every brand it mentions, out of one pass
and written in one unit of work. Then come mentions of posts that were analysed before: of
a new brand, of an edited query, of a copy that names the brand elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlmodel import Session

from listening.store.analyses import (
    FoundAnalysis,
    PendingPost,
    Three,
    count_pending,
    pending_posts,
    same_texts,
    store_analyses,
    vectors_of,
)
from listening.store.sentiments import (
    FoundSentiment,
    PendingMention,
    Spans,
    count_pending_mentions,
    drop_sentiments,
    mentions_of,
    pending_mentions,
    same_mentions,
    standing,
    store_sentiments,
)
from listening.store.session import Store
from listening.store.tables import SentimentBasis
from workers.jobs.correcting import corrected
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.types import Opinion
    from workers.models import Models

BATCH = 512

# A mention, and what the model says of it.
Said = tuple[PendingMention, SentimentBasis, Three]
Mentions = dict[int, list[PendingMention]]  # by post id
Same = Mapping[tuple[str, Spans], tuple[SentimentBasis, Three]]  # by `PendingMention.key`


@dataclass(frozen=True, slots=True)
class Analysed:
    """How many posts were analysed, and how many mentions of earlier ones were read."""

    posts: int
    mentions: int


def analyse_pending(
    store: Store, models: Models, *, progress: Progress | None = None, most: int | None = None
) -> Analysed:
    """Analyse pending posts, then read pending mentions: a unit of work a batch.

    Args:
        store: migrated.
        models: loaded.
        progress: told of every text.
        most: stop after about so many texts; None: until nothing is pending.
    """
    progress = progress or Silent()
    posts = _posts(store, models, progress, most)
    mentions = _mentions(store, models, progress, None if most is None else most - posts)
    return Analysed(posts, mentions)


def _posts(store: Store, models: Models, progress: Progress, most: int | None) -> int:
    with store.session() as session:
        total = count_pending(session, models.revision)
    progress.begin("Analysing", total if most is None else min(total, most))
    done = 0
    while most is None or done < most:
        with store.session() as session:
            posts = pending_posts(session, models.revision, BATCH)
            known = same_texts(session, posts, models.revision)
            mentions = mentions_of(session, posts)
            copied = [m for p in posts if p.text_hash in known for m in mentions[p.id]]
            same = same_mentions(session, copied, models.revision)
        if not posts:
            break
        fresh = [post for post in posts if post.text_hash not in known]
        opinions = _opinions(models, fresh, mentions)
        found = [_found(*pair, models.dimensions) for pair in zip(fresh, opinions, strict=True)]
        found += [replace(known[p.text_hash], post_id=p.id) for p in posts if p.text_hash in known]
        said = _said(found, mentions, _towards(fresh, opinions, mentions), same)
        with store.work() as session:
            store_analyses(session, found, models.revision)
            drop_sentiments(session, [f.post_id for f in found if f.negative is None])
            _write(session, models.revision, said, {f.post_id: f.vector for f in found})
        progress.advance(len(posts))
        done += len(posts)
    progress.end()
    return done


def _opinions(
    models: Models, posts: Sequence[PendingPost], mentions: Mentions
) -> Sequence[Opinion]:
    """One pass over posts with all their mentions."""
    return models.analyse(
        [post.text for post in posts],
        languages=[post.language for post in posts],
        targets=[[mention.target for mention in mentions[post.id]] for post in posts],
    )


def _found(post: PendingPost, opinion: Opinion, dimensions: int) -> FoundAnalysis:
    negative, neutral, positive = opinion.sentiment or (None, None, None)
    anger, joy, optimism, sadness = opinion.emotion or (None, None, None, None)
    return FoundAnalysis(
        post_id=post.id,
        text_hash=post.text_hash,
        language=opinion.language,
        not_scored=opinion.not_scored,
        negative=negative,
        neutral=neutral,
        positive=positive,
        anger=anger,
        joy=joy,
        optimism=optimism,
        sadness=sadness,
        ironic=opinion.ironic,
        offensive=opinion.offensive,
        recommends=opinion.recommends,
        warns=opinion.warns,
        spam=opinion.spam,
        copy_key=opinion.copy_key,
        vector=opinion.vector.astype(np.float16).tobytes(),
        dimensions=dimensions,
    )


def _towards(
    posts: Sequence[PendingPost], opinions: Sequence[Opinion], mentions: Mentions
) -> dict[int, Three | None]:
    """What a pass says towards the brand, by mention id; None: it did not read the brand."""
    return {
        mention.id: three
        for post, opinion in zip(posts, opinions, strict=True)
        for mention, three in zip(mentions[post.id], opinion.towards, strict=True)
    }


def _said(
    found: Sequence[FoundAnalysis],
    mentions: Mentions,
    towards: Mapping[int, Three | None],
    same: Same,
) -> list[Said]:
    """The mentions of posts just analysed; those that still want a pass are left out."""
    said: list[Said] = []
    for analysis in found:
        negative, neutral, positive = analysis.negative, analysis.neutral, analysis.positive
        if negative is None or neutral is None or positive is None:
            continue
        for mention in mentions[analysis.post_id]:
            own = replace(mention, post_sentiment=(negative, neutral, positive))
            if mention.id in towards or not mention.spans:
                said.append(_one(own, towards.get(mention.id)))
            elif mention.key in same:
                said.append((own, *same[mention.key]))
    return said


def _one(mention: PendingMention, towards: Three | None) -> Said:
    if towards is not None:
        return mention, SentimentBasis.TARGET, towards
    if mention.post_sentiment is None:
        raise ValueError(f"the post of mention {mention.id} has no sentiment")
    return mention, SentimentBasis.POST, mention.post_sentiment


def _mentions(store: Store, models: Models, progress: Progress, most: int | None) -> int:
    """Read mentions whose post is analysed already; returns how many."""
    with store.session() as session:
        total = count_pending_mentions(session, models.revision)
    if not total:
        return 0
    progress.begin("Reading mentions", total if most is None else min(total, max(most, 0)))
    done, below = 0, None
    while most is None or done < most:
        with store.session() as session:
            pending = pending_mentions(session, models.revision, BATCH, below=below)
            same = same_mentions(session, pending, models.revision)
        if not pending:
            break
        said = _read(models, pending, same)
        with store.work() as session:
            vectors = vectors_of(session, sorted({m.post.id for m in pending}))
            _write(session, models.revision, said, vectors)
        below = pending[-1].id
        progress.advance(len(pending))
        done += len(pending)
    progress.end()
    return done


def _read(
    models: Models,
    pending: Sequence[PendingMention],
    same: Same,
) -> list[Said]:
    """One pass over the texts of mentions, but for what is known of the same words."""
    wanted: Mentions = {}
    for mention in pending:
        if mention.spans and mention.key not in same:
            wanted.setdefault(mention.post.id, []).append(mention)
    posts = [own[0].post for own in wanted.values()]
    towards = _towards(posts, _opinions(models, posts, wanted), wanted) if posts else {}
    return [
        (mention, *same[mention.key])
        if mention.key in same
        else _one(mention, towards.get(mention.id))
        for mention in pending
    ]


def _write(
    session: Session, model: str, said: Sequence[Said], vectors: Mapping[int, bytes]
) -> None:
    """Store sentiments, corrected where people taught something about the brand."""
    kept = {mention.id for mention in standing(session, [mention for mention, _, _ in said])}
    said = [one for one in said if one[0].id in kept]
    if not said:
        return
    probabilities, corrections = corrected(
        session,
        [mention.brand_id for mention, _, _ in said],
        np.array([three for _, _, three in said], np.float32),
        np.stack([np.frombuffer(vectors[m.post.id], np.float16) for m, _, _ in said]).astype(
            np.float32
        ),
        model=model,
    )
    store_sentiments(
        session,
        [
            FoundSentiment(mention, basis, three, _three(own) if correction else three, correction)
            for (mention, basis, three), own, correction in zip(
                said, probabilities, corrections, strict=True
            )
        ],
        model,
    )


def _three(row: Sequence[float]) -> Three:
    negative, neutral, positive = (float(p) for p in row)
    return negative, neutral, positive
