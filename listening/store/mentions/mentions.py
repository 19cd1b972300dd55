"""Mentions: writing them, and reading them with what was said about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, or_
from sqlalchemy.sql import Select
from sqlmodel import Session, col, func, select

from listening.matching import Matched
from listening.store.bulk import chunked, upsert, within
from listening.store.counts.daymarks import day_of, mark_days, mark_mentions
from listening.store.posts.analyses import sentiment_of
from listening.store.posts.unprofiled import mark_changed
from listening.store.segments.marking import mark_figures
from listening.store.tables import (
    Analysis,
    Author,
    Case,
    CaseStatus,
    MatchedBy,
    Mention,
    MentionSentiment,
    Post,
    SentimentBasis,
    SentimentLabel,
)

EMOTIONS = ("anger", "joy", "optimism", "sadness")  # columns of `Analysis`
NOT_YET = "not analysed yet"

_POLARITY_OF = {
    SentimentLabel.NEGATIVE: -1.0,
    SentimentLabel.NEUTRAL: 0.0,
    SentimentLabel.POSITIVE: 1.0,
}


@dataclass(frozen=True, slots=True)
class FoundMention:
    """A match on its way into the store."""

    post_id: int
    author_id: int
    published_at: datetime
    matched: Matched
    matched_by: MatchedBy

    @property
    def key(self) -> tuple[int, int]:
        """Post and brand."""
        return self.post_id, self.matched.brand_id


def highest_mention_id(session: Session) -> int:
    """The id of the mention that was found last; 0: none was."""
    return int(session.exec(select(func.max(Mention.id))).one() or 0)


def store_mentions(
    session: Session, found: Sequence[FoundMention], *, fresh: Collection[int] = ()
) -> int:
    """Write mentions, keeping a person's override; returns how many are new.

    What was once imported as being all about a brand stays so, whatever a query finds.

    Args:
        session: inside a unit of work.
        found: no post and brand twice.
        fresh: posts that were stored in this unit of work, and so are in no profile.
    """
    known: dict[tuple[int, int], MatchedBy] = {}
    stood: dict[tuple[int, int], datetime] = {}
    days: set[tuple[int, date]] = set()
    for chunk in chunked(sorted({f.post_id for f in found}), 5000):
        stands = select(
            Mention.post_id, Mention.brand_id, Mention.matched_by, Mention.published_at
        ).where(within(session, Mention.post_id, chunk))
        for post, brand, why, moment in session.exec(stands):
            known[post, brand] = MatchedBy(why)
            stood[post, brand] = moment
    about = {key for key, why in known.items() if why is MatchedBy.IMPORT}
    about |= {f.key for f in found if f.matched_by is MatchedBy.IMPORT}
    mark_changed(session, {f.post_id for f in found} - {post for post, _ in known} - set(fresh))
    upsert(
        session,
        Mention,
        [
            {
                "post_id": f.post_id,
                "brand_id": f.matched.brand_id,
                "author_id": f.author_id,
                "published_at": f.published_at,
                "matched_by": MatchedBy.IMPORT if f.key in about else MatchedBy.QUERY,
                "salience": 1.0 if f.key in about else f.matched.salience,
                "spans": [list(span) for span in f.matched.spans],
            }
            for f in found
        ],
        key=("post_id", "brand_id"),
        update=("author_id", "published_at", "matched_by", "salience", "spans"),
    )
    new = sum(f.key not in known for f in found)
    if new:
        mark_figures(session)
    for f in found:
        before = stood.get(f.key)
        if f.published_at != before:  # new, or said to be of another time now: hours count too
            moments = (f.published_at, before)
            days |= {(f.matched.brand_id, day_of(own)) for own in moments if own is not None}
    mark_days(session, days)
    return new


def drop_unmatched(
    session: Session, brand_ids: Iterable[int], post_ids: Sequence[int], keep: set[tuple[int, int]]
) -> int:
    """Delete mentions that a query made and no longer makes.

    What a person touched stays: an override, a case that has an owner or another status.
    """
    brands = list(brand_ids)
    gone: dict[int, int] = {}
    worked = select(Case.mention_id).where(
        or_(
            col(Case.version) > 1,
            col(Case.owner).is_not(None),
            col(Case.status) != CaseStatus.OPEN,
        )
    )
    for chunk in chunked(post_ids, 5000):
        made = select(Mention.id, Mention.post_id, Mention.brand_id).where(
            col(Mention.post_id).in_(chunk),
            col(Mention.brand_id).in_(brands),
            Mention.matched_by == MatchedBy.QUERY,
            col(Mention.override).is_(None),
            col(Mention.id).not_in(worked),
        )
        gone |= {int(i or 0): p for i, p, brand in session.exec(made) if (p, brand) not in keep}
    mark_changed(session, gone.values())
    if gone:
        mark_figures(session)
    mark_mentions(session, list(gone))
    for chunk in chunked(list(gone), 5000):
        session.execute(delete(Mention).where(col(Mention.id).in_(chunk)))
    return len(gone)


@dataclass(frozen=True, slots=True)
class MentionView:
    """A mention with its post, author, analysis and sentiment, as lists and pages show it.

    Attributes:
        analysis: of the post, which may be about more than the brand; None: not analysed yet.
        towards: sentiment towards the brand; None where the post has none, or not yet.
    """

    mention: Mention
    post: Post
    author: Author
    analysis: Analysis | None
    towards: MentionSentiment | None

    @property
    def polarity(self) -> float | None:
        """Towards the brand, in [-1, 1]; a person's override first; None where nobody scored it."""
        if self.mention.override is not None:
            return _POLARITY_OF[self.mention.override]
        found = self.towards
        return None if found is None else found.positive - found.negative

    @property
    def sentiment(self) -> SentimentLabel | None:
        """Towards the brand, the likeliest of the three; a person's override first."""
        if self.mention.override is not None:
            return self.mention.override
        found = self.towards
        return None if found is None else _likeliest(found.negative, found.neutral, found.positive)

    @property
    def basis(self) -> SentimentBasis | None:
        """What the sentiment was read from; None where a person said it, or nobody."""
        if self.mention.override is not None or self.towards is None:
            return None
        return self.towards.basis

    @property
    def post_sentiment(self) -> SentimentLabel | None:
        """The likeliest sentiment of the post as a whole."""
        three = sentiment_of(self.analysis) if self.analysis else None
        return None if three is None else _likeliest(*three)

    @property
    def not_scored(self) -> str | None:
        """Why the models have no sentiment towards the brand; None where they have one."""
        if self.towards is not None:
            return None
        return (self.analysis.not_scored if self.analysis else None) or NOT_YET

    @property
    def emotion(self) -> tuple[str, float] | None:
        """The likeliest emotion of the post with its probability."""
        if self.analysis is None or self.analysis.anger is None:
            return None
        found = {name: getattr(self.analysis, name) or 0.0 for name in EMOTIONS}
        name = max(found, key=lambda one: found[one])
        return name, found[name]


