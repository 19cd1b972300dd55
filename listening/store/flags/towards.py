"""What some authors say of each brand: counts, stances, and the mentions that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import case, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.persona import Towards, Word
from listening.reports import Counts
from listening.store.bulk import chunked, within
from listening.store.mentions.sentiments import mention_label
from listening.store.posts.analyses import reading
from listening.store.tables import (
    Analysis,
    Brand,
    Membership,
    Mention,
    MentionSentiment,
    Post,
    SegmentState,
    Stance,
    StanceKind,
)

# Mentions that show what is liked, and what is not.
SHOWN = 3

# Brand id to {"praise": [...], "complaint": [...]}, as the last segmentation found them.
Words = Mapping[str, Mapping[str, Any]]


def members_of_segment(run_id: int, segment_id: int) -> Any:
    """Author ids of a segment's members in SQL, noise left out."""
    return select_columns(col(Membership.author_id)).where(
        col(Membership.segmentation_id) == run_id,
        col(Membership.segment_id) == segment_id,
        col(Membership.noise).is_(False),
    )


def brands_of(
    session: Session,
    authors: Sequence[int],
    everyone: Mapping[int, Counts],
    words: Words | None = None,
) -> list[Towards]:
    """What authors say of each brand they mention.

    Args:
        session: to read with.
        authors: their ids, some thousands.
        everyone: scored mentions of those whom they are compared with, by brand.
        words: of praise and complaint, by brand.
    """
    own, stances = _counts(session, authors), _stances(session, authors)
    found = []
    for brand in session.exec(select(Brand).where(col(Brand.id).in_(list(own)))):
        number = int(brand.id or 0)
        mentions, speaking, counts = own[number]
        kinds = stances.get(number, {})
        said = (words or {}).get(str(number), {})
        praise, complaint = _words(said.get("praise", ())), _words(said.get("complaint", ()))
        found.append(
            Towards(
                brand_id=number,
                name=brand.name,
                slug=brand.slug,
                authors=speaking,
                mentions=mentions,
                counts=counts,
                everyone=everyone.get(number, (0, 0, 0)),
                weighed=sum(kinds.values()),
                advocates=kinds.get(StanceKind.ADVOCATE, 0),
                detractors=kinds.get(StanceKind.DETRACTOR, 0),
                praise=praise,
                complaint=complaint,
                liked=_shown(session, authors, number, praise, "positive"),
                disliked=_shown(session, authors, number, complaint, "negative"),
            )
        )
    return found


def with_words(found: Towards, words: Words) -> Towards:
    """The same with the words of praise and complaint that stand now."""
    said = words.get(str(found.brand_id), {})
    return replace(
        found,
        praise=_words(said.get("praise", ())),
        complaint=_words(said.get("complaint", ())),
    )


def _words(rows: Any) -> tuple[Word, ...]:
    return tuple(
        Word(row["word"], row["praise"], row["complaint"], tuple(row["mentions"])) for row in rows
    )


def counts_towards(session: Session, authors: Sequence[int]) -> dict[int, Counts]:
    """Scored mentions of each brand by some authors: negative, neutral, positive."""
    found: dict[int, Counts] = {}
    for chunk in chunked(authors, 5000):
        for brand, (_, _, counts) in _counts(session, chunk).items():
            before = found.get(brand, (0, 0, 0))
            found[brand] = (before[0] + counts[0], before[1] + counts[1], before[2] + counts[2])
    return found


def _counts(session: Session, authors: Sequence[int]) -> dict[int, tuple[int, int, Counts]]:
    """Per brand: mentions, authors, and scored mentions by sentiment."""
    label = mention_label()
    statement: Any = (
        select_columns(
            col(Mention.brand_id),
            func.count(),
            func.count(func.distinct(col(Mention.author_id))),
            *(func.sum(case((label == n, 1), else_=0)) for n in _THREE),
        )
        .select_from(Mention)
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(within(session, Mention.author_id, authors))
        .group_by(col(Mention.brand_id))
    )
    return {
        brand: (mentions, speaking, (int(n), int(o), int(p)))
        for brand, mentions, speaking, n, o, p in session.execute(statement)
    }


