"""What the models say of posts and of their mentions, as the store keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlmodel import Session

from listening.store.mentions.sentiments import (
    FoundSentiment,
    PendingMention,
    Spans,
    drop_sentiments,
    mentions_of,
    same_mentions,
    standing,
    store_sentiments,
)
from listening.store.posts.analyses import (
    FoundAnalysis,
    PendingPost,
    Three,
    same_texts,
    store_analyses,
    vectors_of,
)
from listening.store.tables import SentimentBasis
from workers.jobs.correcting import corrected

if TYPE_CHECKING:
    from nlp.types import Opinion

# A mention, and what the model says of it.
Said = tuple[PendingMention, SentimentBasis, Three]
Mentions = dict[int, list[PendingMention]]  # by post id
Same = Mapping[tuple[str, Spans], tuple[SentimentBasis, Three]]  # by `PendingMention.key`
# Posts with their mentions through the models; what fails every time is left out.
Pass = Callable[[Sequence[PendingPost], Mentions], "Sequence[tuple[PendingPost, Opinion]]"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Posts to analyse with their mentions, mentions of analysed posts, and what is known.

    Attributes:
        posts: without an analysis of their present text.
        known: analyses of the same texts, by text hash.
        mentions: of the posts.
        later: mentions of posts that were analysed before.
        same: what was said of the same texts at the same places.
    """

    posts: list[PendingPost]
    known: dict[str, FoundAnalysis] = field(default_factory=dict)
    mentions: Mentions = field(default_factory=dict)
    later: list[PendingMention] = field(default_factory=list)
    same: Same = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a batch, on its way into the store."""

    analyses: list[FoundAnalysis]
    said: list[Said]


def gather(
    session: Session, posts: list[PendingPost], later: list[PendingMention], model: str
) -> Batch:
    """A batch with all that the store knows about it."""
    known = same_texts(session, posts, model)
    mentions = mentions_of(session, posts)
    copied = [m for p in posts if p.text_hash in known for m in mentions[p.id]]
    same = same_mentions(session, copied + later, model)
    return Batch(posts, known, mentions, later, same)


def read(batch: Batch, run: Pass, dimensions: int) -> Outcome:
    """Everything that is to be said of a batch; what `run` leaves out is left out."""
    fresh = [post for post in batch.posts if post.text_hash not in batch.known]
    passed = run(fresh, batch.mentions)
    found = [_found(post, opinion, dimensions) for post, opinion in passed]
    found += [
        replace(batch.known[post.text_hash], post_id=post.id)
        for post in batch.posts
        if post.text_hash in batch.known
    ]
    said = _said(found, batch.mentions, _towards(passed, batch.mentions), batch.same)
    return Outcome(found, said + _later(batch, run))


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
    passed: Sequence[tuple[PendingPost, Opinion]], mentions: Mentions
) -> dict[int, Three | None]:
    """What a pass says towards the brand, by mention id; None: it did not read the brand."""
    return {
        mention.id: three
        for post, opinion in passed
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


def _later(batch: Batch, run: Pass) -> list[Said]:
    """One pass over the texts of later mentions, but for what is known of the same words."""
    wanted: Mentions = {}
    for mention in batch.later:
        if mention.spans and mention.key not in batch.same:
            wanted.setdefault(mention.post.id, []).append(mention)
    posts = [own[0].post for own in wanted.values()]
    passed = run(posts, wanted) if posts else []
    towards = _towards(passed, wanted)
    left_out = {post.id for post in posts} - {post.id for post, _ in passed}
    return [
        (mention, *batch.same[mention.key])
        if mention.key in batch.same
        else _one(mention, towards.get(mention.id))
        for mention in batch.later
        if mention.post.id not in left_out
    ]


def write(session: Session, found: Outcome, model: str, *, only: set[int]) -> tuple[int, int]:
    """Store what came of a batch, for the posts that are still this worker's to write.

    Returns:
        how many posts and how many mentions were written.
    """
    analyses = [one for one in found.analyses if one.post_id in only]
    said = [one for one in found.said if one[0].post.id in only]
    store_analyses(session, analyses, model)
    drop_sentiments(session, [one.post_id for one in analyses if one.negative is None])
    kept = {mention.id for mention in standing(session, [mention for mention, _, _ in said])}
    said = [one for one in said if one[0].id in kept]
    if said:
        _write_said(session, model, said, {one.post_id: one.vector for one in analyses})
    return len(analyses), len(said)


def _write_said(
    session: Session, model: str, said: Sequence[Said], vectors: dict[int, bytes]
) -> None:
    """Store sentiments, corrected where people taught something about the brand."""
    missing = {mention.post.id for mention, _, _ in said} - set(vectors)
    vectors |= vectors_of(session, sorted(missing))
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