def _likeliest(negative: float, neutral: float, positive: float) -> SentimentLabel:
    """Of equal ones the first, as `mention_label` has it in SQL."""
    scores = {
        SentimentLabel.NEGATIVE: negative,
        SentimentLabel.NEUTRAL: neutral,
        SentimentLabel.POSITIVE: positive,
    }
    return max(scores, key=lambda label: scores[label])


def views(
    session: Session,
    *,
    brand_id: int | None = None,
    mention_ids: Sequence[int] | None = None,
    author_id: int | None = None,
) -> Iterator[MentionView]:
    """Mentions in the order of their publication, filtered by what is given."""
    statement: Select[Any] = (
        select(Mention, Post, Author, Analysis, MentionSentiment)  # type: ignore[call-overload]
        .join(Post, col(Post.id) == col(Mention.post_id))
        .join(Author, col(Author.id) == col(Mention.author_id))
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .order_by(col(Mention.published_at), col(Post.source), col(Post.native_id))
        .execution_options(yield_per=2000)
    )
    if brand_id is not None:
        statement = statement.where(col(Mention.brand_id) == brand_id)
    if author_id is not None:
        statement = statement.where(col(Mention.author_id) == author_id)
    if mention_ids is not None:
        statement = statement.where(col(Mention.id).in_(list(mention_ids)))
    for row in session.execute(statement):
        yield MentionView(*row)


def count_mentions(session: Session, brand_id: int) -> int:
    """How many mentions a brand has."""
    return session.exec(
        select(func.count()).select_from(Mention).where(Mention.brand_id == brand_id)
    ).one()