def _stances(session: Session, authors: Sequence[int]) -> dict[int, dict[StanceKind, int]]:
    statement = (
        select(Stance.brand_id, Stance.kind, func.count())
        .where(within(session, Stance.author_id, authors))
        .group_by(col(Stance.brand_id), col(Stance.kind))
    )
    found: dict[int, dict[StanceKind, int]] = {}
    for brand, kind, count in session.exec(statement):
        found.setdefault(brand, {})[StanceKind(kind)] = count
    return found


def _shown(
    session: Session, authors: Sequence[int], brand: int, words: tuple[Word, ...], label: str
) -> tuple[int, ...]:
    """Mentions that show it: those of the words first, then those the model is surest of.

    Each is still of that sentiment, by one of these authors, and no author is quoted twice.
    """
    named = list(dict.fromkeys(i for word in words for i in word.mentions))
    among = within(session, Mention.author_id, authors)
    sure = (
        _opposed(among, brand, label, Mention.id, Mention.author_id)
        .order_by(getattr(MentionSentiment, label).desc(), col(Mention.id))
        .limit(SHOWN * 4)
    )
    still = _opposed(among, brand, label, Mention.id, Mention.author_id)
    by = dict(session.execute(still.where(col(Mention.id).in_(named))).all()) if named else {}
    found: dict[int, int] = {}
    for number, author in [*((i, by[i]) for i in named if i in by), *session.execute(sure)]:
        found.setdefault(author, number)
    return tuple(list(found.values())[:SHOWN])


def _opposed(among: Any, brand: int, label: str, *columns: Any) -> Any:
    """Mentions of a brand by some authors with this sentiment; spam left out."""
    return (
        select_columns(*map(col, columns))
        .select_from(Mention)
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .where(
            col(Mention.brand_id) == brand,
            among,
            mention_label() == label,
            func.coalesce(col(Analysis.spam), False).is_(False),
        )
    )


@dataclass(frozen=True, slots=True)
class SaidOf:
    """A mention as far as its words are concerned."""

    mention_id: int
    author_id: int
    text: str


def opposed(
    session: Session, run_id: int, segment_id: int, brand: int, *, most: int
) -> tuple[list[SaidOf], list[SaidOf]]:
    """Mentions of a brand by a segment's members that praise, and that complain; latest first."""
    among = col(Mention.author_id).in_(members_of_segment(run_id, segment_id))
    columns = (Mention.id, Mention.author_id, Post.title, Post.text)
    sides = []
    for label in ("positive", "negative"):
        statement = (
            _opposed(among, brand, label, *columns)
            .join(Post, col(Post.id) == col(Mention.post_id))
            .order_by(col(Post.published_at).desc(), col(Post.source), col(Post.native_id))
            .limit(most)
        )
        sides.append(
            [SaidOf(i, a, reading(t, text)[0]) for i, a, t, text in session.execute(statement)]
        )
    return sides[0], sides[1]


def unworded(session: Session, run_id: int) -> list[int]:
    """Segments of a run whose words were not looked for yet."""
    states = select(SegmentState).where(SegmentState.segmentation_id == run_id)
    return sorted(s.segment_id for s in session.exec(states) if "words" not in s.figures)


def put_figures(session: Session, run_id: int, segment_id: int, figures: dict[str, Any]) -> None:
    """Add to what is known of a segment in a run."""
    statement = select(SegmentState).where(
        SegmentState.segmentation_id == run_id, SegmentState.segment_id == segment_id
    )
    state = session.exec(statement.with_for_update()).first()
    if state is not None:
        state.figures = {**state.figures, **figures}
        session.add(state)


_THREE = ("negative", "neutral", "positive")
